"""`/api/v1/tv/`: the same for apps on televisions and telephones. Names and states are those of RFC 8628."""

from dataclasses import asdict
from urllib.parse import urlencode

from django.http import Http404
from django.middleware.csrf import get_token
from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors
from accounts.api.asking import user_id_of
from accounts.tv import codes, entering, limits
from accounts.tv.views import address_for_others, give_answer, note_wrong
from netflixlite import addresses


class CodeInput(serializers.Serializer[codes.Asked]):
    """What a device may say of itself."""

    name = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)


class CodeOutput(serializers.Serializer[codes.Asked]):
    """A device authorization response (RFC 8628, 3.2). Times in seconds."""

    device_code = serializers.CharField()
    user_code = serializers.CharField()
    verification_uri = serializers.URLField()
    verification_uri_complete = serializers.URLField()
    expires_in = serializers.IntegerField()
    interval = serializers.IntegerField()


class TokenInput(serializers.Serializer[codes.Answer]):
    """The device's secret."""

    device_code = serializers.CharField(max_length=100)


class TvTokenOutput(serializers.Serializer[codes.Answer]):
    """Signed in: the answer sets the session's cookie. `csrf_token` goes into `X-CSRFToken` of what changes things."""

    signed_in = serializers.BooleanField()
    csrf_token = serializers.CharField()


class ApproveInput(serializers.Serializer[codes.Asking]):
    """The code that the device shows, and whether it is let in."""

    user_code = serializers.CharField(max_length=40)
    approve = serializers.BooleanField()


class AskingOutput(serializers.Serializer[codes.Asking]):
    """What asks. `name` is what the device says of itself: do not trust it."""

    name = serializers.CharField()
    player = serializers.CharField()
    place = serializers.CharField()
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class NotYet(APIException):
    """A device has to wait, or is refused: the states of RFC 8628, 3.5, as our errors."""

    status_code = 400

    def __init__(self, heard: codes.Answer) -> None:
        super().__init__(_WORDS[heard.state], code=heard.state.value)
        self.extra = {"interval": heard.interval}


class TvBusy(APIException):
    """More devices wait than the site lets wait at once."""

    status_code = 503
    default_detail = "Too many devices are waiting to be signed in. Try again in some minutes."
    default_code = "too_many_waiting"


class TvCodes(APIView):
    """A device asks to be signed in."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="tv_codes_create", request=CodeInput, responses={201: CodeOutput}, auth=[])
    def post(self, request: Request) -> Response:
        """A code to show, and the secret to ask with. 12 in ten minutes from one address."""
        data = CodeInput(data=request.data)
        data.is_valid(raise_exception=True)
        if not limits.may(request._request, "ask"):
            raise Throttled
        try:
            asked = codes.ask(
                name=data.validated_data["name"],
                user_agent=request.headers.get("user-agent", ""),
                address=addresses.of(request.META),
            )
        except codes.TooManyWaiting as error:
            raise TvBusy from error
        page = address_for_others(request._request, reverse("tv_approve"))
        body = asdict(asked) | {
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'code': asked.user_code})}",
        }
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class TvToken(APIView):
    """A device asks how its request stands."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="tv_token_create", request=TokenInput, responses=TvTokenOutput, auth=[])
    def post(self, request: Request) -> Response:
        """Signs the device in, once, when somebody said yes. Else 400: `authorization_pending`, `slow_down` (wait
        `interval` seconds from now on), `access_denied`, `expired_token`.
        """
        data = TokenInput(data=request.data)
        data.is_valid(raise_exception=True)
        if not limits.may(request._request, "poll"):
            raise Throttled
        heard = codes.redeem(data.validated_data["device_code"])
        if heard.user_id is None:
            raise NotYet(heard)
        if not entering.sign_in(request._request, heard.user_id, name=heard.name):
            raise NotYet(codes.Answer(codes.State.DENIED))
        body = {"signed_in": True, "csrf_token": get_token(request._request)}
        return Response(body, headers={"Cache-Control": "no-store"})


class TvApprove(APIView):
    """Somebody who is signed in looks at what asks, and says yes or no. Not through a kids profile."""

    permission_classes = (doors.IsGrownUp,)

    @extend_schema(
        operation_id="tv_approve_retrieve",
        parameters=[OpenApiParameter("user_code", str, required=True)],
        responses=AskingOutput,
    )
    def get(self, request: Request) -> Response:
        """What asks under a code. Wrong codes are counted: 10 in ten minutes for one account."""
        return Response(AskingOutput(_look(request, request.query_params.get("user_code", "")[:40])).data)

    @extend_schema(operation_id="tv_approve_create", request=ApproveInput, responses=AskingOutput)
    def post(self, request: Request) -> Response:
        """Let it in, or not."""
        data = ApproveInput(data=request.data)
        data.is_valid(raise_exception=True)
        asking = _look(request, data.validated_data["user_code"])
        if not give_answer(asking, user_id_of(request), yes=data.validated_data["approve"]):
            raise Http404("No device waits under this code.")
        return Response(AskingOutput(asking).data)


def _look(request: Request, user_code: str) -> codes.Asking:
    counted = limits.may(request._request, "guess")
    if counted is None:
        raise Throttled
    asking = codes.look(user_code)
    if asking is None:
        note_wrong(user_id_of(request))
        raise Http404("No device waits under this code.")
    counted.rollback()
    return asking


_WORDS = {
    codes.State.PENDING: "Nobody has answered yet.",
    codes.State.SLOW_DOWN: "You ask too often.",
    codes.State.DENIED: "Somebody said no.",
    codes.State.EXPIRED: "This code is over: ask for a new one.",
}
