"""What apps may ask of jobs. `register` and `register_periodic` are how they offer handlers."""

import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from netflixlite.jobs import context, hints, models, queue
from netflixlite.jobs.errors import JobFailed
from netflixlite.jobs.registry import register, register_periodic
from netflixlite.jobs.types import Job, JobState, Worker

__all__ = [
    "JobFailed",
    "NotFound",
    "at_work",
    "cancel",
    "children",
    "enqueue",
    "find",
    "forget",
    "job",
    "jobs",
    "latest",
    "register",
    "register_periodic",
    "retry",
    "run_here",
    "set_priority",
    "workers",
    "workers_alive",
]


class NotFound(Exception):
    """No job has this id."""


def enqueue(
    kind: str,
    *,
    payload: Mapping[str, object],
    dedupe_key: str = "",
    priority: int = 0,
    available_at: datetime | None = None,
    max_attempts: int = 3,
    parent: UUID | None = None,
    share: float = 0.0,
) -> Job:
    """Add a job; higher priority comes first. Call it inside your transaction: it is there when you commit, or not.

    `payload` holds JSON values. With a `dedupe_key` there is one live job of that key at a time: a second call returns
    the first's job, unless that is being cancelled: then it loses the key. `available_at` is the earliest time to
    begin. A job with a `parent` is a part of that one: its end wakes the parent and adds `share` (0 … 1) to the
    parent's progress, and it is cancelled with the parent.
    """
    for _try in range(5):
        if dedupe_key:
            live = models.Job.objects.live().filter(dedupe_key=dedupe_key)
            # One that is being cancelled ends without doing what is asked for now: it makes way.
            live.filter(cancel_requested=True).update(dedupe_key="")
            existing = live.first()
            if existing is not None:
                return _job(existing)
        row = models.Job(
            kind=kind,
            payload=dict(payload),
            dedupe_key=dedupe_key,
            priority=priority,
            max_attempts=max_attempts,
            parent_id=parent,
            share=share,
        )
        # By the database's clock: the caller's may be a moment ahead, and the job would miss its wake-up.
        row.available_at = available_at or Now()
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            if not dedupe_key:
                raise
            continue  # somebody was faster; their job may even be finished by the time we look
        row.refresh_from_db(fields=["available_at"])
        if available_at is None:
            transaction.on_commit(hints.wake, robust=True)
        return _job(row)
    raise RuntimeError(f"Jobs with the key {dedupe_key} come and go too fast to add one.")


def job(job_id: UUID) -> Job | None:
    """The job with this id, or None (finished jobs are removed after some days)."""
    row = models.Job.objects.filter(id=job_id).first()
    return _job(row) if row else None


def jobs(ids: Iterable[UUID]) -> dict[UUID, Job]:
    """The jobs with these ids; unknown ids are left out."""
    return {row.id: _job(row) for row in models.Job.objects.filter(id__in=list(ids))}


def children(parent_id: UUID) -> list[Job]:
    """The parts of a job, oldest first; those that ended long ago are removed."""
    return [_job(row) for row in models.Job.objects.filter(parent_id=parent_id).order_by("created_at", "id")]


def at_work(parent_ids: Iterable[UUID], *, within: timedelta) -> dict[UUID, list[Job]]:
    """By parent, the parts that are being done, that wait for something, or that ended within this time."""
    rows = models.Job.objects.filter(parent_id__in=list(parent_ids)).filter(
        Q(state=JobState.RUNNING)
        | Q(state=JobState.QUEUED, parked__isnull=False)
        | Q(state=JobState.DONE, finished_at__gt=queue.from_now(-within))
    )
    found: dict[UUID, list[Job]] = {}
    for row in rows:
        if row.parent_id is not None:
            found.setdefault(row.parent_id, []).append(_job(row))
    return found


def find(
    *, kind: str | None = None, state: JobState | None = None, dedupe_key: str | None = None, limit: int = 100
) -> list[Job]:
    """Jobs that match all that is given, newest first."""
    rows = models.Job.objects.order_by("-created_at")
    if kind is not None:
        rows = rows.filter(kind=kind)
    if state is not None:
        rows = rows.filter(state=state)
    if dedupe_key is not None:
        rows = rows.filter(dedupe_key=dedupe_key)
    return [_job(row) for row in rows[:limit]]


def somebody_waits(kinds: Collection[str], *, above: int) -> bool:
    """Whether a job of these kinds could be begun now, has a priority above this one, and nobody has begun it."""
    return models.Job.objects.filter(
        kind__in=kinds, state=JobState.QUEUED, priority__gt=above, available_at__lte=Now()
    ).exists()


def latest(dedupe_keys: Iterable[str]) -> dict[str, Job]:
    """The newest job of each key; keys without a job are left out."""
    rows = models.Job.objects.filter(dedupe_key__in=list(dedupe_keys)).order_by("created_at", "available_at")
    return {row.dedupe_key: _job(row) for row in rows}


def cancel(job_id: UUID) -> bool:
    """Cancel a job that is not finished, and its parts. What runs stops within about two seconds, when its handler
    next looks.

    False: there is no such job or it is finished.
    """
    with transaction.atomic():
        job_of = models.Job.objects.filter(id=job_id)
        if job_of.filter(state=JobState.QUEUED).update(
            state=JobState.CANCELLED, parked=None, finished_at=Now(), fence=F("fence") + 1
        ):
            queue.tell_parent(job_of.values_list("parent_id", flat=True).first())
            queue.cancel_parts(job_id)
            transaction.on_commit(partial(_remove_files, job_id), robust=True)
            return True
        if job_of.filter(state=JobState.RUNNING).update(cancel_requested=True):
            queue.cancel_parts(job_id)
            return True
    return False


def forget(word: str) -> int:
    """Remove finished jobs whose payload names this id; returns how many. For erasing what jobs know of somebody."""
    rows = models.Job.objects.exclude(state__in=models.LIVE).filter(payload__icontains=word)
    return rows.delete()[0]


def _remove_files(job_id: UUID) -> None:
    """Remove what a job left that was cancelled between two attempts; its parts that run still do so when they end."""
    if queue.family_over(job_id):
        shutil.rmtree(context.job_folder(job_id), ignore_errors=True)


def set_priority(job_id: UUID, priority: int) -> bool:
    """Change a job's priority; its live parts move by as much. What runs goes on. False: it is finished or unknown."""
    with transaction.atomic():
        before = models.Job.objects.live().filter(id=job_id).values_list("priority", flat=True).first()
        if before is None:
            return False
        moved = F("priority") + (priority - before)
        models.Job.objects.live().filter(Q(id=job_id) | Q(parent_id=job_id)).update(priority=moved)
    transaction.on_commit(hints.wake, robust=True)
    return True


def retry(job_id: UUID) -> Job:
    """Put a failed or cancelled job, and its parts that were, back into the queue with all attempts; what was reached
    is kept.

    A job that is live or done is returned as it is; so is the live job that took its dedupe key. Raises NotFound.
    """
    try:
        with transaction.atomic():
            again = _again(models.Job.objects.filter(id=job_id))
            if again:
                _again(models.Job.objects.filter(parent_id=job_id))
    except IntegrityError:
        again = 0  # its key is taken by a live job
    row = models.Job.objects.filter(id=job_id).first()
    if row is None:
        raise NotFound(f"There is no job {job_id}.")
    if again:
        transaction.on_commit(hints.wake, robust=True)
    elif row.dedupe_key and row.state not in models.LIVE:
        row = models.Job.objects.live().filter(dedupe_key=row.dedupe_key).first() or row
    return _job(row)


def _again(rows: "QuerySet[models.Job]") -> int:
    return rows.filter(state__in=[JobState.FAILED, JobState.CANCELLED]).update(
        state=JobState.QUEUED,
        attempts=0,
        fence=F("fence") + 1,
        available_at=Now(),
        progress=0.0,
        note="",
        error="",
        details="",
        cancel_requested=False,
        parked=None,
        started_at=None,
        finished_at=None,
    )


def workers() -> list[Worker]:
    """The worker processes that have reported within a lease, the oldest first."""
    owners = models.Job.objects.filter(state=JobState.RUNNING).values_list("owner", flat=True)
    busy = Counter(owner.rsplit("/", 1)[0] for owner in owners)
    return [
        Worker(
            name=worker.name,
            slots=worker.slots,
            busy=min(worker.slots, busy[worker.name]),
            kinds=tuple(worker.kinds),
            started_at=worker.started_at,
        )
        for worker in _reporting()
    ]


def workers_alive(kind: str | None = None) -> int:
    """How many worker processes have reported within a lease, or of those how many do this kind of job."""
    return sum(1 for worker in _reporting() if kind is None or kind in worker.kinds)


def _reporting() -> "QuerySet[models.Worker]":
    lease = timedelta(seconds=max(settings.JOB_LEASE_SECONDS, 5.0))
    return models.Worker.objects.filter(seen_at__gt=queue.from_now(-lease))


def run_here(job_id: UUID) -> Job:
    """Do one job in this process and thread, under a lease as any worker would; returns it as it is afterwards.

    Returns the job unchanged when it cannot be claimed (finished, or in a worker's hands). Raises NotFound.
    """
    from netflixlite.jobs import runner  # the web process does not need it

    runner.run_here(job_id)
    found = job(job_id)
    if found is None:
        raise NotFound(f"There is no job {job_id}.")
    return found


def _job(row: models.Job) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        dedupe_key=row.dedupe_key,
        state=JobState(row.state),
        priority=row.priority,
        attempts=row.attempts,
        max_attempts=row.max_attempts,
        progress=row.progress,
        note=row.note,
        error=row.error,
        payload=row.payload,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        parent=row.parent_id,
        parked=row.parked is not None,
        share=row.share,
        checkpoint=row.checkpoint,
    )
