"""Puts the profile that is watching at this browser on each request."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts import doors, entering
from accounts.types import Profile


class ProfileMiddleware:
    """Sets `request.profile` and keeps kids profiles out of the pages that are for grown-ups."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.profile = chosen_profile(request)  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Refuse a kids profile before the view runs, whoever wrote that view."""
        return doors.refuse_kid(request)


def chosen_profile(request: HttpRequest) -> Profile | None:
    """The profile that this session entered rightfully, if it belongs to who is signed in.

    A request without a session cookie (players, nodes, health checks) costs nothing here.
    """
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return entering.chosen(request)
