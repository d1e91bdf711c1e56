"""One shape for every error of the HTTP API: `{"error": {"code", "message", "field"?, ...}}`."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler


def _first(detail: Any, path: str = "") -> tuple[str, str, str]:
    """The first problem in DRF's nested detail: (field, code, message)."""
    if isinstance(detail, dict) and detail:
        field, inner = next(iter(detail.items()))
        joined = f"{path}.{field}" if path else str(field)
        return _first(inner, "" if field == "non_field_errors" else joined)
    if isinstance(detail, list) and detail:
        return _first(detail[0], path)
    return path, getattr(detail, "code", "invalid"), str(detail)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler, with our shape. An exception's `extra` dict, if any, is added to the error."""
    response = exception_handler(error, context)
    if response is None:
        return None
    body: dict[str, Any]
    if isinstance(error, exceptions.ValidationError):
        field, code, message = _first(error.detail)
        body = {"code": code, "message": message}
        if field:
            body["field"] = field
    else:
        refused = isinstance(error, PermissionDenied)
        _field, code, message = _first(getattr(error, "detail", str(error)))
        if code == "invalid":  # Django's own Http404 and PermissionDenied carry no code, and often no words
            code = "permission_denied" if refused else "not_found"
        message = message or (
            _("You may not do this.") if refused else _("There is nothing at this address.")
        )
        body = {"code": code, "message": message}
    body.update(getattr(error, "extra", {}))
    response.data = {"error": body}
    return response
