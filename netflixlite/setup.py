"""First run: whoever opens the one-time link that `make up` prints becomes the first administrator.

There is no default password. Until an administrator exists the site shows only a page that says so; afterwards the
wizard is closed for good.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib.auth import login, password_validation
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.debug import sensitive_post_parameters

from accounts import doors
from accounts import services as accounts

#: Machines speak these paths before any person has come: nodes, players, health checks, the wizard's own files.
_OPEN_PATHS = ("/setup/", "/favicon.ico", "/static/", "/media/", "/api/v1/cdn/", "/edge/", "/origin/", "/v1/")

_has_operator = False


def has_operator() -> bool:
    """Whether the first administrator exists. Remembered once true: it never becomes false again."""
    global _has_operator
    if not _has_operator:
        _has_operator = accounts.operator_exists()
    return _has_operator and (accounts.operator_exists() if settings.TESTING else True)


def _token_file() -> Path:
    return Path(settings.KEYS_DIR) / "first-run"


def one_time_token() -> str:
    """The token of the one-time link: made at the first call, the same until it is used. Kept at mode 0600."""
    file = _token_file()
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text(encoding="ascii").strip()
    token = secrets.token_urlsafe(24)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(token)
    return token


def close() -> None:
    """Make the one-time link worthless."""
    _token_file().unlink(missing_ok=True)


class OperatorForm(forms.Form):
    """Who runs this installation."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    name = forms.CharField(label=_("Your name"), max_length=60, help_text=_("You sign in with it."))
    email = forms.EmailField(
        label=_("E-mail (optional)"), required=False, help_text=_("To reset a lost password.")
    )
    password1 = forms.CharField(
        label=_("Password"), widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}), strip=False
    )
    password2 = forms.CharField(
        label=_("Password again"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def clean_password1(self) -> str:
        """Django's own rules, so that the wizard is no weaker than any other way in."""
        password: str = self.cleaned_data["password1"]
        password_validation.validate_password(password)
        return password

    def clean_password2(self) -> str:
        again: str = self.cleaned_data["password2"]
        if self.cleaned_data.get("password1") not in (None, again):
            raise ValidationError(_("The two passwords are not the same. Type them again."))
        return again


@method_decorator(login_not_required, name="dispatch")
@method_decorator(sensitive_post_parameters("password1", "password2"), name="dispatch")
class Welcome(View):
    """The wizard: one page, one form."""

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if has_operator():
            raise Http404("The first administrator exists already: sign in.")
        if not secrets.compare_digest(str(kwargs["token"]).encode(), one_time_token().encode()):
            return render(request, "setup/locked.html", {"wrong_link": True}, status=403)
        response = super().dispatch(request, *args, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _page(self, request: HttpRequest, form: OperatorForm, status: int = 200) -> HttpResponse:
        return render(
            request, "setup/welcome.html", {"form": form, "languages": settings.LANGUAGES}, status=status
        )

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        language = translation.get_language_from_request(request)
        return self._page(request, OperatorForm(initial={"language": language}))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        form = OperatorForm(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=422)
        try:
            user = accounts.create_first_operator(
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                password=form.cleaned_data["password1"],
                language=form.cleaned_data["language"],
            )
        except accounts.AlreadyRun as error:
            raise Http404("The first administrator exists already: sign in.") from error
        except accounts.InvalidField as error:
            field = "password1" if error.field == "password" else error.field
            form.add_error(field if field in form.fields else None, error.message)
            return self._page(request, form, status=422)
        close()
        _sign_in(request, user.id)
        response = redirect("profiles")
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            form.cleaned_data["language"],
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
        return response


def _sign_in(request: HttpRequest, user_id: UUID) -> None:
    """Sign the new administrator in at once; the session gets a new key."""
    from django.contrib.auth import get_user_model

    login(request, get_user_model()._default_manager.get(pk=user_id), settings.AUTHENTICATION_BACKENDS[0])
    UserSession.objects.create_from_request(request)  # what allauth does where it signs somebody in
    doors.note_proof(request)  # they have typed the password twice


class FirstRunMiddleware:
    """Until the first administrator exists, people see one page that says what to do."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponseBase | None:
        """Before LoginRequiredMiddleware's view hook would send people to a sign-in that nobody can pass."""
        if request.path.startswith(_OPEN_PATHS) or has_operator():
            return None
        response = render(request, "setup/locked.html", {"wrong_link": False}, status=503)
        response.headers["Retry-After"] = "60"
        return response


urlpatterns = [path("setup/<str:token>/", Welcome.as_view(), name="setup")]
