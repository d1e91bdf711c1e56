"""How far a viewer is from the nodes' sites: measured, or guessed from where both are on the globe. Pure.

Only classes are told apart: within one, load and what a node holds weigh more than a few milliseconds.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

#: A class is left for the next where a round trip takes this long, in milliseconds.
CLASSES_MS = (10.0, 30.0, 80.0)
#: The class of a site of which nothing is known: not the first choice, and better than what is known to be far.
UNKNOWN = 2
#: What a round trip takes before distance adds to it, and per kilometre (light in glass takes 0.01 ms there and back;
#: cables are about half as long again as the straight line), in milliseconds.
_LAST_MILE_MS, _MS_PER_KM = 4.0, 0.015
_EARTH_KM = 6371.0

#: A place on the globe: degrees north, degrees east.
Place = tuple[float, float]


def of_round_trip(ms: float) -> int:
    """The class of a round trip: 0 is nearest."""
    return sum(1 for limit in CLASSES_MS if ms >= limit)


class Globe:
    """Places on the globe, prepared to be asked how far they are from another one."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._radians = np.radians(np.array(places, dtype=np.float64).reshape(-1, 2))

    def kilometres(self, here: Place) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The shortest way over the globe to each of the places (haversine)."""
        north, east = np.radians(here)
        there_north, there_east = self._radians[:, 0], self._radians[:, 1]
        half = (
            np.sin((there_north - north) / 2) ** 2
            + np.cos(north) * np.cos(there_north) * np.sin((there_east - east) / 2) ** 2
        )
        angle: np.ndarray[Any, np.dtype[np.float64]] = 2 * np.arcsin(np.minimum(1.0, np.sqrt(half)))
        return _EARTH_KM * angle

    def classes(self, here: Place) -> bytes:
        """The class that each place is likely to be in, seen from here: one byte for each."""
        expected = _LAST_MILE_MS + _MS_PER_KM * self.kilometres(here)
        return np.searchsorted(CLASSES_MS, expected, side="right").astype(np.uint8).tobytes()


def cell(place: Place) -> Place:
    """The middle of the square degree around a place: near enough for classes, and few enough to remember."""
    return math.floor(place[0]) + 0.5, math.floor(place[1]) + 0.5
