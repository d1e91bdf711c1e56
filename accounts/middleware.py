"""Puts the profile that is watching at this browser on each request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation

from accounts import doors, entering
from accounts.types import Profile


class ProfileMiddleware:
    """Sets `request.profile`, speaks its language, and keeps kids profiles out of the pages that are for grown-ups."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        profile = chosen_profile(request)
        request.profile = profile  # type: ignore[attr-defined]
        if profile is not None:
            _speak(request, profile.language)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Refuse a kids profile before the view runs, whoever wrote that view."""
        return doors.refuse_kid(request)


def _speak(request: HttpRequest, language: str) -> None:
    """Answer in the profile's language, whatever the browser asks for: it is the same on every device."""
    if language != translation.get_language() and language in dict(settings.LANGUAGES):
        translation.activate(language)
        request.LANGUAGE_CODE = language


def chosen_profile(request: HttpRequest) -> Profile | None:
    """The profile that this session entered rightfully, if it belongs to who is signed in.

    A request without a session cookie (players, nodes, health checks) costs nothing here.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return entering.chosen(request)
