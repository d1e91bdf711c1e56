"""Small houses: what 1, 5 or 20 viewers get, who know nobody else. Real viewers, dealt into houses.

The film lovers of a ratings file are split once: one half's watching becomes the seed (everybody of the file who is not
in the other half gives to it), the other half lives in the houses. So nobody of a house is in the seed. Of each
viewer's events the last fifth is hidden and to be found; the rest is known, and trains the house's own model. All films
of the library are ranked, what was seen is left out, equals come in a random order.
"""

import csv
import gzip
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommend.engine import metrics, score, seed
from recommend.engine.content import Features, content, cosine
from recommend.engine.model import Content, Model
from recommend.engine.training import Events, Settings, train

#: Events that make somebody a viewer of a house here; films seen less often than this are not in the library.
VIEWER_HAS, FILM_HAS = 20, 20
#: The share of a viewer's events that is hidden.
HIDDEN = 0.2
#: Accounts that must have watched both of two films, as the site asks in small houses (learning/gathering.py).
SUPPORT = 3
#: Houses of each size: about as many viewers of each.
HOUSES = {1: 100, 5: 32, 20: 10}
#: Viewers of one account: a flat of friends, or a family.
OF_ACCOUNT = 4
WAYS = (
    "popularity",
    "content alone",
    "watching alone",
    "both",
    "ours",
    "ours, seed",
    "page",
    "page, seed",
    "page, all told",
    "page, seed, all told",
)


@dataclass(frozen=True, slots=True)
class Library:
    """Films by place, what they are about, and viewers' films in order of time."""

    films: tuple[str, ...]
    titles: tuple[UUID, ...]
    about: Content
    viewers: tuple[tuple[int, ...], ...]
    others: seed.Seed


def library(folder: Path, *, draw: int = 1) -> Library:
    """Read a folder with `ratings.csv.gz` and `movies.csv.gz` (docs/recommend-proof.md)."""
    seen: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in _lines(folder / "ratings.csv.gz"):
        seen[line["user"]].append((int(line["ts"]), line["imdb"]))
    history = {user: [film for _at, film in sorted(events)] for user, events in seen.items()}
    count: dict[str, int] = defaultdict(int)
    for films in history.values():
        for film in set(films):
            count[film] += 1
    films = tuple(sorted(film for film in count if count[film] >= FILM_HAS))
    place = {film: n for n, film in enumerate(films)}
    known = {line["imdb"]: line for line in _lines(folder / "movies.csv.gz")}
    facts = [
        Features(
            genres=known[film]["genres"].split("|"), year=int(known[film]["year"] or 0) or None, kind="film"
        )
        for film in films
    ]
    mine = {
        user: [place[film] for film in dict.fromkeys(each) if film in place] for user, each in history.items()
    }
    able = sorted(user for user, each in mine.items() if len(each) >= VIEWER_HAS)
    np.random.default_rng(draw).shuffle(able)
    homes = able[: len(able) // 2]
    away = [
        (number, film) for number, user in enumerate(sorted(set(mine) - set(homes))) for film in mine[user]
    ]
    table = np.array(away, np.int32)
    return Library(
        films=tuple(f"tt{film}" for film in films),
        titles=tuple(UUID(int=n + 1) for n in range(len(films))),
        about=content(facts),
        viewers=tuple(tuple(mine[user]) for user in homes),
        others=seed.aggregate(
            table[:, 0],
            table[:, 1],
            [f"tt{film}" for film in films],
            {"source": folder.name, "licence": "MIT"},
        ),
    )


@dataclass(frozen=True, slots=True)
class Found:
    """What one way found for each viewer of all houses of one size: NDCG@100 and recall@20."""

    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]


def measure(held: Library, size: int, houses: int, *, draw: int = 2) -> dict[str, Found]:
    """So many houses of one size, each with models of its own; by way of recommending."""
    chance = np.random.default_rng(draw)
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    for _house in range(houses):
        members = [held.viewers[n] for n in chance.choice(len(held.viewers), size, replace=False)]
        for way, ndcg, recall in _house_of(held, members, chance):
            found[way].append((ndcg, recall))
    return {way: Found(*np.array(each).T) for way, each in found.items()}


def _house_of(
    held: Library, members: Sequence[tuple[int, ...]], chance: np.random.Generator
) -> Iterator[tuple[str, float, float]]:
    cut = [math.ceil(len(each) * (1 - HIDDEN)) for each in members]
    known = [each[:end] for each, end in zip(members, cut, strict=True)]
    events = _events(known)
    index = {film: n for n, film in enumerate(held.films)}
    lent = seed.entries(held.others, index)
    beta = seed.fading(len(events))
    counts = np.bincount(events.title, minlength=len(held.films)).astype(np.float32)
    alone = train(held.titles, events, held.about, Settings(alpha=0.0, scales=(5.0,)))
    both = train(held.titles, events, held.about, Settings(scales=(5.0,)))
    ours = train(held.titles, events, held.about, Settings(support=SUPPORT))
    seeded = train(held.titles, events, held.about, Settings(support=SUPPORT, beta=beta), seed=lent)
    told = np.where(_accounts(events, len(held.films)) >= SUPPORT, counts, np.float32(0))
    ways: dict[str, Callable[[tuple[int, ...]], NDArray[np.float32]]] = {
        "popularity": lambda seen: counts,
        "content alone": lambda seen: _by_content(held.about, seen),
        "watching alone": lambda seen: _by(alone, held, seen, counts)[0],
        "both": lambda seen: _by(both, held, seen, counts)[0],
        "ours": lambda seen: _by(ours, held, seen, counts)[0],
        "ours, seed": lambda seen: _by(seeded, held, seen, counts)[0],
        "page": lambda seen: _by(ours, held, seen, told)[1],
        "page, seed": lambda seen: _by(seeded, held, seen, told)[1],
        "page, all told": lambda seen: _by(ours, held, seen, counts)[1],
        "page, seed, all told": lambda seen: _by(seeded, held, seen, counts)[1],
    }
    for films, seen in zip(members, known, strict=True):
        wanted = set(films[len(seen) :])
        for way, scored in ways.items():
            values = scored(seen).astype(np.float64)
            values[list(seen)] = -np.inf
            order = np.lexsort((chance.random(len(values)), -values))
            yield way, metrics.ndcg(order, wanted, 100), metrics.recall(order, wanted, 20)


def _events(known: Sequence[tuple[int, ...]]) -> Events:
    rows = [(viewer, film, at) for viewer, films in enumerate(known) for at, film in enumerate(films)]
    table = np.array(sorted(rows, key=lambda row: row[2]), np.int64)
    return Events(
        viewer=table[:, 0].astype(np.int32),
        title=table[:, 1].astype(np.int32),
        weight=np.ones(len(table), np.float32),
        account=(table[:, 0] // OF_ACCOUNT).astype(np.int32),
        at=table[:, 2].astype(np.float64),
    )


def _accounts(events: Events, films: int) -> NDArray[np.int64]:
    """By how many accounts each film was watched."""
    account = events.viewer if events.account is None else events.account
    pairs = np.unique(np.stack([account, events.title], axis=1), axis=0)
    return np.bincount(pairs[:, 1], minlength=films)


def _by_content(about: Content, seen: Sequence[int]) -> NDArray[np.float32]:
    found = np.zeros(len(about), np.float32)
    for film in seen:
        found += cosine(about, *about.of(film))
    return found


def _by(
    model: Model, held: Library, seen: Sequence[int], counts: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(taste alone, the blend that pages use with what the house watched as its trend), by the library's places."""
    place = np.array([model.index[title] for title in held.titles])
    entries = [score.Entry(int(place[film]), 1.0) for film in reversed(seen)]
    trend = np.zeros(len(model), np.float32)
    trend[place] = counts
    made = score.score(model, entries, trend, np.ones(len(model), bool))
    return made.taste[place], made.blend[place]


def _lines(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)
