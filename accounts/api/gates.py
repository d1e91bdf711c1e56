"""`/api/v1/profiles/<id>/…`: entering a profile, its PIN, what it does not see, and its way to another account."""

from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors, entering, services
from accounts.api.asking import Refused, pin_refusal, refusal, user_id_of
from accounts.api.profiles import body, changeable, mine, proof_first
from accounts.api.shapes import (
    BlockedOutput,
    NewPin,
    PinInput,
    ProfileOutput,
    SecretInput,
    TransferInput,
    TransferOutput,
)
from accounts.types import Profile

_PIN_ANSWERS = {
    403: OpenApiResponse(description="pin_required, or pin_wrong (with `left` and `wait` in seconds)"),
    404: OpenApiResponse(description="not_found: another household's profile, too"),
    429: OpenApiResponse(description="pin_wait (with `wait` in seconds)"),
}


class Enter(APIView):
    """Saying who is watching at this session."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="profiles_enter", request=PinInput, responses={200: ProfileOutput, **_PIN_ANSWERS}
    )
    def post(self, request: Request, profile_id: UUID) -> Response:
        """Watch as this profile from now on. One that is locked needs its PIN."""
        profile = mine(request, profile_id)
        try:
            entering.enter(_plain(request), profile, _pin_of(request))
        except services.InvalidField as error:
            raise pin_refusal(error) from error
        return Response(body(profile))


class Unlock(APIView):
    """Changing a locked profile from another one."""

    permission_classes = [doors.IsGrownUp]

    @extend_schema(operation_id="profiles_unlock", request=PinInput, responses={204: None, **_PIN_ANSWERS})
    def post(self, request: Request, profile_id: UUID) -> Response:
        """Give the PIN of a locked profile to change it; that holds for ten minutes."""
        try:
            entering.prove(_plain(request), mine(request, profile_id), _pin_of(request))
        except services.InvalidField as error:
            raise pin_refusal(error) from error
        return Response(status=204)


class Pin(APIView):
    """The PIN of one profile."""

    permission_classes = [doors.IsGrownUp, doors.IsRecent]

    @extend_schema(operation_id="profiles_pin_set", request=NewPin, responses={204: None})
    def put(self, request: Request, profile_id: UUID) -> Response:
        """Set it, or another one. Whoever is in the profile elsewhere enters again."""
        profile = mine(request, profile_id)
        data = NewPin(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            stamp = services.set_pin(
                profile_id=profile.id, pin=data.validated_data["pin"], actor=user_id_of(request)
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        entering.keep(_plain(request), profile, stamp)
        return Response(status=204)

    @extend_schema(operation_id="profiles_pin_remove", responses={204: None})
    def delete(self, request: Request, profile_id: UUID) -> Response:
        """Take it away; fine when there was none."""
        services.remove_pin(profile_id=mine(request, profile_id).id, actor=user_id_of(request))
        return Response(status=204)


class Blocked(APIView):
    """What one profile does not see."""

    permission_classes = [doors.IsGrownUp]

    @extend_schema(operation_id="profiles_blocked", responses=BlockedOutput)
    def get(self, request: Request, profile_id: UUID) -> Response:
        """The ids of its blocked titles."""
        return Response(_blocked(mine(request, profile_id)))


class BlockedTitle(APIView):
    """One title that a profile does, or does not, see."""

    permission_classes = [doors.IsGrownUp]

    @extend_schema(operation_id="profiles_block", request=None, responses=BlockedOutput)
    def put(self, request: Request, profile_id: UUID, title_id: UUID) -> Response:
        """The profile does not see it from now on; what it plays of it ends."""
        profile = changeable(request, profile_id)
        try:
            changed = services.block_title(
                profile_id=profile.id, title_id=title_id, actor=user_id_of(request)
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(_blocked(changed))

    @extend_schema(operation_id="profiles_allow", request=None, responses={200: BlockedOutput})
    def delete(self, request: Request, profile_id: UUID, title_id: UUID) -> Response:
        """The profile sees it again, if its age lets it; fine when it was not blocked."""
        profile = changeable(request, profile_id)
        if not entering.may_unblock(_plain(request), title_id):
            raise proof_first()
        changed = services.allow_title(profile_id=profile.id, title_id=title_id, actor=user_id_of(request))
        return Response(_blocked(changed))


class ProfileTransfer(APIView):
    """A profile's way to an account of its own."""

    permission_classes = [doors.IsGrownUp, doors.IsRecent]

    @extend_schema(
        operation_id="profiles_transfer_offer", request=TransferInput, responses={201: TransferOutput}
    )
    def post(self, request: Request, profile_id: UUID) -> Response:
        """Make a link that works once, for a week; an earlier one stops. It is told only here, and in the letter."""
        profile = changeable(request, profile_id)
        data = TransferInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            transfer, secret = services.offer_profile(
                profile_id=profile.id, email=data.validated_data["email"], actor=user_id_of(request)
            )
        except services.InvalidField as error:
            raise refusal(error) from error
        address = request.build_absolute_uri(reverse("take_profile", args=[secret]))
        services.write_to(transfer=transfer, address=address)
        answer = {
            "secret": secret,
            "url": address,
            "expires_at": transfer.expires_at,
            "email": transfer.email,
        }
        return Response(TransferOutput(answer).data, status=201)

    @extend_schema(operation_id="profiles_transfer_withdraw", responses={204: None})
    def delete(self, request: Request, profile_id: UUID) -> Response:
        """Take the link back; fine when there is none."""
        services.withdraw_offer(profile_id=mine(request, profile_id).id, actor=user_id_of(request))
        return Response(status=204)


class TakeProfile(APIView):
    """Taking a profile that another account lets go."""

    def get_permissions(self) -> list[BasePermission]:
        """Grown-ups who have just shown that the account is theirs."""
        return [doors.IsGrownUp(), doors.IsRecent()]

    @extend_schema(
        operation_id="profiles_take",
        request=SecretInput,
        responses={
            201: ProfileOutput,
            404: OpenApiResponse(description="not_found: the link was used, taken back, or is too old"),
        },
    )
    def post(self, request: Request) -> Response:
        """The profile comes into this account, with its history, list and taste."""
        data = SecretInput(data=request.data)
        data.is_valid(raise_exception=True)
        try:
            profile = services.take_profile(secret=data.validated_data["secret"], user_id=user_id_of(request))
        except services.NotFound as error:
            raise Refused(404, "not_found", _("This link was used already, or is too old.")) from error
        except services.InvalidField as error:
            raise refusal(error) from error
        return Response(body(profile), status=201)


def _plain(request: Request) -> HttpRequest:
    """Django's own request, which the session belongs to."""
    return request._request


def _pin_of(request: Request) -> str:
    data = PinInput(data=request.data)
    data.is_valid(raise_exception=True)
    return str(data.validated_data["pin"])


def _blocked(profile: Profile) -> dict[str, object]:
    return dict(BlockedOutput({"titles": sorted(profile.blocked, key=str)}).data)
