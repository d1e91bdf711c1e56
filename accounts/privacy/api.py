"""`/api/v1/account/…`: copies of everything, and the account's end."""

from dataclasses import asdict
from uuid import UUID

from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, services
from accounts.api.asking import user_id_of
from accounts.privacy.views import send_export
from accounts.types import DataExport, Erasure


class ExportOutput(serializers.Serializer[DataExport]):
    """A copy. `progress` is 0 … 1; it can be downloaded when `ready_at` is set."""

    id = serializers.UUIDField()
    asked_at = serializers.DateTimeField()
    ready_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    bytes = serializers.IntegerField()
    progress = serializers.FloatField()
    problem = serializers.CharField(allow_blank=True)


class ErasureOutput(serializers.Serializer[Erasure]):
    """When the account will be erased. `receipt` is in the answer to POST alone."""

    id = serializers.UUIDField()
    asked_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    receipt = serializers.CharField(required=False)


class ErasureInput(serializers.Serializer[Erasure]):
    """The last question."""

    sure = serializers.BooleanField()

    def validate_sure(self, sure: bool) -> bool:
        """Nobody erases an account by an empty request."""
        if not sure:
            raise serializers.ValidationError("Say true: everything will be erased.")
        return sure


class ExportList(APIView):
    """Copies of who is signed in."""

    def get_permissions(self) -> list[BasePermission]:
        """Grown-ups look; having one made needs a recent proof."""
        return [doors.IsGrownUp()] if self.request.method == "GET" else [doors.IsGrownUp(), doors.IsRecent()]

    @extend_schema(operation_id="exports_list", responses=ExportOutput(many=True))
    def get(self, request: Request) -> Response:
        """The copies that are being made or kept, newest first."""
        return Response([asdict(one) for one in services.exports(user_id_of(request))])

    @extend_schema(operation_id="exports_create", request=None, responses={202: ExportOutput})
    def post(self, request: Request) -> Response:
        """Have one made; one that is under way is the same one."""
        try:
            made = services.ask_export(user_id_of(request))
        except services.TooManyExports as error:
            raise ValidationError({"non_field_errors": [error.message]}) from error
        return Response(asdict(made), status=202)


class ExportFile(APIView):
    """A copy's file."""

    permission_classes = [doors.IsGrownUp, doors.IsRecent]

    @extend_schema(operation_id="exports_file", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, export_id: UUID) -> FileResponse:
        """Download it. Another account's answers 404."""
        return send_export(user_id_of(request), export_id)


class ErasureDetail(APIView):
    """The end of the account of who is signed in."""

    def get_permissions(self) -> list[BasePermission]:
        """Grown-ups look and keep; asking for the end needs a recent proof."""
        return [doors.IsGrownUp(), doors.IsRecent()] if self.request.method == "POST" else [doors.IsGrownUp()]

    @extend_schema(operation_id="erasure_retrieve", responses={200: ErasureOutput, 204: None})
    def get(self, request: Request) -> Response:
        """When it will be; 204: it will not."""
        found = services.erasure(user_id_of(request))
        return Response(asdict(found)) if found else Response(status=204)

    @extend_schema(operation_id="erasure_create", request=ErasureInput, responses={202: ErasureOutput})
    def post(self, request: Request) -> Response:
        """Ask for it. Every session of the account ends, this one too."""
        ErasureInput(data=request.data).is_valid(raise_exception=True)
        try:
            made, receipt = services.ask_erasure(user_id_of(request))
        except services.LastOperator as error:
            raise ValidationError({"non_field_errors": [error.message]}) from error
        request._request.session.flush()
        return Response({**asdict(made), "receipt": receipt}, status=202)

    @extend_schema(operation_id="erasure_delete", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Keep the account after all."""
        services.cancel_erasure(user_id_of(request))
        return Response(status=204)
