"""Copies a source, without encoding, into a container that chunks can be cut from, when it needs that.

Chunks are windows of time, so time must run forward: recordings that were joined end to end jump back. ffmpeg mends
such clocks while it copies, but only from the beginning to the end. And chunks are entered in the middle, which streams
without an index (MPEG, Flash, Ogg, WMV) allow only from a keyframe that may lie long before.
"""

import logging
import os
import shutil
import uuid
from fractions import Fraction
from pathlib import Path

from catalog.media import probe, sandbox, tools
from catalog.media.errors import Refused, ToolFailed
from catalog.media.facts import Facts

logger = logging.getLogger(__name__)

_NAME, _NO_COPY = "straight.mkv", "not-straight"
#: Keyframes further apart than this (seconds) make entering a stream without an index slow, in films of some length.
_SLOW_ENTRY, _WORTH_IT = 5.0, 60
#: Room wanted for the copy, and for what is made afterwards: so many times the source.
_ROOM = 3
#: Subtitles that MKV can hold as they are.
_WORDS_OF_MKV = frozenset({"subrip", "ass", "webvtt", "dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle"})
_JUMPY = (
    "The clock of this film jumps back and could not be set right. Convert it to MP4 or MKV with another program, then "
    "hand it in again."
)


def straighten(
    source: Path, facts: Facts, folder: Path, *, halt: sandbox.Halt | None = None
) -> tuple[Path, Facts]:
    """The source and its facts, or those of a copy in `folder` that is easier to work with. Raises `Refused` when time
    runs backwards and cannot be mended."""
    if facts.clock_jumps:
        return _mended(source, facts, folder, halt)
    if not facts.indexed and facts.keyframe_gap > _SLOW_ENTRY and facts.duration > _WORTH_IT:
        return _entered_anywhere(source, facts, folder, halt)
    return source, facts


def _mended(source: Path, facts: Facts, folder: Path, halt: sandbox.Halt | None) -> tuple[Path, Facts]:
    target = folder / _NAME
    try:
        if not target.exists():
            # What counts as a jump, in seconds: below ffmpeg's usual ten the parts would be laid over one another.
            jump = max(0.9, min(10.0, facts.frame_gap * 1.5))
            _copy(source, facts, target, ["-dts_delta_threshold", f"{jump:.3f}"], halt)
        mended = probe.probe(target, halt=halt)
    except ToolFailed as failed:
        raise Refused("clock", _JUMPY) from failed
    if mended.clock_jumps or mended.frames < facts.frames * 0.98:
        raise Refused("clock", _JUMPY)
    return target, mended


def _entered_anywhere(
    source: Path, facts: Facts, folder: Path, halt: sandbox.Halt | None
) -> tuple[Path, Facts]:
    """A copy in a container with an index, when it holds the very same frames at the very same times: otherwise each
    chunk would be decoded from a keyframe long before it. The source itself when there is no room or no such copy."""
    target, none = folder / _NAME, folder / _NO_COPY
    if none.exists() or (not target.exists() and shutil.disk_usage(folder).free < facts.bytes * _ROOM):
        return source, facts
    try:
        if not target.exists():
            _copy(source, facts, target, ["-copyts"], halt)
        copied = probe.probe(target, halt=halt)
    except (ToolFailed, Refused) as error:
        logger.info("%s is not copied into MKV: %s", source.name, error)
    else:
        if _is_same(facts, copied):
            return target, copied
        logger.info("%s is not copied into MKV: its frames or their times would change", source.name)
    none.touch()  # the next attempt need not try again
    target.unlink(missing_ok=True)
    return source, facts


def _is_same(one: Facts, other: Facts) -> bool:
    """Whether a copy holds the same film: MKV rounds times to the millisecond."""
    near = max(abs(one.start - other.start), abs(one.duration - other.duration)) < Fraction(3, 100)
    tracks = len(one.sounds) == len(other.sounds) and len(one.words) == len(other.words)
    grids = (one.picture.rate, one.picture.interlaced) == (other.picture.rate, other.picture.interlaced)
    return near and tracks and grids and one.frames == other.frames and not other.clock_jumps


def _copy(source: Path, facts: Facts, target: Path, clock: list[str], halt: sandbox.Halt | None) -> None:
    part = target.with_name(f"straight-{uuid.uuid4().hex[:8]}.part")
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-nostats"]
    argv += [*sandbox.guards(demuxer=facts.demuxer), "-fflags", "+genpts", *clock, "-i", f"file:{source}"]
    kept = [word.index for word in facts.words if word.codec in _WORDS_OF_MKV]
    for index in (facts.picture.index, *(sound.index for sound in facts.sounds), *kept):
        argv += ["-map", f"0:{index}"]
    # The output folder is what may be written to; nothing else of the job lies in it under these names.
    argv += ["-c", "copy", "-map_chapters", "-1", "-f", "matroska", "-y", str(part)]
    limits = sandbox.Limits(file_size=facts.bytes * 2 + 64 * 1024**2, wall=3600.0, quiet=120.0)
    try:
        sandbox.run(
            argv, what="Setting the clock", read=[source], write=[part.parent], limits=limits, halt=halt
        )
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
