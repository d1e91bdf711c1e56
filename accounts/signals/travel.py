"""Whether somebody can have been at both places. Pure."""

import math
from datetime import timedelta

#: Mean radius of the earth, in km.
_RADIUS = 6371.0
#: Faster than airliners fly, in km/h; nearer than this, in km, databases of addresses are not exact enough to say.
FASTEST, NEAR = 1000.0, 500.0


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance in km between two places in degrees north and east (haversine)."""
    north, east = math.radians(other[0] - one[0]), math.radians(other[1] - one[1])
    a = (
        math.sin(north / 2) ** 2
        + math.cos(math.radians(one[0])) * math.cos(math.radians(other[0])) * math.sin(east / 2) ** 2
    )
    return 2 * _RADIUS * math.asin(min(1.0, math.sqrt(a)))


def speed(km: float, within: timedelta) -> float:
    """Average speed in km/h; a second at least lies between two sign-ins."""
    return km / max(abs(within.total_seconds()), 1.0) * 3600.0


def impossible(km: float, within: timedelta) -> bool:
    """Whether nobody travels so far in that time."""
    return km > NEAR and speed(km, within) > FASTEST
