"""Counts what a session reads of the catalogue, holds a paused one, and leads to a new password where one is wanted."""

import time
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from accounts import doors
from accounts.models import FraudSignal
from accounts.signals import acting, raising, reading

#: What stays open while a new password is wanted, and while a session is paused: the way to it, and the way out.
_TO_THE_PASSWORD = frozenset(
    {
        "account_change_password",
        "account_set_password",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key",
        "account_reset_password_from_key_done",
        "account_reauthenticate",
        "prove_yourself",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
        "erase_account",
        "keep_account",
    }
)
_OUT = frozenset({"account_logout", "logout", "set_language"})


class SignalsMiddleware:
    """Stands behind the profile's middleware: it wants the session, and who is asking."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Before the view. Requests without a session's cookie cost nothing here."""
        match = request.resolver_match
        if (
            match is None
            or settings.SESSION_COOKIE_NAME not in request.COOKIES
            or not request.user.is_authenticated
        ):
            return None
        name = match.url_name or ""
        if name in _OUT:
            return None
        if float(request.session.get(acting.PAUSED, 0)) > time.time():
            return _paused(request)
        if request.session.get(acting.DEMANDED) and name not in _TO_THE_PASSWORD:
            return _to_the_password(request)
        if name in reading.PAGES:
            _count(request)
        return None


def _count(request: HttpRequest) -> None:
    session = raising.digest(str(request.session.session_key or ""))
    read = reading.READING.page(session)
    if not read or request.user.is_staff:
        return
    user_id = request.user.pk
    raising.raise_signal(
        FraudSignal.Kind.SCRAPING,
        session,
        severity=FraudSignal.Severity.HIGH if read >= reading.FAR_TOO_MANY else FraudSignal.Severity.MEDIUM,
        user_id=user_id if isinstance(user_id, UUID) else None,
        evidence={"pages": read, "minutes": reading.WINDOW // 60, "last": request.path},
        session=session,
        device_id=doors.device_of(request),
    )


def _paused(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        error = {"code": "session_paused", "message": _("This session is paused by the site's operator.")}
        return JsonResponse({"error": error}, status=429)
    return render(request, "accounts/paused.html", status=429)


def _to_the_password(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        error = {"code": "new_password_required", "message": _("Choose a new password first.")}
        return JsonResponse({"error": error}, status=403)
    messages.error(request, _("Choose a new password: somebody else may know the old one."))
    usable = request.user.is_authenticated and request.user.has_usable_password()
    return redirect("account_change_password" if usable else "account_set_password")
