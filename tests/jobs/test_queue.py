"""Claims, fences, leases, priorities: the state machine of a job, without workers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from netflixlite.jobs import hints, models, queue, services
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def hinted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No broker here; what would have been hinted is counted."""
    sent: list[str] = []
    monkeypatch.setattr(hints, "wake", lambda: sent.append("wake"))
    return sent


def claim(kind: str = "t", **arguments: Any) -> queue.Claim:
    got = queue.claim(owner="host:1/0", lease=LEASE, kinds=[kind], **arguments)
    assert got is not None
    return got


def nothing_to_claim(kind: str = "t") -> bool:
    return queue.claim(owner="host:2/0", lease=LEASE, kinds=[kind]) is None


def expire(job_id: UUID) -> None:
    models.Job.objects.filter(id=job_id).update(lease_until=timezone.now() - timedelta(seconds=1))


def state(job_id: UUID) -> JobState:
    found = services.job(job_id)
    assert found is not None
    return found.state


def test_a_job_is_claimed_once() -> None:
    job = services.enqueue("t", payload={"film": "Nanook"})
    mine = claim()
    assert (mine.job_id, mine.payload, mine.fence, mine.attempt) == (job.id, {"film": "Nanook"}, 1, 1)
    assert nothing_to_claim()
    row = models.Job.objects.get()
    assert (row.state, row.owner) == (JobState.RUNNING, "host:1/0")
    assert timedelta(seconds=25) < row.lease_until - timezone.now() < timedelta(seconds=31)


def test_the_loser_of_a_race_takes_the_next_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.enqueue("t", payload={}, priority=1)
    second = services.enqueue("t", payload={})
    update = models.JobQuerySet.update
    stolen: list[UUID] = []

    def slower(rows: models.JobQuerySet, **values: Any) -> int:
        if not stolen and values.get("owner") == "slow":
            # Between this worker's look at the queue and its UPDATE, another takes the same row.
            stolen.append(first.id)
            assert claim(job_id=first.id).job_id == first.id
        return update(rows, **values)

    monkeypatch.setattr(models.JobQuerySet, "update", slower)
    mine = queue.claim(owner="slow", lease=LEASE, kinds=["t"])
    assert stolen
    assert mine is not None
    assert mine.job_id == second.id


def test_urgent_jobs_come_first_and_then_the_oldest() -> None:
    jobs = [services.enqueue("t", payload={}, priority=priority) for priority in (0, 5, -1, 5, 0)]
    order = [jobs[1], jobs[3], jobs[0], jobs[4], jobs[2]]
    assert [claim().job_id for _job in jobs] == [job.id for job in order]


def test_a_worker_takes_only_its_kinds() -> None:
    services.enqueue("other", payload={}, priority=100)
    job = services.enqueue("t", payload={})
    assert claim().job_id == job.id
    assert nothing_to_claim()
    assert not queue.waiting(["t"])
    assert queue.waiting(["other", "t"])


def test_a_job_is_not_begun_before_its_time() -> None:
    job = services.enqueue("t", payload={}, available_at=timezone.now() + timedelta(minutes=1))
    assert nothing_to_claim()
    models.Job.objects.filter(id=job.id).update(available_at=timezone.now() - timedelta(seconds=1))
    assert claim().job_id == job.id


def test_an_enqueued_job_can_be_claimed_at_once() -> None:
    for _again in range(50):
        services.enqueue("t", payload={})
        assert claim().attempt == 1


def test_one_live_job_for_a_key() -> None:
    first = services.enqueue("t", payload={"n": 1}, dedupe_key="film")
    assert services.enqueue("t", payload={"n": 2}, dedupe_key="film") == first
    mine = claim()
    assert services.enqueue("t", payload={"n": 3}, dedupe_key="film").id == first.id, (
        "running is live as well"
    )
    queue.complete(mine)
    again = services.enqueue("t", payload={"n": 4}, dedupe_key="film")
    assert again.id != first.id
    assert services.latest(["film", "none"]) == {"film": again}
    assert services.enqueue("t", payload={}).id != services.enqueue("t", payload={}).id, "no key, no limit"


def test_two_enqueues_of_a_key_at_the_same_time_make_one_job(monkeypatch: pytest.MonkeyPatch) -> None:
    live = models.JobQuerySet.live
    faster: list[Any] = []

    def blind_once(rows: models.JobQuerySet) -> models.JobQuerySet:
        if not faster:
            faster.append(None)
            faster[0] = services.enqueue("t", payload={}, dedupe_key="film")
            return rows.none()
        return live(rows)

    monkeypatch.setattr(models.JobQuerySet, "live", blind_once)
    assert services.enqueue("t", payload={}, dedupe_key="film").id == faster[0].id
    assert models.Job.objects.count() == 1


def test_the_hint_goes_with_the_commit(hinted: list[str], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.enqueue("t", payload={})
        assert hinted == []
    assert hinted == ["wake"]


def test_an_enqueue_is_undone_with_its_transaction() -> None:
    def enqueue_and_fail() -> None:
        with transaction.atomic():
            services.enqueue("t", payload={}, dedupe_key="film")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        enqueue_and_fail()
    assert services.find() == []


def test_an_expired_lease_gives_the_job_to_another_and_fences_the_first() -> None:
    job = services.enqueue("t", payload={})
    old = claim()
    assert queue.renew(old, lease=LEASE)
    expire(job.id)
    new = claim()
    assert (new.fence, new.attempt) == (2, 2)
    for write in (
        queue.renew(old, lease=LEASE),
        queue.report(old, progress=0.5, note=""),
        queue.save_checkpoint(old, {"a": 1}, further=True),
        queue.complete(old),
        queue.fail(old, error="no"),
        queue.retry_later(old, error="no", after=LEASE),
        queue.release(old),
        queue.cancel_held(old),
    ):
        assert write is False
    row = models.Job.objects.get()
    assert (row.state, row.progress, row.checkpoint, row.error) == (JobState.RUNNING, 0.0, {}, "")
    assert queue.complete(new)
    assert not queue.complete(new)
    assert state(job.id) == JobState.DONE


def test_a_late_worker_that_nobody_replaced_may_go_on() -> None:
    job = services.enqueue("t", payload={})
    mine = claim()
    expire(job.id)
    assert queue.renew(mine, lease=LEASE)
    assert nothing_to_claim()
    assert queue.complete(mine)


def test_the_sweep_puts_abandoned_jobs_back_and_gives_up_hopeless_ones() -> None:
    back = services.enqueue("t", payload={})
    hopeless = services.enqueue("t", payload={}, max_attempts=1)
    unwanted = services.enqueue("t", payload={})
    healthy = services.enqueue("t", payload={})
    claims = {mine.job_id: mine for mine in (claim(), claim(), claim(), claim())}
    for job in (back, hopeless, unwanted):
        expire(job.id)
    assert services.cancel(unwanted.id)
    swept = queue.sweep()
    assert (swept.requeued, swept.given_up, swept.cancelled) == ((back.id,), (hopeless.id,), (unwanted.id,))
    assert queue.sweep() == queue.Swept()
    states = [state(job.id) for job in (back, hopeless, unwanted, healthy)]
    assert states == [JobState.QUEUED, JobState.FAILED, JobState.CANCELLED, JobState.RUNNING]
    failed = services.job(hopeless.id)
    assert failed is not None
    assert "only once" in failed.error
    assert not queue.complete(claims[back.id]), "the zombie is fenced out while the job waits, too"
    assert claim().job_id == back.id
    assert services.job(back.id).attempts == 2  # type: ignore[union-attr]


def test_a_job_that_lost_too_many_workers_is_not_claimed_again() -> None:
    job = services.enqueue("t", payload={}, max_attempts=2)
    for _worker in range(2):
        claim()
        expire(job.id)
    assert nothing_to_claim()
    assert queue.sweep().given_up == (job.id,)


def test_a_job_that_gets_further_each_time_outlives_any_number_of_workers() -> None:
    job = services.enqueue("t", payload={}, max_attempts=2)
    for reached in range(5):
        queue.save_checkpoint(claim(), {"next": reached}, further=True)
        expire(job.id)
        queue.sweep()
    assert state(job.id) == JobState.QUEUED
    queue.save_checkpoint(claim(), {"next": 4}, further=False)
    expire(job.id)
    assert queue.sweep().given_up == (job.id,)


def test_a_release_costs_no_attempt() -> None:
    job = services.enqueue("t", payload={}, max_attempts=1)
    for fence in (1, 3, 5):
        mine = claim()
        assert (mine.attempt, mine.fence) == (1, fence)
        queue.save_checkpoint(mine, {"next": fence}, further=True)
        assert queue.release(mine)
        assert not queue.complete(mine)
    assert claim().checkpoint == {"next": 5}
    assert state(job.id) == JobState.RUNNING


def test_a_failed_attempt_comes_again_later() -> None:
    job = services.enqueue("t", payload={})
    assert queue.retry_later(claim(), error="the disk was full", after=timedelta(minutes=5))
    assert nothing_to_claim()
    found = services.job(job.id)
    assert found is not None
    assert (found.state, found.error, found.attempts) == (JobState.QUEUED, "the disk was full", 1)
    wait = models.Job.objects.get().available_at - timezone.now()
    assert timedelta(minutes=4) < wait < timedelta(minutes=6)


def test_the_wait_between_attempts_doubles_up_to_ten_minutes() -> None:
    base = timedelta(seconds=5)
    for attempt, seconds in ((1, 5), (2, 10), (3, 20), (8, 600), (1000, 600)):
        wait = queue.backoff(attempt, base=base).total_seconds()
        assert seconds * 0.74 < wait < seconds * 1.26


def test_a_queued_job_is_cancelled_at_once_and_a_running_one_is_asked() -> None:
    queued = services.enqueue("t", payload={})
    assert services.cancel(queued.id)
    assert state(queued.id) == JobState.CANCELLED
    assert not services.cancel(queued.id)
    assert not services.cancel(uuid4())
    running = services.enqueue("t", payload={})
    mine = claim()
    assert services.cancel(running.id)
    assert queue.standing([mine]) == {running.id: queue.Standing(held=True, cancel_requested=True)}
    assert queue.cancel_held(mine)
    assert state(running.id) == JobState.CANCELLED
    assert queue.standing([mine]) == {running.id: queue.Standing(held=False, cancel_requested=True)}


def test_a_cancel_that_comes_too_late_loses() -> None:
    job = services.enqueue("t", payload={})
    mine = claim()
    services.cancel(job.id)
    assert queue.complete(mine)
    assert state(job.id) == JobState.DONE


def test_a_cancelled_job_that_went_back_to_the_queue_is_not_begun_again() -> None:
    job = services.enqueue("t", payload={})
    mine = claim()
    services.cancel(job.id)
    queue.release(mine)
    assert nothing_to_claim()
    queue.sweep()
    assert state(job.id) == JobState.CANCELLED


def test_a_retry_gives_all_attempts_back_and_keeps_the_checkpoint() -> None:
    job = services.enqueue("t", payload={}, max_attempts=1)
    mine = claim()
    queue.save_checkpoint(mine, {"next": 7}, further=True)
    queue.fail(mine, error="no", details="Traceback …")
    again = services.retry(job.id)
    assert (again.state, again.attempts, again.error, again.progress) == (JobState.QUEUED, 0, "", 0.0)
    assert services.retry(job.id) == again, "a live job stays as it is"
    mine = claim()
    assert mine.checkpoint == {"next": 7}
    queue.complete(mine)
    assert services.retry(job.id).state == JobState.DONE
    with pytest.raises(services.NotFound):
        services.retry(uuid4())


def test_a_retry_of_a_key_that_is_live_again_returns_the_live_job() -> None:
    first = services.enqueue("t", payload={}, dedupe_key="film")
    queue.fail(claim(), error="no")
    second = services.enqueue("t", payload={}, dedupe_key="film")
    assert services.retry(first.id).id == second.id
    assert state(first.id) == JobState.FAILED


def test_find_and_jobs_answer_what_was_asked() -> None:
    a = services.enqueue("a", payload={}, dedupe_key="k")
    b = services.enqueue("b", payload={})
    assert services.jobs([a.id, b.id, uuid4()]) == {a.id: a, b.id: b}
    assert services.find() == [b, a]
    assert services.find(kind="a") == services.find(dedupe_key="k") == [a]
    assert services.find(state=JobState.DONE) == []
    assert len(services.find(limit=1)) == 1
    assert services.job(uuid4()) is None


@pytest.mark.parametrize(
    "broken",
    [{"progress": 1.5}, {"progress": -0.1}, {"max_attempts": 0}, {"state": "running", "lease_until": None}],
)
def test_the_database_refuses_impossible_jobs(broken: dict[str, Any]) -> None:
    job = services.enqueue("t", payload={})
    with pytest.raises(IntegrityError), transaction.atomic():
        models.Job.objects.filter(id=job.id).update(**broken)


def test_times_are_aware_and_the_databases() -> None:
    job = services.enqueue("t", payload={})
    assert job.created_at.tzinfo == UTC
    queue.complete(claim())
    found = services.job(job.id)
    assert found is not None
    assert isinstance(found.finished_at, datetime)
    assert abs(found.finished_at - timezone.now()) < timedelta(seconds=5)
