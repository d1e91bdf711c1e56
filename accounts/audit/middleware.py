"""Knows from where a request comes while it is answered, and writes down what is done in the studio."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.audit import asking
from accounts.audit.recording import audit

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
#: Fields of the studio's forms that say what was done; values of other fields are nobody's business here.
_ACTION, _CHOSEN = "action", "_selected_action"


class AuditMiddleware:
    """Stands behind AuthenticationMiddleware."""

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with asking.answering(request.META) as written:
            response = self.get_response(request)
            if not written and _is_deed(request, response):
                _write(request, response)
            return response


def _is_deed(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether an operator changed something. Django's own log of the studio misses buttons and actions on lists."""
    match = request.resolver_match
    return (
        request.method not in _SAFE
        and match is not None
        and "admin" in match.namespaces
        and response.status_code < 400
        and request.user.is_authenticated
    )


def _write(request: HttpRequest, response: HttpResponseBase) -> None:
    match, user_id = request.resolver_match, request.user.pk
    if match is None or not isinstance(user_id, UUID) or match.url_name in ("login", "logout"):
        return
    detail: dict[str, Any] = {"path": request.path, "status": response.status_code}
    form = request.POST
    if action := form.get(_ACTION):
        detail |= {"action": action, "chosen": form.getlist(_CHOSEN)}
    audit(user_id, "admin.did", f"page:{match.url_name}", detail=detail)
