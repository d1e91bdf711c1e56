"""What all pages of this process share: the catalogue as arrays, the model laid upon it, the trend, titles for cards.

The catalogue's version is asked for with every page, so what was published, withdrawn or made for other ages is right
at once: only what changed is read again. What that version does not notice (a package, a picture, a genre's name) is
looked for by and by, beside the pages. Titles for cards are read with the profile's age, whatever the arrays say
(cards.py).
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import close_old_connections, connections

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Title
from recommend.engine.model import Flags, Floats, Model
from recommend.engine.trend import rising, steady
from recommend.page.cards import Cards
from recommend.page.cards import Version as Version
from recommend.page.field import Bound, Field, Glimpsed, bound, made
from recommend.signals import reading

#: A trend of fewer accounts names somebody.
ENOUGH_ACCOUNTS = 3
#: The most that one profile's event weighs (signals/weights.py); of so many of the titles whose popularity alone does
#: not say whether they may be told accounts are counted, those that were watched most first. That moves by the day: it
#: may be older than what else is shared, so many times.
MOST, LEADING, FAME_LASTS = 1.5, 400, 60.0
YEAR = 365
#: Trends of two half-lives whose sums are that near each other are one.
BUSY = 0.99
#: All of the catalogue, and each title for cards, is looked at again after so many seconds for each title: at 10,000
#: once a minute.
SECONDS_A_TITLE = 0.006
#: Models laid upon a field that are kept: the one that serves, and the one before while it is replaced.
_BOUND_MOST = 2


class Watched(NamedTuple):
    """What is watched here. `values`: float32 (n,), now. `told`: what of that may be told, three accounts or more
    watched it. `common`: float32 (n,), the trend of these, 0 elsewhere: by that scores go. `lasting`: of these what is
    watched now and all week alike, for lists that look further.
    """

    values: Floats
    told: frozenset[UUID]
    common: Floats
    lasting: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The catalogue as it was last read."""

    version: Version
    at: float
    glances: dict[UUID, Glimpsed]
    field: Field


class Shared:
    """Safe for several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        self._held: _Held | None = None
        self._several: tuple[float, frozenset[UUID]] | None = None
        self._famous: tuple[float, Bound, frozenset[UUID]] | None = None
        self._bound: list[tuple[Model, Field, Bound]] = []
        self._trends: dict[tuple[int, bool], tuple[float, Field, Watched]] = {}
        self._cards = Cards(clock)

    # The catalogue ------------------------------------------------------------------------------------------

    def field(self, version: Version) -> Field:
        """All of the catalogue, as it is at this `catalog.version()`."""
        held = self._held
        if held is None or not _remembers():
            return self._read(version).field
        if held.version != version:
            return self._caught_up(held, version).field
        if self._clock() - held.at > max(_lasts(), SECONDS_A_TITLE * len(held.field)):
            self._look_again(version)
        return held.field

    def _read(self, version: Version) -> _Held:
        glances: dict[UUID, Glimpsed] = {one.id: one for one in catalog.overview()}
        self._held = held = _Held(version, self._clock(), glances, made(glances.values()))
        return held

    def _caught_up(self, held: _Held, version: Version) -> _Held:
        changed = catalog.changed_since(held.version)
        if changed is None:
            return self._read(version)
        glances = {each: one for each, one in held.glances.items() if each not in changed}
        glances |= {one.id: one for one in catalog.overview(changed)} if changed else {}
        self._held = found = _Held(version, held.at, glances, made(glances.values()))
        return found

    def _look_again(self, version: Version) -> None:
        """Read everything beside the pages, once for all that ask."""
        if self._reading.acquire(blocking=False):
            threading.Thread(target=self._read_beside, args=(version,), name="catalogue", daemon=True).start()

    def _read_beside(self, version: Version) -> None:
        try:
            close_old_connections()
            self._read(version)
        finally:
            connections.close_all()
            self._reading.release()

    # What lies on it ----------------------------------------------------------------------------------------

    def bound(self, model: Model, field: Field) -> Bound:
        """A model laid upon the field."""
        with self._lock:
            for one, on, found in self._bound:
                if one is model and on is field:
                    return found
        found = bound(model, field)
        with self._lock:
            self._bound = [(model, field, found), *self._bound[: _BOUND_MOST - 1]]
        return found

    def trend(self, field: Field, maturity: int, *, kids: bool) -> Watched:
        """What is watched here.

        Where there is but one account, all may be told: nobody learns of others. What one neighbour watched is no
        trend: going by it tells of them, and finds less than taste alone (docs/recommend-proof.md).
        """
        key, now = (maturity, kids), self._clock()
        with self._lock:
            had = self._trends.get(key)
        if had is not None and _remembers() and had[1] is field and now - had[0] < _lasts():
            return had[2]
        found = reading.trending(maturity, kids=kids)
        values = _values(field, found.values)
        enough = frozenset(each for each, count in found.accounts.items() if count >= ENOUGH_ACCOUNTS)
        alone = bool(found.values) and not accounts.several_users()
        spoken = frozenset(found.accounts) if alone else enough
        several = field.flags(enough)
        common = lasting = _of(several, values)
        if several.any():
            day = reading.trend(maturity, kids=kids, days=1)
            if sum(day.values()) >= BUSY * sum(found.values.values()):
                # The trend is the day's, so enough is watched for that: what rises leads (docs/recommend-engine.md).
                week = reading.trend(maturity, kids=kids, days=7)
                counters = _of(several, _values(field, day)), _of(several, _values(field, week))
                common, lasting = rising(*counters), steady(*counters)
        watched = Watched(values, spoken, common, lasting)
        with self._lock:
            self._trends[key] = (now, field, watched)
        return watched

    def famous(self, field: Field, bound: Bound) -> frozenset[UUID]:
        """Of what was watched most over time what may be told: three accounts or more watched it in the last year.

        Where there is but one account, all of it. A title's popularity says enough where many watched it (an event
        weighs `MOST` at most, and an account has few profiles); of the others, few of which are near the top where
        many watch, accounts are counted.
        """
        now, had = self._clock(), self._famous
        if had is not None and had[1] is bound and _remembers() and now < had[0]:
            return had[2]
        sure = (ENOUGH_ACCOUNTS - 1) * accounts.PROFILE_LIMIT * MOST
        edge = int((bound.popularity[bound.leading] > sure).sum())
        found = {field.ids[each] for each in bound.leading[:edge]}
        unsure = [field.ids[each] for each in bound.leading[edge : edge + LEADING]]
        several = accounts.several_users()
        if unsure and several:
            behind = reading.accounts_behind(unsure, days=YEAR)
            unsure = [each for each in unsure if behind.get(each, 0) >= ENOUGH_ACCOUNTS]
        found.update(unsure)
        made = frozenset(found)
        # One account is soon two: that has to be noticed before the second looks.
        self._famous = (now + _lasts() * (FAME_LASTS if several else 1), bound, made)
        return made

    def titles(self, ids: Iterable[UUID], *, maturity: int, version: Version) -> dict[UUID, Title]:
        """Titles for cards; what such a profile may not see now is missing. Those lately read are remembered."""
        if not _remembers():
            return catalog.titles(ids, maturity=maturity, people=False)
        held, least = self._held, _lasts()
        most = max(least, SECONDS_A_TITLE * len(held.field)) if held else least

        def lasts(title_id: UUID) -> float:
            """Until a title comes or goes by the clock, at most."""
            place = held.field.place.get(title_id) if held else None
            if held is None or place is None:
                return least
            now = time.time()
            turns = (float(held.field.opens[place]) - now, float(held.field.closes[place]) - now)
            return min([most, *(left for left in turns if left > 0)])

        return self._cards.titles(ids, maturity=maturity, version=version, lasts=lasts)

    def several_pictures(self) -> frozenset[UUID]:
        """Titles that have more than one picture to show on cards."""
        now, had = self._clock(), self._several
        if had is None or not _remembers() or now - had[0] >= _lasts():
            self._several = had = (now, frozenset(catalog.titles_with_choices()))
        return had[1]

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        with self._lock:
            self._several = self._famous = None
            self._held, self._bound = None, []
            self._trends.clear()
            self._cards.forget()


def _values(field: Field, known: Mapping[UUID, float]) -> Floats:
    values = np.zeros(len(field), np.float32)
    for title_id, value in known.items():
        if (place := field.place.get(title_id)) is not None:
            values[place] = value
    return values


def _of(mask: Flags, values: Floats) -> Floats:
    """The values of the mask, 0 elsewhere."""
    return np.where(mask, values, np.float32(0)).astype(np.float32)


def _lasts() -> float:
    seconds: float = settings.PAGES_REMEMBER_SECONDS
    return seconds


def _remembers() -> bool:
    return _lasts() > 0


#: The one of this process.
SHARED = Shared()
