"""Chooses a film's renditions from what was measured of it. Pure: measurement in, rungs out.

A measurement holds a few encodes of short windows: size, quality factor, bits, VMAF at the size of the largest rung.
Between and beyond them bits fall exponentially with the quality factor, and what is missing to a VMAF of 100 grows
so; both were checked against dense encodes of nine kinds of film (docs/encoding.md). From that: the top rung is the
cheapest that nobody can tell from the source, the lowest one suits small screens and narrow lines, and the ones
between step evenly in bits, each at the size that looks best for them.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

from catalog.media import ladder
from catalog.media.ladder import Rung

#: What nobody tells from the source at an ordinary distance: more VMAF than this is bits that nobody sees.
TOP_VMAF = 95.0
#: The lowest rung: not larger than this frame, at most so many bits a second.
LOW_FRAME = 360
LOW_BITS: Mapping[str, int] = {"h264": 300_000, "av1": 160_000}
#: Quality factors that may be used: finer ones waste bits, coarser ones look worse than a smaller picture.
_FINEST: Mapping[str, float] = {"h264": 16.0, "av1": 20.0}
_COARSEST: Mapping[str, float] = {"h264": 36.0, "av1": 58.0}
#: The top rung is never coarser: where a film is so plain that it could be, its bits are few anyway.
_TOP_COARSEST: Mapping[str, float] = {"h264": 23.0, "av1": 42.0}
#: The lowest rung is looked at on small screens, where it should not fall apart.
_LOW_COARSEST: Mapping[str, float] = {"h264": 32.0, "av1": 54.0}
#: Bits from one rung to the next, at most and at least.
_STEP, _STEP_MIN = 2.0, 1.5
RUNGS_MAX = 6
#: So much VMAF is given away for a smaller picture, which is easier to decode.
_TIE = 0.5
#: So much more than the top's VMAF a picture smaller than the source must promise to take its place.
_SURE = 1.0
#: A size that was not measured is read off its neighbours; beyond the smallest one by their slope.
_WORST = 99.0


@dataclass(frozen=True, slots=True)
class Point:
    """One encode of all windows: the 16:9 frame it fits into, the quality factor, mean bits a second and VMAF."""

    frame: int
    crf: float
    bits: float
    vmaf: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """What short windows of a film cost and look like.

    `windows` are their starts in seconds and `seconds` the length of each; `busiest` is what the costliest window costs
    beside the mean one (1 … ); `grain` the noise of its pictures in steps of 8-bit brightness; `tool` names the
    encoder's build.
    """

    codec: str
    preset: str
    points: tuple[Point, ...]
    windows: tuple[float, ...]
    seconds: float
    busiest: float
    grain: float
    tool: str

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @classmethod
    def load(cls, plain: Mapping[str, Any]) -> "Measurement":
        """The inverse of `plain`. Raises KeyError, TypeError or ValueError when it is not one."""
        known = dict(plain)
        known["points"] = tuple(Point(**point) for point in known["points"])
        known["windows"] = tuple(float(start) for start in known["windows"])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class _Curve:
    """What a size costs and looks like at any quality factor, from the ones measured (`crfs`, rising)."""

    crfs: tuple[float, ...]
    log_bits: tuple[float, ...]
    log_loss: tuple[float, ...]

    def bits(self, crf: float) -> float:
        """Bits a second."""
        return math.exp(_line(self.crfs, self.log_bits, crf))

    def vmaf(self, crf: float) -> float:
        """VMAF at the size of the largest rung, 0 … 100."""
        return max(0.0, 100.0 - math.exp(_line(self.crfs, self.log_loss, crf)))

    def crf_for_vmaf(self, vmaf: float) -> float:
        """The quality factor that gives this VMAF; the curve is followed beyond its ends."""
        return _solve(self.crfs, self.log_loss, math.log(100.0 - vmaf))

    def crf_for_bits(self, bits: float) -> float:
        """The quality factor that costs so many bits a second."""
        return _solve(self.crfs, self.log_bits, math.log(bits))


def rungs(
    measurement: Measurement, *, width: Fraction | int, height: int, rate: Fraction, codec: str = "h264"
) -> tuple[Rung, ...]:
    """The ladder for the film that was measured, shown at `width` x `height` square pixels, largest rung first.

    Three to six rungs of falling bits and never growing sizes, none larger than the source. Raises `ValueError` when
    the measurement is of another codec or too small to choose by.
    """
    if measurement.codec != codec:
        raise ValueError(f"this was measured for {measurement.codec}, not for {codec}")
    sizes = ladder.rungs(width=width, height=height, rate=rate)
    curves = _curves(measurement, sizes)
    finest, coarsest = _FINEST[codec], _COARSEST[codec]
    top = _top(sizes, curves, codec)
    low = _low(sizes, curves, codec, top[2])
    chosen = [top]
    steps = max(2, min(RUNGS_MAX - 1, math.ceil(math.log(top[2] / low[2]) / math.log(_STEP) - 0.1)))
    for step in range(1, steps):
        bits = top[2] * (low[2] / top[2]) ** (step / steps)
        chosen.append(_best(sizes, curves, bits, (finest, coarsest), chosen[-1][0], low[0]))
    chosen.append(low)
    return _named(chosen, sizes, measurement, rate, codec)


def fixed_av1(rungs: Sequence[Rung]) -> tuple[Rung, ...]:
    """An H.264 ladder said in AV1, for films that cannot be measured: alike in looks, at two thirds of the caps."""
    return tuple(
        replace(
            rung, name=f"{rung.name}-av1", codec="av1", crf=min(50.0, rung.crf + 15), cap=rung.cap * 2 // 3
        )
        for rung in rungs
    )


#: A choice: number of the size, quality factor, bits a second expected.
_Choice = tuple[int, float, float]


def _top(sizes: Sequence[Rung], curves: Sequence[_Curve], codec: str) -> _Choice:
    """The cheapest that reaches the top's VMAF under its cap; else the best looking one within its cap."""
    finest, fair, coarsest = _FINEST[codec], _TOP_COARSEST[codec], _COARSEST[codec]
    reached: list[_Choice] = []
    bounded: list[tuple[float, _Choice]] = []
    for number, (size, curve) in enumerate(zip(sizes, curves, strict=True)):
        crf = min(fair, max(finest, curve.crf_for_vmaf(TOP_VMAF)))
        within = max(crf, min(coarsest, curve.crf_for_bits(size.cap * 0.9)))
        choice = (number, within, curve.bits(within))
        bounded.append((curve.vmaf(within), choice))
        # A smaller picture must reach it surely: its finest factors were not measured, and what it lost is gone.
        if curve.vmaf(within) >= TOP_VMAF + (_SURE if number else -_TIE):
            reached.append(choice)
    if reached:
        return min(reached, key=lambda choice: choice[2])
    best = max(vmaf for vmaf, _ in bounded)
    return next(choice for vmaf, choice in reversed(bounded) if vmaf >= best - _TIE)


def _low(sizes: Sequence[Rung], curves: Sequence[_Curve], codec: str, top_bits: float) -> _Choice:
    """The rung for small screens and narrow lines."""
    small = [number for number, size in enumerate(sizes) if int(size.name[1:]) <= LOW_FRAME]
    wanted = min(LOW_BITS[codec], top_bits / _STEP_MIN**2)
    for number in small or [len(sizes) - 1]:
        curve = curves[number]
        crf = max(_FINEST[codec] + 6, curve.crf_for_bits(wanted))
        if crf <= _LOW_COARSEST[codec] or number == len(sizes) - 1:
            crf = min(crf, _COARSEST[codec])
            return number, crf, curve.bits(crf)
    raise AssertionError("the last size is always taken")


def _best(
    sizes: Sequence[Rung],
    curves: Sequence[_Curve],
    bits: float,
    bounds: tuple[float, float],
    largest: int,
    smallest: int,
) -> _Choice:
    """What looks best for so many bits; the smaller of two that look alike."""
    choices: list[tuple[float, _Choice]] = []
    for number in range(largest, smallest + 1):
        crf = min(bounds[1], max(bounds[0], curves[number].crf_for_bits(bits)))
        spent = curves[number].bits(crf)
        # A size that cannot be made so cheap is no choice; one that cannot use the bits takes fewer.
        if spent <= bits * 1.05:
            choices.append((curves[number].vmaf(crf), (number, crf, spent)))
    if not choices:
        return smallest, bounds[1], curves[smallest].bits(bounds[1])
    best = max(vmaf for vmaf, _ in choices)
    return next(choice for vmaf, choice in reversed(choices) if vmaf >= best - _TIE)


def _named(
    chosen: Sequence[_Choice],
    sizes: Sequence[Rung],
    measurement: Measurement,
    rate: Fraction,
    codec: str,
) -> tuple[Rung, ...]:
    """Rungs from choices: names of their own, caps that busy scenes need."""
    made: list[Rung] = []
    # Few windows may have missed the busy scenes: the cap gives more room then.
    room = max(measurement.busiest * 1.25, 2 + 2 / max(1, len(measurement.windows)))
    for number, crf, bits in chosen:
        size = sizes[number]
        again = sum(rung.width == size.width for rung in made)
        # The top rung is for lines that carry more than it needs: only what its size may take bounds it.
        cap = int(min(size.cap, max(bits * room, _LEAST_CAP))) if made else size.cap
        label = f"{size.label} ({_megabits(bits)})" if again else size.label
        name = size.name + (f"-{again + 1}" if again else "") + ("" if codec == "h264" else f"-{codec}")
        made.append(
            replace(
                size,
                name=name,
                label=label,
                crf=_rounded(crf, codec),
                cap=cap,
                codec=codec,
                profile=size.profile,
            )
        )
    return tuple(made)


#: No rung is held to less than this, in bits a second: a title card must not fall apart.
_LEAST_CAP = 60_000


def _rounded(crf: float, codec: str) -> float:
    """A quality factor that the encoder takes: halves for x264, whole ones for AV1."""
    return round(crf * 2) / 2 if codec == "h264" else float(round(crf))


def _megabits(bits: float) -> str:
    return f"{bits / 1e6:.1f} Mb/s" if bits >= 950_000 else f"{max(10, round(bits / 1e4) * 10)} kb/s"


def _curves(measurement: Measurement, sizes: Sequence[Rung]) -> list[_Curve]:
    """One curve for each size: its own where it was measured, read off its neighbours' else."""
    measured: dict[int, _Curve] = {}
    for frame in sorted({point.frame for point in measurement.points}, reverse=True):
        found = sorted((point for point in measurement.points if point.frame == frame), key=lambda p: p.crf)
        if len(found) >= 2:
            measured[frame] = _Curve(
                tuple(point.crf for point in found),
                tuple(math.log(max(1.0, point.bits)) for point in found),
                tuple(math.log(max(0.1, 100.0 - point.vmaf)) for point in found),
            )
    if not measured:
        raise ValueError("nothing was measured")
    return [
        measured.get(frame) or _between(measured, frame) for frame in (int(size.name[1:]) for size in sizes)
    ]


def _between(measured: Mapping[int, _Curve], frame: int) -> _Curve:
    """The curve of a size that lies between two measured ones, or beyond them, on the scale of their logarithms."""
    frames = sorted(measured, reverse=True)
    if len(frames) == 1:
        return measured[frames[0]]
    pairs = list(itertools.pairwise(frames))
    upper, lower = next(
        (pair for pair in pairs if pair[0] > frame > pair[1]), pairs[0 if frame > frames[0] else -1]
    )
    share = math.log(upper / frame) / math.log(upper / lower)
    crfs = measured[lower].crfs
    one, other = measured[upper], measured[lower]
    return _Curve(
        crfs,
        tuple((1 - share) * math.log(one.bits(c)) + share * math.log(other.bits(c)) for c in crfs),
        tuple(min(math.log(_WORST), (1 - share) * _loss(one, c) + share * _loss(other, c)) for c in crfs),
    )


def _loss(curve: _Curve, crf: float) -> float:
    return _line(curve.crfs, curve.log_loss, crf)


def _line(xs: Sequence[float], ys: Sequence[float], x: float) -> float:
    """Piecewise linear through the points, the outer pieces going on."""
    for position in range(1, len(xs)):
        if x <= xs[position] or position == len(xs) - 1:
            share = (x - xs[position - 1]) / (xs[position] - xs[position - 1])
            return ys[position - 1] + share * (ys[position] - ys[position - 1])
    return ys[0]


def _solve(xs: Sequence[float], ys: Sequence[float], y: float) -> float:
    """The x at which `_line` gives y. Where the curve is flat, far out in the right direction."""
    rising = ys[-1] > ys[0]
    for position in range(1, len(xs)):
        if (y <= ys[position]) == rising or position == len(xs) - 1:
            low, high = ys[position - 1], ys[position]
            slope = (high - low) / (xs[position] - xs[position - 1])
            # Noise of the measurement may turn a nearly flat piece round: it counts as hardly sloping.
            slope = max(slope, 1e-3) if rising else min(slope, -1e-3)
            return xs[position - 1] + (y - low) / slope
    return xs[0]
