"""Runs jobs in threads: slots that claim and work, a keeper that renews leases, a sweeper, a ticker.

The threads live as long as the process: children of jobs are tied to the thread that started them (`process`).
"""

import logging
import random
import shutil
import threading
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connections, transaction

from netflixlite.jobs import periodic, presence, queue, registry
from netflixlite.jobs.context import JobContext, job_folder
from netflixlite.jobs.errors import Cancelled, JobFailed, LeaseLost, Parked, Stopping
from netflixlite.jobs.room import Room

log = logging.getLogger("netflixlite.jobs")

#: Each worker looks at the whole queue this often, in seconds, give or take a quarter.
_SWEEP_EVERY = 2.0
#: How soon a running handler hears of a cancel, in seconds.
_LOOK_EVERY = 1.0
#: How often a finished attempt tries to write its result while the database is busy or away.
_RESULT_TRIES = 6


class Doorbell:
    """Wakes all slots that wait; a ring between a slot's look at the queue and its wait is not lost."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it has rung."""
        return self._rings

    def ring(self) -> None:
        """Wake everybody."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    def wait(self, *, since: int, seconds: float) -> None:
        """Return when it has rung since the given count, or when time is up."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings != since, timeout=seconds)


class Keeper:
    """Renews the leases of all attempts in this process and tells them when they must end."""

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease
        self._lock = threading.Lock()
        self._contexts: dict[UUID, JobContext] = {}
        self._renewed = time.monotonic()

    def add(self, context: JobContext) -> None:
        """Look after an attempt."""
        with self._lock:
            self._contexts[context.job_id] = context

    def remove(self, context: JobContext) -> None:
        """The attempt has ended."""
        with self._lock:
            self._contexts.pop(context.job_id, None)

    def contexts(self) -> list[JobContext]:
        """The attempts that run now."""
        with self._lock:
            return list(self._contexts.values())

    def keep(self) -> None:
        """One round: hear of lost leases and cancels, and renew when a third of the lease has passed."""
        contexts = self.contexts()
        if not contexts:
            return
        standings = queue.standing(context.claim for context in contexts)
        for context in contexts:
            standing = standings[context.job_id]
            if not standing.held:
                context.lose()
            elif standing.cancel_requested:
                context.cancel()
        began = time.monotonic()
        if began - self._renewed < self._lease.total_seconds() / 3:
            return
        for context in contexts:
            if queue.renew(context.claim, lease=self._lease):
                context.renewed(began)
            elif not context.done:
                context.lose()
        self._renewed = began  # not before: what the database refused is asked for again at the next look

    def run(self, until: threading.Event) -> None:
        """Keep until told to end."""
        every = min(_LOOK_EVERY, self._lease.total_seconds() / 6)
        while not until.wait(every):
            _safely("keeper", self.keep)
        connections.close_all()


class Runner:
    """The working part of a worker process."""

    def __init__(
        self, *, slots: int, kinds: Collection[str] | None, lease: timedelta, heavy: int | None = None
    ) -> None:
        self.kinds = sorted(set(kinds or registry.kinds()) & registry.kinds())
        self.room = Room(self.kinds, heavy=slots if heavy is None else heavy)
        self.bell = Doorbell()
        self.stopping = threading.Event()
        self._ended = threading.Event()
        self._lease = lease
        self._keeper = Keeper(lease)
        self._presence = presence.Presence(slots=slots, kinds=self.kinds)
        self._slots = [
            threading.Thread(target=self._slot, args=(number,), name=f"slot-{number}", daemon=True)
            for number in range(slots)
        ]

    @property
    def name(self) -> str:
        """Host and process id: who holds a lease, for people."""
        return self._presence.name

    def start(self) -> None:
        """Start all threads."""
        for thread in self._slots:
            thread.start()
        for name, target in (("keeper", self._keep), ("sweeper", self._sweep), ("ticker", self._tick)):
            threading.Thread(target=target, name=name, daemon=True).start()

    def stop(self, *, grace: float) -> None:
        """Ask handlers to end, give them `grace` seconds, then put their jobs back without them."""
        self.stopping.set()
        self.bell.ring()
        deadline = time.monotonic() + grace
        for thread in self._slots:
            thread.join(max(0.0, deadline - time.monotonic()))
        for context in self._keeper.contexts():
            log.warning("%s %s did not end in time; it goes back to the queue.", context.kind, context.job_id)
            context.lose()
            _safely("stop", partial(queue.release, context.claim))
        self._ended.set()
        _safely("stop", self._presence.leave)

    def _slot(self, number: int) -> None:
        owner = f"{self.name}/{number}"
        while not self.stopping.is_set():
            rings = self.bell.rings
            try:
                busy = self._take(owner)
            except (
                Exception
            ) as error:  # whatever it is: a slot that ends would be missing until the next start
                _stumbled("slot", error)
                self.stopping.wait(1.0)
                continue
            if not busy:
                self.bell.wait(since=rings, seconds=10 * _SWEEP_EVERY)
        connections.close_all()

    def _take(self, owner: str) -> bool:
        """Do one job; False when there is none."""
        with self.room.claiming() as seat:
            claim = queue.claim(owner=owner, lease=self._lease, kinds=seat.kinds)
            if claim is None:
                return False
            seat.keep = claim.kind in registry.heavy()
        context = JobContext(claim, lease=self._lease, stopping=self.stopping)
        self._keeper.add(context)
        try:
            work(context)
        finally:
            self._keeper.remove(context)
            if seat.keep:
                self.room.leave()
        return True

    def _keep(self) -> None:
        self._keeper.run(self._ended)

    def _sweep(self) -> None:
        _safely("presence", self._presence.report)
        while not self._ended.is_set():
            _safely("sweeper", self._sweep_once)
            self._ended.wait(_SWEEP_EVERY * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)

    def _sweep_once(self) -> None:
        swept = queue.sweep()
        for job_id in swept.requeued:
            log.warning("Job %s was abandoned by its worker; it is queued again.", job_id)
        for job_id in swept.given_up:
            log.error("Job %s was abandoned by its worker too often; it has failed.", job_id)
        if not self.stopping.is_set() and queue.waiting(self.room.kinds()):
            self.bell.ring()
        self._presence.report_if_due(self._lease)

    def _tick(self) -> None:
        clock = periodic.Clock(owner=self.name)
        while not self.stopping.wait(0.5):
            _safely("ticker", clock.run_due)


def work(context: JobContext) -> None:
    """Run a claimed job's handler and write down how it ended."""
    finished = False
    try:
        finished = _attempt(context)
    except (DatabaseError, InterfaceError) as error:
        # The result could not be written: the lease runs out and the job comes again.
        _reconnect(f"{context.kind} {context.job_id}", error)
    finally:
        context.remove_files(finished=finished)
        if context.parent_id is not None:
            _safely("tidying", partial(_tidy_family, context.parent_id))


def _tidy_family(parent: UUID) -> None:
    """Whoever ends last removes the folder that a finished job and its parts shared."""
    folder = job_folder(parent)
    if folder.exists() and queue.family_over(parent):
        shutil.rmtree(folder, ignore_errors=True)


def _attempt(context: JobContext) -> bool:
    """Whether the job is finished (done, failed for good, cancelled) after this attempt."""
    claim = context.claim
    handler = registry.handler_of(context.kind)
    began = time.monotonic()
    try:
        if handler is None:
            raise JobFailed(f"Nothing here knows how to do {context.kind}.")
        handler(context)
    except LeaseLost:
        log.warning(
            "%s %s is in other hands; what this attempt made is thrown away.", context.kind, context.job_id
        )
        return False
    except Cancelled:
        return _write(lambda: queue.cancel_held(claim))
    except Parked as parked:
        _write(partial(_park, context, parked.args[0]))
        return False
    except Stopping:
        _write(lambda: queue.release(claim))
        return context.done
    except JobFailed as error:
        words = str(error) or "It cannot be done."
        log.warning("%s %s failed: %s", context.kind, context.job_id, words)
        details = _details(error)
        return context.done or _write(lambda: queue.fail(claim, error=words, details=details))
    except (Exception, SystemExit) as error:
        return context.done or _failed(context, error)
    if not context.done and not _write(lambda: queue.complete(claim)):
        log.warning("%s %s ended too late: it is in other hands.", context.kind, context.job_id)
        return False
    log.debug("%s %s is done (%.1f s).", context.kind, context.job_id, time.monotonic() - began)
    return True


def _failed(context: JobContext, error: BaseException) -> bool:
    claim, words, details = context.claim, _words(error), _details(error)
    if claim.attempt >= claim.max_attempts:
        log.error("%s %s failed for good: %s", context.kind, context.job_id, words, exc_info=error)
        return _write(lambda: queue.fail(claim, error=words, details=details))
    after = queue.backoff(claim.attempt, base=timedelta(seconds=settings.JOB_RETRY_SECONDS))
    log.warning(
        "%s %s failed (attempt %d of %d, again in %.0f s): %s",
        context.kind,
        context.job_id,
        claim.attempt,
        claim.max_attempts,
        after.total_seconds(),
        words,
    )
    _write(lambda: queue.retry_later(claim, error=words, details=details, after=after))
    return False


def _park(context: JobContext, delay: timedelta) -> bool:
    progress, note = context.said or (None, None)
    return queue.park(context.claim, delay=delay, progress=progress, note=note)


def run_here(job_id: UUID) -> bool:
    """Do one job, and the parts that it makes, in this thread, until it is finished or there is nothing to be claimed;
    False when nothing could be.
    """
    busy = False
    while _run_one(job_id=job_id) or _run_one(parent=job_id):
        busy = True
        if not queue.is_parked(job_id):
            break
    return busy


def _run_one(*, job_id: UUID | None = None, parent: UUID | None = None) -> bool:
    lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
    owner = f"{presence.here()}/here"
    claim = queue.claim(owner=owner, lease=lease, kinds=registry.kinds(), job_id=job_id, parent=parent)
    if claim is None:
        return False
    keeper, ended = Keeper(lease), threading.Event()
    context = JobContext(claim, lease=lease, stopping=threading.Event())
    keeper.add(context)
    if (
        not transaction.get_connection().in_atomic_block
    ):  # else the keeper's connection could not see the claim
        threading.Thread(target=keeper.run, args=(ended,), name="keeper", daemon=True).start()
    try:
        work(context)
    except KeyboardInterrupt:
        queue.release(claim)
        raise
    finally:
        ended.set()
    return True


def _write(change: Callable[[], bool]) -> bool:
    """Write how an attempt ended, patiently: hours of work may hang on it. False: the job is in other hands."""
    for attempt in range(_RESULT_TRIES):
        try:
            return change()
        except (DatabaseError, InterfaceError) as error:
            if attempt == _RESULT_TRIES - 1:
                raise
            _reconnect("result", error)
            time.sleep(0.2 * 2**attempt)
    return False


def _words(error: BaseException) -> str:
    """What people read: the error's own words, with its name where those say little."""
    text = str(error).strip()
    return text if " " in text else f"{type(error).__name__}: {text}".rstrip(": ")


def _details(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-8000:]


def _safely(what: str, function: Callable[[], object]) -> None:
    """Run a step of a thread that must not die."""
    try:
        function()
    except Exception as error:
        _stumbled(what, error)


def _stumbled(what: str, error: Exception) -> None:
    if isinstance(error, DatabaseError | InterfaceError):
        _reconnect(what, error)
    else:
        log.error("The %s stumbled.", what, exc_info=error)


def _reconnect(what: str, error: Exception) -> None:
    """After a database error: drop this thread's connections, so that the next step begins with a fresh one."""
    log.warning("%s: the database did not answer: %s", what, error)
    with suppress(Exception):
        connections.close_all()
