"""Workers that are killed, frozen and stopped: nothing is lost, nothing is done twice."""

import random
import shutil
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_for
from tests.jobs.world import World

pytestmark = pytest.mark.slow

JOBS, KILLS, WORKERS = 200, 50, 4
#: As in `effects.handlers`, which only a process with the settings beside this file can import.
STEPS = 6
_BUSY = "SELECT owner FROM jobs_job WHERE state='running'"
_OPEN = "SELECT count(*) FROM jobs_job WHERE state IN ('queued', 'running')"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def _held(world: World, worker: Any) -> int:
    """How many jobs the worker has taken and not given back; a dead one for as long as its lease runs."""
    name = f"{socket.gethostname()[:80]}:{worker.pid}"
    return sum(owner.rpartition("/")[0] == name for (owner,) in world.rows(_BUSY))


def _at_work(world: World) -> list[Any]:
    """The workers that hold a job now; all of them when there is none to be held, or nobody takes it for long.

    Where the machine is busy a new worker takes seconds to begin: to kill it before that would prove nothing.
    """

    def holders() -> list[Any]:
        at_work = [worker for worker in world.workers if _held(world, worker)]
        return at_work or (world.workers if world.value(_OPEN) == 0 else [])

    with suppress(AssertionError):
        return wait_for(holders, seconds=15.0)
    return world.workers


def test_200_jobs_and_50_kills_lose_nothing_and_repeat_nothing(world: World) -> None:
    dice = random.Random(20)
    began = time.monotonic()
    kinds = ["test.short"] * 80 + ["test.long"] * 60 + ["test.flaky"] * 40 + ["test.child"] * 20
    dice.shuffle(kinds)
    for _worker in range(WORKERS):
        world.start_worker("--slots", "2")
    ids, torn = {}, []
    for kill in range(KILLS):
        for kind in kinds[kill * JOBS // KILLS : (kill + 1) * JOBS // KILLS]:
            # Many attempts: a job may have the bad luck of ten killed workers, and none of that is its fault.
            ids[world.enqueue(kind, max_attempts=60, priority=dice.randrange(3))[0]] = kind
        worker = dice.choice(_at_work(world))
        world.kill(worker)
        torn.append(_held(world, worker))
        world.start_worker("--slots", "2")

    def all_done() -> bool:
        return world.value("SELECT count(*) FROM jobs_job WHERE state='done'") == JOBS

    wait_for(all_done, seconds=60, what="200 jobs done")
    elapsed = time.monotonic() - began

    effects = Counter(job_id for (job_id,) in world.rows("SELECT job_id FROM effects_effect"))
    assert set(effects) == set(ids), "lost or invented"
    assert set(effects.values()) == {1}, "done twice"
    attempts = world.value("SELECT sum(attempts) FROM jobs_job")
    # What got further is given its attempt back, so those that were torn are counted by themselves.
    hit = sum(jobs > 0 for jobs in torn)
    assert hit >= KILLS / 2, f"{hit} kills hit somebody at work: too few to prove anything"
    long = [job_id for job_id, kind in ids.items() if kind == "test.long"]
    steps = Counter(world.rows("SELECT job_id, number FROM effects_step"))
    assert {(job_id, number) for job_id in long for number in range(STEPS)} == set(steps)
    assert steps.total() - len(steps) <= sum(torn), "more than one step of work was lost in a kill"
    turns, ticks = (
        world.value("SELECT count(*) FROM effects_turn"),
        world.value("SELECT count(*) FROM jobs_tick WHERE name='test.turn'"),
    )
    assert ticks - KILLS <= turns <= ticks, "a turn of the periodic work ran twice"
    assert turns >= elapsed / 10, "the periodic work did not go on"
    for worker in list(world.workers):
        world.kill(worker)
    wait_for(lambda: not world.children(), seconds=5, what="the children of dead workers gone")
    print(
        f"\n{JOBS} jobs, {KILLS} kills, {attempts} attempts, {hit} at work, {sum(torn)} torn, {elapsed:.0f} s"
    )
    assert elapsed < 240  # 20 s on two idle cores, 100 s beside a load of 19


def test_a_frozen_worker_is_fenced_out(world: World) -> None:
    frozen = world.start_worker("--slots", "1")
    (job,) = world.enqueue("test.long", payload={"steps": 6, "pause": 0.3})
    (deaf,) = world.enqueue("test.deaf", payload={"seconds": 0.5}, priority=-1)
    wait_for(lambda: world.value("SELECT count(*) FROM effects_step"), what="the first step")
    frozen.send_signal(signal.SIGSTOP)
    other = world.start_worker("--slots", "1")
    wait_for(lambda: world.state(job) == "done", seconds=30, what="another worker finishing the job")
    fence = world.value("SELECT fence FROM effects_effect WHERE job_id=?", job)
    frozen.send_signal(signal.SIGCONT)
    wait_for(lambda: "in other hands" in world.log(), what="the thawed worker giving up")
    wait_for(lambda: world.state(deaf) == "done", what="both workers at work again")
    assert frozen.poll() is None
    assert other.poll() is None
    assert world.effects(job) == 1
    late = world.value(
        "SELECT count(*) FROM effects_step WHERE job_id=? AND fence<? AND number=5", job, fence
    )
    assert late == 0, "the thawed worker went on working"


def test_a_frozen_worker_that_does_not_ask_cannot_commit(world: World) -> None:
    frozen = world.start_worker("--slots", "1")
    (job,) = world.enqueue("test.deaf", payload={"seconds": 2.5})
    wait_for(lambda: world.state(job) == "running", what="the job running")
    frozen.send_signal(signal.SIGSTOP)
    world.start_worker("--slots", "1")
    wait_for(lambda: world.value("SELECT fence FROM jobs_job WHERE id=?", job) > 1, what="the job taken over")
    frozen.send_signal(signal.SIGCONT)
    wait_for(lambda: world.state(job) == "done", seconds=20, what="the job done")
    wait_for(lambda: "in other hands" in world.log(), what="the thawed worker refused")
    assert world.effects(job) == 1


def test_a_deleted_broker_costs_time_and_nothing_else(world: World) -> None:
    world.start_worker("--slots", "2")
    (first,) = world.enqueue("test.short")
    wait_for(lambda: world.state(first) == "done", seconds=20)
    jobs = []
    for _round in range(5):
        shutil.rmtree(world.folder / "broker", ignore_errors=True)
        jobs += world.enqueue("test.short", 4)
    wait_for(lambda: all(world.state(job) == "done" for job in jobs), seconds=20, what="all done")
    assert [world.effects(job) for job in jobs] == [1] * 20
    assert (world.folder / "broker" / "messages").is_dir(), "the folder did not come back"


def test_a_stopped_worker_gives_its_jobs_back_at_no_cost(world: World) -> None:
    worker = world.start_worker("--slots", "2", "--grace", "1")
    (polite,) = world.enqueue("test.long", payload={"steps": 40, "pause": 0.2})
    (deaf,) = world.enqueue("test.deaf", payload={"seconds": 60})
    wait_for(lambda: world.value("SELECT count(*) FROM effects_step"), what="the first step")
    wait_for(lambda: world.state(deaf) == "running", what="the deaf one running")
    began = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=10) == 0
    assert time.monotonic() - began < 5
    for job in (polite, deaf):
        assert world.rows("SELECT state, attempts FROM jobs_job WHERE id=?", job) == [("queued", 0)]
    assert '"next"' in world.value("SELECT checkpoint FROM jobs_job WHERE id=?", polite)
    assert world.value("SELECT count(*) FROM jobs_worker") == 0, "it did not say goodbye"
    world.order(do="cancel", id=deaf)
    steps = world.value("SELECT count(*) FROM effects_step")
    world.start_worker("--slots", "2")
    wait_for(
        lambda: world.value("SELECT count(*) FROM effects_step") > steps, what="the next worker going on"
    )
    numbers = [number for (number,) in world.rows("SELECT number FROM effects_step ORDER BY id")]
    assert numbers.count(0) == 1, "it began anew instead of going on"


def test_a_job_that_kills_its_workers_is_given_up_with_words(world: World) -> None:
    worker = world.start_worker("--slots", "1")
    (job,) = world.enqueue("test.deaf", payload={"seconds": 60}, max_attempts=1)
    wait_for(lambda: world.state(job) == "running", what="the job running")
    world.kill(worker)
    world.start_worker("--slots", "1")
    wait_for(lambda: world.state(job) == "failed", seconds=20, what="the job given up")
    assert "died" in world.value("SELECT error FROM jobs_job WHERE id=?", job)


def test_a_cancelled_job_ends_and_its_program_with_it(world: World) -> None:
    world.start_worker("--slots", "1")
    (job,) = world.enqueue("test.child", payload={"seconds": 600})
    wait_for(world.children, what="its program running")
    assert world.order(do="cancel", id=job) is True
    wait_for(lambda: world.state(job) == "cancelled", seconds=10, what="the job cancelled")
    assert world.children() == []
    wait_for(lambda: not (world.folder / "work" / "jobs" / job).exists(), what="its files gone")
    assert world.effects(job) == 0
