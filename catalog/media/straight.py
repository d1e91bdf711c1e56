"""Sets the clock of a recording right when it jumps back: streams that were joined end to end.

Chunks are windows of time, so time must run forward. ffmpeg mends such clocks while it copies, but only from the
beginning to the end: the film is copied once, without encoding, and the copy is what is encoded.
"""

import os
import uuid
from pathlib import Path

from catalog.media import probe, sandbox, tools
from catalog.media.errors import Refused, ToolFailed
from catalog.media.facts import Facts

_NAME = "straight.mkv"
_JUMPY = (
    "The clock of this film jumps back and could not be set right. Convert it to MP4 or MKV with another program, then "
    "hand it in again."
)


def straighten(
    source: Path, facts: Facts, folder: Path, *, halt: sandbox.Halt | None = None
) -> tuple[Path, Facts]:
    """The source and its facts, or those of a copy in `folder` whose clock runs forward. Raises `Refused`."""
    if not facts.clock_jumps:
        return source, facts
    target = folder / _NAME
    if not target.exists():
        _copy(source, facts, target, halt)
    mended = probe.probe(target, halt=halt)
    if mended.clock_jumps or mended.frames < facts.frames * 0.98:
        raise Refused("clock", _JUMPY)
    return target, mended


def _copy(source: Path, facts: Facts, target: Path, halt: sandbox.Halt | None) -> None:
    part = target.with_name(f"straight-{uuid.uuid4().hex[:8]}.part")
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-nostats"]
    argv += [*sandbox.guards(demuxer=facts.demuxer), "-fflags", "+genpts", "-i", f"file:{source}"]
    for index in (facts.picture.index, *(sound.index for sound in facts.sounds)):
        argv += ["-map", f"0:{index}"]
    # The output folder is what may be written to; nothing else of the job lies in it under these names.
    argv += ["-c", "copy", "-map_chapters", "-1", "-f", "matroska", "-y", str(part)]
    limits = sandbox.Limits(file_size=facts.bytes * 2 + 64 * 1024**2, wall=3600.0, quiet=120.0)
    try:
        sandbox.run(
            argv, what="Setting the clock", read=[source], write=[part.parent], limits=limits, halt=halt
        )
        os.replace(part, target)
    except ToolFailed as failed:
        raise Refused("clock", _JUMPY) from failed
    finally:
        part.unlink(missing_ok=True)
