"""What is said where no view answers: in the API's one shape of errors to programs, a page to people."""

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views import csrf, defaults

from netflixlite import addresses

log = logging.getLogger("netflixlite.refused")
_API = "/api/"
#: Whoever may not, and whoever asks too often.
_REFUSALS = frozenset({401, 403, 429})
_PATH_LETTERS = 200


class RefusalsMiddleware:
    """Writes into the log who was refused what (ASVS 16.3.2). Never what was sent."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code in _REFUSALS:
            # Only who the answer itself asked for: the log must cost no question to the database.
            user = getattr(request, "_cached_user", None)
            log.warning(
                "%d to %s at %s: %s %s",
                response.status_code,
                getattr(user, "pk", None) or "nobody",
                addresses.of(request.META) or "-",
                request.method,
                _without_secrets(request),
            )
        return response


def _without_secrets(request: HttpRequest) -> str:
    """The address as it is written in our urls where one of them is meant: some paths hold keys and codes."""
    match = request.resolver_match
    return f"/{match.route}" if match else request.path[:_PATH_LETTERS]


def _for_programs(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    if request.path.startswith(_API):
        return _for_programs("bad_request", _("This request cannot be understood."), 400)
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    if request.path.startswith(_API):
        return _for_programs("permission_denied", str(exception) or _("You may not do this."), 403)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if request.path.startswith(_API):
        return _for_programs("not_found", _("There is nothing at this address."), 404)
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: without anything that could fail again."""
    if request.path.startswith(_API):
        return _for_programs("server_error", "Something went wrong here. Try again in a moment.", 500)
    return defaults.server_error(request)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 to a form that did not come from one of our pages."""
    if request.path.startswith(_API):
        return _for_programs("csrf", _("Send the X-CSRFToken header with the cookie's value."), 403)
    answer: Callable[..., Any] = csrf.csrf_failure
    return answer(request, reason=reason)  # type: ignore[no-any-return]
