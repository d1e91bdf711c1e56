"""Random catalogues, models and viewers, and what a page may never show. For a test, and a hundred thousand pages.

Nothing here is likely: models say anything of anything, trends and histories name what the profile may not see, titles
are drafts, not yet open, closed, blocked or hidden. Whatever a page shows then must be of what is eligible.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from uuid import UUID

import numpy as np

from recommend.engine.content import Features, content
from recommend.engine.extend import extend
from recommend.engine.model import Model, Rows, indexed
from recommend.page import field as fields
from recommend.page.compose import Composer, Opinion, Viewer

AGES = (0, 7, 10, 13, 16, 18)
NOW = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Wrong:
    """A title that a page showed and must not have."""

    row: str
    place: int


def pages(count: int, *, seed: int) -> Iterator[list[Wrong]]:
    """So many pages of random profiles, a few for each random catalogue; each yields what was wrong with it."""
    chance = np.random.default_rng(seed)
    made = 0
    while made < count:
        field = _field(chance)
        bound = fields.bound(_model(chance, field), field)
        for _profile in range(min(25, count - made)):
            yield page(chance, field, bound)
            made += 1


def page(chance: np.random.Generator, field: fields.Field, bound: fields.Bound) -> list[Wrong]:
    """One page of a random profile."""
    age = int(chance.choice(AGES))
    n = len(field)
    blocked = [field.ids[int(each)] for each in chance.integers(n, size=int(chance.integers(4)))]
    eligible = field.open_to(age, NOW, blocked)
    # Told by hand, not by the function that is asked: what a profile of this age may see.
    true = np.array(
        [
            field.playable[place]
            and field.maturity[place] <= age
            and field.published[place] > 0
            and field.opens[place] <= NOW < field.closes[place]
            and field.ids[place] not in blocked
            for place in range(n)
        ]
    )
    opinions = tuple(
        Opinion(
            int(chance.integers(n)), float(chance.choice((1.0, 0.5, 1.5, -0.3, -0.1))), NOW - 86_400.0 * k
        )
        for k in range(int(chance.integers(0, 30)))
    )
    trend = np.where(chance.random(n) < 0.4, chance.exponential(5, n), 0).astype(np.float32)
    viewer = Viewer(opinions, eligible, chance.random(n) < 0.2, trend, NOW)
    composer = Composer(field, bound, viewer)
    rows = composer.candidates()
    shown = [(row.key, int(place)) for row in composer.ordered(rows) for place in row.places]
    shown += [(row.key, int(place)) for row in rows for place in row.places]
    shown += [("because", row.because) for row in rows if row.because >= 0]
    shown += [("billboard", int(place)) for place in composer.billboard(8)]
    return [Wrong(key, place) for key, place in shown if not true[place]]


def _field(chance: np.random.Generator) -> fields.Field:
    n = int(chance.integers(3, 80))
    genres = [f"g{k}" for k in range(int(chance.integers(1, 6)))]
    return fields.made(
        SimpleNamespace(
            id=UUID(int=int(chance.integers(1, 2**62))),
            series=bool(chance.random() < 0.2),
            maturity=int(chance.choice(AGES)),
            published=0.0 if chance.random() < 0.1 else NOW - float(chance.exponential(5e6)),
            opens=NOW + 1e6 if chance.random() < 0.1 else float("-inf"),
            closes=NOW - 1e6 if chance.random() < 0.1 else float("inf"),
            playable=bool(chance.random() < 0.9),
            genres=[name for name in genres if chance.random() < 0.5],
        )
        for _each in range(n)
    )


def _model(chance: np.random.Generator, field: fields.Field) -> Model:
    """Of some of the field's titles, and of some that are gone; the rest may have come after it."""
    known = [each for each in field.ids if chance.random() < 0.7] + [UUID(int=k + 2**64) for k in range(3)]
    n = len(known)
    facts = [
        Features(genres=[f"g{chance.integers(5)}"], year=int(chance.integers(1950, 2020))) for _each in known
    ]
    model = Model(
        tuple(known),
        indexed(known),
        _rows(chance, n),
        (_rows(chance, n), _rows(chance, n)),
        (3.0, 30.0),
        chance.exponential(10, n).astype(np.float32),
        content(facts),
    )
    late = [each for each in field.ids if each not in model.index and chance.random() < 0.5]
    return extend(model, {each: Features(genres=[f"g{chance.integers(5)}"]) for each in late})


def _rows(chance: np.random.Generator, n: int) -> Rows:
    width = int(chance.integers(1, n + 1))
    targets = np.stack([chance.permutation(n)[:width] for _each in range(n)]).astype(np.int32)
    weights = chance.normal(size=targets.shape).astype(np.float16)
    gone = chance.random(targets.shape) < 0.2
    return Rows(np.where(gone, -1, targets), np.where(gone, 0, weights).astype(np.float16))
