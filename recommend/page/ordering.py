"""The order of a page's rows, by what each of them adds to those above it. Pure: numbers in, numbers out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recommend import rows as arranging
from recommend.engine.model import Floats
from recommend.page.field import Places

#: So many candidates are kept of a row: others may take the first of them.
DEPTH = 60
#: The rows of a small catalogue, in turns.
TURNS = (
    "picks", "because", "genre", "trending", "because", "genre", "again", "new", "because",
)  # fmt: skip
#: How a place in a row, from its first card (1) on, is worth less and less: few scroll far. Longer than any row.
_SHOWN = 20
_SEEN_AT = np.zeros(DEPTH + 1, np.float32)
_SEEN_AT[1 : _SHOWN + 1] = 1 / np.log2(np.arange(2, _SHOWN + 2, dtype=np.float32))
#: What looking at a row of a kind leads to, beside Top picks: a guess that trials correct (docs/recommend-trials.md).
TAKE = {
    "picks": 1.0, "next": 0.9, "trending": 0.95, "because": 0.8, "taste": 0.75, "new": 0.7, "genre": 0.7,
    "popular": 0.6, "again": 0.35, "gems": 0.4,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A row that would like to be: places of the field, best first. `because`: the place that it grew from, or -1."""

    key: str
    kind: str
    places: Places
    because: int = -1
    lean: float = 1.0


def by_worth(rows: Sequence[Candidate], worth: Floats, most: int) -> list[Candidate]:
    """At most so many rows by what each adds to those above it: place by place the one whose titles, not yet shown, are
    likeliest to be played where they would stand. Never three of a kind one after the other while there is another.

    `worth`: float32 (n,), how likely each title of the field is to be played.
    """
    if not rows:
        return []
    # What is past a row's end is a title that is taken from the beginning.
    nobody = len(worth)
    table = np.full((len(rows), max(len(row.places) for row in rows)), nobody, np.int64)
    for number, row in enumerate(rows):
        table[number, : len(row.places)] = row.places
    gains = np.append(worth, np.float32(0))[table]
    gains *= np.array([TAKE[row.kind] * row.lean for row in rows], np.float32)[:, None]
    kinds = np.array([row.kind for row in rows])
    free = np.append(np.ones(nobody, np.bool_), False)
    value = np.zeros(len(rows), np.float32)
    order: list[int] = []
    while len(order) < min(most, len(rows)):
        open_ = free[table]
        place = np.cumsum(open_, axis=1, dtype=np.int16)
        np.einsum("rp,rp,rp->r", gains, open_, _SEEN_AT[place], out=value)
        value[place[:, -1] < 3] = -1
        value[order] = -1
        if len(order) > 1 and kinds[order[-1]] == kinds[order[-2]]:
            same = kinds == kinds[order[-1]]
            if (value[~same] > 0).any():
                value[same] = -1
        chosen = int(np.argmax(value))
        if value[chosen] < 0:
            break
        order.append(chosen)
        free[table[chosen][open_[chosen] & (place[chosen] <= _SHOWN)]] = False
    return [rows[each] for each in order]


def in_turns(rows: Sequence[Candidate], appeal: Floats, size: int, most: int) -> list[Candidate]:
    """The same for a catalogue of so few titles (`size`) that rows share them, as `arranging.arrange` will fill them.

    All titles are about as likely to be played there, so what a viewer alone is known for comes first, in turns; of a
    kind what taste speaks for most. `appeal`: float32 (n,), how much that is.
    """
    trending = any(row.kind == "trending" for row in rows)
    left = [(row, row.places.tolist()) for row in rows if row.kind != "popular" or not trending]
    order: list[Candidate] = []
    above: list[list[int]] = []
    shown: set[int] = set()
    for kind in (*TURNS, *dict.fromkeys(row.kind for row, _places in left), *["genre"] * len(left)):
        best_value, chosen, filled = 0.0, -1, list[int]()
        for number, (row, places) in enumerate(left):
            if row.kind != kind:
                continue
            found = arranging.fill(places, above[-arranging.NEAR :], shown, size)
            if arranging.fits(found, shown):
                value = row.lean * float((appeal[found] * _SEEN_AT[1 : len(found) + 1]).sum())
                if value > best_value:
                    best_value, chosen, filled = value, number, found
        if chosen >= 0 and len(order) < most:
            order.append(left.pop(chosen)[0])
            above.append(filled)
            shown.update(filled)
    return order
