"""What is watched here now: counters that halve with time, kept as (value, as of when) and brought forward on reading.

Times are seconds; the caller has the clock.
"""

import numpy as np
from numpy.typing import NDArray

from recommend.engine.model import Floats

DAY = 86_400.0
#: What scoring adds to a trend before it takes the logarithm (`Knobs.trend_floor`).
SCORED = 0.1
#: The half-lives that are kept side by side, in seconds.
HALF_LIVES = (1 * DAY, 7 * DAY, 30 * DAY)


def forward(values: NDArray[np.floating], at: NDArray[np.float64], now: float, half_life: float) -> Floats:
    """Counters as they stand at `now`; one that claims to be from the future counts as of now."""
    age = np.maximum(now - at, 0)
    return (values * np.exp2(-age / half_life)).astype(np.float32)


def added(value: float, at: float, now: float, half_life: float, worth: float = 1.0) -> tuple[float, float]:
    """One counter after something worth `worth` at `now`: its new (value, as of when)."""
    if now >= at:
        return value * 2.0 ** (-(now - at) / half_life) + worth, now
    return value + worth * 2.0 ** (-(at - now) / half_life), at


def rising(day: Floats, week: Floats, haste: float = 0.3, floor: float = 0.3) -> Floats:
    """What is watched now, with what is rising before what has been there all week: the `trend` that scoring is given.

    `day` and `week` are counters of those half-lives. Scoring takes log(trend + `SCORED`): this makes that
    log(day + floor) + haste·log((day + floor)/(week + floor)). Chosen on the part of the replay before the one judged.
    """
    now = day + np.float32(floor)
    made: Floats = (now * (now / (week + np.float32(floor))) ** np.float32(haste) - SCORED).astype(np.float32)
    return made


def steady(day: Floats, week: Floats) -> Floats:
    """What is watched now and all week, alike: the trend for a row that looks further."""
    return rising(day, week, -0.5, SCORED)


class Trend:
    """Counters of all titles at one half-life, for replays; a deployment keeps them in its database.

    Kept as if everything were as of one moment, so that reading is one multiplication.
    """

    def __init__(self, titles: int, half_life: float) -> None:
        self._grown = np.zeros(titles, np.float64)
        self._half_life = half_life
        self._since: float | None = None

    def add(self, title: int, at: float, worth: float = 1.0) -> None:
        """Something happened to a title. Times need not come in order."""
        if self._since is None:
            self._since = at
        power = (at - self._since) / self._half_life
        if power > 200:
            self._grown *= 2.0**-power
            self._since, power = at, 0.0
        self._grown[title] += worth * 2.0**power

    def now(self, at: float) -> Floats:
        """All counters at a moment."""
        if self._since is None:
            return np.zeros(len(self._grown), np.float32)
        passed = 2.0 ** (-(at - self._since) / self._half_life)
        counters: Floats = (self._grown * passed).astype(np.float32)
        return counters
