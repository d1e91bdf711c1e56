"""`/api/v1/profiles`: the profiles of who is signed in."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, entering, services
from accounts.api.asking import Refused, refusal, user_id_of
from accounts.api.shapes import ProfileChange, ProfileInput, ProfileOutput
from accounts.look import Look
from accounts.types import Profile


class ProfileList(APIView):
    """All profiles of who is signed in."""

    def get_permissions(self) -> list[IsAuthenticated | doors.IsGrownUp]:
        """Anyone signed in may look (the gate comes before a profile is chosen); only grown-ups may add."""
        return [IsAuthenticated()] if self.request.method == "GET" else [doors.IsGrownUp()]

    @extend_schema(operation_id="profiles_list", responses=ProfileOutput(many=True))
    def get(self, request: Request) -> Response:
        """The profiles, oldest first."""
        return Response([body(profile) for profile in services.profiles(user_id_of(request))])

    @extend_schema(operation_id="profiles_create", request=ProfileInput, responses={201: ProfileOutput})
    def post(self, request: Request) -> Response:
        """Add a profile. `maturity` null takes the default for its sort."""
        data = ProfileInput(data=request.data)
        data.is_valid(raise_exception=True)
        _check_age(request, data.validated_data)
        try:
            profile = services.create_profile(
                user_id=user_id_of(request), actor=user_id_of(request), **data.validated_data
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(body(profile), status=201)


class ProfileDetail(APIView):
    """One profile. Another household's answers 404."""

    def get_permissions(self) -> list[IsAuthenticated | doors.IsGrownUp]:
        """Anyone signed in may look; only grown-ups may change."""
        return [IsAuthenticated()] if self.request.method == "GET" else [doors.IsGrownUp()]

    @extend_schema(operation_id="profiles_retrieve", responses=ProfileOutput)
    def get(self, request: Request, profile_id: UUID) -> Response:
        """The profile."""
        return Response(body(mine(request, profile_id)))

    @extend_schema(operation_id="profiles_update", request=ProfileChange, responses=ProfileOutput)
    def patch(self, request: Request, profile_id: UUID) -> Response:
        """Change what is given."""
        profile = changeable(request, profile_id)
        data = ProfileChange(data=request.data)
        data.is_valid(raise_exception=True)
        _check_age(request, data.validated_data, profile)
        try:
            changed = services.update_profile(
                profile_id=profile.id, actor=user_id_of(request), **changes_of(data.validated_data)
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(body(changed))

    @extend_schema(operation_id="profiles_delete", responses={204: None})
    def delete(self, request: Request, profile_id: UUID) -> Response:
        """Remove the profile and all that is kept for it."""
        services.delete_profile(changeable(request, profile_id).id, actor=user_id_of(request))
        return Response(status=204)


def changes_of(given: dict[str, Any]) -> dict[str, Any]:
    """What `services.update_profile` takes."""
    return {**given, "look": Look(**given["look"])} if "look" in given else given


def body(profile: Profile) -> dict[str, object]:
    """A profile as the API answers it."""
    return dict(ProfileOutput(profile).data)


def mine(request: Request, profile_id: UUID) -> Profile:
    """This profile of who is signed in; another household's does not exist for them."""
    profile = services.profile(profile_id)
    if profile is None or profile.user_id != user_id_of(request):
        raise Http404("There is no such profile.")
    return profile


def changeable(request: Request, profile_id: UUID) -> Profile:
    """As `mine`, when this session may change it: a locked one needs its PIN (`POST …/unlock`) or a recent sign-in."""
    profile = mine(request, profile_id)
    if not entering.may_change(request._request, profile):
        raise Refused(403, "pin_required", _("Give the PIN of this profile first."))
    return profile


def proof_first() -> Refused:
    """The answer to who wants to allow more than the profile allows itself that is watching."""
    return Refused(403, doors.IsRecent.code, str(doors.IsRecent.message))


def _check_age(request: Request, given: dict[str, Any], before: Profile | None = None) -> None:
    is_kid = bool(given.get("is_kid", before.is_kid if before else False))
    if not entering.may_allow(request._request, is_kid=is_kid, maturity=given.get("maturity"), before=before):
        raise proof_first()
