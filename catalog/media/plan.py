"""What will be made of a source: rungs, chunks and tracks, decided once and never changed. Pure.

Chunk borders are frame counts on the output's grid, so that 23.976 frames a second give segments of exactly 96 frames
(4.004 s), every chunk starts where the last one ended, and all rungs break at the same frames.
"""

import hashlib
import json
import math
from dataclasses import asdict, dataclass
from fractions import Fraction

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
        told = [
            _RECIPE,
            self.facts.plain(),
            [asdict(rung) for rung in self.rungs],
            self.preset,
            str(self.rate),
        ]
        told += [
            self.gop,
            self.timescale,
            [asdict(chunk) for chunk in self.chunks],
            str(self.margin),
            self.tool,
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def starts_at(self, chunk: Chunk) -> Fraction:
        """When the chunk starts, in seconds from the film's start."""
        return chunk.first / self.rate


def make(facts: Facts, *, ladder_name: str, preset: str, tool: str) -> Plan:
    """The plan for a source. Raises `ValueError` for an unknown ladder or preset."""
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
        rungs=ladder.rungs(width=width, height=height, rate=rate, ladder=ladder_name),
        preset=preset,
        rate=rate,
        gop=gop,
        timescale=rate.numerator * (1 if rate.numerator >= _SCALE_MIN else 1000),
        chunks=_chunks(frames, gop, frames if whole else gop * CHUNK_SEGMENTS),
        margin=_MARGIN if facts.indexed else Fraction(math.ceil(facts.keyframe_gap)) + _MARGIN,
        tool=tool,
    )


def _chunks(frames: int, gop: int, size: int) -> tuple[Chunk, ...]:
    count = max(1, math.ceil(frames / size))
    return tuple(
        Chunk(
            number=number,
            first=number * size,
            frames=min(size, frames - number * size),
            segment=number * size // gop,
            last=number == count - 1,
        )
        for number in range(count)
    )
