"""`/api/v1/devices`: the devices of who is signed in. Not for kids profiles."""

from dataclasses import asdict
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, services
from accounts.api.asking import refusal, user_id_of
from accounts.devices import ending
from accounts.types import Device


class DeviceOutput(serializers.Serializer[Device]):
    """A device. `label` is what to call it: `name`, which its owner gave, or else `player`."""

    id = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field's own label is another thing
    name = serializers.CharField(allow_blank=True)
    kind = serializers.ChoiceField(choices=["computer", "phone", "tablet", "tv", "app"])
    player = serializers.CharField(allow_blank=True)
    place = serializers.CharField(allow_blank=True)
    first_used_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    last_profile = serializers.CharField(allow_blank=True)
    signed_in = serializers.BooleanField()
    here = serializers.BooleanField()


class DeviceChange(serializers.Serializer[Device]):
    """The name that its owner gives to a device; '' takes it away."""

    name = serializers.CharField(max_length=40, allow_blank=True)


class SignedOut(serializers.Serializer[Device]):
    """How many sessions ended."""

    ended = serializers.IntegerField()


class DeviceList(APIView):
    """All devices of who is signed in."""

    def get_permissions(self) -> list[BasePermission]:
        """Not for kids; signing out everywhere wants a recent sign-in."""
        grown_up: list[BasePermission] = [doors.IsGrownUp()]
        return [*grown_up, doors.IsRecent()] if self.request.method == "DELETE" else grown_up

    @extend_schema(operation_id="devices_list", responses=DeviceOutput(many=True))
    def get(self, request: Request) -> Response:
        """The devices: those that are signed in first."""
        return Response([_body(request, one) for one in services.devices(user_id_of(request))])

    @extend_schema(operation_id="devices_sign_out_all", responses={200: SignedOut})
    def delete(self, request: Request) -> Response:
        """Sign out everywhere but in the session that asks."""
        key = request.session.session_key or ""
        return Response({"ended": ending.end_others(user_id_of(request), keep=key)})


class DeviceDetail(APIView):
    """One device. Another household's answers 404."""

    permission_classes = [doors.IsGrownUp]

    @extend_schema(operation_id="devices_update", request=DeviceChange, responses=DeviceOutput)
    def patch(self, request: Request, device_id: UUID) -> Response:
        """Give it a name."""
        if device_id not in {one.id for one in services.devices(user_id_of(request))}:
            raise Http404("There is no such device.")  # before anything is said of the values
        data = DeviceChange(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            changed = services.rename_device(
                user_id=user_id_of(request), device_id=device_id, name=data.validated_data["name"]
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        except services.NotFound as error:
            raise Http404("There is no such device.") from error
        return Response(_body(request, changed))

    @extend_schema(operation_id="devices_sign_out", responses={204: None})
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Sign it out: its sessions end, and what plays there stops."""
        try:
            ending.end_one(user_id=user_id_of(request), device_id=device_id)
        except services.NotFound as error:
            raise Http404("There is no such device.") from error
        return Response(status=204)


def _body(request: Request, device: Device) -> dict[str, object]:
    body = {key: value for key, value in asdict(device).items() if key not in ("user_id", "sessions")}
    here = doors.device_of(request._request)
    return {**body, "id": str(device.id), "signed_in": device.signed_in, "here": device.id == here}
