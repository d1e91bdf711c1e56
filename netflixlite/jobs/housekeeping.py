"""Removes what finished jobs leave: old rows, old ticks, workers that are gone, folders of attempts that died."""

import logging
import shutil
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from netflixlite.jobs import models, queue
from netflixlite.jobs.registry import register_periodic
from netflixlite.jobs.types import JobState

log = logging.getLogger("netflixlite.jobs")

_KEEP_DONE = timedelta(days=7)
_KEEP_FAILED = timedelta(days=30)
#: Parts of a finished job: a film has hundreds.
_KEEP_PARTS = timedelta(hours=1)
_KEEP_TICKS = timedelta(hours=6)
_KEEP_WORKERS = timedelta(hours=1)
#: Rows removed by one statement: the write lock is held for a moment only.
_CHUNK = 500


def prune() -> None:
    """Remove all that is old enough."""
    finished = models.Job.objects.filter(
        Q(state__in=[JobState.DONE, JobState.CANCELLED], finished_at__lt=queue.from_now(-_KEEP_DONE))
        | Q(state=JobState.FAILED, finished_at__lt=queue.from_now(-_KEEP_FAILED))
    )
    _delete(finished)
    over = queue.from_now(-_KEEP_PARTS)
    _delete(
        models.Job.objects.filter(finished_at__lt=over, parent__finished_at__lt=over).exclude(
            state=JobState.FAILED
        )
    )
    _delete(models.Tick.objects.filter(started_at__lt=queue.from_now(-_KEEP_TICKS)))
    _delete(models.Worker.objects.filter(seen_at__lt=queue.from_now(-_KEEP_WORKERS)))
    remove_orphans(Path(settings.WORK_DIR) / "jobs")


def remove_orphans(folder: Path) -> None:
    """Remove folders of attempts that ended without a worker to tidy up (power cut, kill -9)."""
    if not folder.is_dir():
        return
    by_id = {job_id: path for path in folder.iterdir() if (job_id := _id(path.name)) is not None}
    rows = models.Job.objects.filter(id__in=by_id).values_list("id", "state", "fence")
    state_of = {job_id: (state, str(fence)) for job_id, state, fence in rows}
    for job_id, path in by_id.items():
        state, fence = state_of.get(job_id, (JobState.DONE, ""))
        if state not in models.LIVE:
            shutil.rmtree(path, ignore_errors=True)
            continue
        # An attempt younger than the one we read of may have begun: only older ones are over for certain.
        older = (
            attempt for attempt in path.iterdir() if attempt.name.isdigit() and int(attempt.name) < int(fence)
        )
        _remove(older)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def _id(name: str) -> UUID | None:
    try:
        return UUID(hex=name)
    except ValueError:
        return None


def _delete(rows: "QuerySet[Any]") -> None:
    while ids := list(rows.values_list("pk", flat=True)[:_CHUNK]):
        rows.model._default_manager.filter(pk__in=ids).delete()


register_periodic("jobs.prune", timedelta(minutes=10))(prune)
