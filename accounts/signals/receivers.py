"""What is written into the audit log is looked at; a new password ends the demand for one."""

import logging
from typing import Any

from allauth.account import signals as account
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import models
from accounts.audit.recording import entry_written
from accounts.signals import acting, judging

log = logging.getLogger("accounts")


@receiver(entry_written, dispatch_uid="signals.judge")
def on_entry(*, entry: models.AuditEntry, **_more: Any) -> None:
    """Look at it. Who does something never notices when looking fails."""
    try:
        judging.judge(
            judging.Entry(
                verb=entry.verb,
                actor=entry.actor,
                account=entry.subject,
                target=entry.target,
                address=entry.address,
                at=entry.at,
            )
        )
    except Exception:
        log.exception("An entry of the audit log could not be looked at.")


@receiver(user_logged_in, dispatch_uid="signals.password_demanded")
def on_sign_in(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """Somebody is in with a password that was to be changed."""
    session = getattr(request, "session", None)
    if session is not None and acting.is_password_demanded(user.pk):
        session[acting.DEMANDED] = True


@receiver(account.password_changed, dispatch_uid="signals.password_changed")
@receiver(account.password_set, dispatch_uid="signals.password_set")
@receiver(account.password_reset, dispatch_uid="signals.password_reset")
def on_new_password(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """It was changed."""
    models.PasswordDemand.objects.filter(user_id=user.pk).delete()
    session = getattr(request, "session", None)
    if session is not None:
        session.pop(acting.DEMANDED, None)
