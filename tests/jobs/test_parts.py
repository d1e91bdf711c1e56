"""Jobs that consist of parts: woken when a part ends, cancelled and moved together, never asleep for ever."""

import os
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.utils import timezone

from netflixlite.jobs import context as contexts
from netflixlite.jobs import hints, housekeeping, machine, models, queue, registry, room, runner, services
from netflixlite.jobs.context import JobContext, JobFailed
from netflixlite.jobs.management.commands import worker
from netflixlite.jobs.types import Job, JobState

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    settings.WORK_DIR = tmp_path
    monkeypatch.setattr(hints, "wake", lambda: None)
    for name in ("_handlers", "_periodics", "_groups"):
        monkeypatch.setattr(registry, name, {})
    monkeypatch.setattr(registry, "_heavy", set())
    monkeypatch.setattr(contexts, "_PROGRESS_EVERY", 0.0)


def parent_of(*names: str, fail: str = "") -> Job:
    """A job with a part for each name, which waits for them an hour at a time, and then is done."""

    def handle(context: JobContext) -> None:
        done = {part.payload["name"]: part.state for part in services.children(context.job_id)}
        for name in names:
            if name not in done:
                services.enqueue(
                    "part", payload={"name": name}, parent=context.job_id, share=1 / (2 * len(names))
                )
        if JobState.FAILED in done.values():
            raise JobFailed("A part failed.")
        if list(done.values()) != [JobState.DONE] * len(names):
            context.progress(models.Job.objects.get(id=context.job_id).progress, "Waiting for the parts")
            context.park(3600)

    def part(context: JobContext) -> None:
        (contexts.shared_folder(context.parent_id) / context.payload["name"]).touch()
        if context.payload["name"] == fail:
            raise JobFailed("It cannot be done.")

    registry.register("whole")(handle)
    registry.register("part", heavy=True, group="parts")(part)
    return services.enqueue("whole", payload={}, priority=60)


def claim(kind: str) -> queue.Claim:
    found = queue.claim(owner="o", lease=LEASE, kinds=[kind])
    assert found is not None
    return found


def test_a_job_and_its_parts_are_done_here(tmp_path: Path) -> None:
    job = services.run_here(parent_of("a", "b", "c").id)
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert [part.state for part in services.children(job.id)] == [JobState.DONE] * 3
    assert not list(tmp_path.glob("jobs/*")), "what they shared is gone"


def test_a_part_that_ends_wakes_its_parent_and_moves_it_on() -> None:
    job = parent_of("a", "b")
    runner._run_one(job_id=job.id)
    waiting = services.job(job.id)
    assert waiting is not None
    assert (waiting.state, waiting.parked, waiting.note) == (JobState.QUEUED, True, "Waiting for the parts")
    assert waiting.attempts == 0, "waiting is no attempt"
    assert queue.claim(owner="o", lease=LEASE, kinds=["whole"]) is None
    runner._run_one(parent=job.id)
    assert services.job(job.id).progress == pytest.approx(0.25)
    assert claim("whole").job_id == job.id


def test_a_part_that_ends_while_its_parent_looks_is_not_slept_over() -> None:
    job = parent_of("a", "b")
    runner._run_one(job_id=job.id)
    models.Job.objects.filter(id=job.id).update(available_at=timezone.now() - timedelta(hours=1))
    looking = claim("whole")
    runner._run_one(parent=job.id)
    assert queue.park(looking, delay=timedelta(hours=1))
    assert claim("whole").job_id == job.id


def test_a_part_that_fails_fails_its_parent_and_both_are_tried_again() -> None:
    job = services.run_here(parent_of("a", "b", fail="a").id)
    assert (job.state, job.error) == (JobState.FAILED, "A part failed.")
    queue.sweep()
    assert {part.state for part in services.children(job.id)} == {JobState.FAILED, JobState.CANCELLED}
    again = services.retry(job.id)
    assert again.state is JobState.QUEUED
    assert {part.state for part in services.children(job.id)} == {JobState.QUEUED}


def test_a_part_whose_worker_died_too_often_wakes_its_parent() -> None:
    job = parent_of("a")
    runner._run_one(job_id=job.id)
    for _death in range(3):
        claim("part")
        models.Job.objects.filter(kind="part").update(lease_until=timezone.now() - timedelta(hours=1))
        queue.sweep()
    assert services.children(job.id)[0].state is JobState.FAILED
    assert claim("whole").job_id == job.id


def test_cancelling_reaches_the_parts(tmp_path: Path) -> None:
    job = parent_of("a", "b")
    runner._run_one(job_id=job.id)
    running = claim("part")
    folder = contexts.shared_folder(job.id)
    assert services.cancel(job.id)
    assert {part.state for part in services.children(job.id)} == {JobState.RUNNING, JobState.CANCELLED}
    standing = queue.standing([running])[running.job_id]
    assert standing.cancel_requested
    attempt = JobContext(running, lease=LEASE, stopping=threading.Event())
    attempt.cancel()
    registry._handlers["part"] = lambda context: context.check()
    runner.work(attempt)
    assert services.job(running.job_id).state is JobState.CANCELLED
    assert not folder.parent.exists(), "who ends last tidies up"


def test_a_cancelled_family_without_anybody_at_work_leaves_nothing(
    django_capture_on_commit_callbacks: Any,
) -> None:
    job = parent_of("a")
    runner._run_one(job_id=job.id)
    folder = contexts.shared_folder(job.id)
    with django_capture_on_commit_callbacks(execute=True):
        services.cancel(job.id)
    assert not folder.parent.exists()


def test_parts_move_with_their_parent() -> None:
    job = parent_of("a")
    runner._run_one(job_id=job.id)
    assert services.set_priority(job.id, 1060)
    assert services.job(job.id).priority == 1060
    assert services.children(job.id)[0].priority == 1000
    services.cancel(job.id)
    assert not services.set_priority(job.id, 0)


def test_a_parent_whose_parts_vanished_is_woken_by_the_sweep() -> None:
    job = parent_of("a")
    runner._run_one(job_id=job.id)
    models.Job.objects.filter(parent_id=job.id).delete()
    queue.sweep()
    assert claim("whole").job_id == job.id


def test_parts_of_a_finished_job_are_forgotten_before_it_is() -> None:
    job = services.run_here(parent_of("a").id)
    models.Job.objects.update(finished_at=timezone.now() - timedelta(hours=2))
    housekeeping.prune()
    assert services.job(job.id) is not None
    assert services.children(job.id) == []


def test_a_worker_does_only_so_many_heavy_jobs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parent_of("a")
    place = room.Room(["part", "whole"], heavy=2)
    monkeypatch.setattr(machine, "memory_free", lambda: machine.HEAVY_JOB)

    def take(keep: bool) -> list[str]:
        with place.claiming() as seat:
            seat.keep = keep
        return list(seat.kinds)

    assert take(keep=True) == ["part", "whole"]
    assert take(keep=False) == ["part", "whole"], "a light job needs no place"
    assert take(keep=True) == ["part", "whole"]
    assert take(keep=False) == ["whole"]
    place.leave()
    assert take(keep=False) == ["part", "whole"]
    monkeypatch.setattr(machine, "memory_free", lambda: machine.HEAVY_JOB - 1)
    assert take(keep=False) == ["whole"], "memory is short"
    place.leave()
    assert take(keep=False) == ["part", "whole"], "one always goes"


def test_a_worker_is_told_its_kinds_and_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    parent_of("a")
    assert worker._kinds("parts, whole") == {"part", "whole"}
    with pytest.raises(CommandError, match=r"nothing-such\. Known: part, parts, whole"):
        worker._kinds("nothing-such")
    monkeypatch.setattr(os, "nice", lambda _more: 5)
    mine = os.sched_getaffinity(0)
    try:
        first = min(mine)
        worker._limit(cpus=str(first), memory="512M")
        assert machine.cores() == 1
        assert machine.memory_for(6 * 1024**3) == 512 * 1024**2
        for cpus, memory in (("x", ""), ("99999", ""), ("", "a lot"), ("", "-1G")):
            with pytest.raises(CommandError, match=r"[sS]ay for example"):
                worker._limit(cpus=cpus, memory=memory)
    finally:
        os.sched_setaffinity(0, mine)
        machine.limit_programs(None)
    assert machine.size("1.5G") == 3 * 512 * 1024**2
    assert machine.memory_free() > 0
