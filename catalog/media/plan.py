"""What will be made of a source: rungs, chunks and tracks, decided once and never changed. Pure.

Chunk borders are frame counts on the output's grid, so that 23.976 frames a second give segments of exactly 96 frames
(4.004 s), every chunk starts where the last one ended, and all rungs break at the same frames.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from catalog.media import ladder
from catalog.media.facts import Facts
from catalog.media.ladder import Rung

#: A segment lasts about this long, in seconds: 2 s costs 12 % more bits, 6 s saves 4 %.
SEGMENT_SECONDS = 4
#: Segments in a chunk: what is lost at most when a worker is killed.
CHUNK_SEGMENTS = 6
#: When frames lie further apart than this, a chunk could come out empty: such films are made in one piece. Seconds.
_GAP_MAX = 8.0
#: How far before a chunk decoding starts, in seconds, in containers that can be entered exactly.
_MARGIN = Fraction(3)
#: MP4 time scales below this are multiplied by 1000.
_SCALE_MIN = 10_000
#: Part of every plan's name: raise it when the way of encoding changes.
_RECIPE = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of the film that is encoded at once. `first` and `frames` count frames of the grid, `segment` is the
    number of its first segment. The last chunk ends where the film does, whatever was expected."""

    number: int
    first: int
    frames: int
    segment: int
    last: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides what comes out. `gop` is frames in a segment, `timescale` ticks a second."""

    facts: Facts
    rungs: tuple[Rung, ...]
    preset: str
    rate: Fraction
    gop: int
    timescale: int
    chunks: tuple[Chunk, ...]
    margin: Fraction
    tool: str

    @property
    def frames(self) -> int:
        """How many frames are expected."""
        return sum(chunk.frames for chunk in self.chunks)

    @property
    def ticks(self) -> int:
        """How long a frame lasts, in ticks of the time scale."""
        return int(self.timescale / self.rate)

    @property
    def key(self) -> str:
        """Names the plan: checkpoints made under another name are of no use."""
        told = json.dumps([_RECIPE, self.plain()], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def plain(self) -> dict[str, Any]:
        """JSON-ready: whoever makes a chunk of it reads it from a file."""
        return {
            "facts": self.facts.plain(),
            "rungs": [asdict(rung) for rung in self.rungs],
            "preset": self.preset,
            "rate": str(self.rate),
            "gop": self.gop,
            "timescale": self.timescale,
            "chunks": [asdict(chunk) for chunk in self.chunks],
            "margin": str(self.margin),
            "tool": self.tool,
        }

    @classmethod
    def load(cls, plain: Mapping[str, Any]) -> "Plan":
        """What `plain` came from. Raises `ValueError` for anything that is no plan."""
        try:
            return cls(
                facts=Facts.load(plain["facts"]),
                rungs=tuple(Rung(**rung) for rung in plain["rungs"]),
                preset=str(plain["preset"]),
                rate=Fraction(plain["rate"]),
                gop=int(plain["gop"]),
                timescale=int(plain["timescale"]),
                chunks=tuple(Chunk(**chunk) for chunk in plain["chunks"]),
                margin=Fraction(plain["margin"]),
                tool=str(plain["tool"]),
            )
        except (KeyError, TypeError, ZeroDivisionError) as error:
            raise ValueError(f"this is no plan: {error}") from error

    def starts_at(self, chunk: Chunk) -> Fraction:
        """When the chunk starts, in seconds from the film's start."""
        return chunk.first / self.rate


def make(
    facts: Facts,
    *,
    preset: str,
    tool: str,
    ladder_name: str = "standard",
    rungs: tuple[Rung, ...] = (),
    first: Sequence[int] = (),
) -> Plan:
    """The plan for a source: with these `rungs`, or those of a fixed ladder. `first` are the segments in the first
    chunks, where those are to be ready sooner. Raises `ValueError` for an unknown ladder or preset.
    """
    if preset not in ladder.PRESETS:
        raise ValueError(f"no preset is called {preset!r}")
    picture = facts.picture
    width, height = picture.display
    rate = picture.rate
    gop = max(1, round(SEGMENT_SECONDS * rate))
    frames = max(1, math.floor(facts.duration * rate + Fraction(1, 2)))
    whole = facts.frame_gap > _GAP_MAX
    return Plan(
        facts=facts,
        rungs=rungs or ladder.rungs(width=width, height=height, rate=rate, ladder=ladder_name),
        preset=preset,
        rate=rate,
        gop=gop,
        timescale=rate.numerator * (1 if rate.numerator >= _SCALE_MIN else 1000),
        chunks=_chunks(frames, gop, [] if whole else first, frames if whole else gop * CHUNK_SEGMENTS),
        margin=_MARGIN if facts.indexed else Fraction(math.ceil(facts.keyframe_gap)) + _MARGIN,
        tool=tool,
    )


def _chunks(frames: int, gop: int, first: Sequence[int], size: int) -> tuple[Chunk, ...]:
    """Chunks of `size` frames after the `first` ones, which are given in segments."""
    starts = [0]
    for segments in first:
        starts.append(starts[-1] + segments * gop)
    starts = [start for start in starts if start < frames]
    while starts[-1] + size < frames and len(starts) > len(first):
        starts.append(starts[-1] + size)
    ends = [*starts[1:], frames]
    return tuple(
        Chunk(number=number, first=start, frames=end - start, segment=start // gop, last=end == frames)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    )
