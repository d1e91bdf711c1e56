"""Making an archive: the job, and what of it goes when."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import models
from accounts.audit import verbs
from accounts.audit.recording import audit
from accounts.privacy import classes, mails
from accounts.privacy.archive import Archive
from netflixlite import personal
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext
from netflixlite.personal import Json

KIND = "accounts.export"
#: How long a copy can be downloaded.
KEPT_FOR = timedelta(days=7)
#: How long one may take to be made before somebody looks why.
_PATIENCE = timedelta(days=1)


def key(export_id: UUID) -> str:
    """The job's dedupe key."""
    return f"{KIND}:{export_id}"


def enqueue(export_id: UUID) -> None:
    """Have it made. The job knows the copy's id only, not whose it is."""
    jobs.enqueue(KIND, payload={"export": str(export_id)}, dedupe_key=key(export_id), priority=5)


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """What accounts itself keeps of a user."""
    for label in sorted(classes.present(), key=list(classes.FILES).index):
        rows = personal.listing(classes.rows_of(label, user_id), hide=classes.HIDDEN.get(label, frozenset()))
        yield classes.FILES[label], rows[0] if label == "accounts.User" and rows else rows
    yield "account/activity", _activity(user_id)


def make(context: JobContext) -> None:
    """The job's handler: everything of everybody who keeps something, then a mail."""
    row = (
        models.DataExport.objects.select_related("user")
        .filter(id=UUID(context.claim.payload["export"]))
        .first()
    )
    if row is None or row.ready_at is not None:
        return
    user = row.user
    profiles = list(models.Profile.objects.of(user.id).values_list("id", "name", "language"))
    keepers = personal.keepers()
    archive = Archive(
        path=row.path,
        name=str(user),
        made_at=timezone.now(),
        names={str(profile_id): name for profile_id, name, _language in profiles},
    )
    try:
        with translation.override(mails.language_of(user)):
            # Their own account comes first in the page, whatever order it is erased in.
            for number, keeper in enumerate(reversed(keepers)):
                context.progress(number / (len(keepers) + 1), _("Gathering"))
                for path, content in keeper.export(user.id):
                    context.check()
                    archive.add(path, content)
            size = archive.close()
    except BaseException:
        archive.drop()
        raise
    with context.commit():
        now = timezone.now()
        models.DataExport.objects.filter(id=row.id).update(
            ready_at=now, bytes=size, expires_at=now + KEPT_FOR
        )
        audit(None, "export.made", f"user:{user.id}")
        transaction.on_commit(partial(mails.export_is_ready, user.id), robust=True)


def tend() -> None:
    """Periodic: remove what is over, say of what failed that it did, and have made what nobody makes."""
    now = timezone.now()
    for row in models.DataExport.objects.filter(expires_at__lt=now, ready_at__isnull=False):
        remove(models.DataExport.objects.filter(id=row.id))
    for row in models.DataExport.objects.waiting():
        found = jobs.latest([key(row.id)]).get(key(row.id))
        if found is None:
            enqueue(row.id)
        elif found.finished_at is not None:
            why = (found.error or found.note or _("It could not be made."))[:300]
            models.DataExport.objects.filter(id=row.id).update(failed=why)
    old = models.DataExport.objects.exclude(failed="").filter(asked_at__lt=now - KEPT_FOR)
    remove(old)
    _remove_orphans()


def remove(rows: "QuerySet[models.DataExport]") -> int:
    """Delete copies, files first; how many."""
    found = list(rows)
    for row in found:
        row.path.unlink(missing_ok=True)
        row.path.with_suffix(".part").unlink(missing_ok=True)
    return models.DataExport.objects.filter(id__in=[row.id for row in found]).delete()[0]


def _remove_orphans() -> None:
    """Files whose row went with its user."""
    folder = Path(settings.EXPORTS_DIR)
    if not folder.is_dir():
        return
    known = {str(export_id) for export_id in models.DataExport.objects.values_list("id", flat=True)}
    before = (timezone.now() - _PATIENCE).timestamp()
    for path in folder.iterdir():
        if path.stem not in known and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def _activity(user_id: UUID) -> list[Json]:
    """The audit log's entries about this account. Of what others did, only what: who and from where is theirs."""
    found: list[Json] = []
    for row in models.AuditEntry.objects.filter(subject=user_id).order_by("-number").iterator(chunk_size=500):
        own = row.actor in (user_id, None)
        found.append(
            {
                "at": row.at.isoformat(),
                "what": verbs.words(row.verb),
                "by": _("you")
                if row.actor == user_id
                else _("the site")
                if row.actor is None
                else _("an operator"),
                "of": "" if row.target.startswith("user:") else row.target,
                "detail": row.detail if own else "",
                "address": row.address if own else "",
            }
        )
    return found
