"""Makes the small pictures that show where one would land while scrubbing: one for each keyframe of the smallest rung.

Reading keyframes alone costs a hundredth of decoding the film (0.09 s of CPU for a minute of it). The pictures are laid
out in sheets, so that a film of two hours is some thirty requests at most and usually one or two.
"""

import math
import shutil
from fractions import Fraction
from pathlib import Path

from catalog.media import boxes, joining, sandbox, tools
from catalog.media.encode import Unsound
from catalog.media.tracks import Sheets, VideoTrack

#: The longer side of a tile, in pixels, how many stand in a row, and rows in a sheet at most.
_SIDE = 240
_COLUMNS, _ROWS_MAX = 8, 8
#: Keyframes closer than this share a tile, in seconds.
_APART = Fraction(2)
_QUALITY = "60"
_WHAT = "Drawing the pictures for scrubbing"


def make(track: VideoTrack, *, scratch: Path, halt: sandbox.Halt | None = None) -> Sheets | None:
    """Sheets of the track's keyframes, in a folder inside `scratch`. None when this ffmpeg cannot write WebP.

    `track` is best the smallest rung. Raises `ToolFailed`, `Unsound`, `sandbox.Halted`, OSError.
    """
    if not tools.self_test().has_webp:
        return None
    folder = scratch / "sheets"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    source = folder / "keyframes.mp4"
    try:
        joined = joining.join(track.parts, source)
        times, every = _times(source, joined)
        width, height = _tile(joined.header.width, joined.header.height)
        rows = min(_ROWS_MAX, math.ceil(len(times) / _COLUMNS))
        steps = [f"select=not(mod(n\\,{every}))"] if every > 1 else []
        steps += [f"scale={width}:{height}:flags=area", f"tile={_COLUMNS}x{rows}"]
        _draw(source, folder, ",".join(steps), seconds=float(joined.duration), halt=halt)
    finally:
        source.unlink(missing_ok=True)
    files = tuple(folder / f"{number}.webp" for number in range(math.ceil(len(times) / (_COLUMNS * rows))))
    found = sorted(path.name for path in folder.iterdir())
    if found != sorted(path.name for path in files):
        raise Unsound(_WHAT, f"{len(found)} sheets came out instead of {len(files)}")
    return Sheets(files, width, height, _COLUMNS, rows, times)


def _times(source: Path, joined: joining.Joined) -> tuple[tuple[tuple[Fraction, Fraction], ...], int]:
    """When each tile is shown, and that one in so many keyframes becomes a tile."""
    with source.open("rb") as file:
        fragments = boxes.read_fragments(file, sum(joined.init))
    scale, end = joined.header.timescale, joined.duration
    keyframes = [Fraction(one.time, scale) for one in fragments if one.sync]
    every = max(1, math.ceil(_APART * len(keyframes) / end)) if end else 1
    starts = keyframes[::every]
    return tuple(zip(starts, [*starts[1:], end], strict=True)), every


def _tile(width: int, height: int) -> tuple[int, int]:
    """The largest even sides of the picture's shape inside a square, never larger than the picture."""
    scale = min(Fraction(1), Fraction(_SIDE, max(width, height)))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _draw(source: Path, folder: Path, graph: str, *, seconds: float, halt: sandbox.Halt | None) -> None:
    """Write `0.webp`, `1.webp`, … into `folder`."""
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-nostats"]
    argv += [*sandbox.guards(demuxer="mov"), "-skip_frame", "nokey", "-i", f"file:{source}", "-an"]
    argv += ["-vf", graph, "-fps_mode", "passthrough", "-map_metadata", "-1"]
    argv += ["-c:v", "libwebp", "-quality", _QUALITY, "-compression_level", "4", "-threads", "1"]
    argv += ["-f", "image2", "-start_number", "0", str(folder / "%d.webp")]
    limits = sandbox.Limits(
        memory=4 * 1024**3, file_size=64 * 1024**2, cpu=int(300 + seconds / 10), wall=600 + seconds / 5
    )
    sandbox.run(argv, what=_WHAT, read=[source], write=[folder], limits=limits, halt=halt)
