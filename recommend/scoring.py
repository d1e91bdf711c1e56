"""How much a profile should like a title, and how alike two titles are. Pure: data in, numbers out.

Weights of feedback follow common practice for completion signals: finished counts whole, watched counts
half, given up counts a little against, a peek counts nothing; a thumb down hides the title elsewhere and
here only colours the genre.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

#: What was watched or rated this long ago counts half.
HALF_LIFE = timedelta(days=30)
#: A new title's advantage halves in this time.
NEW_HALF_LIFE = timedelta(days=14)
#: Windows for trending and what one viewing inside each (but not in a narrower one) is worth.
TREND_WINDOWS: tuple[tuple[timedelta, float], ...] = (
    (timedelta(days=1), 1.0),
    (timedelta(days=7), 0.4),
    (timedelta(days=30), 0.1),
)
THUMB_WEIGHT = {"down": -0.6, "up": 1.0, "double_up": 1.5}
LISTED_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class Features:
    """What scoring knows of a title. `genres` are slugs, `people` names; `added_at`: when it was published."""

    id: UUID
    kind: str
    genres: frozenset[str]
    people: frozenset[str] = frozenset()
    year: int | None = None
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing a profile did to a title, worth `weight` (negative: did not like it) at that time."""

    title_id: UUID
    weight: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Taste:
    """What a profile leans to: affinity by genre slug and by person, in units of 'finished titles'."""

    genres: Mapping[str, float] = field(default_factory=dict)
    people: Mapping[str, float] = field(default_factory=dict)


def viewing_weight(fraction: float) -> float:
    """What having watched this fraction (0 … 1) of something says: 0 for a peek, 1 when finished."""
    if fraction >= 0.9:
        return 1.0
    if fraction >= 0.25:
        return 0.5
    return -0.1 if fraction >= 0.03 else 0.0


def decay(age: timedelta, half_life: timedelta = HALF_LIFE) -> float:
    """1 now, ½ after one half-life; the future counts as now."""
    return math.pow(0.5, max(0.0, age / half_life))


def taste_of(signals: Iterable[Signal], features: Mapping[UUID, Features], *, now: datetime) -> Taste:
    """Spread each signal over its title's genres (shared out) and people (a third of it), decayed by age."""
    genres: dict[str, float] = {}
    people: dict[str, float] = {}
    for signal in signals:
        about = features.get(signal.title_id)
        if about is None:
            continue
        worth = signal.weight * decay(now - signal.at)
        for slug in about.genres:
            genres[slug] = genres.get(slug, 0.0) + worth / len(about.genres)
        for name in about.people:
            people[name] = people.get(name, 0.0) + worth / 3
    return Taste(genres, people)


def affinity(about: Features, taste: Taste) -> float:
    """How well a title fits a taste. 0 for a stranger; saturates, so that one binge drowns nothing."""
    by_genre = sum(taste.genres.get(slug, 0.0) for slug in about.genres) / max(1, len(about.genres)) ** 0.5
    by_person = sum(taste.people.get(name, 0.0) for name in about.people)
    return math.tanh(by_genre / 2) + 0.5 * math.tanh(by_person)


def freshness(about: Features, *, now: datetime) -> float:
    """1 for what was just added, towards 0 with age."""
    return decay(now - about.added_at, NEW_HALF_LIFE) if about.added_at else 0.0


def trend(counts: Sequence[Mapping[UUID, int]]) -> dict[UUID, float]:
    """Time-decayed popularity from viewings counted over `TREND_WINDOWS`, narrowest first."""
    scores: dict[UUID, float] = {}
    inner: Mapping[UUID, int] = {}
    for (_, worth), counted in zip(TREND_WINDOWS, counts, strict=True):
        for title_id, viewings in counted.items():
            ring = max(0, viewings - inner.get(title_id, 0))
            scores[title_id] = scores.get(title_id, 0.0) + worth * ring
        inner = counted
    return {title_id: score for title_id, score in scores.items() if score > 0}


def likeness(one: Features, other: Features) -> float:
    """How alike two titles are, 0 … about 2: shared genres first, then people, kind and years apart.

    0 when they share neither a genre nor a person: the same decade alone makes nothing alike.
    """
    genres = one.genres & other.genres
    people = one.people & other.people
    if not genres and not people:
        return 0.0
    score = len(genres) / max(1, len(one.genres | other.genres)) + 0.4 * math.tanh(len(people))
    if one.kind == other.kind:
        score += 0.1
    if one.year is not None and other.year is not None:
        score += 0.3 * math.exp(-abs(one.year - other.year) / 10)
    return score


def draw(key: str, ids: Iterable[UUID]) -> UUID | None:
    """One of `ids`, the same for the same key; others coming or going do not move the choice needlessly."""
    return max(ids, key=lambda each: hashlib.blake2b(f"{key}:{each}".encode()).digest(), default=None)
