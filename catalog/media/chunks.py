"""A film's pieces as jobs of their own: any worker on any machine that shares the disks makes any of them.

A coordinating job calls `ensure` whenever it is woken: what is missing is handed out, a window at a time, and when
all is there the pieces come back. Plan and source are written down beside the pieces, so that a part needs nothing but
its number. Pieces are equal to the byte whoever makes them: neither kills nor the number of workers change the result.
"""

import errno
import json
import logging
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings

from catalog.media import crew, encode, sound, tools
from catalog.media.courtesy import Courtesy, GivesWay
from catalog.media.encode import Piece
from catalog.media.errors import Stalled, ToolFailed, ToolMissing
from catalog.media.plan import Chunk, Plan
from catalog.media.sound import Wanted
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed, shared_folder
from netflixlite.jobs.types import Job, JobState

logger = logging.getLogger(__name__)

#: A stretch of the film for a whole ladder; the same for one small rung; one sound rendition.
CHUNK_KIND, EARLY_KIND, SOUND_KIND = "catalog.encode_chunk", "catalog.encode_early", "catalog.encode_sound"
#: Workers that only encode are told this.
GROUP = "encode"
#: Urgency of the parts, beside the operator's (times 1000): higher comes first.
EARLY, SOUND, LADDER = 50, 40, 20
#: Parts that wait in the queue at once: enough for many workers, few enough that other films get their turn.
_WINDOW = 12
#: Films with less left than so many seconds come before longer ones of the same urgency.
_SHORT = ((120.0, 8), (900.0, 5), (2400.0, 2))
#: A worker that dies over a part: the part is tried so often. Somebody may be pulling plugs, so it is patient.
_DEATHS = 10
#: From this failure on the part is given up: trying again would end alike.
_TRIES = 2
#: Room that stays free on the disk whatever is encoded, in bytes; and how long to wait for it, in seconds.
ROOM, _ROOM_WAIT = 512 * 1024**2, 20
#: How long a part stays away that gave way to another film, in seconds.
_GIVEN_WAY = 15
_JOIN_WAIT = 120  # each such look reads all pieces
_PLAN = "plan.json"


class PartFailed(Exception):
    """A piece cannot be made. `poison`: its encoder was killed or stood still, so trying again costs the machine."""

    def __init__(self, message: str, *, poison: bool) -> None:
        super().__init__(message)
        self.poison = poison


class SourceChanged(PartFailed):
    """The film's file is not the one any more that the pieces were begun with: pieces of two files make no film."""

    def __init__(self) -> None:
        super().__init__("the file was changed or replaced meanwhile", poison=False)


@dataclass(frozen=True, slots=True)
class Ordered:
    """What a part reads from the disk: the plan, the source and how it was when the plan was written (see `mark`), and
    where pieces go."""

    plan: Plan
    source: Path
    done: Path
    mark: list[int] | None = None


def register() -> None:
    """Offer the parts' handlers to workers."""
    jobs.register(CHUNK_KIND, heavy=True, group=GROUP)(make_chunk)
    jobs.register(EARLY_KIND, group=GROUP)(make_chunk)
    jobs.register(SOUND_KIND, group=GROUP)(make_sound)


def ensure(
    context: JobContext,
    plan: Plan,
    source: Path,
    *,
    priority: int | Callable[[Chunk], int] = LADDER,
    kind: str = CHUNK_KIND,
    sounds: bool = True,
    upto: int | None = None,
    share: float = 0.0,
    at_once: int = 0,
) -> crew.Pieces | None:
    """The plan's pieces when all are there; else hand out what is missing and return None: then park, and ask again.

    `priority` is the urgency within the film, of all chunks or of each (the operator's is the coordinating job's).
    `sounds`: the sound tracks, too. `upto` stops after so many chunks. `share` of the job's progress is what all
    chunks together stand for. `at_once` chunks are handed out at a time (0: enough for many workers).
    Raises `PartFailed`, of which `SourceChanged` is one.
    """
    done = prepare(context, plan, source)
    if (read_json(done / _PLAN) or {}).get("mark") != mark(source):
        raise SourceChanged
    chunks = plan.chunks[:upto]
    wanted = sound.wanted(plan.facts) if sounds else ()
    missing = [chunk for chunk in chunks if encode.present(encode.chunk_folder(done, chunk)) is None]
    unheard = [one for one in wanted if encode.present(sound.folder(done, one)) is None]
    if not missing and not unheard:
        pieces = _verified(context, done, chunks, wanted)
        if pieces is not None:
            return pieces
        missing = [chunk for chunk in chunks if encode.present(encode.chunk_folder(done, chunk)) is None]
        unheard = [one for one in wanted if encode.present(sound.folder(done, one)) is None]
    live = _live(context, plan)
    left = float(sum(chunk.frames for chunk in missing) / plan.rate)
    for one in unheard:
        name = f"sound {one.name}"
        if name not in live:
            _hand_out(context, SOUND_KIND, plan, name, SOUND, {"sound": one.name}, 0.0)
    room = (at_once or _WINDOW) - sum(name.startswith("chunk") for name in live)
    for chunk in missing:
        name = f"chunk {chunk.number}"
        if name in live:
            continue
        if room <= 0:
            break
        room -= 1
        payload = {"chunk": chunk.number, "seconds": round(float(chunk.frames / plan.rate), 3)}
        portion = share * chunk.frames / max(1, plan.frames)
        urgency = priority(chunk) if callable(priority) else priority
        _hand_out(context, kind, plan, name, urgency + _hurry(left), payload, portion)
    return None


def prepare(context: JobContext, plan: Plan, source: Path) -> Path:
    """Write down what parts need to know; returns the folder where the plan's pieces are."""
    done = context.shared_dir / plan.key
    done.mkdir(exist_ok=True)
    told = {"plan": plan.plain(), "source": place(source)}
    before = read_json(done / _PLAN) or {}
    if before.get("source") != told["source"] or "mark" not in before:
        before["mark"] = mark(source)
    write_json(done / _PLAN, {**told, "mark": before["mark"]})
    return done


def mark(source: Path) -> list[int] | None:
    """What tells a file from what it was: size in bytes and time of change in ns; None when it is not there.

    No proof against somebody who sets clocks back: who may write to the library chooses what is shown anyway.
    """
    try:
        told = source.stat()
    except OSError:
        return None
    return [told.st_size, told.st_mtime_ns]


def there(done: Path, plan: Plan) -> list[Piece]:
    """The finished chunks from the film's beginning on, without a gap."""
    found = []
    for chunk in plan.chunks:
        piece = encode.present(encode.chunk_folder(done, chunk))
        if piece is None:
            break
        found.append(piece)
    return found


def frames_there(done: Path, plan: Plan) -> int:
    """How many frames of the plan are encoded, wherever they are."""
    return sum(
        chunk.frames for chunk in plan.chunks if encode.present(encode.chunk_folder(done, chunk)) is not None
    )


def make_chunk(context: JobContext) -> None:
    """The handler of one stretch of a film. Payload: {"plan": key, "chunk": number, …}; the parent has the rest."""
    order = _order(context)
    chunk = order.plan.chunks[int(context.payload["chunk"])]
    if encode.present(encode.chunk_folder(order.done, chunk)) is not None:
        return
    what = f"Encoding part {chunk.number + 1} of {len(order.plan.chunks)}"
    courtesy = Courtesy(context, (CHUNK_KIND, EARLY_KIND))

    def see(frames: int) -> None:
        share = min(1.0, frames / chunk.frames)
        context.progress(share, what)
        courtesy.check(share)

    def make() -> None:
        encode.make_chunk(
            order.plan,
            chunk,
            source=order.source,
            done=order.done,
            scratch=context.work_dir,
            halt=crew.halt(context),
            on_frames=see,
        )

    try:
        _attempt(context, order, make, encode.chunk_folder(order.done, chunk))
    except GivesWay:
        context.progress(0.0, "Waiting for a film that people want to watch")
        context.park(_GIVEN_WAY)


def make_sound(context: JobContext) -> None:
    """The handler of one sound rendition. Payload: {"plan": key, "sound": name}."""
    order = _order(context)
    one = next(one for one in sound.wanted(order.plan.facts) if one.name == context.payload["sound"])
    if encode.present(sound.folder(order.done, one)) is not None:
        return

    def make() -> None:
        sound.make(
            order.plan,
            one,
            source=order.source,
            done=order.done,
            scratch=context.work_dir,
            halt=crew.halt(context),
            on_progress=lambda share: context.progress(share, "Encoding the sound"),
        )

    _attempt(context, order, make, sound.folder(order.done, one))


def room_left(*places: Path) -> int:
    """Bytes free where pieces and packages go, or at these places; the least of them."""
    wanted = places or (Path(settings.WORK_DIR), Path(settings.MEDIA_ROOT))
    return min((int(shutil.disk_usage(place).free) for place in wanted if place.exists()), default=ROOM)


def is_full(error: Exception) -> bool:
    """Whether something failed for want of room: it says so, or there is none."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    tail = error.tail if isinstance(error, ToolFailed) else ""
    return "No space left" in tail or "quota exceeded" in tail or room_left() < ROOM // 8


def wait_for_room(context: JobContext, fraction: float = 0.0) -> NoReturn:
    """Park until somebody has made room, with words; nothing is lost."""
    free = room_left() / 1024**3
    context.progress(
        fraction, f"Waiting for room on the disk: {free:.1f} GB are free, too little to go on. Make room."
    )
    context.park(_ROOM_WAIT)


def check_join(context: JobContext, pieces: crew.Pieces, fraction: float = 0.0, *, copies: int = 1) -> None:
    """Park, with words, unless a package of these pieces fits beside them: a full disk stops the database, too."""
    several = (*pieces.chunks, *(piece for _, piece in pieces.sounds))
    needed = copies * sum(file.stat().st_size for piece in several for file in piece.files.values()) + ROOM
    free = room_left()
    if free < needed:
        words = f"{needed / 1024**3:.1f} GB are needed to put the package together, {free / 1024**3:.1f} GB are free"
        context.progress(fraction, f"Waiting for room on the disk: {words}. Make room.")
        context.park(_JOIN_WAIT)


def is_poison(error: ToolFailed) -> bool:
    """Whether an encoder stood still or was killed (by the kernel for want of memory, or by its limits)."""
    return isinstance(error, Stalled) or error.returncode in _KILLED


#: Exit codes of a program that a signal ended: as Popen tells it, and as a launcher or a shell hands it on.
_KILLED = frozenset(
    code
    for number in (
        signal.SIGKILL,
        signal.SIGSEGV,
        signal.SIGXCPU,
        signal.SIGXFSZ,
        signal.SIGABRT,
        signal.SIGBUS,
    )
    for code in (-number, 128 + number)
)


def write_json(path: Path, told: dict[str, Any]) -> None:
    """Put a small file in place, whole; the same content again changes nothing."""
    data = json.dumps(told, sort_keys=True)
    try:
        if path.read_text(encoding="utf-8") == data:
            return
    except OSError:
        pass  # it is not there yet
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    part.write_text(data, encoding="utf-8")
    os.replace(part, path)


def read_json(path: Path) -> dict[str, Any] | None:
    """What `write_json` wrote; None when it is not there, or no longer whole."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None


def urgency(context: JobContext) -> int:
    """The operator's part of a job's priority: a multiple of 1000."""
    return (context.priority + 500) // 1000 * 1000


def _attempt(context: JobContext, order: Ordered, make: Callable[[], None], piece: Path) -> None:
    """Make a piece; tell failures that will pass from those that will not."""
    _check_source(context, order)
    if not _has_tool(order.plan):
        logger.warning("A part of %s wants another ffmpeg than this machine has.", context.parent_id)
        context.progress(
            0.0, f"Waiting for a worker with the ffmpeg that it was begun with ({order.plan.tool})"
        )
        context.park(30)
    if room_left() < ROOM:
        wait_for_room(context)
    try:
        make()
        if mark(order.source) != order.mark:
            shutil.rmtree(piece, ignore_errors=True)  # of two files, perhaps
        _check_source(context, order)
    except (ToolFailed, OSError) as failed:
        _check_source(context, order)
        if is_full(failed):
            wait_for_room(context)
        if isinstance(failed, OSError):
            raise
        logger.warning("%s\n%s", failed, failed.tail)
        tries = int(context.checkpoint.get("tries", 0)) + 1
        context.save_checkpoint(
            {"tries": tries, "poison": is_poison(failed), "still": isinstance(failed, Stalled)}
        )
        if tries >= _TRIES:
            raise JobFailed(str(failed)) from failed
        raise


def _check_source(context: JobContext, order: Ordered) -> None:
    """Park when the film's file was changed: the coordinator, when it looks next, begins anew or gives up."""
    if mark(order.source) != order.mark:
        context.progress(0.0, "The film's file was changed or replaced: waiting for a fresh start")
        context.park(10)


def _has_tool(plan: Plan) -> bool:
    """Whether this machine has the very encoder that the plan names; that it has none is not the film's fault."""
    try:
        return tools.ffmpeg().fingerprint == plan.tool
    except ToolMissing:
        return False


def _order(context: JobContext) -> Ordered:
    if context.parent_id is None:
        raise JobFailed("A part of a film needs the job that it is a part of.")
    done = shared_folder(context.parent_id) / str(context.payload["plan"])
    told = read_json(done / _PLAN)
    if told is None:
        context.park(10)  # the film was given up and is tried again: its coordinator writes the plan first
    source = found(told["source"])
    return Ordered(Plan.load(told["plan"]), source, done, told["mark"] if "mark" in told else mark(source))


def _verified(
    context: JobContext, done: Path, chunks: Iterable[Chunk], wanted: Iterable[Wanted]
) -> crew.Pieces | None:
    """All pieces, each looked at to the byte; None when one is damaged (a power cut): it is gone then."""
    found: list[Piece | None] = []
    for chunk in chunks:
        context.check()
        found.append(encode.finished(encode.chunk_folder(done, chunk)))
    heard: list[tuple[Wanted, Piece | None]] = []
    for one in wanted:
        context.check()
        heard.append((one, encode.finished(sound.folder(done, one))))
    pieces = tuple(piece for piece in found if piece is not None)
    sounds = tuple((one, piece) for one, piece in heard if piece is not None)
    if len(pieces) < len(found) or len(sounds) < len(heard):
        logger.warning("Damaged pieces of %s are made again.", done)
        return None
    return crew.Pieces(pieces, sounds)


def _live(context: JobContext, plan: Plan) -> set[str]:
    """The parts of this plan that are in the queue or in work. Raises `PartFailed` for one that cannot be made."""
    live: set[str] = set()
    for part in jobs.children(context.job_id):
        if part.payload.get("plan") != plan.key:
            continue
        if part.state is JobState.FAILED:
            raise _failure(part)
        if part.state in (JobState.QUEUED, JobState.RUNNING):
            live.add(str(part.payload.get("name")))
    return live


def _failure(part: Job) -> PartFailed:
    died = part.attempts >= part.max_attempts
    poison = died or bool(part.checkpoint.get("poison"))
    return PartFailed(part.error, poison=poison)


def _hand_out(
    context: JobContext,
    kind: str,
    plan: Plan,
    name: str,
    priority: int,
    payload: dict[str, Any],
    share: float,
) -> None:
    jobs.enqueue(
        kind,
        payload={
            "label": f"{context.payload.get('label', '')}: {name}",
            "plan": plan.key,
            "name": name,
            **payload,
        },
        dedupe_key=f"{context.job_id.hex}:{plan.key}:{name}",
        priority=urgency(context) + priority,
        max_attempts=_DEATHS,
        parent=context.job_id,
        share=share,
    )


def _hurry(left: float) -> int:
    """A film that is nearly done, or short, does not wait for a long one."""
    return next((more for seconds, more in _SHORT if left < seconds), 0)


def place(path: Path) -> dict[str, str]:
    """A path as another machine finds it, ready for JSON: below a folder that both share, if it is there."""
    for root in ("WORK_DIR", "MEDIA_ROOT"):
        folder = Path(getattr(settings, root))
        if path.is_relative_to(folder):
            return {"root": root, "path": str(path.relative_to(folder))}
    return {"root": "", "path": str(path)}


def found(told: dict[str, str]) -> Path:
    """The path that `place` told."""
    root = told["root"]
    return Path(getattr(settings, root)) / told["path"] if root else Path(told["path"])
