"""The state machine of a job as conditional UPDATEs. Each change is one statement; no lock outlives it.

Every write of an attempt carries the fence that its claim was given and touches only a row that is still running
under it: a worker that was frozen, cut off or replaced changes nothing, and learns so from the answer False.
"""

import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.db.models.functions import Greatest, Least, Now

from netflixlite.jobs import hints
from netflixlite.jobs.models import LIVE, Job
from netflixlite.jobs.types import JobState

#: How many candidates a claim looks at: other workers are taking from the same end of the queue.
_CANDIDATES = 16
_LONGEST_WAIT = timedelta(minutes=10)
_ERROR_LIMIT = 2000


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in the hands of one attempt."""

    job_id: UUID
    kind: str
    payload: dict[str, Any]
    checkpoint: dict[str, Any]
    fence: int
    attempt: int
    max_attempts: int
    priority: int = 0
    parent: UUID | None = None
    share: float = 0.0
    wakes: int = 0


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep changed: ids of jobs put back into the queue, given up and cancelled."""

    requeued: tuple[UUID, ...] = ()
    given_up: tuple[UUID, ...] = ()
    cancelled: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What an attempt needs to know of its row."""

    held: bool
    cancel_requested: bool


def from_now(delta: timedelta) -> models.Expression:
    """The database's time plus a difference."""
    return models.ExpressionWrapper(
        Now() + models.Value(delta, output_field=models.DurationField()), output_field=models.DateTimeField()
    )


def claim(
    *,
    owner: str,
    lease: timedelta,
    kinds: Collection[str],
    job_id: UUID | None = None,
    parent: UUID | None = None,
) -> Claim | None:
    """Take the most urgent job of these kinds, or the given one, or a part of `parent`; None when there is none.

    Reads candidates without a lock, then takes one by a conditional UPDATE: of two workers that want the same row one
    changes it and the other changes nothing and tries its next candidate.
    """
    wanted = Job.objects.claimable().filter(kind__in=kinds, cancel_requested=False)
    if job_id is not None:
        wanted = wanted.filter(id=job_id)
    if parent is not None:
        wanted = wanted.filter(parent_id=parent)
    candidates = wanted.order_by("-priority", "available_at", "created_at").values_list("id", flat=True)
    for candidate in list(candidates[:_CANDIDATES]):
        with transaction.atomic():
            taken = wanted.filter(id=candidate).update(
                state=JobState.RUNNING,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                owner=owner,
                lease_until=from_now(lease),
                parked=None,
                started_at=models.functions.Coalesce("started_at", Now()),
            )
            # Inside the transaction: nobody can take the row again between the two statements.
            row = Job.objects.get(id=candidate) if taken else None
        if row is not None:
            return Claim(
                job_id=row.id,
                kind=row.kind,
                payload=row.payload,
                checkpoint=row.checkpoint,
                fence=row.fence,
                attempt=row.attempts,
                max_attempts=row.max_attempts,
                priority=row.priority,
                parent=row.parent_id,
                share=row.share,
                wakes=row.wakes,
            )
    return None


def renew(mine: Claim, *, lease: timedelta) -> bool:
    """Hold the job for another lease."""
    return _held(mine).update(lease_until=from_now(lease)) == 1


def standing(claims: Iterable[Claim]) -> dict[UUID, Standing]:
    """For each claim whether it still holds its job and whether somebody wants it cancelled."""
    fences = {mine.job_id: mine.fence for mine in claims}
    rows = Job.objects.filter(id__in=fences).values_list("id", "fence", "state", "cancel_requested")
    found = {
        job_id: Standing(held=fence == fences[job_id] and state == JobState.RUNNING, cancel_requested=cancel)
        for job_id, fence, state, cancel in rows
    }
    return {job_id: found.get(job_id, Standing(held=False, cancel_requested=False)) for job_id in fences}


def report(mine: Claim, *, progress: float, note: str) -> bool:
    """Show how far the job is. False: the job is in other hands."""
    return _held(mine).update(progress=min(1.0, max(0.0, progress)), note=note[:300]) == 1


def save_checkpoint(mine: Claim, checkpoint: dict[str, Any], *, further: bool) -> bool:
    """Keep what the next attempt can go on from. False: the job is in other hands.

    `further`: it says more than the last one did. The attempts are then counted anew, so that a long encode outlives
    any number of killed workers, and only one that no longer gets anywhere is given up.
    """
    reached: dict[str, Any] = {"checkpoint": checkpoint} | ({"attempts": 1} if further else {})
    return _held(mine).update(**reached) == 1


def complete(mine: Claim) -> bool:
    """The job is done. False: the job is in other hands and this attempt's work does not count.

    A cancel that came too late for the handler loses: the work is done.
    """
    done = {"state": JobState.DONE, "progress": 1.0, "error": "", "details": "", "cancel_requested": False}
    return _end(mine, **done)


def fail(mine: Claim, *, error: str, details: str = "") -> bool:
    """The job has failed for good."""
    return _end(mine, state=JobState.FAILED, error=error[:_ERROR_LIMIT], details=details)


def retry_later(mine: Claim, *, error: str, details: str = "", after: timedelta) -> bool:
    """The attempt failed; the job comes again, not before `after` has passed."""
    return (
        _held(mine).update(
            state=JobState.QUEUED,
            error=error[:_ERROR_LIMIT],
            details=details,
            available_at=from_now(after),
            owner="",
            lease_until=None,
        )
        == 1
    )


def release(mine: Claim) -> bool:
    """Put the job back as if this attempt had not been: the worker stops. The fence moves on, so that a thread that
    is still at it changes nothing from here on.
    """
    return (
        _held(mine).update(
            state=JobState.QUEUED,
            attempts=Greatest(F("attempts") - 1, 0),
            fence=F("fence") + 1,
            available_at=Now(),
            owner="",
            lease_until=None,
        )
        == 1
    )


def park(mine: Claim, *, delay: timedelta, progress: float | None = None, note: str | None = None) -> bool:
    """Put the job back until one of its parts ends, at most for `delay`; the attempt does not count.

    A part that ended after this attempt was claimed counts as a part that ends now.
    """
    told: dict[str, Any] = {} if progress is None else {"progress": min(1.0, max(0.0, progress))}
    if note is not None:
        told["note"] = note[:300]
    with transaction.atomic():
        parts = Job.objects.live().filter(parent_id=mine.job_id).count()
        return (
            _held(mine).update(
                state=JobState.QUEUED,
                attempts=Greatest(F("attempts") - 1, 0),
                fence=F("fence") + 1,
                parked=parts,
                available_at=Case(When(wakes=mine.wakes, then=from_now(delay)), default=Now()),
                owner="",
                lease_until=None,
                **told,
            )
            == 1
        )


def cancel_held(mine: Claim) -> bool:
    """The attempt has obeyed a cancel."""
    return _end(mine, state=JobState.CANCELLED)


def tell_parent(parent: UUID | None, *, share: float = 0.0) -> None:
    """A part has ended: wake the job that it is a part of, in the transaction that ends the part. `share` is what the
    part adds to the job's progress.
    """
    if parent is None:
        return
    Job.objects.live().filter(id=parent).update(
        wakes=F("wakes") + 1,
        progress=Least(models.Value(1.0), F("progress") + share),
        available_at=Case(
            When(state=JobState.QUEUED, parked__isnull=False, then=Now()), default=F("available_at")
        ),
    )
    transaction.on_commit(hints.wake, robust=True)


def cancel_parts(parent: UUID) -> None:
    """Cancel what is left of a job's parts: waiting ones now, running ones as soon as they look."""
    parts = Job.objects.filter(parent_id=parent)
    parts.filter(state=JobState.QUEUED).update(
        state=JobState.CANCELLED, fence=F("fence") + 1, finished_at=Now()
    )
    parts.filter(state=JobState.RUNNING).update(cancel_requested=True)


def is_parked(job_id: UUID) -> bool:
    """Whether the job is between two attempts of its own making."""
    return Job.objects.filter(id=job_id, state=JobState.QUEUED, parked__isnull=False).exists()


def family_over(parent: UUID) -> bool:
    """Whether a job is finished and none of its parts is being worked on any more."""
    return not Job.objects.live().filter(Q(id=parent) | Q(parent_id=parent)).exists()


def waiting(kinds: Collection[str]) -> bool:
    """Whether a job of these kinds could be claimed now."""
    return Job.objects.claimable().filter(kind__in=kinds, cancel_requested=False).exists()


def sweep() -> Swept:
    """Put right what dead workers left: abandoned jobs go back to the queue, or are given up when all attempts are
    used, or are cancelled if that was asked. Safe to run anywhere, any number of times, at the same time.
    """
    abandoned = list(
        Job.objects.filter(Job.objects.abandoned()).values_list(
            "id", "fence", "attempts", "max_attempts", "cancel_requested", "parent_id"
        )[:200]
    )
    requeued, given_up, cancelled = [], [], []
    for job_id, fence, attempts, max_attempts, cancel, parent in abandoned:
        row = Job.objects.filter(Job.objects.abandoned(), id=job_id, fence=fence)
        if cancel:
            if _end_rows(row, parent, state=JobState.CANCELLED, fence=F("fence") + 1):
                cancelled.append(job_id)
        elif attempts >= max_attempts:
            words = f"The worker died {attempts} times while doing this, so it was given up."
            if attempts == 1:
                words = "The worker died while doing this, and it may be tried only once."
            if _end_rows(row, parent, state=JobState.FAILED, fence=F("fence") + 1, error=words):
                given_up.append(job_id)
        elif row.update(
            state=JobState.QUEUED, fence=F("fence") + 1, available_at=Now(), owner="", lease_until=None
        ):
            requeued.append(job_id)
    # Cancelled while running, and then put back by a worker that stopped or failed before it heard of that.
    unwanted = Job.objects.filter(state=JobState.QUEUED, cancel_requested=True)
    for job_id, parent in list(unwanted.values_list("id", "parent_id")[:200]):
        row = unwanted.filter(id=job_id)
        if _end_rows(row, parent, state=JobState.CANCELLED, fence=F("fence") + 1):
            cancelled.append(job_id)
    _reconcile_parts()
    return Swept(requeued=tuple(requeued), given_up=tuple(given_up), cancelled=tuple(cancelled))


def backoff(attempt: int, *, base: timedelta) -> timedelta:
    """How long to wait after the given failed attempt (from 1): doubles each time, up to 10 minutes, with jitter so
    that jobs that failed together do not come back together.
    """
    wait = min(_LONGEST_WAIT.total_seconds(), base.total_seconds() * 2.0 ** min(attempt - 1, 20))
    return timedelta(seconds=wait * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)


def _reconcile_parts() -> None:
    """Parts of a job that is over are not wanted any more; a job that waits for parts is woken when none lives."""
    orphans = Job.objects.live().filter(parent__isnull=False).exclude(parent__state__in=LIVE)
    for parent in set(orphans.filter(cancel_requested=False).values_list("parent_id", flat=True)[:200]):
        cancel_parts(parent)
    parts = Job.objects.live().filter(parent_id=OuterRef("pk"))
    forgotten = Job.objects.filter(state=JobState.QUEUED, parked__gt=0, available_at__gt=Now()).exclude(
        Exists(parts)
    )
    for job_id in list(forgotten.values_list("id", flat=True)[:200]):
        forgotten.filter(id=job_id).update(available_at=Now())


def _end(mine: Claim, **values: Any) -> bool:
    share = mine.share if values["state"] == JobState.DONE else 0.0
    with transaction.atomic():
        ended = _end_rows(_held(mine), mine.parent, share=share, **values)
        if ended:
            cancel_parts(mine.job_id)
    return ended


def _end_rows(rows: models.QuerySet[Job], parent: UUID | None, *, share: float = 0.0, **values: Any) -> bool:
    """End a job and wake the one that it is a part of, in one transaction."""
    with transaction.atomic():
        ended = rows.update(**values, **_let_go()) == 1
        if ended:
            tell_parent(parent, share=share)
    return ended


def _held(mine: Claim) -> models.QuerySet[Job]:
    return Job.objects.held(mine.fence).filter(Q(id=mine.job_id))


def _let_go() -> dict[str, Any]:
    return {"owner": "", "lease_until": None, "parked": None, "finished_at": Now()}
