"""How far nodes are with their plans, as the pages say it."""

from dataclasses import dataclass

from cdn import explaining
from cdn.live import Row
from cdn.types import FillProgress


@dataclass(frozen=True, slots=True)
class Filling:
    """Shares in percent. `beginnings` is of what every node pins; `known` is False until the node has reported."""

    known: bool
    done: int
    total: int
    percent: float
    beginnings: float
    bytes_left: int

    @property
    def complete(self) -> bool:
        """Whether everything that is planned is here."""
        return self.known and self.done >= self.total


def filling(row: Row) -> Filling | None:
    """What a node has of what its plan wants; None while nothing is planned for it."""
    if not row.plan:
        return None
    found = explaining.progress.of(row.id, row.plan)
    return _percents(found) if found is not None and found.total else None


def _percents(found: FillProgress) -> Filling:
    here = found.bytes_total - found.bytes_left
    percent = 100.0 * here / found.bytes_total if found.bytes_total else 100.0
    if found.done < found.total:
        percent = min(percent, 99.9)
    beginnings = 100.0 * found.pinned_done / found.pinned if found.pinned else 100.0
    return Filling(found.known, found.done, found.total, percent, beginnings, found.bytes_left)
