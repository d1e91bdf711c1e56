"""What all pages of this process share: the catalogue as arrays, the model laid upon it, the trend, titles for cards.

The catalogue's version is asked for with every page, so what was published, withdrawn or made for other ages is right
at once: only what changed is read again. What that version does not notice (a package, a picture, a genre's name) is
looked for by and by, beside the pages. Titles for cards are read with the profile's age, whatever the arrays say.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.conf import settings
from django.db import close_old_connections, connections
from django.utils.translation import get_language

from catalog import services as catalog
from catalog.types import Title
from recommend.engine.model import Flags, Floats, Model
from recommend.engine.trend import rising
from recommend.page.field import Bound, Field, Glimpsed, bound, made
from recommend.signals import reading

#: A trend of fewer accounts names somebody.
ENOUGH_ACCOUNTS = 3
#: Trends of two half-lives whose sums are that near each other are one.
BUSY = 0.99
#: All of the catalogue is looked at again after so many seconds for each title: at 10,000 once a minute.
SECONDS_A_TITLE = 0.006
#: Titles for cards that are kept, for each age and language; and how many ages and languages.
TITLES_MOST, SIGHTS_MOST = 20_000, 32
#: Models laid upon a field that are kept: the one that serves, and the one before while it is replaced.
_BOUND_MOST = 2

Version = tuple[int, int] | None


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
        self._bound: list[tuple[Model, Field, Bound]] = []
        self._trends: dict[tuple[int, bool], tuple[float, Field, Floats, frozenset[UUID], Floats]] = {}
        self._titles: OrderedDict[tuple[int, str | None], tuple[Version, dict[UUID, tuple[float, Title]]]]
        self._titles = OrderedDict()

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

    def trend(self, field: Field, maturity: int, *, kids: bool) -> tuple[Floats, frozenset[UUID], Floats]:
        """float32 (n,): what is watched here now; what of that may be told: three accounts or more watched it; and
        float32 (n,), the trend of these, 0 elsewhere: by that scores go.

        Where there is but one account, all may be told: nobody learns of others. What one neighbour watched is no
        trend: going by it tells of them, and finds less than taste alone (docs/recommend-proof.md).
        """
        key, now = (maturity, kids), self._clock()
        with self._lock:
            had = self._trends.get(key)
        if had is not None and _remembers() and had[1] is field and now - had[0] < _lasts():
            return had[2], had[3], had[4]
        found = reading.trending(maturity, kids=kids)
        values = _values(field, found.values)
        houses = reading.accounts_active() if found.values else 0
        spoken = frozenset(
            each for each, accounts in found.accounts.items() if accounts >= ENOUGH_ACCOUNTS or houses <= 1
        )
        several = field.flags(
            each for each, accounts in found.accounts.items() if accounts >= ENOUGH_ACCOUNTS
        )
        common = _of(several, values)
        if several.any():
            day = reading.trend(maturity, kids=kids, days=1)
            if sum(day.values()) >= BUSY * sum(found.values.values()):
                # The trend is the day's, so enough is watched for that: what rises leads (docs/recommend-engine.md).
                week = reading.trend(maturity, kids=kids, days=7)
                common = rising(_of(several, _values(field, day)), _of(several, _values(field, week)))
        with self._lock:
            self._trends[key] = (now, field, values, spoken, common)
        return values, spoken, common

    def titles(self, ids: Iterable[UUID], *, maturity: int, version: Version) -> dict[UUID, Title]:
        """Titles for cards; what such a profile may not see now is missing. Those lately read are remembered."""
        key, now, lasts = (maturity, get_language()), self._clock(), _lasts()
        with self._lock:
            had = self._titles.get(key)
            if had is None or had[0] != version or len(had[1]) > TITLES_MOST:
                had = (version, {})
                if lasts > 0:
                    self._titles[key] = had
                    while len(self._titles) > SIGHTS_MOST:
                        self._titles.popitem(last=False)
        known = had[1]
        found: dict[UUID, Title] = {}
        missing: list[UUID] = []
        for each in dict.fromkeys(ids):
            kept = known.get(each)
            if kept is not None and now - kept[0] < lasts:
                found[each] = kept[1]
            else:
                missing.append(each)
        if missing:
            read = catalog.titles(missing, maturity=maturity, people=False)
            found |= read
            known.update((each, (now, title)) for each, title in read.items())
        return found

    def several_pictures(self) -> frozenset[UUID]:
        """Titles that have more than one picture to show on cards."""
        now, had = self._clock(), self._several
        if had is None or not _remembers() or now - had[0] >= _lasts():
            self._several = had = (now, frozenset(catalog.titles_with_choices()))
        return had[1]

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        with self._lock:
            self._several = None
            self._held, self._bound = None, []
            self._trends.clear()
            self._titles.clear()


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
