"""How fast a plan is carried out: inside its window, within what viewers leave, not at all when they need it all."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

#: Above this share of its capacity a node carries out no orders.
PAUSE = 0.75
#: Orders take at most this share of what viewers leave; those that may run at any hour this one.
SHARE, SHARE_OUTSIDE = 0.60, 0.20
PINNED, RELEASE, REPAIR, WINDOW = "pinned", "release", "repair", "window"
CLASSES = (PINNED, RELEASE, REPAIR, WINDOW)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])\Z")


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of the node's own clock, in minutes since midnight. Equal ends mean the whole day."""

    begin: int = 0
    end: int = 0

    def holds(self, minute: int) -> bool:
        """Whether this minute of the day lies inside."""
        if self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


def window(begin: str, end: str) -> Window:
    """Read "02:00", "14:00". Raises ValueError."""
    found = [_CLOCK.match(text) for text in (begin, end)]
    if found[0] is None or found[1] is None:
        raise ValueError(f"a window is written as 02:00 and 14:00, not '{begin}' and '{end}'")
    return Window(*(int(match[1]) * 60 + int(match[2]) for match in found if match))


def allowed_bps(kind: str, *, inside: bool, cap: int, capacity: float, egress: float) -> float:
    """Bits per second at which an order of this class may be fetched now; 0 for not now. `cap` 0 means none.

    Heads are pinned at any hour at full rate: they are small, and a node is of little use without them.
    """
    if egress >= PAUSE * capacity or (kind == WINDOW and not inside):
        return 0.0
    share = SHARE if inside or kind == PINNED else SHARE_OUTSIDE
    rate = share * (capacity - egress)
    return min(rate, cap) if cap else rate


class Pace:
    """Lets bytes through at a rate that may change from one piece to the next."""

    def __init__(self, rate: Callable[[], float]) -> None:
        """`rate` gives bits per second now, 0 to wait."""
        self._rate, self._free_at = rate, 0.0

    async def take(self, length: int, hurried: asyncio.Event) -> None:
        """Wait until so many bytes may pass, or until somebody is in a hurry for them."""
        while not hurried.is_set():
            rate, now = self._rate(), time.monotonic()
            if rate > 0:
                self._free_at = max(self._free_at, now) + length * 8 / rate
                await _pause(min(self._free_at - now, 5.0), hurried)
                return
            await _pause(1.0, hurried)


async def _pause(seconds: float, hurried: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await hurried.wait()
    except TimeoutError:
        pass
