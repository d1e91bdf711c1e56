"""How long a session lives, and the second factor at the operators' doors."""

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts import doors

BEGAN = "began_at"
USED = "used_at"
#: A session's row is written anew this often while it is used, in seconds: its 30 days begin again each time.
_NOTED_EVERY = 3600


class SessionLifeMiddleware:
    """Ends a session 90 days after it began, and lets its 30 idle days begin again while it is used (ASVS 7.3)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            _age(request, time.time())
        return self.get_response(request)


class StaffFactorMiddleware:
    """Leads an operator without a second factor from the admin to where one is set up, if the setting says so.

    `request.lacks_factor` says so to what stands outside the admin and does not know this app.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        known = settings.SESSION_COOKIE_NAME in request.COOKIES
        request.lacks_factor = known and doors.lacks_factor(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Before the view runs, whichever of the admin's it is."""
        match = request.resolver_match
        if match is None or "admin" not in match.namespaces or match.url_name in ("login", "logout"):
            return None
        return doors.lead_to_factor(request) if request.lacks_factor else None  # type: ignore[attr-defined]


def _age(request: HttpRequest, now: float) -> None:
    session = request.session
    if now - session.setdefault(BEGAN, now) > settings.SESSION_LIFETIME:
        auth.logout(request)
        return
    if now - session.get(USED, 0) > _NOTED_EVERY:
        session[USED] = now
        _note_use(str(session.session_key))


def _note_use(session_key: str) -> None:
    from allauth.usersessions.models import UserSession

    UserSession.objects.filter(session_key=session_key).update(last_seen_at=timezone.now())
