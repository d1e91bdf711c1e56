"""How fast a film is encoded and how long the rest takes, from its job and the job's parts."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from catalog import pace
from netflixlite.jobs.types import Job, JobState

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def job(state: JobState = JobState.RUNNING, **more: Any) -> Job:
    usual = {
        "id": uuid4(), "kind": "catalog.encode_chunk", "dedupe_key": "", "priority": 0, "attempts": 1,
        "max_attempts": 3, "progress": 0.0, "note": "", "error": "", "payload": {"seconds": 24.0},
        "created_at": NOW, "started_at": None, "finished_at": None,
    }  # fmt: skip
    return Job(state=state, **(usual | more))


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def test_the_speed_is_what_was_encoded_lately() -> None:
    parts = [
        job(JobState.DONE, progress=1.0, started_at=ago(40), finished_at=ago(20)),
        job(progress=0.5, started_at=ago(20)),
        job(kind="catalog.encode_sound", progress=0.9, started_at=ago(40)),
    ]
    assert pace.speed(parts, NOW) == pytest.approx(36 / 40)


def test_what_lies_behind_the_window_does_not_count() -> None:
    half_inside = job(JobState.DONE, progress=1.0, started_at=ago(100), finished_at=ago(80))
    assert pace.speed([half_inside, job(started_at=ago(80))], NOW) == pytest.approx(12 / 90)


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [job(JobState.DONE, progress=1.0, started_at=ago(40), finished_at=ago(20))],
        [job(progress=0.1, started_at=ago(2))],
        [job(JobState.QUEUED)],
    ],
)
def test_nobody_guesses(parts: list[Job]) -> None:
    assert pace.speed(parts, NOW) is None


def test_the_rest_takes_as_long_as_the_speed_says() -> None:
    whole = job(JobState.QUEUED, kind="catalog.ingest_video", progress=0.5, started_at=ago(100), parked=True)
    parts = [job(progress=0.5, started_at=ago(12), share=0.2)]
    assert pace.progress(whole, parts) == pytest.approx(0.6)
    assert pace.remaining(whole, parts, timedelta(seconds=100), NOW) == timedelta(seconds=40)
    assert pace.remaining(whole, [], timedelta(seconds=100), NOW) is None, "it waits; nobody knows how long"


def test_without_parts_the_job_itself_says_how_long() -> None:
    alone = job(kind="catalog.ingest_video", progress=0.25, started_at=ago(30))
    assert pace.remaining(alone, [], None, NOW) == timedelta(seconds=90)
    assert pace.remaining(job(progress=0.01, started_at=ago(30)), [], None, NOW) is None
