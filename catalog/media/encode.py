"""Turns a plan into encoded chunks, each finished piece kept as a checkpoint.

One ffmpeg makes one chunk of the film for all rungs: the source is decoded once, and what a killed worker loses is one
chunk. A chunk is a folder that appears by rename when all its files are verified; nothing else counts as done. The
exact shape of the command was measured; every flag that looks odd is there for a reason given beside it.
"""

import hashlib
import json
import math
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalog.media import boxes, encoders, hardware, sandbox, screen, text, tools
from catalog.media.errors import ToolFailed
from catalog.media.plan import Chunk, Plan

#: What was made and how to know it again, in each finished folder.
RECORD = "made.json"


class Unsound(ToolFailed):
    """The encoder said that all was well, but what it made is not what the plan asks for."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(what, 0, why)


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished folder: `frames` is what it holds (0 for sound), `files` its media files by rendition name."""

    folder: Path
    frames: int
    files: dict[str, Path]


def chunk_command(plan: Plan, chunk: Chunk, source: Path, folder: Path) -> list[str]:
    """The argument list for one chunk; writes `<rung>.mp4` into `folder`."""
    argv = input_command(plan, chunk, source)
    for position, rung in enumerate(plan.rungs):
        argv += [
            "-map",
            f"[v{position}]",
            *encoders.options(plan, chunk, rung),
            str(folder / f"{rung.name}.mp4"),
        ]
    return argv


def input_command(plan: Plan, chunk: Chunk, source: Path) -> list[str]:
    """How a chunk's pictures are read from the source: everything before the outputs, which map `[v0]` …"""
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error"]
    argv += ["-progress", "pipe:1", "-nostats", "-stats_period", "0.5"]
    # Rotation is our own filter, so that sizes are known before; timestamps stay the source's, so that a chunk is a
    # window of time and not a count of frames from wherever a seek happened to land.
    argv += [*sandbox.guards(demuxer=plan.facts.demuxer), "-noautorotate", "-copyts"]
    argv += ["-reinit_filter", "0"]
    if chunk.number > 0:
        lead = plan.margin + Fraction(math.ceil(plan.facts.frame_gap * 1000), 1000)
        if plan.facts.burn is not None:
            lead += text.BURN_LEAD  # letters that are still to be seen when the chunk begins
        argv += ["-ss", timestamp(max(Fraction(0), plan.starts_at(chunk) - lead))]
    argv += hardware.inputs(plan.rungs)
    return [*argv, "-i", f"file:{source}", "-filter_complex", graph(plan, chunk)]


def make_chunk(
    plan: Plan,
    chunk: Chunk,
    *,
    source: Path,
    done: Path,
    scratch: Path,
    on_frames: Callable[[int], None] | None = None,
    halt: sandbox.Halt | None = None,
) -> None:
    """Encode one chunk for all rungs, verify it, and put it into `done` by rename.

    Raises `ToolFailed`, `Stalled`, `Unsound`, `sandbox.Halted`.
    """
    what = f"Encoding part {chunk.number + 1} of {len(plan.chunks)}"
    folder = scratch / f"chunk-{chunk.number}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)

    def see(line: str) -> None:
        if on_frames and line.startswith("frame="):
            on_frames(int(line[6:].strip() or 0))

    seconds = float(chunk.frames / plan.rate)
    # What only runs when nothing else does may stand still for as long as something else does.
    idle = is_idle(plan)
    limits = sandbox.Limits(
        file_size=int(plan.rungs[0].cap / 8 * seconds * 3) + 64 * 1024**2,
        cpu=int(1200 + seconds * 300),
        wall=7 * 86400 if idle else 1200 + seconds * 300,
        quiet=86400.0 if idle else 180.0,
        idle=idle,
    )
    try:
        argv = chunk_command(plan, chunk, source, folder)
        write = [folder, *hardware.devices(plan.rungs)]
        sandbox.run(argv, what=what, read=[source], write=write, limits=limits, on_line=see, halt=halt)
        frames = _verify_chunk(plan, chunk, folder, what)
        record(folder, frames, [rung.name for rung in plan.rungs] if frames else [])
        settle(folder, chunk_folder(done, chunk))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_idle(plan: Plan) -> bool:
    """Whether nobody waits for this plan: AV1 ladders join films that can be watched already."""
    return plan.rungs[0].codec == "av1"


def chunk_folder(done: Path, chunk: Chunk) -> Path:
    """Where a finished chunk stands."""
    return done / f"chunk-{chunk.number:05}"


def present(folder: Path) -> Piece | None:
    """The piece in this folder, by its record and its files' sizes: quick, for looking often."""
    try:
        told = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = {name: folder / f"{name}.mp4" for name in told["files"]}
        if any(path.stat().st_size != told["files"][name]["bytes"] for name, path in files.items()):
            return None
        return Piece(folder=folder, frames=int(told["frames"]), files=files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def finished(folder: Path) -> Piece | None:
    """The piece in this folder if it is whole, to the byte; None otherwise (and then it is removed)."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        files = {name: folder / f"{name}.mp4" for name in record["files"]}
        for name, path in files.items():
            told = record["files"][name]
            if path.stat().st_size != told["bytes"] or _sha256(path) != told["sha256"]:
                raise ValueError(f"{path} has changed")
        return Piece(folder=folder, frames=int(record["frames"]), files=files)
    except (OSError, ValueError, KeyError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)
        return None


def graph(plan: Plan, chunk: Chunk) -> str:
    """The filters from the source's picture to each rung's, `[v0]` … Only numbers of ours go in."""
    facts, picture = plan.facts, plan.facts.picture
    half = 1 / plan.rate / 2
    begin = plan.starts_at(chunk) + facts.start - half
    if chunk.number > 0 and picture.variable:
        # The frame that is still shown when the chunk begins may have begun long before.
        begin -= Fraction(math.ceil(facts.frame_gap * 1000), 1000)
    window = f"trim=start={timestamp(begin)}"
    if not chunk.last:
        window += f":end={timestamp(plan.starts_at(chunk) + chunk.frames / plan.rate + facts.start - half)}"
    steps = [*screen.steady(picture), *screen.whole_frames(picture)]
    lines: list[str] = []
    inlet = f"0:{picture.index}"
    if facts.burn is not None:
        lines.append(f"[{inlet}]{','.join(steps)}[bare]")
        lines.append(text.burn_filter(facts, facts.burn, inlet="bare", outlet="burned"))
        inlet, steps = "burned", []
    steps += [window, f"setpts=PTS-({timestamp(facts.start)})/TB"]
    steps.append(
        f"fps={plan.rate.numerator}/{plan.rate.denominator}:start_time={timestamp(plan.starts_at(chunk))}:round=near"
    )
    if not chunk.last:
        # A hole in the source at the border must not make the chunk shorter than the grid says.
        pad = max(plan.gop, math.ceil(facts.frame_gap * plan.rate) + 1)
        steps += [f"tpad=stop_mode=clone:stop={pad}", f"trim=end_frame={chunk.frames}"]
    steps += [
        *screen.upright(picture),
        *screen.colours(picture, has_zscale=tools.self_test().has_tonemap),
        *screen.bare(),
    ]
    outlets = "".join(f"[s{position}]" for position in range(len(plan.rungs)))
    lines.append(f"[{inlet}]{','.join(steps)},split={len(plan.rungs)}{outlets}")
    upload = f",{onto}" if (onto := hardware.filters(plan.rungs)) else ""
    lines += [
        f"[s{position}]scale={rung.width}:{rung.height}:flags=bicubic:out_range=tv,setsar=1{upload}[v{position}]"
        for position, rung in enumerate(plan.rungs)
    ]
    return ";".join(lines)


def _verify_chunk(plan: Plan, chunk: Chunk, folder: Path, what: str) -> int:
    """Check every rung's file against the plan; returns how many frames there are."""
    shapes: list[tuple[int, ...]] = []
    if _is_past_the_end(plan, chunk, folder):
        return 0
    for rung in plan.rungs:
        path = folder / f"{rung.name}.mp4"
        try:
            with path.open("rb") as file:
                init = boxes.read_init(file)
                fragments = boxes.read_fragments(file, len(init))
            told = boxes.header(init)
        except (OSError, boxes.BadBoxes) as error:
            raise Unsound(what, f"{rung.name}: {error}") from error
        if (told.timescale, told.width, told.height) != (plan.timescale, rung.width, rung.height):
            raise Unsound(
                what, f"{rung.name}: {told.width}x{told.height} at {told.timescale}, not as planned"
            )
        expected = chunk.first * plan.ticks
        for fragment in fragments:
            if (
                fragment.time != expected
                or not fragment.sync
                or fragment.duration != fragment.samples * plan.ticks
            ):
                raise Unsound(what, f"{rung.name}: a segment at {fragment.time}, expected at {expected}")
            expected += fragment.duration
        shapes.append(tuple(fragment.samples for fragment in fragments))
    frames = sum(shapes[0])
    if len(set(shapes)) != 1 or any(samples != plan.gop for samples in shapes[0][:-1]) or frames == 0:
        raise Unsound(what, f"the renditions do not break at the same frames: {shapes}")
    if not chunk.last and frames != chunk.frames:
        raise Unsound(what, f"{frames} frames instead of {chunk.frames}")
    return frames


def _is_past_the_end(plan: Plan, chunk: Chunk, folder: Path) -> bool:
    """Whether a last chunk of a few expected frames found the film over already: lengths are often rounded up."""
    if not chunk.last or chunk.number == 0 or chunk.frames > plan.rate:
        return False
    files = [folder / f"{rung.name}.mp4" for rung in plan.rungs]
    return all(not file.exists() or file.stat().st_size < 64 for file in files)


def record(folder: Path, frames: int, names: Sequence[str]) -> None:
    """Write down what a finished folder holds, so that `finished` can tell whether it still does."""
    files = {}
    for name in names:
        path = folder / f"{name}.mp4"
        files[name] = {"bytes": path.stat().st_size, "sha256": _sha256(path)}
    (folder / RECORD).write_text(json.dumps({"frames": frames, "files": files}), encoding="utf-8")


def settle(folder: Path, target: Path) -> None:
    """Publish a finished folder by rename, on the disk and not only in memory before it has its name. Somebody else's
    equal one wins: the content is the same by construction.
    """
    for path in (*folder.iterdir(), folder):
        _sync(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(folder, target)
    except OSError:
        if finished(target) is None:
            os.rename(folder, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def timestamp(seconds: Fraction) -> str:
    """Seconds for a command line, to the microsecond as ffmpeg counts them."""
    return f"{float(seconds):.6f}"
