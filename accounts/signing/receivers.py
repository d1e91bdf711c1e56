"""What follows from news about signing in: a new session key, the session's beginning, and the offer to sign out."""

import time
from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.signing import middleware, recency, sessions
from accounts.tv import codes


@receiver(user_logged_in, dispatch_uid="signing.began")
def _began(request: HttpRequest | None, **_: Any) -> None:
    """A session's 90 days begin when somebody signs in, whatever it was before."""
    if request is not None and hasattr(request, "session"):
        request.session[middleware.BEGAN] = request.session[middleware.USED] = time.time()


@receiver(account.authentication_step_completed, dispatch_uid="signing.rotated")
def _rotated(request: HttpRequest, reauthenticated: bool = False, **_: Any) -> None:
    """Who has proved it once more may do more: that begins with a new key."""
    if reauthenticated and request.session.session_key:
        sessions.rotate(request)


@receiver(mfa.authenticator_added, dispatch_uid="signing.added")
def _added(request: HttpRequest, user: Any, authenticator: Authenticator, **_: Any) -> None:
    """A factor that was just set up was just used."""
    if authenticator.type == Authenticator.Type.RECOVERY_CODES or not request.user.is_authenticated:
        return
    recency.note(request, "mfa", type=authenticator.type, id=authenticator.pk)
    sessions.rotate(request)
    sessions.offer_sign_out(request)


@receiver(account.password_changed, dispatch_uid="signing.password_changed")
@receiver(account.password_set, dispatch_uid="signing.password_set")
@receiver(account.password_reset, dispatch_uid="signing.password_reset")
def _password(user: Any, **_: Any) -> None:
    """A new password ends the sessions of before, and what was about to become one."""
    codes.withdraw(user.pk)


@receiver(mfa.authenticator_removed, dispatch_uid="signing.removed")
@receiver(mfa.authenticator_reset, dispatch_uid="signing.reset")
@receiver(account.email_changed, dispatch_uid="signing.email")
def _changed(request: HttpRequest, **_: Any) -> None:
    """Whoever changes how one signs in may want to be the only one who is signed in."""
    if request.user.is_authenticated:
        sessions.offer_sign_out(request)
