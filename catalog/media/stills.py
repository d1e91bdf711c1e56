"""Takes poster, backdrop and still from the film, when nobody gave them.

Candidates are the keyframes of a small finished rendition (one for each segment, 0.1 s of CPU for a minute of film);
the pictures kept come from the same moments of the largest one, which is upright, square-pixelled and tone-mapped
already.
"""

import io
import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter, ImageStat

from catalog.media import clear, sandbox, tools
from catalog.media.errors import ToolFailed
from catalog.types import Package, Rendition, RenditionKind

logger = logging.getLogger(__name__)

#: Candidates are judged at this width, in pixels; at most so many of them.
_WIDTH = 160
_CANDIDATES_MAX = 300
#: The rendition to look through: the largest that is not higher than this.
_LOOK_HEIGHT = 360
#: Shares of the film left out at both ends (titles, credits), for films of at least `_LONG` segments.
_EDGE, _LONG = 0.06, 8
#: Pictures taken from one film lie this far apart, as a share of it.
_APART = 0.12
#: Darker or brighter than this on average, or flatter than this, is no picture to show (levels of 0 … 255).
_DARK, _BRIGHT, _FLAT = 22.0, 235.0, 12.0
#: Lettering is white, has no colour, and falls off this steeply (levels of 0 … 255) within so many pixels; a picture of
#: which so large a share is its edge is a title card, and worth half of what it would be without.
_WHITE, _PALE, _STEEP, _STROKE, _CARD = 225, 30, 90, 2, 0.012
#: How much less detail at the rim weighs than in the middle.
_ASIDE = 0.4
SHAPES = {"poster": (2, 3), "backdrop": (16, 9), "still": (16, 9)}
#: Where `first_frame` finds its film, in the scratch folder.
PIECE = "moment.mp4"
_LIMITS = sandbox.Limits(memory=4 * 1024**3, file_size=512 * 1024**2, cpu=600, wall=900.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A moment of the film: the segment that begins with it, and how good a picture it makes (0 … about 1)."""

    segment: int
    score: float
    picture: Image.Image


def take(
    kinds: Sequence[str], *, folder: Path, manifest: bytes, scratch: Path, halt: sandbox.Halt | None = None
) -> dict[str, bytes]:
    """JPEG pictures of these kinds ('poster', 'backdrop', 'still') from the package in `folder`.

    Raises `ToolFailed` when frames cannot be read.
    """
    renditions = [one for one in json.loads(manifest)["renditions"] if one["kind"] == "video"]
    small = next((one for one in renditions if one["height"] <= _LOOK_HEIGHT), renditions[-1])
    candidates = _candidates(small, folder, scratch, halt)
    if not candidates:
        return {}
    chosen = choose([(one.segment, one.score) for one in candidates], len(kinds), len(small["segments"]))
    by_segment = {one.segment: one for one in candidates}
    taken: dict[str, bytes] = {}
    # The best moment is the backdrop's, which is shown largest.
    order = sorted(kinds, key=lambda kind: ("backdrop", "still", "poster").index(kind))
    for position, kind in enumerate(order):
        moment = by_segment[chosen[position % len(chosen)]]
        frame = _frame(renditions[0], moment.segment, folder, scratch, halt)
        taken[kind] = _jpeg(crop(frame, SHAPES[kind], moment.picture))
    return taken


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame that is worth showing: when it is shown, in seconds, how good it is, and the whole frame."""

    segment: int
    time: float
    score: float
    frame: Image.Image


def moments(
    package: Package,
    count: int,
    *,
    scratch: Path,
    besides: Collection[int] = (),
    halt: sandbox.Halt | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[Moment]:
    """The best frames of a published package, spread over the film, in the film's order; not of the segments `besides`.

    Raises `clear.Gone`, `ToolFailed`.
    """
    pictures = [one for one in package.renditions if one.kind is RenditionKind.VIDEO and one.height]
    if not pictures:
        return []
    avc = [one for one in pictures if one.codecs.startswith("avc1")] or pictures
    ranked = sorted(avc, key=lambda one: -(one.height or 0))
    large = ranked[0]
    small = next((one for one in ranked if (one.height or 0) <= _LOOK_HEIGHT), ranked[-1])
    look = scratch / small.file
    try:
        clear.copy(package, small, look)
        found = [
            one for one in _candidates(_plain(small), scratch, scratch, halt) if one.segment not in besides
        ]
    finally:
        look.unlink(missing_ok=True)
    scored = [(one.segment, one.score) for one in found if one.score > 0]
    chosen = choose(scored, count, len(small.segments), apart=0.5 / count)
    # Renditions break at the same frames; where they do not (a copied original has one rendition) it is the same one.
    scores, starts = dict(scored), np.cumsum([0.0, *(part.duration for part in small.segments)])
    taken: list[Moment] = []
    for number, segment in enumerate(sorted(chosen), 1):
        if segment >= len(large.segments):
            continue
        clear.copy(package, large, scratch / PIECE, segments=[segment])
        frame = first_frame((large.width or 0, large.height or 0), scratch, halt)
        taken.append(Moment(segment, float(starts[segment]), scores[segment], frame))
        if on_progress:
            on_progress(number / len(chosen))
    return taken


def jpeg(picture: Image.Image, *, width: int = 0) -> bytes:
    """A picture as JPEG, made smaller when it is wider than `width`."""
    if width and picture.width > width:
        height = max(1, round(picture.height * width / picture.width))
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return _jpeg(picture)


def choose(
    scored: Sequence[tuple[int, float]], count: int, segments: int, *, apart: float = _APART
) -> list[int]:
    """The best moments, spread over the film: (segment, score) in, segments out, best first. `apart` is the least
    distance, as a share of the film."""
    inner = (
        range(int(segments * _EDGE), segments - int(segments * _EDGE))
        if segments >= _LONG
        else range(segments)
    )
    allowed = [one for one in scored if one[0] in inner] or list(scored)
    ranked = sorted(allowed, key=lambda one: (-one[1], one[0]))
    distance = max(1, int(segments * apart))
    chosen: list[int] = []
    for segment, _ in ranked:
        if len(chosen) < count and all(abs(segment - other) >= distance for other in chosen):
            chosen.append(segment)
    chosen += [segment for segment, _ in ranked if segment not in chosen][: count - len(chosen)]
    return chosen


def score(picture: Image.Image) -> float:
    """How good a picture this is: bright enough, rich in detail and colour, sharp. 0 for black, white or flat ones."""
    grey = picture.convert("L")
    light = ImageStat.Stat(grey)
    mean, contrast = light.mean[0], light.stddev[0]
    if not _DARK <= mean <= _BRIGHT or contrast < _FLAT:
        return 0.0
    edges = ImageStat.Stat(grey.filter(ImageFilter.FIND_EDGES)).stddev[0]
    colour = ImageStat.Stat(picture.convert("HSV").getchannel("S")).mean[0]
    middle = 1 - abs(mean - 118) / 118
    worth = 1 - 0.5 * min(1.0, _lettering(picture) / _CARD)
    return worth * (
        0.30 * min(1.0, grey.entropy() / 7.5)
        + 0.25 * min(1.0, edges / 45)
        + 0.20 * min(1.0, contrast / 64)
        + 0.15 * min(1.0, colour / 110)
        + 0.10 * middle
    )


def _lettering(picture: Image.Image) -> float:
    """The share of pixels that look like the edge of white letters: a film's own title under ours, or cut in two."""
    light = np.asarray(picture.convert("L")).astype(np.int16)
    colour = np.asarray(picture.convert("HSV").getchannel("S"))
    beside = np.zeros(light.shape, bool)
    for far in range(1, _STROKE + 1):
        fall = light[:, far:] - light[:, :-far]
        beside[:, far:] |= fall > _STEEP
        beside[:, :-far] |= -fall > _STEEP
    return float((beside & (light >= _WHITE) & (colour < _PALE)).mean())


def crop(
    frame: Image.Image, shape: tuple[int, int], guide: Image.Image, *, place: float | None = None
) -> Image.Image:
    """Cut to a shape (width, height), keeping the stretch with the most detail, judged on the small `guide`; or the
    one at `place`, from 0 (left, top) to 1 (right, bottom)."""
    width = min(frame.width, frame.height * shape[0] // shape[1])
    height = min(frame.height, frame.width * shape[1] // shape[0])
    detail = guide.convert("L").filter(ImageFilter.FIND_EDGES)
    if width < frame.width:
        columns = detail.resize((detail.width, 1), Image.Resampling.BOX).tobytes()
        left = _given(place, columns, width / frame.width) * (frame.width - width)
        box = (round(left), 0, round(left) + width, frame.height)
    else:
        rows = detail.resize((1, detail.height), Image.Resampling.BOX).tobytes()
        top = _given(place, rows, height / frame.height) * (frame.height - height)
        box = (0, round(top), frame.width, round(top) + height)
    return frame.crop(box)


def _given(place: float | None, line: bytes, share: float) -> float:
    return _busiest(line, share) if place is None else min(1.0, max(0.0, place))


def _busiest(line: bytes, share: float) -> float:
    """Where (0 … 1 of its play) a window of this share of the line holds the most; near ties go to the middle.

    What stands in the middle weighs more: cameras are pointed at what matters, and leaves and gravel at the rim have
    more edges than a face has.
    """
    window = max(1, round(len(line) * share))
    play = len(line) - window
    if play <= 0:
        return 0.5
    aside = [abs(2 * start / play - 1) for start in range(play + 1)]
    sums = [sum(line[start : start + window]) * (1 - _ASIDE * aside[start] ** 2) for start in range(play + 1)]
    best = max(sums)
    near = [start for start, total in enumerate(sums) if total >= best * 0.97]
    return min(near, key=lambda start: abs(start - play / 2)) / play


def _candidates(
    rendition: dict[str, Any], folder: Path, scratch: Path, halt: sandbox.Halt | None
) -> list[Candidate]:
    """The keyframes of a rendition, small, with their scores."""
    height = max(2, round(_WIDTH * rendition["height"] / rendition["width"] / 2) * 2)
    source, target = folder / rendition["file"], scratch / "keyframes.rgb"
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", *sandbox.guards(demuxer="mov")]
    argv += ["-skip_frame", "nokey", "-i", f"file:{source}", "-an", "-fps_mode", "passthrough"]
    argv += [
        "-vf",
        f"scale={_WIDTH}:{height}:flags=area",
        "-pix_fmt",
        "rgb24",
        "-f",
        "rawvideo",
        "-y",
        str(target),
    ]
    segments = len(rendition["segments"])
    stride = -(-segments // _CANDIDATES_MAX)
    size = _WIDTH * height * 3
    found: list[Candidate] = []
    try:
        sandbox.run(argv, what="Choosing pictures", read=[source], write=[scratch], limits=_LIMITS, halt=halt)
        with target.open("rb") as file:
            for segment in range(0, segments, stride):
                file.seek(segment * size)
                data = file.read(size)
                if len(data) == size:
                    picture = Image.frombytes("RGB", (_WIDTH, height), data)
                    found.append(Candidate(segment, score(picture), picture))
    finally:
        target.unlink(missing_ok=True)
    return found


def _frame(
    rendition: dict[str, Any], segment: int, folder: Path, scratch: Path, halt: sandbox.Halt | None
) -> Image.Image:
    """The first frame of one segment at full size: the init segment and that segment are a film of their own."""
    with (folder / rendition["file"]).open("rb") as whole, (scratch / PIECE).open("wb") as part:
        for offset, length in (rendition["init"], rendition["segments"][segment][:2]):
            whole.seek(offset)
            part.write(whole.read(length))
    return first_frame((rendition["width"], rendition["height"]), scratch, halt)


def first_frame(size: tuple[int, int], scratch: Path, halt: sandbox.Halt | None) -> Image.Image:
    """The first frame of the film that was put at `PIECE`, which is used up; `size` is width and height.

    Raises `ToolFailed`, `sandbox.Halted`, OSError.
    """
    piece, target = scratch / PIECE, scratch / "moment.rgb"
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", *sandbox.guards(demuxer="mov")]
    argv += ["-skip_frame", "nokey", "-i", f"file:{piece}", "-an", "-frames:v", "1"]
    argv += ["-pix_fmt", "rgb24", "-f", "rawvideo", "-y", str(target)]
    try:
        sandbox.run(argv, what="Taking a picture", read=[piece], write=[scratch], limits=_LIMITS, halt=halt)
        data = target.read_bytes()
        if len(data) != size[0] * size[1] * 3:
            raise ToolFailed("Taking a picture", 0, "the frame has an unexpected size")
        return Image.frombytes("RGB", size, data)
    finally:
        piece.unlink(missing_ok=True)
        target.unlink(missing_ok=True)


def _plain(rendition: Rendition) -> dict[str, Any]:
    """As the manifest has it."""
    return {
        "file": rendition.file,
        "width": rendition.width,
        "height": rendition.height,
        "segments": rendition.segments,
    }


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=93, subsampling=0)
    return out.getvalue()
