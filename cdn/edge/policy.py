"""Who goes when room is needed: S3-FIFO (Yang et al., SOSP 2023), by bytes, over what nobody planned to be here.

New objects stand in a small queue; what is not asked for again there goes first, so a scan passes through a tenth of
the room and leaves the rest alone. What is asked for again moves to the main queue, and so does what comes back soon
after it went: the ghosts remember that. A hit only raises a counter: there is no list surgery on the hot path.

One thing is added that only a film knows: its segments are asked for in order. What a viewer is on the way to
(`wanted`) gets another round instead of being evicted. docs/cache.md has what all this is worth.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

#: The small queue's share of the room that is used.
SMALL_SHARE = 0.1
#: A counter beyond this counts as this: how many rounds in the main queue a popular object outlives.
COUNT_MOST = 3
#: Objects that went out of the small queue and are still remembered, at most; and for each one that is here.
GHOSTS_MOST = 1 << 18
GHOSTS_EACH = 1
#: So many entries at most are passed over for one victim because a viewer is on the way to them.
WANTED_MOST = 20
#: A viewer on the way to a segment is seen by so many segments before it: each was asked for, and this one not since.
VIEWERS_BACK = (4, 8, 16, 32, 64, 128, 256, 512)
#: Players ask for so much ahead in one go, and one may be so late. In seconds.
BURST_SECONDS, LATE_SECONDS = 60.0, 8.0


def on_the_way(before: float, own: float, now: float, way: float) -> bool:
    """Whether a viewer who was `way` seconds of film before an object at the time `before` has it still to come.

    `own` is when the object itself was asked for last: by this viewer, if that was long enough after.
    """
    return before > own - max(0.0, way - BURST_SECONDS) and before > now - way - LATE_SECONDS


class Entry:
    """Something that can be evicted.

    `visited` is raised (or set) at a hit; what has `readers` is passed over; `room` is what it takes, in bytes.
    """

    __slots__ = ("newer", "older", "queue", "readers", "room", "visited")

    def __init__(self, room: int = 1) -> None:
        self.newer: Entry | None = None
        self.older: Entry | None = None
        self.queue: Queue | None = None
        self.visited = 0
        self.readers = 0
        self.room = room

    @property
    def ghost(self) -> Hashable | None:
        """What it is remembered by when it is gone; None when it is not."""
        return None


class Queue:
    """Entries by age, oldest first out; any of them can leave at any time."""

    __slots__ = ("count", "newest", "oldest", "room")

    def __init__(self) -> None:
        self.newest: Entry | None = None
        self.oldest: Entry | None = None
        self.count = self.room = 0

    def push(self, entry: Entry) -> None:
        """Take in an entry as the newest."""
        entry.queue = self
        entry.older, entry.newer = self.newest, None
        if self.newest is not None:
            self.newest.newer = entry
        else:
            self.oldest = entry
        self.newest = entry
        self.count += 1
        self.room += entry.room

    def remove(self, entry: Entry) -> None:
        """Let an entry go, wherever it stands."""
        if entry.newer is not None:
            entry.newer.older = entry.older
        else:
            self.newest = entry.older
        if entry.older is not None:
            entry.older.newer = entry.newer
        else:
            self.oldest = entry.newer
        entry.newer = entry.older = entry.queue = None
        self.count -= 1
        self.room -= entry.room


class Policy:
    """The two queues and the ghosts."""

    def __init__(self, wanted: Callable[[Entry], bool] = lambda _: False) -> None:
        """`wanted` says whether an entry will soon be asked for."""
        self._wanted = wanted
        self._small, self._main = Queue(), Queue()
        self._ghosts: OrderedDict[Hashable, None] = OrderedDict()

    @property
    def count(self) -> int:
        """Entries in it."""
        return self._small.count + self._main.count

    @property
    def room(self) -> int:
        """Bytes of all entries in it."""
        return self._small.room + self._main.room

    def add(self, entry: Entry) -> None:
        """Take in an entry: to the main queue when it was here not long ago."""
        entry.visited = 0
        known = self._ghosts.pop(entry.ghost, self) is None
        (self._main if known else self._small).push(entry)

    def remove(self, entry: Entry) -> None:
        """Forget an entry, if it is in here at all."""
        if entry.queue is not None:
            entry.queue.remove(entry)

    def victim(self) -> Entry | None:
        """Remove and return the entry to evict; None when every one is being read."""
        passes = {self._small: 0, self._main: 0}
        spared = 0
        for _ in range((COUNT_MOST + 2) * self.count + WANTED_MOST + 1):
            queue = self._turn(passes)
            if queue is None:
                return None
            entry = queue.oldest
            assert entry is not None
            queue.remove(entry)
            if entry.readers:
                passes[queue] += 1
                queue.push(entry)
            elif entry.visited:
                entry.visited = min(int(entry.visited), COUNT_MOST) - 1 if queue is self._main else 0
                self._main.push(entry)
            elif spared < WANTED_MOST and self._wanted(entry):
                spared += 1
                queue.push(entry)
            else:
                if queue is self._small:
                    self._remember(entry)
                return entry
        return None

    def _turn(self, passes: dict[Queue, int]) -> Queue | None:
        """The queue that has to give now: the small one when it is over its share. None when all are being read."""
        small, main = self._small, self._main
        first, second = (small, main) if small.room > SMALL_SHARE * self.room else (main, small)
        for queue in (first, second):
            if queue.count and passes[queue] <= (COUNT_MOST + 1) * queue.count:
                return queue
        return None

    def _remember(self, entry: Entry) -> None:
        ghost = entry.ghost
        if ghost is None:
            return
        self._ghosts[ghost] = None
        most = min(GHOSTS_MOST, max(64, GHOSTS_EACH * self.count))
        while len(self._ghosts) > most:
            self._ghosts.popitem(last=False)
