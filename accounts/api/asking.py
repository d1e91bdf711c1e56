"""Who is asking, and the answer to what cannot be taken."""

import math
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import Http404
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request

from accounts import services


class Refused(APIException):
    """No, with a code that programs understand; `extra` is added to the error. `wait` (seconds) sets Retry-After."""

    def __init__(
        self, status: int, code: str, message: str, *, wait: float | None = None, **extra: Any
    ) -> None:
        super().__init__(detail=message, code=code)
        self.status_code, self.wait = status, wait
        self.extra = extra if wait is None else {**extra, "wait": wait}


def user_id_of(request: Request) -> UUID:
    """The id of who is signed in; 404 for others."""
    user_id = request.user.pk
    if not isinstance(user_id, UUID):
        raise Http404
    return user_id


def refusal(error: services.InvalidField) -> ValidationError:
    """The answer to a value that the service does not take."""
    return ValidationError({error.field or "non_field_errors": [error.message]})


def pin_refusal(error: services.InvalidField) -> Refused:
    """The answer to a PIN that does not open the gate. `left` tries cost nothing; `wait` is in seconds."""
    if isinstance(error, services.PinWait):
        return Refused(429, "pin_wait", error.message, wait=_seconds(error.wait))
    if isinstance(error, services.PinWrong):
        return Refused(403, "pin_wrong", error.message, left=error.left, wait=_seconds(error.wait))
    return Refused(403, "pin_required", error.message)


def _seconds(wait: timedelta) -> int:
    return math.ceil(wait.total_seconds())
