"""How fast a film is encoded and how long the rest will take, from its job and the job's parts. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from netflixlite.jobs.types import Job, JobState

#: What was encoded within this time says how fast it goes.
WINDOW = timedelta(seconds=90)
#: Notes that say for what a film waits begin like this.
WAITING = "Waiting"
#: No estimate before this much is done and this long has passed: the first ones are wild.
_ESTIMATE_FROM, _ESTIMATE_AFTER = 0.03, timedelta(seconds=3)
#: A speed is told when this much of the window has passed.
_SPEED_AFTER = timedelta(seconds=4)
#: The kind of parts that count: all others are quick, or need not be waited for.
_KIND = "catalog.encode_chunk"


def progress(job: Job, parts: Iterable[Job]) -> float:
    """0 … 1, with what the parts at work have done so far."""
    under_way = sum(part.share * part.progress for part in parts if part.state is JobState.RUNNING)
    return min(1.0, job.progress + under_way)


def speed(parts: Iterable[Job], now: datetime) -> float | None:
    """Seconds of film encoded in a second, lately; None when nothing is being encoded or it is too early to tell."""
    counted = [
        part for part in parts if part.kind == _KIND and part.started_at and part.state is not JobState.QUEUED
    ]
    if not any(part.state is JobState.RUNNING for part in counted):
        return None
    since = max(now - WINDOW, min(part.started_at for part in counted if part.started_at))
    if now - since < _SPEED_AFTER:
        return None
    seconds = 0.0
    for part in counted:
        begin, end = part.started_at or now, part.finished_at or now
        length = max((end - begin).total_seconds(), 0.001)
        inside = max(0.0, (end - max(begin, since)).total_seconds())
        seconds += _seconds(part) * part.progress * min(1.0, inside / length)
    return seconds / (now - since).total_seconds() or None


def remaining(job: Job, parts: list[Job], duration: timedelta | None, now: datetime) -> timedelta | None:
    """How long the rest will take; None when there is too little to tell."""
    done = progress(job, parts)
    if done >= 1.0 or job.started_at is None:
        return None
    pace = speed(parts, now)
    if pace and duration:
        return duration * (1 - done) / pace
    if job.state is not JobState.RUNNING or done < _ESTIMATE_FROM or now - job.started_at < _ESTIMATE_AFTER:
        return None
    return (now - job.started_at) * ((1 - done) / done)


def _seconds(part: Job) -> float:
    told = part.payload.get("seconds", 0.0)
    return float(told) if isinstance(told, int | float) else 0.0
