"""Choose and order the rows of a page; never the same title twice on a screen of it. Pure: ids in, ids out.

Shelves come in the order in which they may take titles; the viewer's own rows (continue watching, my list) stand above
them. A large catalogue shows a title once on the page. A small one would be told in two rows then: there each
row has a few titles that stand nowhere above it, and others of rows that are far from it.
"""

from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

#: What stands for a title: its id, or its place in the catalogue.
Id = TypeVar("Id", bound=Hashable)

#: A row with fewer cards looks like a mistake.
FEWEST_CARDS = 3
LONGEST_ROW = 20
SHORTEST_CAP = 6
#: A catalogue of fewer titles than this is a small one; a row of it has three to six titles that stand nowhere above.
SMALL = 200
LEAST_NEW, MOST_NEW = 3, 6
#: With fewer that stand nowhere above it a row of a small catalogue is left out.
FEWEST_NEW = 2
#: Rows that are so near to each other may stand on one screen.
NEAR = 2
#: So many cards of a row are in sight before it is scrolled.
IN_SIGHT = 6


@dataclass(frozen=True, slots=True)
class Shelf(Generic[Id]):
    """A row that would like to be: all titles it could show, best first. `elastic`: it takes what others leave."""

    key: str
    titles: tuple[Id, ...]
    elastic: bool = False


def cap(catalogue: int) -> int:
    """How long a row may be in a catalogue of so many titles: short in a small one, so that all get some."""
    return max(SHORTEST_CAP, min(LONGEST_ROW, catalogue // 4))


def alone(catalogue: int) -> int:
    """How many titles that stand nowhere above it a row of a small catalogue shows."""
    return max(LEAST_NEW, min(MOST_NEW, catalogue // 5))


def arrange(shelves: Sequence[Shelf[Id]], *, catalogue: int, mine: Collection[Id] = ()) -> list[Shelf[Id]]:
    """The rows to show, in order: each title in the first shelf that takes it, short rows dropped.

    What the dropped ones held goes to the end of an elastic row (a genre) that lists it too. `mine`: what the viewer's
    own rows show; the first rows under them do not show it again, unless there would be no row at all.
    """
    few = catalogue < SMALL
    longest = cap(catalogue)
    shown: set[Id] = set()
    chosen: list[tuple[Shelf[Id], list[Id]]] = []
    above = set(mine)
    for shelf in shelves:
        out = above if len(chosen) < NEAR else set[Id]()
        if few:
            near = [held for _shelf, held in chosen[-NEAR:]]
            free = fill(shelf.titles, (*near, out), shown, catalogue)
            enough = fits(free, shown)
        else:
            wanted = list(dict.fromkeys(shelf.titles))
            free = [each for each in wanted if each not in shown and each not in out][:longest]
            enough = len(free) >= FEWEST_CARDS
        if enough:
            shown.update(free)
            chosen.append((shelf, free))
    if above and not chosen:
        return arrange(shelves, catalogue=catalogue)
    for number, (shelf, held) in enumerate(chosen):
        if shelf.elastic:
            out = above if number < NEAR else set[Id]()
            late = [each for each in dict.fromkeys(shelf.titles) if each not in shown and each not in out]
            late = late[: max(0, LONGEST_ROW - len(held))]
            held.extend(late)
            shown.update(late)
    if few:
        _lengthen([(shelf.titles, held) for shelf, held in chosen], longest, above)
    return [Shelf(shelf.key, tuple(held), shelf.elastic) for shelf, held in chosen]


def fill(
    titles: Iterable[Id], near: Iterable[Collection[Id]], shown: Collection[Id], catalogue: int
) -> list[Id]:
    """A row of a small catalogue: nothing that rows `near` it show, what stands far above it (`shown`), and some that
    stand nowhere yet.
    """
    out = {each for row in near for each in row}
    left, longest = alone(catalogue), cap(catalogue)
    held: list[Id] = []
    for each in dict.fromkeys(titles):
        if len(held) == longest:
            break
        new = each not in shown
        if each in out or (new and not left):
            continue
        left -= new
        held.append(each)
    return held


def fits(held: Sequence[Id], shown: Collection[Id]) -> bool:
    """Whether a row of a small catalogue is long enough, and says something that those above it do not."""
    return len(held) >= FEWEST_CARDS and sum(each not in shown for each in held) >= FEWEST_NEW


def _lengthen(rows: Sequence[tuple[Sequence[Id], list[Id]]], longest: int, mine: Collection[Id]) -> None:
    """Put at the end of rows what they wanted too, and stands far below them. `rows`: what was wanted, and is held."""
    for number, (titles, held) in enumerate(rows):
        near = rows[max(0, number - NEAR) : number + NEAR + 1]
        out = {each for _titles, row in near for each in row} | set(mine if number < NEAR else ())
        more = [each for each in dict.fromkeys(titles) if each not in out]
        held.extend(more[: max(0, longest - len(held))])
