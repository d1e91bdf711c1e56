"""What is said where no view answers: in the API's one shape of errors to programs, a page to people."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views import csrf, defaults

_API = "/api/"


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
