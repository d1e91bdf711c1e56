"""Catalogues and models made up for tests: any size, the same for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from uuid import UUID

import numpy as np

from recommend.engine import content
from recommend.engine.content import Features
from recommend.engine.model import Model, Rows, indexed
from recommend.page.field import Field, made

GENRES = ("comedy", "crime", "drama", "family", "history", "horror", "mystery", "war")
NOW = 1_772_000_000.0


@dataclass(frozen=True)
class Glimpse:
    """What the catalogue says of a title at a glance."""

    id: UUID
    series: bool = False
    maturity: int = 0
    year: int = 2000
    published: float = NOW - 1e6
    opens: float = -np.inf
    closes: float = np.inf
    playable: bool = True
    genres: tuple[str, ...] = ()


def ids(count: int) -> list[UUID]:
    return [UUID(int=number + 1) for number in range(count)]


def model_of(
    titles: Sequence[UUID], weights: np.ndarray, *, genres: Sequence[Sequence[str]] = (), popularity=None
) -> Model:
    """A model whose taste and following rows are the same square matrix."""
    n = len(titles)
    rows = Rows(
        np.where(weights != 0, np.arange(n, dtype=np.int32)[None, :], np.int32(-1)).astype(np.int32),
        weights.astype(np.float16),
    )
    about = [Features(genres=tuple(genres[place]) if genres else ()) for place in range(n)]
    plays = np.ones(n, np.float32) if popularity is None else np.asarray(popularity, np.float32)
    known = tuple(titles)
    return Model(known, indexed(known), rows, (rows,), (5.0,), plays, content.content(about))


def world(count: int, *, seed: int = 1, grim: float = 0.3) -> tuple[Field, Model]:
    """A catalogue and a model for it; some titles are for grown-ups, some cannot be played or are drafts."""
    chance, random = Random(seed), np.random.default_rng(seed)
    titles = ids(count)
    shelves = [tuple(chance.sample(GENRES, chance.randint(1, 3))) for _each in titles]
    glances = [
        Glimpse(
            id=each,
            series=chance.random() < 0.2,
            maturity=chance.choice((16, 18)) if chance.random() < grim else chance.choice((0, 6, 7, 12)),
            published=0.0 if chance.random() < 0.03 else NOW - 3600.0 * number,
            opens=NOW + 60 if chance.random() < 0.02 else -np.inf,
            closes=NOW - 60 if chance.random() < 0.02 else np.inf,
            playable=chance.random() > 0.03,
            genres=shelves[number],
        )
        for number, each in enumerate(titles)
    ]
    weights = np.where(random.random((count, count)) < min(1.0, 40 / count), random.random((count, count)), 0)
    weights -= np.where(random.random((count, count)) < 0.02, 0.2, 0)
    np.fill_diagonal(weights, 0)
    order = list(range(count))
    chance.shuffle(order)
    weights = weights[np.ix_(order, order)]
    model = model_of(
        [titles[each] for each in order],
        weights,
        genres=[shelves[each] for each in order],
        popularity=random.pareto(1.0, count) * 5,
    )
    return made(glances), model
