"""A copy of everything about an account, and the end of everything about it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import models
from accounts.audit import keys
from accounts.audit.recording import audit
from accounts.billing import subscribing
from accounts.privacy import erasing, exporting, mails, proof
from accounts.services.devices import end_all_devices
from accounts.services.errors import InvalidField, NotFound
from accounts.types import DataExport, Erasure, ErasureProof
from netflixlite.jobs import services as jobs

#: A copy costs a worker some seconds: nobody needs more of them in a day.
EXPORTS_A_DAY = 4


class TooManyExports(InvalidField):
    """Enough copies were made today."""

    def __init__(self) -> None:
        super().__init__(
            "", _("You have had %(most)d copies today. Come back tomorrow.") % {"most": EXPORTS_A_DAY}
        )


class LastOperator(InvalidField):
    """The site would have nobody left to run it."""

    def __init__(self) -> None:
        super().__init__(
            "", _("You are the only one who runs this site. Make somebody else an operator first.")
        )


def exports(user_id: UUID) -> tuple[DataExport, ...]:
    """The copies of a user that are being made or kept, newest first."""
    rows = list(models.DataExport.objects.filter(user_id=user_id, expires_at__gt=timezone.now()))
    found = jobs.latest([exporting.key(row.id) for row in rows])
    made = []
    for row in rows:
        job = found.get(exporting.key(row.id))
        share = 1.0 if row.ready_at else job.progress if job else 0.0
        made.append(
            DataExport(
                id=row.id,
                asked_at=row.asked_at,
                ready_at=row.ready_at,
                expires_at=row.expires_at,
                bytes=row.bytes,
                progress=share,
                problem=row.failed,
            )
        )
    return tuple(made)


def ask_export(user_id: UUID) -> DataExport:
    """Have a copy made of everything about an account; one that is under way is the same one.

    Raises NotFound, TooManyExports.
    """
    now = timezone.now()
    with transaction.atomic():
        # The user's row is the lock that keeps two requests from both beginning one.
        if not models.User.objects.select_for_update().filter(id=user_id).exists():
            raise NotFound(f"There is no user {user_id}.")
        mine = models.DataExport.objects.filter(user_id=user_id)
        row = mine.waiting().first()
        if row is None:
            if mine.filter(asked_at__gt=now - timedelta(days=1)).count() >= EXPORTS_A_DAY:
                raise TooManyExports
            row = models.DataExport.objects.create(
                user_id=user_id, asked_at=now, expires_at=now + exporting.KEPT_FOR
            )
            exporting.enqueue(row.id)
            audit(user_id, "export.asked", f"export:{row.id}")
    return next(one for one in exports(user_id) if one.id == row.id)


def fetch_export(*, user_id: UUID, export_id: UUID) -> str:
    """The path of a copy's file, to be sent to its owner. Raises NotFound, also for another user's and for one that is
    over.
    """
    row = models.DataExport.objects.ready(timezone.now()).filter(id=export_id, user_id=user_id).first()
    if row is None or not row.path.is_file():
        raise NotFound(f"There is no copy {export_id}.")
    with transaction.atomic():
        models.DataExport.objects.filter(id=row.id).update(fetched_at=timezone.now())
        audit(user_id, "export.fetched", f"export:{row.id}")
    return str(row.path)


def erasure(user_id: UUID) -> Erasure | None:
    """When an account will be erased, if that was asked for."""
    row = models.Erasure.objects.filter(user_id=user_id).first()
    return Erasure(id=row.id, asked_at=row.asked_at, due_at=row.due_at) if row else None


def ask_erasure(user_id: UUID) -> tuple[Erasure, str]:
    """Have an account erased after the cooling-off, and sign it out everywhere; → the erasure and its receipt's secret,
    which is shown and sent now and kept nowhere. Asked again, the time goes on and the receipt is a new one.

    Raises NotFound, LastOperator.
    """
    now, secret = timezone.now(), proof.new_secret()
    with transaction.atomic():
        user = models.User.objects.select_for_update().filter(id=user_id).first()
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        _refuse_last_operator(user)
        row, _made = models.Erasure.objects.update_or_create(
            user=user,
            defaults={"commitment": proof.commitment(secret, user.email)},
            create_defaults={
                "asked_at": now,
                "due_at": now + timedelta(days=settings.ERASURE_DAYS),
                "commitment": proof.commitment(secret, user.email),
            },
        )
        end_all_devices(user_id)
        erasing.end_sessions(user_id)
        audit(user_id, "erasure.asked", f"erasure:{row.id}", detail={"due_at": row.due_at})
        # Before the job may begin: the letter is written to an account that is still there.
        transaction.on_commit(
            partial(mails.erasure_was_asked, user_id, receipt=secret, erasure=row), robust=True
        )
        transaction.on_commit(partial(erasing.enqueue, row.id, row.due_at), robust=True)
        transaction.on_commit(partial(_stop_paying, user_id), robust=True)
    return Erasure(id=row.id, asked_at=row.asked_at, due_at=row.due_at), secret


def cancel_erasure(user_id: UUID) -> bool:
    """Keep an account after all. False: nobody had asked for its end, or it is under way already."""
    with transaction.atomic():
        row = models.Erasure.objects.select_for_update().filter(user_id=user_id).first()
        if row is None or row.due_at <= timezone.now():
            return False
        job = jobs.latest([erasing.key(row.id)]).get(erasing.key(row.id))
        row.delete()
        if job is not None:
            jobs.cancel(job.id)
        audit(user_id, "erasure.cancelled", f"user:{user_id}")
        transaction.on_commit(partial(mails.erasure_was_cancelled, user_id), robust=True)
    return True


def erasure_proof(proof_id: UUID) -> ErasureProof | None:
    """The proof of an erasure, and whether it is what was written; None while there is none of this number."""
    row = models.ErasureProof.objects.filter(id=proof_id).first()
    if row is None:
        return None
    counts: Mapping[str, int] = row.counts
    sealed = proof.digest(
        keys.key(), proof_id=row.id, erased_at=row.erased_at, counts=counts, commitment=row.commitment
    )
    return ErasureProof(
        id=row.id, erased_at=row.erased_at, counts=dict(counts), digest=row.digest, holds=sealed == row.digest
    )


def is_receipt_of(proof_id: UUID, *, secret: str, email: str) -> bool:
    """Whether somebody has the receipt of this erasure: then it was their account."""
    row = models.ErasureProof.objects.filter(id=proof_id).first()
    return row is not None and proof.commitment(secret, email) == row.commitment


def _stop_paying(user_id: UUID) -> None:
    """Nothing is charged any more while the owner thinks again; who keeps the account can go on with the plan."""
    with suppress(subscribing.Refused):
        subscribing.cancel(user_id)


def _refuse_last_operator(user: models.User) -> None:
    if not (user.is_staff and user.is_superuser and user.is_active):
        return
    others = models.User.objects.filter(is_staff=True, is_superuser=True, is_active=True).exclude(id=user.id)
    if not others.exists():
        raise LastOperator
