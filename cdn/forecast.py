"""What to expect of something from what it was asked for so far. Pure: numbers in, a number out.

A sum that fades with half-life h, of something that happens r times a second, settles at r x h / ln 2, which is how
rates come back out of it.
"""

import math
from datetime import timedelta

SHORT, LONG = timedelta(hours=6), timedelta(days=7)
#: The evening's peak over the day's mean.
PEAK = 3.0
#: What a new package is expected to do that nobody has asked for yet, as a multiple of its siblings; halves in 3 days.
FRESH = 2.0
FRESH_LIFE = timedelta(days=3)
#: What something that was never asked for is taken to be worth: one play in a year. It only has to be above nothing.
NEVER = 1 / (365 * 86400)
#: Younger sums than this say too little to be scaled up any further.
_YOUNGEST = timedelta(hours=1)


def faded(value: float, seconds: float, half_life: timedelta) -> float:
    """What is left of a sum after so many seconds."""
    return value * math.exp2(-max(0.0, seconds) / half_life.total_seconds())


def rate(value: float, age: timedelta, half_life: timedelta) -> float:
    """How often a second that happens whose faded sum this is, watched for so long."""
    seen = 1 - math.exp2(-max(age, _YOUNGEST) / half_life)
    return value * math.log(2) / half_life.total_seconds() / seen


def expected(short: float, long: float, age: timedelta) -> float:
    """Whole plays a second at the next peak: what lasts, or what is rising now, whichever is more."""
    lasting, rising = rate(long, age, LONG), rate(short, age, SHORT)
    return PEAK * max(lasting, (lasting + rising) / 2)


def prior(siblings: float, age: timedelta) -> float:
    """The same of something new, from the mean of what is like it."""
    return siblings * FRESH * math.exp2(-max(age, timedelta(0)) / FRESH_LIFE)
