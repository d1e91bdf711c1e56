"""One profile that scripts any number of plays: whether anybody else's page moves.

Three pages of everybody else at one moment: after that profile watched one film once, as anybody may; after it watched
it as often as a script can; and after it played everything there is as often. The second must
be the first.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bench._town.season import Play

Rows = Mapping[str, Sequence[int]]
#: So many slots of a row are compared.
SLOTS = 10


def measure(shop: Any, plays: int, *, day: float) -> dict[str, float | int | None]:
    """Push one title, then all; returns how many rows of others moved, and what of them stayed."""
    poisoner = max(range(len(shop.people)), key=lambda who: (not shop.people[who].kid, who))
    mine = shop.people[poisoner].household
    others = [who for who, person in enumerate(shop.people) if person.household != mine]
    pushed = int(shop.titles.appeal.argmin())
    then = day + 0.9
    _play(shop, poisoner, [pushed], 1, day)
    once = {who: _rows(shop, who, then) for who in others}
    _play(shop, poisoner, [pushed], plays, day)
    often = {who: _rows(shop, who, then) for who in others}
    _play(shop, poisoner, list(range(len(shop.titles))), plays, day)
    all_of_it = {who: _rows(shop, who, then) for who in others}
    moved = sum(_moved(once[who], often[who]) for who in others)
    rows = sum(len(once[who]) for who in others)
    kept = [_kept(once[who], all_of_it[who]) for who in others]
    print(
        f"one profile, {plays} plays of one title: {moved} of {rows} rows of {len(others)} others moved; "
        f"as many of everything: {sum(kept) / max(1, len(kept)):.3f} of their first slots stayed"
    )
    return {
        "poison_plays": plays,
        "poison_rows": rows,
        "poison_rows_moved": moved,
        "poison_all_kept": round(sum(kept) / max(1, len(kept)), 3),
        "poison_all_least_kept": round(min(kept, default=1.0), 3),
    }


def _play(shop: Any, who: int, titles: Sequence[int], plays: int, day: float) -> None:
    """So many plays within half a day, each to its end."""
    for number in range(plays):
        at = day + 0.5 * number / plays
        shop.scripted(Play(who, titles[number % len(titles)], 0, 1.0, at, heard=False))


def _rows(shop: Any, who: int, at: float) -> dict[str, tuple[int, ...]]:
    return {shelf.key: tuple(shelf.titles[:SLOTS]) for shelf in shop.page(who, at) if not shelf.own}


def _moved(one: Rows, other: Rows) -> int:
    return sum(one.get(key) != other.get(key) for key in {*one, *other})


def _kept(one: Rows, other: Rows) -> float:
    """Share of what stood in the first slots that still stands in the same row's."""
    held = [(key, title) for key, titles in one.items() for title in titles]
    return sum(title in other.get(key, ()) for key, title in held) / max(1, len(held))
