"""What is known of the profile that is watching, and its switches, over HTTP. For grown-ups: a child's are set on the
page of its profile.
"""

from dataclasses import asdict
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import HasProfile, IsGrownUp, profile_of
from recommend import services
from recommend.pace import Withdrawing
from recommend.types import Known, Switches


class SwitchesOutput(serializers.Serializer[object]):
    """`personal` rows; `learn` from what is done; `shared`: it counts for others; `steady`: nothing is tried out."""

    personal = serializers.BooleanField()
    learn = serializers.BooleanField()
    shared = serializers.BooleanField()
    steady = serializers.BooleanField()


class SwitchesInput(serializers.Serializer[object]):
    """Those to be set; the others stay."""

    personal = serializers.BooleanField(required=False)
    learn = serializers.BooleanField(required=False)
    shared = serializers.BooleanField(required=False)
    steady = serializers.BooleanField(required=False)


class KnownTitle(serializers.Serializer[object]):
    """What one title says: `weight` below 0 when it speaks against titles like it."""

    title_id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Known])
    weight = serializers.FloatField()
    at = serializers.DateTimeField()


class KnownOutput(serializers.Serializer[object]):
    """What is known, the newest first. `hidden` are those that the profile said it is not interested in."""

    version = serializers.IntegerField()
    switches = SwitchesOutput()
    titles = KnownTitle(many=True)
    hidden = serializers.ListField(child=serializers.UUIDField())


class _Own(APIView):
    """Of the profile that is watching."""

    throttle_classes = [Withdrawing]

    def get_permissions(self) -> list[BasePermission]:
        """A grown-up's profile that was chosen."""
        return [HasProfile(), IsGrownUp()]


class Recommendations(_Own):
    """What suggestions are made of."""

    @extend_schema(responses=KnownOutput, operation_id="recommendations_known")
    def get(self, request: Request) -> Response:
        """What is known of the profile, and what it switched."""
        profile_id = profile_of(request).id
        taste = services.taste(profile_id)
        return Response(
            {
                "version": taste.version,
                "switches": asdict(services.switches(profile_id)),
                "titles": [asdict(entry) for entry in taste.entries],
                "hidden": services.hidden(profile_id),
            }
        )

    @extend_schema(request=SwitchesInput, responses=SwitchesOutput, operation_id="recommendations_switch")
    def patch(self, request: Request) -> Response:
        """Set some switches; answers all of them."""
        data = SwitchesInput(data=request.data, partial=True)
        data.is_valid(raise_exception=True)
        profile_id = profile_of(request).id
        wanted = Switches(**(asdict(services.switches(profile_id)) | dict(data.validated_data)))
        services.set_switches(profile_id=profile_id, switches=wanted)
        return Response(asdict(services.switches(profile_id)))

    @extend_schema(request=None, responses={204: None}, operation_id="recommendations_erase")
    def delete(self, request: Request) -> Response:
        """Erase what was learnt of the profile. History and list stay."""
        services.erase_taste(profile_id=profile_of(request).id)
        return Response(status=204)


class StartAnew(_Own):
    """Suggestions from the beginning."""

    @extend_schema(request=None, responses={204: None}, operation_id="recommendations_start_anew")
    def post(self, request: Request) -> Response:
        """Nothing that the profile did until now weighs any more."""
        services.start_anew(profile_id=profile_of(request).id)
        return Response(status=204)


class KnownOfTitle(_Own):
    """What one title says of the profile."""

    @extend_schema(request=None, responses={204: None}, operation_id="recommendations_forget")
    def delete(self, request: Request, title_id: UUID) -> Response:
        """Do not go by it any more; fine when nothing was known. What is done with it from now on counts."""
        services.forget(profile_id=profile_of(request).id, title_id=title_id)
        return Response(status=204)
