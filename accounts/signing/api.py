"""`/api/v1/account/proof`: show once more that it is you, for apps."""

from allauth.account.adapter import get_adapter
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import doors
from accounts.signing import recency
from accounts.signing.forms import ReauthenticateForm


class ProofInput(serializers.Serializer[object]):
    """One of the two. `code` is an authenticator app's or a recovery code."""

    password = serializers.CharField(required=False, max_length=500, trim_whitespace=False)
    code = serializers.CharField(required=False, max_length=40)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Exactly one."""
        if len(attrs) != 1:
            raise ValidationError("Give a password or a code.")
        return attrs


class Proof(APIView):
    """What `recent_sign_in_required` asks for."""

    permission_classes = (doors.IsGrownUp,)

    @extend_schema(operation_id="account_proof_create", request=ProofInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """Holds for ten minutes in this session, whose key changes. Wrong ones are counted as at the sign-in."""
        data = ProofInput(data=request.data)
        data.is_valid(raise_exception=True)
        if "password" in data.validated_data:
            _by_password(request, data.validated_data["password"])
        else:
            _by_code(request, data.validated_data["code"])
        return Response(status=204)


def _by_password(request: Request, password: str) -> None:
    user = request.user
    if isinstance(user, AnonymousUser):
        raise ValidationError({"password": ["Sign in first."]})
    if all(way["id"] != "reauthenticate" for way in get_adapter().get_reauthentication_methods(user)):
        raise ValidationError({"password": ["This account has a second step: give a code."]})
    try:
        right = get_adapter().reauthenticate(user, password)
    except DjangoValidationError as error:  # too many wrong ones
        raise ValidationError({"password": error.messages}) from error
    if not right:
        raise ValidationError({"password": [str(get_adapter().error_messages["incorrect_password"])]})
    recency.note(request._request, "password", reauthenticated=True)


def _by_code(request: Request, code: str) -> None:
    form = ReauthenticateForm(data={"code": code}, user=request.user)  # type: ignore[call-arg]  # allauth's own
    if not form.is_valid():
        raise ValidationError({"code": [str(error) for error in form.errors.get("code", [])]})
    form.save()
