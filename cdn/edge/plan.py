"""What the plan keeps on this node's disk, and what of the budget that takes: demand may not evict it."""

from cdn.edge.held import Held
from cdn.edge.shelves import Shelf, Standing

#: The plan's part of the budget, at most: the rest belongs to what viewers ask for. What is planned beyond it is kept
#: like anything else that came, as long as demand leaves it.
PLANNED_SHARE = 0.85


class Plan:
    """Which objects are planned. `planned` is what those that are here take, in bytes."""

    def __init__(self, *, whole: bool) -> None:
        """`whole`: a rendition stays or goes as a whole, since no holes can be made on this disk."""
        self.planned = 0
        self._whole = whole
        self._kept: dict[str, dict[str, int | None]] = {}

    def protect(self, package: str, rendition: str, segments: int | None) -> bool:
        """Keep the first so many segments of a rendition and all that is no segment; None: all of it. → Whether that
        is new."""
        kept = self._kept.setdefault(package, {})
        if rendition in kept and kept[rendition] == segments:
            return False
        kept[rendition] = segments
        return True

    def unprotect(self, package: str, rendition: str | None) -> bool:
        """Let go of a rendition, or of all of a package; → whether anything of it was kept."""
        kept = self._kept.get(package)
        if kept is None:
            return False
        if rendition is None:
            kept.clear()
        else:
            kept.pop(rendition, None)
        if not kept:
            del self._kept[package]
        return True

    def firsts(self, package: str) -> dict[str, int]:
        """How many segments of each of the package's renditions are kept; those of which nothing is are not named."""
        kept = self._kept.get(package, {})
        return {name: 1 << 30 if first is None or self._whole else first for name, first in kept.items()}

    def covers(self, held: Held) -> bool:
        """Whether this object is planned to be here."""
        kept = self._kept.get(held.rendition.package)
        if kept is None or held.rendition.name not in kept:
            return False
        first = kept[held.rendition.name]
        return first is None or self._whole or not first <= held.number < len(held.rendition.offsets)

    def admit(self, held: Held, budget: int) -> bool:
        """Count an object as planned if it is and there is room for it on the plan's side; → whether it was."""
        if not self.covers(held) or self.planned + held.room > PLANNED_SHARE * budget:
            return False
        held.planned = True
        self.planned += held.room
        return True

    def release(self, held: Held) -> None:
        """An object goes, or is not planned any more."""
        if held.planned:
            held.planned = False
            self.planned -= held.room

    def left_bits(self, package: str, name: str, shelf: Shelf) -> int:
        """The bits of what would be left of a rendition without what nobody planned."""
        first = self.firsts(package).get(name)
        if first is None:
            return 0
        return shelf.bits & ~(((1 << shelf.segments) - 1) >> first << first)

    def estimate(self, package: str, standing: Standing) -> int:
        """What the planned part of a package takes that is not open. Its objects are taken to be of one size; what
        this is wrong by is put right when the package is opened.
        """
        return sum(
            shelf.room * self.left_bits(package, name, shelf).bit_count() // shelf.bits.bit_count()
            for name, shelf in standing.shelves.items()
            if shelf.bits
        )
