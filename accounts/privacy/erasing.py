"""Erasing an account: the job, and what `accounts` itself forgets."""

import logging
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import events, models
from accounts.audit import keys, sealing
from accounts.audit.recording import audit
from accounts.billing import forgetting
from accounts.privacy import classes, exporting, mails, proof
from accounts.types import ProfileDeleted
from netflixlite import personal
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext

log = logging.getLogger("accounts")
KIND = "accounts.erase"


def key(erasure_id: UUID) -> str:
    """The job's dedupe key."""
    return f"{KIND}:{erasure_id}"


def enqueue(erasure_id: UUID, due_at: datetime) -> None:
    """Have it done when it is due. The job knows the erasure's id only, which will be the proof's."""
    jobs.enqueue(
        KIND,
        payload={"erasure": str(erasure_id)},
        dedupe_key=key(erasure_id),
        available_at=due_at if due_at > timezone.now() else None,
        max_attempts=10,
    )


def tend() -> None:
    """Periodic: what is due and nobody does, somebody shall do."""
    for erasure_id, due_at in models.Erasure.objects.filter(due_at__lte=timezone.now()).values_list(
        "id", "due_at"
    ):
        enqueue(erasure_id, due_at)


def carry_out(context: JobContext) -> None:
    """The job's handler. What was done is done: another attempt goes on from there, and counts go on adding up."""
    erasure_id = UUID(context.claim.payload["erasure"])
    row = models.Erasure.objects.select_related("user").filter(id=erasure_id).first()
    if row is None or row.due_at > timezone.now():
        return  # kept after all, or done; what is due later has its own job then
    letter = mails.farewell(row.user)
    _overwrite_what_goes()
    counts: dict[str, int] = dict(context.checkpoint.get("counts", {}))
    keepers = personal.keepers()
    for number, keeper in enumerate(keepers[:-1]):
        context.progress(number / len(keepers), keeper.app)
        counts = personal.add(counts, keeper.erase(row.user_id))
        context.save_checkpoint({"counts": counts})
    with context.commit():
        counts = personal.add(counts, keepers[-1].erase(row.user_id))
        _prove(row, counts)
        transaction.on_commit(partial(mails.send_farewell, letter, erasure_id, dict(counts)), robust=True)


def _overwrite_what_goes() -> None:
    """Have SQLite overwrite rows with zeros where it would only forget where they were. PostgreSQL's vacuum comes by
    itself. For this connection, which is the job's.
    """
    for connection in connections.all():
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA secure_delete = ON")


def erase(user_id: UUID) -> dict[str, int]:
    """What accounts keeps of a user, the user last. Safe to run twice."""
    user = models.User.objects.filter(id=user_id).first()
    if user is None:
        return {}
    words = _names_of(user)
    profiles = list(models.Profile.objects.of(user_id).values_list("id", flat=True))
    counts = {"sessions.Session": end_sessions(user_id)}
    counts["admin.LogEntry"] = _forget_in_the_studios_log([user_id, *profiles])
    exporting.remove(models.DataExport.objects.filter(user_id=user_id))
    others = models.ProfileTransfer.objects.filter(email__in=[word for word in words if "@" in word])
    counts = personal.add(counts, personal.remove(others))
    for label in classes.present():
        counts = personal.add(counts, personal.remove(classes.rows_of(label, user_id)))
    counts["accounts.AuditEntry"] = sealing.forget_account(user_id, words)
    for profile_id in profiles:
        news = ProfileDeleted(profile_id=profile_id)
        transaction.on_commit(partial(events.profile_deleted.send_robust, sender=ProfileDeleted, event=news))
    return personal.add(counts, {})


def erase_payments(user_id: UUID) -> dict[str, int]:
    """End what is paid for, have the provider forget who paid, and cut the name out of the books. Speaks with the
    provider, so it comes before the last step. Raises ProviderFailed: the job tries again.
    """
    rows = {
        "accounts.Subscription": models.Subscription.objects.filter(user_id=user_id),
        "accounts.PaymentEvent": models.PaymentEvent.objects.filter(user_id=user_id),
        "accounts.Invoice": models.Invoice.objects.filter(user_id=user_id),
    }
    counts = {label: found.count() for label, found in rows.items()}
    forgetting.erase(user_id)
    return counts


def _prove(row: models.Erasure, counts: dict[str, int]) -> None:
    now = timezone.now()
    models.ErasureProof.objects.create(
        id=row.id,
        erased_at=now,
        counts=counts,
        commitment=row.commitment,
        digest=proof.digest(
            keys.key(), proof_id=row.id, erased_at=now, counts=counts, commitment=row.commitment
        ),
    )
    audit(None, "erasure.done", f"proof:{row.id}")


def _names_of(user: models.User) -> set[str]:
    """What names the account besides its id: ids of what hangs on it, and addresses."""
    words = {user.email, *_addresses_of(user.id)}
    for label in classes.present():
        words |= {str(key) for key in classes.rows_of(label, user.id).values_list("pk", flat=True)}
    # Short numbers would name half of the log.
    return {word for word in words if len(word) >= 8}


def _addresses_of(user_id: UUID) -> Iterable[str]:
    return classes.rows_of("account.EmailAddress", user_id).values_list("email", flat=True)


def end_sessions(user_id: UUID) -> int:
    """End all Django sessions of a user. Their rows do not say whose they are: each is opened."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    ended = 0
    for row in Session.objects.iterator(chunk_size=500):
        if store().decode(row.session_data).get("_auth_user_id") == str(user_id):
            ended += Session.objects.filter(pk=row.pk).delete()[0]
    return ended


def _forget_in_the_studios_log(ids: list[UUID]) -> int:
    """Django's own log of the studio has the names of what was changed."""
    from django.contrib.admin.models import LogEntry

    ours = ContentType.objects.filter(app_label="accounts")
    named = Q()
    for one in ids:
        named |= Q(object_id=str(one)) | Q(change_message__icontains=str(one))
    return LogEntry.objects.filter(named, content_type__in=ours).delete()[0]
