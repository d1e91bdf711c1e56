"""The whole catalogue as arrays, the newest first: what may be seen is one comparison, whatever is ranked. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommend.engine.model import Flags, Floats, Model

Places = NDArray[np.int64]

#: What was played less than this share of all titles that were played is no hit: gems are among it.
GEM_BELOW = 0.6


class Glimpsed(Protocol):
    """A title as `catalog.overview` gives it; times in seconds since 1970."""

    @property
    def id(self) -> UUID: ...
    @property
    def series(self) -> bool: ...
    @property
    def maturity(self) -> int: ...
    @property
    def published(self) -> float: ...
    @property
    def opens(self) -> float: ...
    @property
    def closes(self) -> float: ...
    @property
    def playable(self) -> bool: ...
    @property
    def genres(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Titles in the order of their publication, the newest first; every array has one value for each.

    `shelved`: bool (n, genres), which genres a title has; `shelves` the same as numbers to count with, float32
    (genres, n). `published` is in seconds since 1970, 0 for drafts.
    """

    ids: tuple[UUID, ...]
    place: dict[UUID, int]
    maturity: NDArray[np.int16]
    published: NDArray[np.float64]
    opens: NDArray[np.float64]
    closes: NDArray[np.float64]
    playable: Flags
    series: Flags
    genres: tuple[str, ...]
    shelved: Flags
    shelves: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def open_to(self, maturity: int, now: float, without: Collection[UUID] = ()) -> Flags:
        """What a profile of this age may see and play now, less `without`. Ask before anything is ranked."""
        mask = self.playable & (self.maturity <= maturity) & (self.published > 0)
        mask &= (self.opens <= now) & (self.closes > now)
        for each in without:
            if (place := self.place.get(each)) is not None:
                mask[place] = False
        return mask

    def turns(self, now: float) -> int:
        """How often anything came or went by the clock until now: another number means that other titles are open."""
        return int((self.opens <= now).sum() + (self.closes <= now).sum())

    def places(self, ids: Iterable[UUID]) -> Places:
        """Where these titles stand; those that are not in the catalogue are left out."""
        found = [place for each in ids if (place := self.place.get(each)) is not None]
        return np.array(found, np.int64)

    def flags(self, ids: Iterable[UUID]) -> Flags:
        """True for these titles."""
        mask = np.zeros(len(self.ids), np.bool_)
        mask[self.places(ids)] = True
        return mask


def made(glances: Iterable[Glimpsed]) -> Field:
    """The field of a catalogue."""
    # Stable for titles of one moment, whatever order the database gives them in.
    rows = sorted(glances, key=lambda one: (-one.published, one.id.int))
    genres = tuple(sorted({slug for one in rows for slug in one.genres}))
    column = {slug: number for number, slug in enumerate(genres)}
    shelved = np.zeros((len(rows), len(genres)), np.bool_)
    for place, one in enumerate(rows):
        for slug in one.genres:
            shelved[place, column[slug]] = True
    n = len(rows)
    return Field(
        ids=tuple(one.id for one in rows),
        place={one.id: place for place, one in enumerate(rows)},
        maturity=np.fromiter((one.maturity for one in rows), np.int16, n),
        published=np.fromiter((one.published for one in rows), np.float64, n),
        opens=np.fromiter((one.opens for one in rows), np.float64, n),
        closes=np.fromiter((one.closes for one in rows), np.float64, n),
        playable=np.fromiter((one.playable for one in rows), np.bool_, n),
        series=np.fromiter((one.series for one in rows), np.bool_, n),
        genres=genres,
        shelved=shelved,
        shelves=np.ascontiguousarray(shelved.T, np.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """A model laid upon a field: where each of the field's titles is in the model, -1 for those that it does not know.

    Everything here is in the field's order; `model` keeps its own. `here` are the places that the model knows, `there`
    their numbers in it. `leading` are the places by popularity, the highest
    first, as far as anything was played; `rare` is what few have watched. `fame` is log(1 + popularity), `renown`
    popularity to the power .3.
    """

    model: Model
    number: Places
    known: Flags
    here: Places
    there: Places
    popularity: Floats
    leading: Places
    rare: Flags
    fame: Floats
    renown: Floats

    def to_field(self, scores: Floats, otherwise: float) -> Floats:
        """Scores of the model's titles as scores of the field's."""
        if not len(scores):
            return np.full(len(self.number), otherwise, np.float32)
        found = scores[self.number]
        if len(self.here) < len(found):
            found[~self.known] = otherwise
        return found

    def to_model(self, values: NDArray[np.generic], otherwise: float | bool) -> NDArray[np.generic]:
        """Values of the field's titles as values of the model's."""
        made = np.full(len(self.model), otherwise, values.dtype)
        made[self.there] = values if len(self.here) == len(values) else values[self.here]
        return made


def bound(model: Model, field: Field) -> Bound:
    """Lay a model upon a field."""
    number = np.fromiter((model.index.get(each, -1) for each in field.ids), np.int64, len(field))
    known = number >= 0
    popularity = np.zeros(len(field), np.float32)
    here = np.flatnonzero(known)
    there = number[here]
    popularity[here] = model.popularity[there]
    played = popularity[popularity > 0]
    edge = float(np.quantile(played, GEM_BELOW)) if len(played) else 0.0
    return Bound(
        model,
        number,
        known,
        here,
        there,
        popularity,
        leading=best(np.where(popularity > 0, popularity, np.float32(-np.inf)), len(field)),
        rare=known & (popularity <= edge) if len(played) else np.zeros(len(field), np.bool_),
        fame=np.log1p(popularity),
        renown=np.maximum(popularity, 1) ** np.float32(0.3),
    )


def best(scores: Floats, k: int) -> Places:
    """Places of the `k` highest finite scores, the highest first, the newer title first among equals."""
    # Most of what is ranked is masked: what is left is quickly sorted.
    return best_of(scores, np.flatnonzero(scores > -np.inf), k)


def best_of(scores: Floats, some: Places, k: int) -> Places:
    """The same among these places alone (in the field's order), whose scores are all finite."""
    if k <= 0 or not len(some):
        return some[:0]
    held = scores[some]
    if len(some) > 4 * k:
        edge = np.partition(held, len(held) - k)[len(held) - k]
        some = some[held >= edge]
        held = scores[some]
    return some[np.argsort(-held, kind="stable")][:k]


def first(mask: Flags, k: int) -> Places:
    """Places of the first `k` titles of the mask: the newest."""
    return np.flatnonzero(mask)[:k]
