"""What happens when the last byte is there, and to uploads whose last byte never comes."""

import logging
import time
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import models, services, store
from catalog.services.ingesting import register as register_source
from catalog.tus import ledger, parts, places
from catalog.tus.protocol import TusError
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

#: How long refused uploads, and finished ones, are remembered.
REMEMBERED = timedelta(days=7)
#: How long after a failure the finishing is tried again.
AGAIN = timedelta(minutes=10)
#: A file that no upload owns is swept when nobody has written to it for this long, in seconds.
ORPHAN_SECONDS = 60 * 60


def receive_upload(context: JobContext) -> None:
    """Hash the whole file, compare it with what its sender said, and hand it to the pipeline as a source.

    A second run after a kill does no harm: what was done is found done.
    """
    upload = models.Upload.objects.filter(id=context.payload["upload"], state=ledger._State.FINISHING).first()
    if upload is None:
        return  # removed meanwhile, or finished by an attempt that died while it was saying so
    if models.Source.objects.filter(id=upload.id).exists():
        with context.commit():  # making it a second time would fail, and failing deletes the bytes
            models.Upload.objects.filter(id=upload.id).update(state=ledger._State.DONE)
        parts.remove(upload.id)
        return
    if not parts.path(upload.id).exists() and not store.source_path(upload.id).exists():
        ledger.refuse(upload.id, _("The file is not on the disk any more. Send it again."))
        return
    source = store.source_path(upload.id)
    parts.stand_as(upload.id, source)
    digest = parts.sha256(source, on_bytes=partial(_report, context, upload.length))
    if upload.sha256 and digest != upload.sha256:
        words = _(
            "The file arrived changed: its SHA-256 is %(found)s, its sender said %(said)s. Send it again."
        )
        problem = words % {"found": digest, "said": upload.sha256}
    else:
        problem = _hand_over(context, upload, digest)
    if problem:
        with context.commit():
            ledger.refuse(upload.id, problem)
        store.delete_source(source_id=upload.id)
    else:
        parts.remove(upload.id)


def _report(context: JobContext, length: int, done: int) -> None:
    context.progress(done / length, _("checking the file"))


def _hand_over(context: JobContext, upload: models.Upload, digest: str) -> str:
    """Make the source; returns why that cannot be, or ''."""
    try:
        with context.commit():
            episode_id = upload.episode_id
            if episode_id is None and upload.title_id and "season" in upload.options:
                season, number = int(upload.options["season"]), int(upload.options["number"])
                episode_id = places.episode_of(upload.title_id, season=season, number=number)
            ticket = register_source(
                source_id=upload.id,
                size=upload.length,
                source_name=upload.name,
                title_id=None if episode_id else upload.title_id,
                episode_id=episode_id,
                trailer="trailer" in upload.options,
            )
            models.Source.objects.filter(id=upload.id).update(sha256=digest)
            told = models.Upload.objects.filter(id=upload.id).update(
                state=ledger._State.DONE,
                reason="",
                sha256=digest,
                title_id=ticket.title_id,
                episode_id=episode_id,
                updated_at=timezone.now(),
            )
            if not told:
                raise LookupError(_("The upload was given up."))  # nothing is made of it
    except (services.CannotIngest, services.InvalidTitle, LookupError) as error:
        return str(error) or _("The title is gone.")
    return ""


def tend() -> None:
    """Find what was lost: uploads without their finishing job, uploads that nobody continues, files without a row."""
    now = timezone.now()
    _requeue(now)
    stale = models.Upload.objects.filter(state=ledger._State.RECEIVING, expires_at__lt=now)
    old = models.Upload.objects.filter(
        state__in=[ledger._State.DONE, ledger._State.REFUSED], updated_at__lt=now - REMEMBERED
    )
    for rows in (stale, old):
        for upload_id in list(rows.values_list("id", flat=True)):
            try:
                ledger.remove(upload_id, among=rows)
            except TusError:
                continue  # continued, or given up, since we looked
            logger.info("forgetting the upload %s, which nobody continued", upload_id)
    _sweep_files()


def _requeue(now: datetime) -> None:
    """A finishing that failed (a disk that cannot be read, say) is tried again now and then, and says why meanwhile."""
    for upload in models.Upload.objects.filter(state=ledger._State.FINISHING):
        key = ledger.finish_key(upload.id)
        job = jobs.latest([key]).get(key)
        if job is not None and job.state is JobState.FAILED:
            models.Upload.objects.filter(id=upload.id, state=ledger._State.FINISHING).update(reason=job.error)
            if job.finished_at and now - job.finished_at < AGAIN:
                continue
        ledger.enqueue(upload.id, upload.name)


def _sweep_files() -> None:
    if not parts.folder().is_dir():
        return
    known = {str(one) for one in models.Upload.objects.open().values_list("id", flat=True)}
    for file in parts.folder().glob("*.part"):
        if file.stem not in known and _is_uuid(file.stem) and time.time() - _changed(file) > ORPHAN_SECONDS:
            logger.info("sweeping %s, which no upload owns", file.name)
            file.unlink(missing_ok=True)


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return time.time()


def register() -> None:
    """Offer the job and the tending to the workers."""
    jobs.register(ledger.FINISH_KIND)(receive_upload)
    jobs.register_periodic("catalog.tend_uploads", timedelta(minutes=1))(tend)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
