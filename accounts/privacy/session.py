"""What a session knows of an erasure, so that no page has to ask the database for most people."""

from datetime import datetime
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import models, services

_KEY = "erasure_asked"


@receiver(user_logged_in, dispatch_uid="privacy.erasure")
def on_sign_in(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """Somebody came back to an account that is to be erased."""
    session = getattr(request, "session", None)
    if session is not None and services.erasure(user.pk) is not None:
        session[_KEY] = True


def banner(request: HttpRequest) -> dict[str, datetime | None]:
    """For every template: `erasure_due`, when the account of who is signed in will be erased, or None."""
    session = getattr(request, "session", None)
    # A request without a session's cookie is not asked for one: that would vary every answer by it.
    if (
        session is None
        or not session.session_key
        or not session.get(_KEY)
        or not request.user.is_authenticated
    ):
        return {"erasure_due": None}
    asked = services.erasure(request.user.pk)
    if asked is None:
        del session[_KEY]
    return {"erasure_due": asked.due_at if asked else None}
