"""Choose and order the rows of a page; never the same title twice on it. Pure: ids in, ids out.

Shelves come in the order in which they may take titles. Continue watching and my list are the viewer's own:
they show all they have, and do not keep a title from its place elsewhere.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

#: What stands for a title: its id, or its place in the catalogue.
Id = TypeVar("Id", bound=Hashable)

#: A row with fewer cards looks like a mistake.
FEWEST_CARDS = 3
LONGEST_ROW = 20
SHORTEST_CAP = 6


@dataclass(frozen=True, slots=True)
class Shelf(Generic[Id]):
    """A row that would like to be: all titles it could show, best first. `own`: the viewer made it."""

    key: str
    titles: tuple[Id, ...]
    own: bool = False
    elastic: bool = False


def cap(catalogue: int) -> int:
    """How long a row may be in a catalogue of so many titles: short in a small one, so that all get some."""
    return max(SHORTEST_CAP, min(LONGEST_ROW, catalogue // 4))


def arrange(shelves: Sequence[Shelf[Id]], *, catalogue: int) -> list[Shelf[Id]]:
    """The rows to show, in order: each title in the first shelf that takes it, short rows dropped.

    What the dropped ones held goes to the end of an elastic row (a genre) that lists it too.
    """
    longest = cap(catalogue)
    taken: set[Id] = set()
    chosen: list[tuple[Shelf[Id], list[Id]]] = []
    for shelf in shelves:
        wanted = list(dict.fromkeys(shelf.titles))
        if shelf.own:
            if wanted:
                chosen.append((shelf, wanted[:LONGEST_ROW]))
            continue
        free = [title_id for title_id in wanted if title_id not in taken][:longest]
        if len(free) >= FEWEST_CARDS:
            taken.update(free)
            chosen.append((shelf, free))
    for shelf, held in chosen:
        if shelf.elastic:
            late = [title_id for title_id in shelf.titles if title_id not in taken]
            late = late[: max(0, LONGEST_ROW - len(held))]
            held.extend(late)
            taken.update(late)
    return [Shelf(shelf.key, tuple(held), shelf.own, shelf.elastic) for shelf, held in chosen]
