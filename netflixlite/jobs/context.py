"""What a handler is given: its job, ways to report, and whether it may go on."""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, transaction

from netflixlite.jobs import queue
from netflixlite.jobs.errors import Cancelled, JobFailed, JobInterrupted, LeaseLost, Parked, Stopping

__all__ = [
    "Cancelled",
    "JobContext",
    "JobFailed",
    "JobInterrupted",
    "LeaseLost",
    "Parked",
    "Stopping",
    "job_folder",
    "shared_folder",
]

log = logging.getLogger("netflixlite.jobs")
#: Progress is written at most this often, in seconds.
_PROGRESS_EVERY = 1.0
#: How soon a lease is asked for again when the database did not answer, in seconds.
_CONFIRM_AGAIN = 5.0


def job_folder(job_id: UUID) -> Path:
    """Where a job's files are while it is not finished."""
    return Path(settings.WORK_DIR) / "jobs" / job_id.hex


def shared_folder(job_id: UUID) -> Path:
    """The folder that all attempts at a job and its parts share (see `JobContext.shared_dir`); made if missing."""
    folder = job_folder(job_id) / "shared"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class JobContext:
    """One attempt at a job. Only `check` may be called from other threads than the handler's."""

    def __init__(self, claim: queue.Claim, *, lease: timedelta, stopping: threading.Event) -> None:
        self.claim = claim
        self.done = False
        self._lease = lease
        self._stopping = stopping
        self._lost = threading.Event()
        self._cancelled = threading.Event()
        self._checkpoint = dict(claim.checkpoint)
        self._renewed = time.monotonic()
        self._reported = 0.0
        self._said: tuple[float, str] | None = None

    @property
    def job_id(self) -> UUID:
        """The job's id."""
        return self.claim.job_id

    @property
    def kind(self) -> str:
        """The job's kind."""
        return self.claim.kind

    @property
    def payload(self) -> dict[str, Any]:
        """What `enqueue` was given."""
        return self.claim.payload

    @property
    def priority(self) -> int:
        """The job's priority when this attempt began."""
        return self.claim.priority

    @property
    def parent_id(self) -> UUID | None:
        """The job that this one is a part of."""
        return self.claim.parent

    @property
    def fence(self) -> int:
        """This attempt's number among all claims of the job; grows with each."""
        return self.claim.fence

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1. Attempts ended by a stopping worker do not count, nor those
        before the last new checkpoint."""
        return self.claim.attempt

    @property
    def checkpoint(self) -> dict[str, Any]:
        """What was saved last, by this attempt or an earlier one; {} when nothing was. A copy."""
        return dict(self._checkpoint)

    @property
    def work_dir(self) -> Path:
        """A folder of this attempt alone, removed when the attempt ends, however it ends."""
        folder = job_folder(self.job_id) / str(self.fence)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def shared_dir(self) -> Path:
        """A folder that all attempts at this job share, for the files that a checkpoint speaks of; removed when the
        job is finished. Rename finished files into it from `work_dir`: a frozen attempt may still be writing.
        """
        return shared_folder(self.job_id)

    def check(self) -> None:
        """Raise LeaseLost, Cancelled or Stopping when the handler has to end. Cheap: call it often."""
        if self._lost.is_set():
            raise LeaseLost(f"{self.kind} {self.job_id}")
        if self._cancelled.is_set():
            raise Cancelled(f"{self.kind} {self.job_id}")
        if self._stopping.is_set():
            raise Stopping(f"{self.kind} {self.job_id}")
        if time.monotonic() - self._renewed > self._lease.total_seconds():
            self._confirm()

    def progress(self, fraction: float, note: str = "") -> None:
        """Show how far the job is (0 … 1) and, in words for people, at what. Written once a second at most.

        Raises as `check` does.
        """
        self.check()
        now = time.monotonic()
        self._said = (fraction, note)
        if now - self._reported < _PROGRESS_EVERY:
            return
        self._reported = now
        try:
            held = queue.report(self.claim, progress=fraction, note=note)
        except OperationalError as error:
            # A busy database must not cost an hour of encoding; the next report comes soon.
            log.warning("Progress of %s %s was not written: %s", self.kind, self.job_id, error)
            return
        if not held:
            self._lose()

    def save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep JSON values that the next attempt finds in `checkpoint`; then raises as `check` does.

        What has been reached is kept even when the worker is stopping.
        """
        further = checkpoint != self._checkpoint
        if not queue.save_checkpoint(self.claim, checkpoint, further=further):
            self._lose()
        if further:  # as the row has it now: who got this far has all attempts again
            self.claim = replace(self.claim, attempt=1)
        self._checkpoint = dict(checkpoint)
        self.check()

    def park(self, delay: timedelta | float) -> NoReturn:
        """End this attempt until a part of the job ends (`enqueue(…, parent=…)`), at most for `delay` (seconds).

        The attempt does not count, and what `progress` last said is shown meanwhile. Raises as `check` does if the job
        has to end anyway.
        """
        self.check()
        raise Parked(delay if isinstance(delay, timedelta) else timedelta(seconds=delay))

    @contextmanager
    def commit(self) -> Iterator[None]:
        """A transaction that marks the job done and takes the handler's last effects with it: both or neither.

        Raises LeaseLost before anything is written when the job is in other hands. Keep the body short: it holds the
        database's write lock.
        """
        if self._lost.is_set():
            raise LeaseLost(f"{self.kind} {self.job_id}")
        with transaction.atomic():
            if not queue.complete(self.claim):
                self._lose()
            yield
        self.done = True

    @contextmanager
    def effects(self) -> Iterator[None]:
        """A transaction for effects before the end: they are written while this attempt holds the job, or not at all.

        Raises LeaseLost before anything is written when the job is in other hands.
        """
        if self._lost.is_set():
            raise LeaseLost(f"{self.kind} {self.job_id}")
        began = time.monotonic()
        with transaction.atomic():
            if not queue.renew(self.claim, lease=self._lease):
                self._lose()
            yield
        self._renewed = began

    # For the worker that runs the attempt ------------------------------------------------------------------

    @property
    def said(self) -> tuple[float, str] | None:
        """What `progress` was last told, written or not."""
        return self._said

    def renewed(self, at: float) -> None:
        """The lease was renewed by a statement that began at this monotonic time."""
        self._renewed = at

    def lose(self) -> None:
        """The job is in other hands; the handler learns it at its next `check`."""
        self._lost.set()

    def cancel(self) -> None:
        """Somebody cancelled the job; the handler learns it at its next `check`."""
        self._cancelled.set()

    def remove_files(self, *, finished: bool) -> None:
        """Remove this attempt's folder, and the shared one when the job is finished."""
        folder = job_folder(self.job_id)
        shutil.rmtree(folder / str(self.fence), ignore_errors=True)
        if finished:
            shutil.rmtree(folder / "shared", ignore_errors=True)
        try:
            folder.rmdir()
        except OSError:
            return  # never made, or another attempt's files are in it

    def _confirm(self) -> None:
        """This process was frozen, or its keeper is held up: ask the row itself before going on."""
        began = time.monotonic()
        try:
            held = queue.renew(self.claim, lease=self._lease)
        except OperationalError as error:
            # Nobody can tell now. Going on costs work at worst: without the row nothing can be committed.
            log.warning("The lease of %s %s could not be renewed: %s", self.kind, self.job_id, error)
            self._renewed = began - self._lease.total_seconds() + _CONFIRM_AGAIN
            return
        if not held:
            self._lose()
        self._renewed = began

    def _lose(self) -> None:
        self._lost.set()
        raise LeaseLost(f"{self.kind} {self.job_id}")
