"""Which frame grid a source is put on. Pure: fractions in, a fraction out."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

#: What cameras and studios use, in frames a second.
USUAL = tuple(
    Fraction(*pair)
    for pair in (
        (24000, 1001),
        (24, 1),
        (25, 1),
        (30000, 1001),
        (30, 1),
        (48, 1),
        (50, 1),
        (60000, 1001),
        (60, 1),
    )
)
#: The grid is never denser: players and decoders of living rooms stop at 60.
MOST = Fraction(60)
#: Nor thinner: below it, frames are repeated, which costs next to nothing.
LEAST = Fraction(10)
#: Containers round: 23.98, 29.97 and 1000/42 are meant to be the usual rate. 24 and 23.976 differ by 0.1 %.
_SNAP = Fraction(4, 10_000)
#: How far from even the distance of two frames may be, as a share of it: containers round, so much is forgiven when
#: the rate is a usual one; and how many may stray.
_JITTER, _JITTER_ODD, _STRAYS = 0.35, 0.03, 0.02


def snapped(rate: Fraction) -> Fraction:
    """The usual rate when this is one but for rounding."""
    near = min(USUAL, key=lambda usual: abs(usual - rate))
    return near if abs(near - rate) <= near * _SNAP else rate


def is_even(times: Sequence[float], rate: Fraction) -> bool:
    """Whether frames (times in seconds, sorted) follow one another at `rate`, give or take container rounding."""
    if len(times) < 3:
        return True
    step, jitter = float(1 / rate), _JITTER if rate in USUAL else _JITTER_ODD
    strays = sum(abs((later - earlier) / step - 1) > jitter for earlier, later in pairwise(times))
    return strays <= max(1, len(times) * _STRAYS)


def typical(times: Sequence[float]) -> Fraction:
    """The rate of the frames but for the few that stray (joints of recordings, holes); 0 when there are too few."""
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    cut = math.ceil(len(steps) * _STRAYS)
    kept = steps[cut : len(steps) - cut]
    total = sum(kept)
    return Fraction(len(kept) / total).limit_denominator(100_000) if total > 0 else Fraction(0)


def grid(*, average: Fraction, nominal: Fraction, times: Sequence[float]) -> tuple[Fraction, bool]:
    """The rate to encode at, and whether the source's own rate varies.

    `average` is frames over time, `nominal` what the container announces (0 when it says nothing), `times`
    are the frames' times in seconds, sorted.
    """
    usual = snapped(typical(times))
    for rate in (snapped(nominal), snapped(average)):
        close = rate > 0 and abs(rate - average) <= average / 50
        if close and (rate in USUAL or usual not in USUAL) and is_even(times, rate):
            return _bounded(rate), False
    if usual in USUAL and is_even(times, usual):
        # Even but for a few holes, or a joint where two recordings overlap: that is not another rate.
        return usual, True
    if snapped(nominal) in USUAL and Fraction(17, 20) <= average / nominal <= Fraction(101, 100):
        return snapped(nominal), True
    # Telephones and screen recorders vary; they know nothing of 1001.
    above = [usual for usual in USUAL if usual.denominator == 1 and usual >= average * Fraction(99, 100)]
    return (above[0] if above else MOST), True


def _bounded(rate: Fraction) -> Fraction:
    """Halved or doubled into what players like, and simple enough for a time scale."""
    while rate > MOST:
        rate /= 2
    while rate < LEAST:
        rate *= 2
    return rate.limit_denominator(1001)
