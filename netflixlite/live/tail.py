"""Reads news from the database as they come, in a thread of each web process, while somebody listens to it.

Whoever writes news pokes the tail of its own process, and of all others where a Redis is set (`wake`); what another
process wrote without one is seen at the next look, a quarter of a second later at most.
"""

import logging
import threading
import time
from uuid import UUID

from django.db import DatabaseError, close_old_connections

from netflixlite.live import models
from netflixlite.live.hub import HUB, Hub
from netflixlite.live.words import Topic, Word
from playback import services as playback

log = logging.getLogger(__name__)

#: How often the table is looked at while somebody listens, and how many rows at a time; after an error, how long not.
EVERY, BATCH, AFTER_ERROR = 0.25, 500, 2.0
#: How long a number that was passed over may still turn up, in seconds: a slower writer took it, and has not committed.
LATE = 10.0
_LATE_MOST = 1000


class Tail:
    """Where this process is in the news."""

    def __init__(self, hub: Hub = HUB) -> None:
        self._hub = hub
        self._poked = threading.Event()
        self._lock = threading.Lock()
        #: The newest number that was passed on; None while nobody listens.
        self._at: int | None = None
        #: Numbers passed over, and since when.
        self._late: dict[int, float] = {}

    def poke(self) -> None:
        """There may be news. From any thread."""
        self._poked.set()

    def begin(self, newest: int) -> None:
        """Somebody listens who asks for all older news after this; unless the tail runs, it begins at `newest`."""
        with self._lock:
            if self._at is None:
                self._at = newest
        self._poked.set()

    def look(self) -> int:
        """Pass on what has come; returns how much that was."""
        with self._lock:
            if self._at is None:
                self._at = newest_id()
            at, late = self._at, [number for number in self._late if self._fresh(number)]
            rows = models.News.objects.filter(id__gt=at) | models.News.objects.filter(id__in=late)
            words = [word_of(row) for row in rows.order_by("id")[:BATCH]]
            self._late = {number: self._late[number] for number in late}
            for word in words:
                self._follow(word.id)
        for word in words:
            self._pass_on(word)
        return len(words)

    def _fresh(self, number: int) -> bool:
        return time.monotonic() - self._late[number] < LATE

    def _follow(self, number: int) -> None:
        """Move on to a number, and keep in mind which were passed over."""
        at = self._at or 0
        if number <= at:
            self._late.pop(number, None)
            return
        now = time.monotonic()
        for missing in range(max(at + 1, number - _LATE_MOST), number):
            if len(self._late) < _LATE_MOST:
                self._late[missing] = now
        self._at = number

    def _pass_on(self, word: Word) -> None:
        if word.topic == Topic.STOPPED:
            playback.tell_stopped(UUID(word.detail["session"]))
        else:
            self._hub.deliver(word)

    @property
    def wanted(self) -> bool:
        """Whether anybody listens to this process."""
        return self._hub.listening > 0 or playback.listening() > 0

    def keep(self, until: threading.Event) -> None:
        """Look until told to end."""
        while not until.is_set():
            if not self.wanted:
                self._rest()
                continue
            self._poked.clear()
            try:
                while self.look() == BATCH:
                    pass
                self._poked.wait(EVERY)
            except DatabaseError:
                log.warning("News for open pages cannot be read; pages catch up later.", exc_info=True)
                until.wait(AFTER_ERROR)
            except Exception:  # without this thread no page would hear of anything
                log.exception("Reading news for open pages stumbled.")
                until.wait(AFTER_ERROR)
            finally:
                close_old_connections()

    def _rest(self) -> None:
        """Nobody listens: forget the place, and sleep until somebody does. Players' questions come without a poke."""
        with self._lock:
            if not self.wanted:
                self._at, self._late = None, {}
        self._poked.clear()
        if not self.wanted:
            self._poked.wait(EVERY * 4)


def newest_id() -> int:
    """The number of the newest row; 0 when there is none."""
    return models.News.objects.order_by("-id").values_list("id", flat=True).first() or 0


def oldest_id() -> int:
    """The number of the oldest row that is kept; 0 when there is none."""
    return models.News.objects.order_by("id").values_list("id", flat=True).first() or 0


def word_of(row: models.News) -> Word:
    """A row as the hub passes it on."""
    return Word(row.id, row.topic, row.user_id, row.profile_id, row.detail)


#: This process'.
TAIL = Tail()


def start() -> None:
    """Read news for as long as this process lives. Called once, by the web process."""
    from netflixlite.live import wake  # only processes that serve pages hear the others

    threading.Thread(target=TAIL.keep, args=(threading.Event(),), name="live", daemon=True).start()
    wake.start(TAIL.poke)
