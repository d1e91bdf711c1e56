"""Jobs: how fast they are taken, how soon they begin, and how soon a killed worker's job begins anew.

Real worker processes on an SQLite file. "Polling" is the same worker with a broker that cannot be reached: what a
broker that is gone costs.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from tests.conftest import wait_for
from tests.jobs.world import World

LEASE = 3.0
_DEAD_BROKER = "amqp://127.0.0.1:1//"
_BEGUN_AFTER = "SELECT (julianday(started_at) - julianday(created_at)) * 86400 FROM jobs_job WHERE kind=?"


@contextmanager
def world(**arguments: str) -> Iterator[World]:
    """A world in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="jobs-bench-") as folder:
        made = World(Path(folder), lease=LEASE, **arguments)
        try:
            yield made
        finally:
            made.close()


def throughput(number: int, slots: int) -> tuple[float, float]:
    """Jobs enqueued and jobs done in a second, by one worker with so many slots, when the jobs do nothing."""
    with world() as here:
        began = time.monotonic()
        here.enqueue("test.nothing", number)
        enqueued = number / (time.monotonic() - began)
        here.start_worker("--slots", str(slots))
        done = "SELECT count(*) FROM jobs_job WHERE state='done'"
        wait_for(lambda: here.value(done) == number, seconds=60, what="all done")
        spent = "SELECT (julianday(max(finished_at)) - julianday(min(started_at))) * 86400 FROM jobs_job"
        return enqueued, number / float(here.value(spent))


def latencies(number: int, broker_url: str = "") -> list[float]:
    """Seconds from enqueue to begin, of single jobs given to an idle worker at uneven times."""
    with world(broker_url=broker_url) as here:
        here.start_worker("--slots", "2")
        (first,) = here.enqueue("test.short")
        wait_for(lambda: here.state(first) == "done", seconds=20, what="the worker up")
        for index in range(number):
            (job,) = here.enqueue("test.nothing")
            wait_for(_is_done(here, job), seconds=20, what="the job done")
            _pass(0.1 + 0.37 * (index % 3))
        return sorted(float(seconds) for (seconds,) in here.rows(_BEGUN_AFTER, "test.nothing"))


def recoveries(number: int) -> list[float]:
    """Seconds from a worker's kill -9 until another worker has taken the job it held."""
    found = []
    with world() as here:
        for _kill in range(number):
            victim = here.start_worker("--slots", "1")
            (job,) = here.enqueue("test.long", payload={"steps": 600, "pause": 0.1})
            wait_for(_has_fence(here, job, 1), seconds=20, what="the job running")
            _pass(1.5)  # somewhere between two renewals
            here.start_worker("--slots", "1")
            _pass(1.0)
            killed = time.monotonic()
            here.kill(victim)
            wait_for(_has_fence(here, job, 2), seconds=30, what="the job taken over")
            found.append(time.monotonic() - killed)
            here.order(do="cancel", id=job)
            for worker in list(here.workers):
                here.kill(worker)
    return sorted(found)


def _is_done(here: World, job: str) -> Callable[[], bool]:
    return lambda: here.state(job) == "done"


def _has_fence(here: World, job: str, fence: int) -> Callable[[], bool]:
    return lambda: (
        here.rows("SELECT 1 FROM jobs_job WHERE id=? AND state='running' AND fence>=?", job, fence) != []
    )


def _pass(seconds: float) -> None:
    time.sleep(seconds)


def _p(values: list[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def main() -> None:
    options = report.arguments(__doc__ or "")
    enqueued, done = throughput(300 if options.quick else 1500, slots=2)
    woken = latencies(15 if options.quick else 60)
    polled = latencies(6 if options.quick else 30, broker_url=_DEAD_BROKER)
    recovered = recoveries(2 if options.quick else 8)
    report.table(
        ["what", "median", "p95", "most"],
        [
            [name, *(f"{value:.3f} s" for value in (_p(values, 50), _p(values, 95), values[-1]))]
            for name, values in (
                ("enqueue → begin, woken by the broker", woken),
                ("enqueue → begin, broker dead", polled),
                (f"kill -9 → begun anew (lease {LEASE:g} s)", recovered),
            )
        ],
    )
    print(f"\n{enqueued:.0f} jobs a second enqueued, {done:.0f} done, by one worker with 2 slots")
    figures = {
        "enqueued_per_s": round(enqueued, 1),
        "done_per_s": round(done, 1),
        "wake_p50_s": round(_p(woken, 50), 4),
        "wake_p95_s": round(_p(woken, 95), 4),
        "poll_p50_s": round(_p(polled, 50), 4),
        "poll_p95_s": round(_p(polled, 95), 4),
        "recovery_p95_s": round(_p(recovered, 95), 3),
    }
    goals: dict[str, tuple[str, float]] = {
        "done_per_s": (">=", 50),
        "wake_p95_s": ("<=", 0.3),
        "poll_p95_s": ("<=", 3.0),
        "recovery_p95_s": ("<=", LEASE + 3),
    }
    report.finish("jobs", figures, goals, as_json=options.json)


if __name__ == "__main__":
    main()
