"""How far a viewer is from the nodes' sites: measured, or guessed from where both are on the globe. Pure.

Only classes are told apart: within one, load and what a node holds weigh more than a few milliseconds.
"""

import math
from collections.abc import Mapping

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


def expected_ms(km: float) -> float:
    """What a round trip over this distance is likely to take."""
    return _LAST_MILE_MS + _MS_PER_KM * km


def kilometres(one: Place, other: Place) -> float:
    """The shortest way over the globe (haversine)."""
    north, east = math.radians(one[0]), math.radians(one[1])
    there_north, there_east = math.radians(other[0]), math.radians(other[1])
    half = (
        math.sin((there_north - north) / 2) ** 2
        + math.cos(north) * math.cos(there_north) * math.sin((there_east - east) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def by_distance(here: Place, sites: Mapping[str, Place]) -> dict[str, int]:
    """The class that each site is likely to be in, seen from here."""
    return {site: of_round_trip(expected_ms(kilometres(here, place))) for site, place in sites.items()}


def cell(place: Place) -> Place:
    """The middle of the square degree around a place: near enough for classes, and few enough to remember."""
    return math.floor(place[0]) + 0.5, math.floor(place[1]) + 0.5
