"""What of each package is on this node's disk, as bitmaps, and since when: the inventory for the control plane."""

import time
from dataclasses import dataclass, field

from cdn.edge.manifest import RenditionIndex

#: Packages that are gone are named in the changes of an inventory as long as there are not more of them than this.
_GONE_MOST = 4096
#: A rendition that fills up is worth telling in steps of this part of it.
_STEPS = 16


@dataclass(slots=True)
class Shelf:
    """One rendition: bit n is set when object n is here; `room` is what that takes, in bytes."""

    segments: int
    head: int
    bits: int = 0
    room: int = 0

    @classmethod
    def of(cls, rendition: RenditionIndex) -> "Shelf":
        """An empty one."""
        return cls(len(rendition.offsets), rendition.head_segments)

    @property
    def here(self) -> int:
        """How many segments are here."""
        return (self.bits & ((1 << self.segments) - 1)).bit_count()

    @property
    def state(self) -> str:
        """none, head (its beginning and its playlist), full, or partial (anything else)."""
        if not self.bits:
            return "none"
        if not self.bits >> (self.segments + 1) & 1:  # without its playlist nobody can begin
            return "partial"
        here = self.here
        if here == self.segments:
            return "full"
        head = (1 << self.head) - 1
        return "head" if self.bits & head == head and self.head else "partial"

    def told(self) -> list[str | int]:
        """As the inventory has it."""
        return [self.state, self.here]


@dataclass(slots=True)
class Standing:
    """One package: its renditions, and what its manifest takes on disk, in bytes."""

    shelves: dict[str, Shelf] = field(default_factory=dict)
    overhead: int = 0

    @property
    def room(self) -> int:
        """All that it takes on disk, in bytes."""
        return self.overhead + sum(shelf.room for shelf in self.shelves.values())


class Shelves:
    """All packages. `epoch` rises with each change that is worth telling, also over restarts."""

    def __init__(self) -> None:
        # Above every number that an earlier process used, without writing each of them down.
        self.epoch = self._floor = time.time_ns() // 1000
        self.packages: dict[str, Standing] = {}
        self._changed: dict[str, int] = {}

    def standing(self, package: str) -> Standing:
        """The package's, made if need be."""
        found = self.packages.get(package)
        if found is None:
            found = self.packages[package] = Standing()
        return found

    def shelf(self, rendition: RenditionIndex) -> Shelf:
        """The rendition's, made if need be."""
        shelves = self.standing(rendition.package).shelves
        found = shelves.get(rendition.name)
        if found is None:
            found = shelves[rendition.name] = Shelf.of(rendition)
        return found

    def put(self, rendition: RenditionIndex, number: int, room: int) -> None:
        """An object came."""
        shelf = self.shelf(rendition)
        before = self._sight(shelf)
        shelf.bits |= 1 << number
        shelf.room += room
        if self._sight(shelf) != before:
            self.note(rendition.package)

    def fill(self, rendition: RenditionIndex, bits: int, room: int) -> None:
        """All of these objects are here; `note` says so."""
        shelf = self.shelf(rendition)
        shelf.bits, shelf.room = bits, room

    def take(self, rendition: RenditionIndex, number: int, room: int) -> None:
        """An object went."""
        shelf = self.shelf(rendition)
        before = self._sight(shelf)
        shelf.bits &= ~(1 << number)
        shelf.room -= room
        if self._sight(shelf) != before:
            self.note(rendition.package)

    def drop(self, package: str) -> None:
        """The whole package went."""
        if self.packages.pop(package, None) is not None:
            self.note(package)

    def note(self, package: str) -> None:
        """Something about this package is worth telling."""
        self.epoch += 1
        self._changed.pop(package, None)
        self._changed[package] = self.epoch
        if len(self._changed) > len(self.packages) + _GONE_MOST:
            gone = next(name for name in self._changed if name not in self.packages)
            self._floor = max(self._floor, self._changed.pop(gone))

    def holdings(self) -> dict[str, dict[str, list[str | int]]]:
        """{package: {rendition: [state, segments here]}} of all that is here."""
        told = {package: self._told(package) for package in tuple(self.packages)}
        return {package: renditions for package, renditions in told.items() if renditions}

    def changes(self, since: int) -> tuple[int, dict[str, dict[str, list[str | int]]]]:
        """What changed after the epoch `since` → (the epoch that this starts from, packages as in `holdings`).

        A package that is gone has no renditions. From 0: everything, for an epoch that this process does not know.
        May be called from another thread: what changes meanwhile has a later epoch than the one read before.
        """
        if not self._floor <= since <= self.epoch:
            return 0, self.holdings()
        found = {}
        for package, epoch in reversed(tuple(self._changed.items())):
            if epoch <= since:
                break
            found[package] = self._told(package)
        return since, found

    def _told(self, package: str) -> dict[str, list[str | int]]:
        standing = self.packages.get(package)
        if standing is None:
            return {}
        return {name: shelf.told() for name, shelf in tuple(standing.shelves.items()) if shelf.bits}

    @staticmethod
    def _sight(shelf: Shelf) -> tuple[str, int]:
        return shelf.state, shelf.here * _STEPS // max(1, shelf.segments)
