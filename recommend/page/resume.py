"""What a viewer is most likely to go on with. Pure: facts in, an order out.

The chance to resume is a logistic of the age, of what is left, of the kind and of the time of day (the study's §5.6);
the weights are a judgement, to be tuned when there is history to replay.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

Key = TypeVar("Key")

#: What was not touched for so long leaves the row.
FORGOTTEN_AFTER = timedelta(days=60)
#: From this fraction on only the credits are left.
DONE = 0.95


@dataclass(frozen=True, slots=True)
class Begun(Generic[Key]):
    """Something that was begun: `fraction` 0 … 1 of it was seen; 0 for the episode after a finished one."""

    key: Key
    at: datetime
    fraction: float
    series: bool


def chance(begun: Begun[Key], *, now: datetime) -> float:
    """How likely (0 … 1) this is gone on with today."""
    days = max(0.0, (now - begun.at) / timedelta(days=1))
    left = 1 - begun.fraction
    score = 1.0 - 0.45 * math.log1p(days) * 1.6
    score += 0.8 if begun.series else 0.0
    # Half seen is likelier finished than a peek; next to nothing left is as good as seen.
    score += 0.9 * (1 - abs(2 * left - 1)) if begun.fraction > 0 else 0.3
    score += 0.3 if _same_part_of_day(begun.at, now) else 0.0
    return 1 / (1 + math.exp(-score))


def order(begun: Iterable[Begun[Key]], *, now: datetime) -> list[Key]:
    """What is worth offering, the likeliest first; what is done or long forgotten is left out.

    What was in hand within the last six hours leads, the latest first: nobody looks for it further back.
    """
    alive = [one for one in begun if now - one.at <= FORGOTTEN_AFTER and one.fraction < DONE]
    just = sorted(
        (one for one in alive if now - one.at < timedelta(hours=6)), key=lambda one: -one.at.timestamp()
    )
    rest = sorted(
        (one for one in alive if now - one.at >= timedelta(hours=6)),
        key=lambda one: (-chance(one, now=now), -one.at.timestamp()),
    )
    return [one.key for one in (*just, *rest)]


def _same_part_of_day(one: datetime, other: datetime) -> bool:
    apart = abs(one.hour * 60 + one.minute - other.hour * 60 - other.minute)
    return min(apart, 24 * 60 - apart) <= 150
