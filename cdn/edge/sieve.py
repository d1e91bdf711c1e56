"""SIEVE eviction: a hit sets a flag; a hand walks from the oldest and evicts what was not asked for again."""


class Entry:
    """Something that can be evicted. `visited` is set at a hit; what has `readers` is passed over."""

    __slots__ = ("newer", "older", "readers", "visited")

    def __init__(self) -> None:
        self.newer: Entry | None = None
        self.older: Entry | None = None
        self.visited = False
        self.readers = 0


class Sieve:
    """A queue by age with a hand (Zhang et al., NSDI 2024): no list surgery on hits."""

    def __init__(self) -> None:
        self._newest: Entry | None = None
        self._oldest: Entry | None = None
        self._hand: Entry | None = None
        self.count = 0

    def add(self, entry: Entry) -> None:
        """Take in a new entry."""
        entry.older, entry.newer = self._newest, None
        if self._newest is not None:
            self._newest.newer = entry
        self._newest = entry
        if self._oldest is None:
            self._oldest = entry
        self.count += 1

    def remove(self, entry: Entry) -> None:
        """Forget an entry."""
        if self._hand is entry:
            self._hand = entry.newer
        if entry.newer is not None:
            entry.newer.older = entry.older
        else:
            self._newest = entry.older
        if entry.older is not None:
            entry.older.newer = entry.newer
        else:
            self._oldest = entry.newer
        entry.newer = entry.older = None
        self.count -= 1

    def victim(self) -> Entry | None:
        """Remove and return the entry to evict; None when every one is being read."""
        entry = self._hand or self._oldest
        for _ in range(2 * self.count):
            if entry is None:
                entry = self._oldest
                continue
            if not entry.visited and not entry.readers:
                self._hand = entry.newer
                self.remove(entry)
                return entry
            entry.visited = False
            entry = entry.newer
        return None
