"""What Django, its admin and allauth tell, as entries of the audit log."""

import hashlib
import hmac
import json
from typing import Any, cast
from uuid import UUID

from allauth.account import signals as account
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import signals as auth
from django.contrib.contenttypes.models import ContentType
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import models
from accounts.audit import keys
from accounts.audit.recording import Detail, audit

_ADMIN = {ADDITION: "admin.added", CHANGE: "admin.changed", DELETION: "admin.deleted"}


def login_digest(login: str) -> str:
    """What stands for a name that somebody tried to sign in with: the same for the same name, and nobody reads it back
    without the log's key. It may have been a password in the wrong field.
    """
    return hmac.new(keys.key(), login.strip().lower().encode(), hashlib.sha256).hexdigest()[:16]


def account_of(login: str) -> UUID | None:
    """The account that somebody tried to sign in to, by name or e-mail address."""
    named = models.User.objects.filter(username__iexact=login).values_list("id", flat=True).first()
    if named is None and "@" in login:
        named = models.User.objects.filter(email__iexact=login).values_list("id", flat=True).first()
    return named


@receiver(auth.user_logged_in, dispatch_uid="audit.signed_in")
def on_sign_in(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """Somebody is in, by whatever door."""
    how = [str(step.get("method", "")) for step in _steps(request)]
    _write(user.pk, "sign_in.done", f"user:{user.pk}", request, detail={"how": how} if how else None)


@receiver(auth.user_logged_out, dispatch_uid="audit.signed_out")
def on_sign_out(*, request: HttpRequest | None, user: models.User | None, **_more: Any) -> None:
    """Somebody left."""
    if user is not None:
        _write(user.pk, "sign_in.ended", f"user:{user.pk}", request)


@receiver(auth.user_login_failed, dispatch_uid="audit.sign_in_failed")
def on_failed_sign_in(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_more: Any
) -> None:
    """Somebody tried. The name that was typed is kept only where it is an account's, and as its id then."""
    login = str(credentials.get("username") or credentials.get("email") or credentials.get("login") or "")
    known = account_of(login)
    target = f"user:{known}" if known else f"login:{login_digest(login)}"
    _write(None, "sign_in.failed", target, request)


@receiver(account.user_signed_up, dispatch_uid="audit.signed_up")
def on_sign_up(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """A new account."""
    _write(user.pk, "account.signed_up", f"user:{user.pk}", request)


@receiver(account.password_changed, dispatch_uid="audit.password_changed")
@receiver(account.password_set, dispatch_uid="audit.password_set")
def on_new_password(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """A new password, by somebody who was in."""
    _write(user.pk, "password.changed", f"user:{user.pk}", request)


@receiver(account.password_reset, dispatch_uid="audit.password_reset")
def on_reset_password(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """A new password, by somebody who could read the mail."""
    _write(None, "password.reset", f"user:{user.pk}", request)


@receiver(account.email_added, dispatch_uid="audit.email_added")
def on_email_added(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """A further address."""
    _write(user.pk, "email.added", f"user:{user.pk}", request)


@receiver(account.email_removed, dispatch_uid="audit.email_removed")
def on_email_removed(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """An address less."""
    _write(user.pk, "email.removed", f"user:{user.pk}", request)


@receiver(account.email_changed, dispatch_uid="audit.email_changed")
def on_email_changed(*, request: HttpRequest | None, user: models.User, **_more: Any) -> None:
    """Another address is the one that mails go to."""
    _write(user.pk, "email.changed", f"user:{user.pk}", request)


@receiver(account.email_confirmed, dispatch_uid="audit.email_confirmed")
def on_email_confirmed(*, request: HttpRequest | None, email_address: Any, **_more: Any) -> None:
    """Somebody opened the link."""
    _write(email_address.user_id, "email.confirmed", f"user:{email_address.user_id}", request)


@receiver(post_save, sender=LogEntry, dispatch_uid="audit.admin")
def on_admin(*, instance: LogEntry, created: bool, **_more: Any) -> None:
    """Something was changed in the studio. Which fields, not their values: those may be people's."""
    user_id = instance.user_id
    if not created or not isinstance(user_id, UUID):
        return
    about = cast(ContentType | None, instance.content_type)
    model = about.model_class() if about else None
    label = model._meta.label_lower if model else "page"
    kind = "user" if model is models.User else label
    verb = _ADMIN.get(instance.action_flag, "admin.did")
    fields = _changed(instance.change_message)
    _write(user_id, verb, f"{kind}:{instance.object_id}", None, detail={"fields": fields} if fields else None)


def hear_second_steps() -> None:
    """Connect to allauth's signals of passkeys and codes. Once the apps are loaded: they import models."""
    from allauth.mfa import signals as mfa

    for signal, verb in (
        (mfa.authenticator_added, "mfa.added"),
        (mfa.authenticator_removed, "mfa.removed"),
        (mfa.authenticator_reset, "mfa.reset"),
        (mfa.authentication_failed, "mfa.failed"),
    ):
        signal.connect(_on_second_step(verb), dispatch_uid=f"audit.{verb}", weak=False)


def _on_second_step(verb: str) -> Any:
    def hear(
        *, request: HttpRequest | None, user: models.User, authenticator: Any = None, **_more: Any
    ) -> None:
        by = None if verb == "mfa.failed" else user.pk
        kind = str(getattr(authenticator, "type", "") or "")
        _write(by, verb, f"user:{user.pk}", request, detail={"kind": kind} if kind else None)

    return hear


def _write(
    actor: UUID | None,
    verb: str,
    target: str,
    request: HttpRequest | None,
    *,
    detail: dict[str, Detail] | None = None,
) -> None:
    from netflixlite import addresses

    audit(actor, verb, target, request_ip=addresses.of(request.META) if request else "", detail=detail)


def _steps(request: HttpRequest | None) -> list[dict[str, Any]]:
    """allauth's record of how somebody proved who they are; none when they came by another door."""
    session = getattr(request, "session", None)
    found = session.get("account_authentication_methods", []) if session is not None else []
    return [step for step in found if isinstance(step, dict)]


def _changed(message: str) -> list[str]:
    """Names of the fields that a change message of the admin speaks of."""
    try:
        parts = json.loads(message)
    except ValueError:
        return []
    return [str(name) for part in parts if isinstance(part, dict) for name in _fields(part)]


def _fields(part: dict[str, Any]) -> list[str]:
    return [
        str(name) for about in part.values() if isinstance(about, dict) for name in about.get("fields", [])
    ]
