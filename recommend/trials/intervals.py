"""How sure a difference is. Pure: numbers in, numbers out.

Intervals hold however often somebody looks (asymptotic confidence sequences: Robbins 1970; Waudby-Smith, Arbour, Sinha,
Kennedy, Ramdas 2021), so an experiment may be stopped at any look. They are about half as wide again as those that hold
for one look. Profiles are the units: what one does on many visits is one piece of evidence (delta method).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05
#: They are tightest around so many profiles an arm.
_TIGHTEST = 200.0
#: Fewer profiles in an arm than this decide nothing: the asymptotics are not there yet.
FEWEST = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its standard error, of so many units."""

    value: float
    error: float
    units: int


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more the second has than the first: as it is, and as a share of the first (None when that is 0).

    `low` and `high` hold at every look; None when there are too few units.
    """

    value: float
    low: float | None
    high: float | None
    share: float | None

    @property
    def decided(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def ratio(over: Sequence[float], under: Sequence[float]) -> Estimate | None:
    """The sum of `over` per sum of `under`, a number of each for every unit; None when there is nothing below."""
    top, base = np.asarray(over, dtype=np.float64), np.asarray(under, dtype=np.float64)
    units, whole = len(base), float(base.sum())
    if units == 0 or whole <= 0:
        return None
    value = float(top.sum()) / whole
    if units < 2:
        return Estimate(value, math.inf, units)
    rest = top - value * base
    error = math.sqrt(float((rest**2).sum()) / (units - 1) * units) / whole
    return Estimate(value, error, units)


def width(error: float, units: int, *, alpha: float = ALPHA) -> float:
    """Half of an interval that holds at every look."""
    log = -2 * math.log(alpha)
    tuned = (log + math.log(log) + 1) / _TIGHTEST
    more = units * tuned + 1
    return error * math.sqrt(more / (units * tuned) * math.log(more / alpha**2))


def difference(first: Estimate, second: Estimate) -> Difference:
    """Second minus first."""
    value = second.value - first.value
    share = value / first.value if first.value else None
    units = min(first.units, second.units)
    if units < FEWEST:
        return Difference(value, None, None, share)
    error = math.hypot(first.error, second.error)
    if error == 0:  # nobody differs from anybody: that is no proof of anything
        return Difference(value, None, None, share)
    half = width(error, units)
    return Difference(value, value - half, value + half, share)


def preference(points: Sequence[tuple[int, int]]) -> Difference:
    """Interleaving: of how many viewers with a preference the second side has more points, above one half.

    The sign test with an interval that holds at every look: `points` are (first, second) of each viewer.
    """
    signs = [1.0 if second > first else 0.0 for first, second in points if first != second]
    if not signs:
        return Difference(0.0, None, None, None)
    value = float(np.mean(signs)) - 0.5
    if len(signs) < FEWEST:
        return Difference(value, None, None, None)
    # The error under "no preference": it is never smaller, and not 0 when all agree.
    half = width(0.5 / math.sqrt(len(signs)), len(signs))
    return Difference(value, value - half, value + half, None)


def mismatch(found: Sequence[int], weights: Sequence[float]) -> float:
    """How likely the arms' sizes are to differ so much by chance (chi-square, by Wilson and Hilferty's cube root)."""
    whole, freedom = sum(found), len(found) - 1
    if whole == 0 or freedom < 1:
        return 1.0
    wanted = [whole * weight / sum(weights) for weight in weights]
    chi = sum((a - b) ** 2 / b for a, b in zip(found, wanted, strict=True))
    spread = 2 / (9 * freedom)
    z = ((chi / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(z / math.sqrt(2))
