"""Keeps several encoders busy on one film and tells how far they are."""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connections

from catalog.media import encode, sandbox
from catalog.media import sound as tracks
from catalog.media.encode import Piece
from catalog.media.facts import Sound
from catalog.media.plan import Chunk, Plan
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

#: How often progress is looked at, in seconds.
_LOOK_EVERY = 0.25
#: One encoder of a whole ladder keeps about two cores busy (decoder, scalers and one thread for each rung).
_CORES_EACH = 2


@dataclass(frozen=True, slots=True)
class Pieces:
    """All finished pieces of a film, in order."""

    chunks: tuple[Piece, ...]
    sounds: tuple[tuple[Sound, Piece], ...]


@dataclass(slots=True)
class _Tally:
    """Frames done by each chunk; written by the encoders' threads, read by the job's."""

    total: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    frames: dict[int, int] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    found: int = 0

    def put(self, chunk: int, frames: int) -> None:
        """So many frames of this chunk are there."""
        with self.lock:
            self.frames[chunk] = max(frames, self.frames.get(chunk, 0))

    def done(self) -> int:
        """All frames that are there."""
        with self.lock:
            return min(self.total, sum(self.frames.values()))

    def remaining(self) -> float | None:
        """Seconds that the rest will take at the pace of this attempt; None when it is too early to tell."""
        done = self.done()
        elapsed = time.monotonic() - self.began
        fresh = done - self.found
        if elapsed < 3 or fresh < self.total / 50:
            return None
        return (self.total - done) * elapsed / fresh


def halt(context: JobContext) -> sandbox.Halt:
    """Children stop when the job has to."""
    return sandbox.Halt(context=context)


def workers(asked: int) -> int:
    """How many encoders to run at once; 0 means as many as this machine keeps busy."""
    cores = len(os.sched_getaffinity(0))
    return min(asked, cores) if asked > 0 else max(1, cores // _CORES_EACH)


def encode_all(
    plan: Plan,
    *,
    source: Path,
    done: Path,
    scratch: Path,
    context: JobContext,
    report: Callable[[float, str], None],
    at_once: int = 0,
) -> Pieces:
    """Make every chunk and sound track that `done` does not hold yet.

    `report` gets the share that is done and a note for people. When one piece fails, or the job must end, all
    encoders are stopped; finished pieces stay. Raises as the encoders and the job do.
    """
    stop = halt(context)
    tally = _Tally(total=plan.frames)
    found: dict[Path, Piece] = {}
    tasks: list[Callable[[], None]] = []
    for sound in plan.facts.sounds:
        where = tracks.sound_folder(done, sound)
        if (piece := encode.finished(where)) is not None:
            found[where] = piece
        else:
            tasks.append(_sound_task(plan, sound, source, done, scratch, stop))
    for chunk in plan.chunks:
        where = encode.chunk_folder(done, chunk)
        if (piece := encode.finished(where)) is not None:
            found[where] = piece
            tally.put(chunk.number, chunk.frames)
        else:
            tasks.append(_chunk_task(plan, chunk, source, done, scratch, stop, tally))
    tally.found = tally.done()
    if found:
        logger.info("%d of %d pieces were made by an earlier attempt", len(found), len(found) + len(tasks))

    def settled(fresh: int) -> None:
        # Pieces wait in the job's folder; the checkpoint says that there are more of them than ever, so that a film
        # is not given up while every attempt, however short, gets it further.
        pieces = len(found) + fresh
        if pieces > int(context.checkpoint.get("pieces", 0)):
            context.save_checkpoint(context.checkpoint | {"pieces": pieces})

    _run_all(
        tasks,
        workers(at_once),
        stop,
        settled=settled,
        look=lambda: report(tally.done() / tally.total, _note(plan, tally)),
    )
    return Pieces(
        chunks=tuple(_piece(encode.chunk_folder(done, chunk), found) for chunk in plan.chunks),
        sounds=tuple((sound, _piece(tracks.sound_folder(done, sound), found)) for sound in plan.facts.sounds),
    )


def _chunk_task(
    plan: Plan, chunk: Chunk, source: Path, done: Path, scratch: Path, stop: sandbox.Halt, tally: _Tally
) -> Callable[[], None]:
    def make() -> None:
        encode.make_chunk(
            plan,
            chunk,
            source=source,
            done=done,
            scratch=scratch,
            halt=stop,
            on_frames=lambda frames: tally.put(chunk.number, min(frames, chunk.frames)),
        )
        tally.put(chunk.number, chunk.frames)

    return make


def _sound_task(
    plan: Plan, sound: Sound, source: Path, done: Path, scratch: Path, stop: sandbox.Halt
) -> Callable[[], None]:
    def make() -> None:
        tracks.make_sound(plan, sound, source=source, done=done, scratch=scratch, halt=stop)

    return make


def _run_all(
    tasks: list[Callable[[], None]],
    at_once: int,
    stop: sandbox.Halt,
    *,
    settled: Callable[[int], None],
    look: Callable[[], None],
) -> None:
    """Run the tasks in threads; the first error stops all and is raised. `settled` hears how many have ended well."""
    count = 0
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="encoder") as pool:
        waiting: set[Future[None]] = {pool.submit(_clean, task) for task in tasks}
        try:
            while waiting:
                ended, waiting = wait(waiting, timeout=_LOOK_EVERY, return_when=FIRST_COMPLETED)
                for future in ended:
                    future.result()
                if ended:
                    count += len(ended)
                    settled(count)
                look()
        except BaseException:
            stop.asked.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _clean(task: Callable[[], None]) -> None:
    """Run a task and close the connections that asking for the lease may have opened in this thread."""
    try:
        task()
    finally:
        connections.close_all()


def _piece(folder: Path, found: dict[Path, Piece]) -> Piece:
    piece = found.get(folder) or encode.finished(folder)
    if piece is None:
        raise encode.Unsound("Packaging", f"{folder.name} is gone")
    return piece


def _note(plan: Plan, tally: _Tally) -> str:
    """What is going on, e.g. 'Encoding 1080p to 234p: 43 %, about 2 min left'."""
    rungs = f"{plan.rungs[0].label} to {plan.rungs[-1].label}"
    note = f"Encoding {rungs}: {100 * tally.done() // tally.total} %"
    left = tally.remaining()
    return note if left is None else f"{note}, {_about(left)} left"


def _about(seconds: float) -> str:
    """A duration as people say it."""
    if seconds < 50:
        return f"about {max(5, round(seconds / 5) * 5)} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {max(1, minutes)} min"
    return f"about {seconds / 3600:.1f} h"
