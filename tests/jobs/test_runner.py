"""How an attempt ends, what a handler is told, and the small services around jobs; in this process."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, OperationalError, transaction
from django.utils import timezone

from accounts.tests.factories import client_of, make_operator
from netflixlite.jobs import context as contexts
from netflixlite.jobs import hints, housekeeping, models, periodic, queue, registry, runner, services
from netflixlite.jobs.context import JobContext, JobFailed, LeaseLost, Stopping
from netflixlite.jobs.types import Job, JobState
from tests.conftest import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    """No broker, a work folder of our own, no kinds but the test's, every progress report written."""
    settings.WORK_DIR = tmp_path
    monkeypatch.setattr(hints, "wake", lambda: None)
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(registry, "_periodics", {})
    monkeypatch.setattr(contexts, "_PROGRESS_EVERY", 0.0)


def do(handler: Callable[[JobContext], None], **arguments: Any) -> Job:
    """Enqueue a job for this handler and do it here; returns what became of it."""
    registry._handlers["t"] = handler
    job = services.enqueue("t", **{"payload": {}, **arguments})
    return services.run_here(job.id)


def make_context(lease: float = 30.0) -> JobContext:
    job = services.enqueue("t", payload={})
    claim = queue.claim(owner="o", lease=timedelta(seconds=lease), kinds=["t"], job_id=job.id)
    assert claim is not None
    return JobContext(claim, lease=timedelta(seconds=lease), stopping=threading.Event())


def lose(context: JobContext) -> None:
    """As if another worker had taken the job."""
    models.Job.objects.filter(id=context.job_id).update(fence=99)


def test_a_job_whose_handler_returns_is_done() -> None:
    seen: list[Any] = []
    job = do(lambda context: seen.append((context.kind, context.payload, context.attempt)), payload={"a": 1})
    assert (job.state, job.progress, job.attempts, job.error) == (JobState.DONE, 1.0, 1, "")
    assert job.started_at is not None
    assert job.finished_at is not None
    assert seen == [("t", {"a": 1}, 1)]
    assert services.run_here(job.id) == job, "a finished job is not done again"
    assert len(seen) == 1


def test_a_failure_with_words_is_final() -> None:
    def handle(context: JobContext) -> None:
        raise JobFailed("This film is empty.")

    job = do(handle)
    assert (job.state, job.error, job.attempts) == (JobState.FAILED, "This film is empty.", 1)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("the disk is full"), "the disk is full"),
        (KeyError("width"), "KeyError: 'width'"),
        (ValueError(), "ValueError"),
        (SystemExit(2), "SystemExit: 2"),
    ],
)
def test_another_error_is_tried_again_and_then_final(error: BaseException, words: str) -> None:
    def handle(context: JobContext) -> None:
        raise error

    job = do(handle, max_attempts=2)
    assert (job.state, job.error, job.attempts) == (JobState.QUEUED, words, 1)
    models.Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    job = services.run_here(job.id)
    assert (job.state, job.error, job.attempts) == (JobState.FAILED, words, 2)
    assert "Traceback" in models.Job.objects.get().details


def test_success_after_a_failure_clears_the_error() -> None:
    def handle(context: JobContext) -> None:
        if context.attempt == 1:
            raise RuntimeError("the first try fails")

    job = do(handle)
    models.Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    job = services.run_here(job.id)
    assert (job.state, job.error, job.attempts) == (JobState.DONE, "", 2)


def test_progress_and_checkpoint_are_there_for_others_at_once() -> None:
    def handle(context: JobContext) -> None:
        context.progress(0.25, "v720: 1 of 4")
        context.save_checkpoint({"next": 1})
        found = services.job(context.job_id)
        assert found is not None
        assert (found.progress, found.note, found.state) == (0.25, "v720: 1 of 4", JobState.RUNNING)
        assert context.checkpoint == {"next": 1}
        raise RuntimeError("to be continued")

    job = do(handle)
    assert job.error == "to be continued"
    assert models.Job.objects.get().checkpoint == {"next": 1}


def test_an_attempt_that_got_further_and_then_fails_is_tried_again_as_the_row_says() -> None:
    def handle(context: JobContext) -> None:
        context.save_checkpoint({"next": int(context.checkpoint.get("next", 0)) + 1})
        raise RuntimeError("the disk was away")

    job = do(handle, max_attempts=2)
    for _ in range(4):
        models.Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
        job = services.run_here(job.id)
        assert (job.state, job.attempts) == (JobState.QUEUED, 1)


def test_progress_is_not_written_more_than_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "_PROGRESS_EVERY", 60.0)
    context = make_context()
    for step in range(10):
        context.progress(step / 10)
    assert services.job(context.job_id).progress == 0.0  # type: ignore[union-attr]


def test_progress_survives_a_busy_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_args: object, **_kwargs: object) -> bool:
        raise OperationalError("database is locked")

    context = make_context()
    monkeypatch.setattr(queue, "report", locked)
    context.progress(0.5)
    assert services.job(context.job_id).state == JobState.RUNNING  # type: ignore[union-attr]


def test_commit_takes_the_last_effects_with_it() -> None:
    def handle(context: JobContext) -> None:
        with context.commit():
            services.enqueue("next", payload={})

    assert do(handle).state == JobState.DONE
    assert len(services.find(kind="next")) == 1


def test_a_commit_that_fails_leaves_neither_effect_nor_done() -> None:
    def handle(context: JobContext) -> None:
        with context.commit():
            services.enqueue("next", payload={})
            raise RuntimeError("no room")

    job = do(handle)
    assert (job.state, job.error) == (JobState.QUEUED, "no room")
    assert services.find(kind="next") == []


def test_an_error_after_the_commit_does_not_undo_it() -> None:
    def handle(context: JobContext) -> None:
        with context.commit():
            services.enqueue("next", payload={})
        raise RuntimeError("while tidying up")

    assert do(handle).state == JobState.DONE


def test_whoever_lost_the_lease_cannot_write_anything() -> None:
    for write in (
        lambda context: context.progress(0.5),
        lambda context: context.save_checkpoint({"a": 1}),
        lambda context: context.commit().__enter__(),
    ):
        context = make_context()
        lose(context)
        with pytest.raises(LeaseLost), transaction.atomic():
            write(context)
        with pytest.raises(LeaseLost):
            context.check()
        row = models.Job.objects.get(id=context.job_id)
        assert (row.state, row.progress, row.checkpoint) == (JobState.RUNNING, 0.0, {})


def test_a_handler_that_ends_too_late_changes_nothing() -> None:
    assert do(lose).state == JobState.RUNNING


def test_an_except_exception_does_not_swallow_a_stop() -> None:
    def handle(context: JobContext) -> None:
        lose(context)
        try:
            context.progress(0.5)
        except Exception:
            pytest.fail("the handler should not have seen this")

    assert do(handle).state == JobState.RUNNING


def test_a_frozen_process_asks_the_row_before_it_goes_on() -> None:
    context = make_context(lease=0.05)
    wait_for(lambda: time.monotonic() - context._renewed > 0.05)
    context.check()
    lose(context)
    wait_for(lambda: time.monotonic() - context._renewed > 0.05)
    with pytest.raises(LeaseLost):
        context.check()


def test_a_database_that_is_away_ends_nobodys_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_kwargs: object) -> bool:
        raise OperationalError("no connection")

    context = make_context(lease=0.05)
    wait_for(lambda: time.monotonic() - context._renewed > 0.05)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "renew", away)
        context.check()
    context.check()
    assert services.job(context.job_id).state == JobState.RUNNING  # type: ignore[union-attr]


def test_a_slot_survives_what_it_does_not_expect(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = runner.Runner(slots=1, kinds=None, lease=timedelta(seconds=30))
    looks: list[str] = []

    def broken(owner: str) -> bool:
        looks.append(owner)
        if len(looks) == 1:
            raise ValueError("a row that cannot be read")
        worker.stopping.set()
        return False

    monkeypatch.setattr(worker, "_take", broken)
    monkeypatch.setattr(worker.stopping, "wait", lambda seconds: None)
    monkeypatch.setattr(worker.bell, "wait", lambda since, seconds: None)
    monkeypatch.setattr(runner.connections, "close_all", lambda: None)
    worker._slot(0)
    assert len(looks) == 2


def test_the_keeper_renews_and_tells_of_cancels_and_losses() -> None:
    lease = timedelta(seconds=0.3)
    keeper, mine, other = runner.Keeper(lease), make_context(), make_context()
    for context in (mine, other):
        keeper.add(context)
    models.Job.objects.update(lease_until=timezone.now() - timedelta(seconds=60))
    wait_for(lambda: time.monotonic() - keeper._renewed > 0.1)
    keeper.keep()
    assert models.Job.objects.filter(lease_until__gt=timezone.now() - timedelta(seconds=30)).count() == 2
    services.cancel(mine.job_id)
    lose(other)
    keeper.keep()
    with pytest.raises(contexts.Cancelled):
        mine.check()
    with pytest.raises(LeaseLost):
        other.check()
    keeper.remove(mine)
    keeper.remove(other)
    assert keeper.contexts() == []


def test_a_renewal_that_the_database_refused_is_tried_at_the_next_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry._handlers["t"] = lambda context: None
    context = make_context()
    keeper = runner.Keeper(timedelta(seconds=30))
    keeper.add(context)
    keeper._renewed -= 11
    asked: list[int] = []

    def busy_once(*_: Any, **__: Any) -> bool:
        asked.append(1)
        if len(asked) == 1:
            raise OperationalError("database is locked")
        return True

    monkeypatch.setattr(queue, "renew", busy_once)
    with pytest.raises(OperationalError):
        keeper.keep()
    keeper.keep()
    keeper.keep()
    assert len(asked) == 2


def test_a_stopping_worker_gives_the_job_back() -> None:
    stopping = threading.Event()
    context = make_context()
    context._stopping = stopping

    def handle(context: JobContext) -> None:
        stopping.set()
        context.save_checkpoint({"next": 4})
        pytest.fail("it should have stopped here")

    registry._handlers["t"] = handle
    runner.work(context)
    assert models.Job.objects.get().checkpoint == {"next": 4}, "what was reached is kept"
    job = services.job(context.job_id)
    assert job is not None
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    with pytest.raises(Stopping):
        context.check()


def test_an_attempts_files_go_with_it_and_the_jobs_when_it_is_finished(tmp_path: Path) -> None:
    def handle(context: JobContext) -> None:
        assert context.work_dir.parent == context.shared_dir.parent == contexts.job_folder(context.job_id)
        (context.work_dir / "half").write_text("x")
        if context.attempt == 1:
            (context.work_dir / "half").rename(context.shared_dir / "whole")
            raise RuntimeError("again")
        assert (context.shared_dir / "whole").read_text() == "x"
        assert not (context.work_dir / "whole").exists()

    job = do(handle)
    folder = contexts.job_folder(job.id)
    assert [path.name for path in folder.iterdir()] == ["shared"]
    models.Job.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    assert services.run_here(job.id).state == JobState.DONE
    assert not folder.exists()


def test_a_result_is_written_again_when_the_database_was_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    complete = queue.complete

    def busy_twice(claim: queue.Claim) -> bool:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("database is locked")
        return complete(claim)

    monkeypatch.setattr(queue, "complete", busy_twice)
    monkeypatch.setattr(runner, "_reconnect", lambda what, error: None)
    assert do(lambda context: None).state == JobState.DONE
    assert len(tries) == 3


def test_a_result_that_cannot_be_written_leaves_the_job_to_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(claim: queue.Claim) -> bool:
        raise DatabaseError("gone")

    monkeypatch.setattr(queue, "complete", away)
    monkeypatch.setattr(runner, "_RESULT_TRIES", 2)
    monkeypatch.setattr(runner, "_reconnect", lambda what, error: None)
    assert do(lambda context: None).state == JobState.RUNNING


def test_a_kind_without_a_handler_is_left_for_who_knows_it() -> None:
    job = services.enqueue("unheard-of", payload={})
    assert services.run_here(job.id).state == JobState.QUEUED
    with pytest.raises(services.NotFound):
        services.run_here(uuid4())


def test_a_kind_and_a_name_belong_to_one_function() -> None:
    def handle(context: JobContext) -> None: ...

    assert services.register("k")(handle) is handle
    services.register("k")(handle)
    with pytest.raises(registry.AlreadyRegistered):
        services.register("k")(lambda context: None)
    services.register_periodic("p", timedelta(seconds=1))(list)
    with pytest.raises(registry.AlreadyRegistered):
        services.register_periodic("p", timedelta(seconds=1))(dict)
    with pytest.raises(ValueError, match="once a second"):
        services.register_periodic("q", timedelta(seconds=0.5))


def test_periodic_work_runs_once_a_turn_whoever_comes_first() -> None:
    ran: list[str] = []
    services.register_periodic("p", timedelta(seconds=10))(lambda: ran.append("p"))
    one, two = periodic.Clock(owner="one"), periodic.Clock(owner="two")
    for now in (1000.0, 1001.0, 1009.9):
        one.run_due(now)
        two.run_due(now)
    assert ran == ["p"]
    assert two.run_due(1010.0) == 1
    assert one.run_due(1010.0) == 0
    assert [tick.owner for tick in models.Tick.objects.order_by("slot")] == ["one", "two"]


def test_periodic_work_that_fails_says_so_and_stops_nobody() -> None:
    ran: list[str] = []

    def broken() -> None:
        raise RuntimeError("no network")

    services.register_periodic("a", timedelta(seconds=10))(broken)
    services.register_periodic("b", timedelta(seconds=10))(lambda: ran.append("b"))
    clock = periodic.Clock(owner="one")
    assert clock.run_due(1000.0) == 2
    assert ran == ["b"]
    assert "no network" in models.Tick.objects.get(name="a").error
    assert clock.run_due(1010.0) == 2


def test_old_rows_and_folders_are_removed(tmp_path: Path) -> None:
    ages = {"old": timedelta(days=8), "ancient": timedelta(days=31), "young": timedelta(hours=1)}
    for age in ages.values():
        for state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
            models.Job.objects.create(kind="t", state=state, finished_at=timezone.now() - age)
    waiting = models.Job.objects.create(kind="t", created_at=timezone.now() - timedelta(days=99), fence=3)
    models.Tick.objects.create(name="p", slot=1, owner="o", started_at=timezone.now() - timedelta(days=1))
    models.Tick.objects.create(name="p", slot=2, owner="o")
    models.Worker.objects.create(name="gone", slots=1, seen_at=timezone.now() - timedelta(days=1))
    kept = contexts.job_folder(waiting.id)
    gone = contexts.job_folder(uuid4())
    for folder in (kept / "2", kept / "3", kept / "shared", gone / "1"):
        folder.mkdir(parents=True)
    housekeeping.prune()
    left = sorted(
        (job.state, (timezone.now() - job.finished_at).days)
        for job in models.Job.objects.exclude(id=waiting.id)
    )
    assert left == [("cancelled", 0), ("done", 0), ("failed", 0), ("failed", 8)]
    assert models.Tick.objects.count() == 1
    assert models.Worker.objects.count() == 0
    assert sorted(path.name for path in kept.iterdir()) == ["3", "shared"]
    assert not gone.exists()


def test_workers_that_report_are_alive() -> None:
    assert services.workers_alive() == 0
    models.Worker.objects.create(name="here", slots=2, kinds=["a"])
    models.Worker.objects.create(
        name="gone", slots=2, kinds=["a"], seen_at=timezone.now() - timedelta(hours=1)
    )
    assert (services.workers_alive(), services.workers_alive("a"), services.workers_alive("b")) == (1, 1, 0)
    lease = timezone.now() + timedelta(minutes=1)
    models.Job.objects.create(kind="a", state=JobState.RUNNING, owner="here/0", lease_until=lease)
    assert [(one.slots, one.busy, one.kinds) for one in services.workers()] == [(2, 1, ("a",))]


def test_the_doorbell_is_heard_even_between_look_and_wait() -> None:
    bell = runner.Doorbell()
    heard = bell.rings
    bell.ring()
    began = time.monotonic()
    bell.wait(since=heard, seconds=30)
    assert time.monotonic() - began < 5


def test_the_worker_refuses_unknown_kinds() -> None:
    registry._handlers["known"] = lambda context: None
    with pytest.raises(CommandError, match="unheard-of") as refusal:
        call_command("worker", "--kinds", "unheard-of,known")
    assert "known" in str(refusal.value)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    numbers: list[int] = []
    monkeypatch.setattr(hints._Sender, "_publish", staticmethod(numbers.append))
    return numbers


def test_hints_go_out_in_the_background_and_together(sent: list[int]) -> None:
    sender = hints._Sender()
    for _hint in range(100):
        sender.wake()
    sender.flush(10)
    assert 1 <= sum(sent) <= 100
    assert max(sent) <= 32


def test_a_dead_broker_holds_nobody_up_and_is_complained_of_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(number: int) -> None:
        raise ConnectionRefusedError("no broker")

    monkeypatch.setattr(hints._Sender, "_publish", staticmethod(refuse))
    sender = hints._Sender()
    for _hint in range(3):
        sender.wake()
        sender.flush(10)
    complaints = [record for record in caplog.records if "no broker" in record.getMessage()]
    assert len(complaints) == 1


def test_operators_see_retry_and_cancel_jobs() -> None:
    client = client_of(make_operator())
    failed = models.Job.objects.create(kind="t", state=JobState.FAILED, error="<b>no</b>", progress=0.4)
    queued = models.Job.objects.create(kind="t")
    page = client.get("/admin/jobs/job/")
    assert page.status_code == 200
    assert "40&nbsp;%" in page.content.decode()
    assert "&lt;b&gt;no" in page.content.decode()
    assert client.get(f"/admin/jobs/job/{failed.id}/change/").status_code == 200
    assert client.get("/admin/jobs/job/add/").status_code == 403
    for action, job, state in (("retry", failed, JobState.QUEUED), ("cancel", queued, JobState.CANCELLED)):
        client.post("/admin/jobs/job/", {"action": action, "_selected_action": [str(job.id)]})
        assert services.job(job.id).state == state  # type: ignore[union-attr]
    for path in ("worker", "tick"):
        assert client.get(f"/admin/jobs/{path}/").status_code == 200
