"""How much of the catalogue one session reads, counted in memory and now and then in the cache.

People browse; programs that copy a catalogue read hundreds of pages in minutes. Each process counts for itself and adds
to a counter that all share after every twentieth page, so that a page costs nothing.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from django.core.cache import cache

#: The names of addresses that show titles.
PAGES = frozenset({"title", "browse", "search", "api_titles", "api_title", "api_search", "title_thumb"})
#: Pages in one window that are too many, and by far too many.
MANY, FAR_TOO_MANY = 300, 1200
WINDOW = 600
_STEP = 20
_SESSIONS_MAX = 5000


@dataclass(slots=True)
class _Count:
    window: int
    pages: int = 0


class Reading:
    """The sessions of this process that read lately; the one that has been silent for longest goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def page(self, session: str, *, now: float | None = None) -> int:
        """A session read a page; → how many it read in this window, when that should be looked at, else 0."""
        window = int((time.time() if now is None else now) // WINDOW)
        with self._lock:
            count = self._counts.get(session)
            if count is None or count.window != window:
                count = self._counts[session] = _Count(window)
                while len(self._counts) > _SESSIONS_MAX:
                    self._counts.popitem(last=False)
            self._counts.move_to_end(session)
            count.pages += 1
            due = count.pages % _STEP == 0
        return _together(session, window) if due else 0

    def forget(self) -> None:
        """As in a fresh process."""
        with self._lock:
            self._counts.clear()


def _together(session: str, window: int) -> int:
    """Add a step to what all processes counted; the sum, each time it has grown by another `MANY`, else 0."""
    key = f"read:{window}:{session}"
    cache.add(key, 0, timeout=2 * WINDOW)
    try:
        total = int(cache.incr(key, _STEP))
    except ValueError:  # it ran out between the two
        return 0
    return total if total % MANY < _STEP and total >= MANY else 0


READING = Reading()
