"""`/api/v1/profiles`: the profiles of who is signed in."""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, maturity, services
from accounts.api.asking import refusal, user_id_of
from accounts.types import Profile


class ProfileInput(serializers.Serializer[Profile]):
    """What a client may say of a profile."""

    name = serializers.CharField(max_length=40)
    avatar = serializers.ChoiceField(choices=services.AVATARS, default=services.AVATARS[0])
    is_kid = serializers.BooleanField(default=False)
    maturity = serializers.ChoiceField(choices=maturity.AGES, default=None, allow_null=True)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE)


class ProfileChange(serializers.Serializer[Profile]):
    """What a client may change; what is left out stays."""

    name = serializers.CharField(max_length=40, required=False)
    avatar = serializers.ChoiceField(choices=services.AVATARS, required=False)
    is_kid = serializers.BooleanField(required=False)
    maturity = serializers.ChoiceField(choices=maturity.AGES, required=False)
    language = serializers.ChoiceField(choices=settings.LANGUAGES, required=False)


class ProfileOutput(serializers.Serializer[Profile]):
    """A profile as clients see it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    avatar = serializers.ChoiceField(choices=services.AVATARS)
    is_kid = serializers.BooleanField()
    maturity = serializers.IntegerField()
    language = serializers.CharField()


class ProfileList(APIView):
    """All profiles of who is signed in."""

    def get_permissions(self) -> list[IsAuthenticated | doors.IsGrownUp]:
        """Anyone signed in may look (the gate comes before a profile is chosen); only grown-ups may add."""
        return [IsAuthenticated()] if self.request.method == "GET" else [doors.IsGrownUp()]

    @extend_schema(operation_id="profiles_list", responses=ProfileOutput(many=True))
    def get(self, request: Request) -> Response:
        """The profiles, oldest first."""
        return Response([_body(profile) for profile in services.profiles(user_id_of(request))])

    @extend_schema(operation_id="profiles_create", request=ProfileInput, responses={201: ProfileOutput})
    def post(self, request: Request) -> Response:
        """Add a profile. `maturity` null takes the default for its sort."""
        data = ProfileInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            profile = services.create_profile(user_id=user_id_of(request), **data.validated_data)
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(_body(profile), status=201)


class ProfileDetail(APIView):
    """One profile. Another household's answers 404."""

    def get_permissions(self) -> list[IsAuthenticated | doors.IsGrownUp]:
        """Anyone signed in may look; only grown-ups may change."""
        return [IsAuthenticated()] if self.request.method == "GET" else [doors.IsGrownUp()]

    @extend_schema(operation_id="profiles_retrieve", responses=ProfileOutput)
    def get(self, request: Request, profile_id: UUID) -> Response:
        """The profile."""
        return Response(_body(_mine(request, profile_id)))

    @extend_schema(operation_id="profiles_update", request=ProfileChange, responses=ProfileOutput)
    def patch(self, request: Request, profile_id: UUID) -> Response:
        """Change what is given."""
        profile = _mine(request, profile_id)
        data = ProfileChange(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            changed = services.update_profile(profile_id=profile.id, **data.validated_data)
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(_body(changed))

    @extend_schema(operation_id="profiles_delete", responses={204: None})
    def delete(self, request: Request, profile_id: UUID) -> Response:
        """Remove the profile and all that is kept for it."""
        services.delete_profile(_mine(request, profile_id).id)
        return Response(status=204)


def _body(profile: Profile) -> dict[str, object]:
    body = asdict(profile)
    del body["user_id"]
    return {**body, "id": str(profile.id)}


def _mine(request: Request, profile_id: UUID) -> Profile:
    profile = services.profile(profile_id)
    if profile is None or profile.user_id != user_id_of(request):
        raise Http404("There is no such profile.")
    return profile
