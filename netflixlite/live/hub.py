"""Who listens to this process, and what they are told. Knows neither HTTP nor the database.

Seats are taken by a view (a thread) and read by the event loop; words come from the tail's thread.
"""

import asyncio
import threading
from collections import OrderedDict, deque
from contextlib import suppress
from uuid import UUID

from netflixlite.live.words import GROWN_UP, WITHIN, Topic, Word

#: Lines of one account, over all its browsers, and of this process. Beyond the first, the oldest of them is closed.
MOST_OF_USER, MOST = 12, 20_000
#: Words that wait for one browser; when it takes none for so long, it is sent away to come again.
MOST_WORDS = 200


class Full(Exception):
    """This process holds as many lines as it may."""


class Seat:
    """One browser that listens."""

    def __init__(self, *, user_id: UUID, profile_id: UUID, device_id: UUID | None, kid: bool) -> None:
        self.user_id, self.profile_id, self.device_id, self.kid = user_id, profile_id, device_id, kid
        #: Why it has to leave: '' while it need not, else 'again' or 'full'.
        self.ending = ""
        self._words: deque[Word] = deque()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()

    def give(self, word: Word) -> None:
        """From any thread."""
        with self._lock:
            if len(self._words) >= MOST_WORDS:
                self.ending = self.ending or "again"
            else:
                self._words.append(word)
        self._wake()

    def end(self, why: str) -> None:
        """From any thread: this browser has to go, and is told so."""
        with self._lock:
            self.ending = self.ending or why
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # its loop is closed: the process ends
                self._loop.call_soon_threadsafe(self._news.set)

    async def wait(self, seconds: float) -> list[Word]:
        """The words that have come; none after so long, or when it has to leave."""
        self._loop = asyncio.get_running_loop()
        words = self._take()
        if words or self.ending:
            return words
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), seconds)
        self._news.clear()
        return self._take()

    def _take(self) -> list[Word]:
        with self._lock:
            words = list(self._words)
            self._words.clear()
        return words


class Hub:
    """All that listen to this process; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By profile, and by account; in the order in which they came.
        self._profiles: dict[UUID, list[Seat]] = {}
        self._users: OrderedDict[UUID, list[Seat]] = OrderedDict()
        self._count = 0

    @property
    def listening(self) -> int:
        """How many browsers listen."""
        return self._count

    def sit(self, seat: Seat) -> None:
        """A browser begins to listen. Raises Full."""
        with self._lock:
            if self._count >= MOST:
                raise Full
            mine = self._users.setdefault(seat.user_id, [])
            oldest = mine[0] if len(mine) >= MOST_OF_USER else None
            mine.append(seat)
            self._profiles.setdefault(seat.profile_id, []).append(seat)
            self._count += 1
        if oldest is not None:
            self.leave(oldest)
            oldest.end("full")

    def leave(self, seat: Seat) -> None:
        """It listens no more; leaving twice changes nothing."""
        with self._lock:
            mine = self._users.get(seat.user_id, [])
            if seat not in mine:
                return
            self._count -= 1
            mine.remove(seat)
            of_profile = self._profiles[seat.profile_id]
            of_profile.remove(seat)
            if not mine:
                del self._users[seat.user_id]
            if not of_profile:
                del self._profiles[seat.profile_id]

    def deliver(self, word: Word) -> None:
        """Tell whom it concerns."""
        for seat in self._concerned(word):
            if word.topic == Topic.ANEW:
                device = word.detail.get("device")
                if device is None or device == str(seat.device_id):
                    seat.end("again")
            elif reaches(seat, word):
                seat.give(word)

    def _concerned(self, word: Word) -> list[Seat]:
        with self._lock:
            if word.profile_id is not None:
                return list(self._profiles.get(word.profile_id, ()))
            return list(self._users.get(word.user_id, ())) if word.user_id else []


def reaches(seat: Seat, word: Word) -> bool:
    """Whether a word that concerns this seat's account or profile is for the page there."""
    return word.topic not in WITHIN and not (seat.kid and word.topic in GROWN_UP)


#: This process'.
HUB = Hub()
