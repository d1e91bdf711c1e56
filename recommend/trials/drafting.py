"""Team-draft interleaving: two rankings in one list, each title on one side. Pure.

Radlinski, Kurup, Joachims 2008: in every round a coin says who chooses first; each side takes its best title that
is not there yet. A play of a title is a point for its side; whoever brings nothing new wins nothing.
"""

import random
from collections.abc import Sequence
from uuid import UUID


def draft(
    first: Sequence[UUID], second: Sequence[UUID], *, seed: int, length: int
) -> tuple[tuple[UUID, ...], tuple[int, ...]]:
    """`length` titles at most, and for each the side (0 or 1) that brought it.

    A beginning that both rankings share says nothing of either: it is kept, on no side (-1).
    """
    order: list[UUID] = []
    sides: list[int] = []
    for one, other in zip(first, second, strict=False):
        if one != other or len(order) >= length:
            break
        order.append(one)
        sides.append(-1)
    taken = set(order)
    coin = random.Random(seed)  # noqa: S311 (a fair coin, not a secret)
    lists = (first, second)
    places = [0, 0]

    def best(side: int) -> UUID | None:
        while places[side] < len(lists[side]) and lists[side][places[side]] in taken:
            places[side] += 1
        return lists[side][places[side]] if places[side] < len(lists[side]) else None

    while len(order) < length:
        begins = coin.randrange(2)
        moved = False
        for side in (begins, 1 - begins):
            chosen = best(side)
            if chosen is not None and len(order) < length:
                order.append(chosen)
                sides.append(side)
                taken.add(chosen)
                moved = True
        if not moved:
            break
    return tuple(order), tuple(sides)
