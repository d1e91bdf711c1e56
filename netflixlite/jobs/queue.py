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
from django.db.models import F, Q
from django.db.models.functions import Greatest, Now

from netflixlite.jobs.models import Job
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
    *, owner: str, lease: timedelta, kinds: Collection[str], job_id: UUID | None = None
) -> Claim | None:
    """Take the most urgent job of these kinds, or the given one if it can be taken; None when there is none.

    Reads candidates without a lock, then takes one by a conditional UPDATE: of two workers that want the same row one
    changes it and the other changes nothing and tries its next candidate.
    """
    wanted = Job.objects.claimable().filter(kind__in=kinds, cancel_requested=False)
    if job_id is not None:
        wanted = wanted.filter(id=job_id)
    candidates = wanted.order_by("-priority", "available_at", "created_at").values_list("id", flat=True)
    for candidate in list(candidates[:_CANDIDATES]):
        with transaction.atomic():
            taken = wanted.filter(id=candidate).update(
                state=JobState.RUNNING,
                fence=F("fence") + 1,
                attempts=F("attempts") + 1,
                owner=owner,
                lease_until=from_now(lease),
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
    return (
        _held(mine).update(
            state=JobState.DONE, progress=1.0, error="", details="", cancel_requested=False, **_let_go()
        )
        == 1
    )


def fail(mine: Claim, *, error: str, details: str = "") -> bool:
    """The job has failed for good."""
    words = {"error": error[:_ERROR_LIMIT], "details": details}
    return _held(mine).update(state=JobState.FAILED, **words, **_let_go()) == 1


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


def cancel_held(mine: Claim) -> bool:
    """The attempt has obeyed a cancel."""
    return _held(mine).update(state=JobState.CANCELLED, **_let_go()) == 1


def waiting(kinds: Collection[str]) -> bool:
    """Whether a job of these kinds could be claimed now."""
    return Job.objects.claimable().filter(kind__in=kinds, cancel_requested=False).exists()


def sweep() -> Swept:
    """Put right what dead workers left: abandoned jobs go back to the queue, or are given up when all attempts are
    used, or are cancelled if that was asked. Safe to run anywhere, any number of times, at the same time.
    """
    abandoned = list(
        Job.objects.filter(Job.objects.abandoned()).values_list(
            "id", "fence", "attempts", "max_attempts", "cancel_requested"
        )[:200]
    )
    requeued, given_up, cancelled = [], [], []
    for job_id, fence, attempts, max_attempts, cancel in abandoned:
        row = Job.objects.filter(Job.objects.abandoned(), id=job_id, fence=fence)
        if cancel:
            if row.update(state=JobState.CANCELLED, fence=F("fence") + 1, **_let_go()):
                cancelled.append(job_id)
        elif attempts >= max_attempts:
            words = f"The worker died {attempts} times while doing this, so it was given up."
            if attempts == 1:
                words = "The worker died while doing this, and it may be tried only once."
            if row.update(state=JobState.FAILED, fence=F("fence") + 1, error=words, **_let_go()):
                given_up.append(job_id)
        elif row.update(
            state=JobState.QUEUED, fence=F("fence") + 1, available_at=Now(), owner="", lease_until=None
        ):
            requeued.append(job_id)
    # Cancelled while running, and then put back by a worker that stopped or failed before it heard of that.
    unwanted = Job.objects.filter(state=JobState.QUEUED, cancel_requested=True)
    for job_id in list(unwanted.values_list("id", flat=True)[:200]):
        if unwanted.filter(id=job_id).update(state=JobState.CANCELLED, fence=F("fence") + 1, **_let_go()):
            cancelled.append(job_id)
    return Swept(requeued=tuple(requeued), given_up=tuple(given_up), cancelled=tuple(cancelled))


def backoff(attempt: int, *, base: timedelta) -> timedelta:
    """How long to wait after the given failed attempt (from 1): doubles each time, up to 10 minutes, with jitter so
    that jobs that failed together do not come back together.
    """
    wait = min(_LONGEST_WAIT.total_seconds(), base.total_seconds() * 2.0 ** min(attempt - 1, 20))
    return timedelta(seconds=wait * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)


def _held(mine: Claim) -> models.QuerySet[Job]:
    return Job.objects.held(mine.fence).filter(Q(id=mine.job_id))


def _let_go() -> dict[str, Any]:
    return {"owner": "", "lease_until": None, "finished_at": Now()}
