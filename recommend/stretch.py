"""What discovery chooses from, the same for every profile of one age: the newest titles, each day some older ones, and
what is watched here.

Kept in memory for a few seconds, by age and language, while the catalogue stays as it is: its version is asked for with
every page, so that what was withdrawn is gone at once. What is blocked on a profile is left out by who asks.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Order, Title, Traits
from playback import services as playback
from recommend import scoring
from recommend.signals import reading

#: How many of the newest titles rows and likeness choose from, and how many of the older ones each day.
NEWEST = 200
OLDER = 100
#: How many of the titles that are watched most in each window count.
TREND_LIMIT = 100
#: Ages and languages that are remembered at a time.
_KEPT_MOST = 64


@dataclass(frozen=True, slots=True)
class Stretch:
    """Titles for cards (without people) in their order, the newest first, and what scoring knows of them.

    `trend` is what is watched here, weighed by how long ago. What profiles of this age had to do with besides is
    remembered beside it as it is asked for: many have seen the same.
    """

    maturity: int
    titles: dict[UUID, Title]
    features: dict[UUID, scoring.Features]
    trend: dict[UUID, float]
    _titles: dict[UUID, Title | None] = field(default_factory=dict)
    _features: dict[UUID, scoring.Features | None] = field(default_factory=dict)

    def also(self, ids: Iterable[UUID]) -> dict[UUID, Title]:
        """These titles, whether in the stretch or not; what such a profile may not see is missing from the answer."""
        wanted = [each for each in ids if each not in self.titles]
        if missing := [each for each in wanted if each not in self._titles]:
            found = catalog.titles(missing, maturity=self.maturity, people=False)
            self._titles.update({each: found.get(each) for each in missing})
        more = ((each, self._titles.get(each)) for each in wanted)
        return {each: title for each, title in more if title is not None}

    def traits(self, ids: Iterable[UUID]) -> dict[UUID, scoring.Features]:
        """What scoring knows of these titles, whether in the stretch or not."""
        wanted = [each for each in ids if each not in self.features]
        if missing := [each for each in wanted if each not in self._features]:
            found = features(set(missing))
            self._features.update({each: found.get(each) for each in missing})
        more = ((each, self._features.get(each)) for each in wanted)
        return self.features | {each: known for each, known in more if known is not None}


class Memory:
    """What was made lately, while its version holds. Safe for several threads; making is not waited for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._made: OrderedDict[Hashable, tuple[Hashable, float, Stretch]] = OrderedDict()

    def get(self, key: Hashable, version: Hashable, make: Callable[[], Stretch]) -> Stretch:
        """The stretch under `key`: the one in memory if it is of this version and young enough, else made now."""
        lasts: float = settings.PAGES_REMEMBER_SECONDS
        now = self._clock()
        with self._lock:
            had = self._made.get(key)
            if had is not None and had[0] == version and now - had[1] < lasts:
                self._made.move_to_end(key)
                return had[2]
        made = make()
        if lasts > 0:
            with self._lock:
                self._made[key] = (version, now, made)
                self._made.move_to_end(key)
                while len(self._made) > _KEPT_MOST:
                    self._made.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._made.clear()


_MEMORY = Memory()


def stretch(maturity: int, now: datetime, *, kids: bool = False) -> Stretch:
    """What a profile of this age may choose from today, before what is blocked on it. `kids`: it is a child's."""
    key = (maturity, kids, get_language(), now.toordinal())
    return _MEMORY.get(key, catalog.version(), lambda: _made(maturity, now, kids=kids))


def forget() -> None:
    """Make everything anew when it is next asked for."""
    _MEMORY.clear()


def features_of(title_id: UUID, traits: Traits) -> scoring.Features:
    """What scoring needs of a title."""
    return scoring.Features(
        id=title_id,
        kind=traits.kind.value,
        genres=traits.genres,
        people=traits.people,
        year=traits.year,
        added_at=traits.published_at,
    )


def features(ids: set[UUID]) -> dict[UUID, scoring.Features]:
    """The same of many; ids that are unknown are missing from the answer."""
    return {each: features_of(each, traits) for each, traits in catalog.traits(ids).items()} if ids else {}


def _made(maturity: int, now: datetime, *, kids: bool) -> Stretch:
    titles = catalog.browse(maturity=maturity, order=Order.NEWEST, limit=NEWEST, people=False)
    if len(titles) == NEWEST:
        stretches = max(1, -(-(catalog.count(maturity=maturity) - NEWEST) // OLDER))
        offset = NEWEST + now.toordinal() % stretches * OLDER
        titles += catalog.browse(
            maturity=maturity, order=Order.NEWEST, limit=OLDER, offset=offset, people=False
        )
    known = {title.id: title for title in titles}
    trend = _trend(maturity, now, kids=kids)
    watched = [each for each in trend if each not in known]
    known |= catalog.titles(watched, maturity=maturity, people=False) if watched else {}
    return Stretch(maturity, known, features(set(known)), trend)


def _trend(maturity: int, now: datetime, *, kids: bool) -> dict[UUID, float]:
    """What is watched here, weighed by how long ago; of each profile once. Before anything of that is known, viewings.

    What fewer than three accounts watched is left out, unless there is but one account: it would name somebody.
    """
    found = reading.trending(maturity, kids=kids)
    if found.values:
        alone = not accounts.several_users()
        return {
            each: value for each, value in found.values.items() if alone or found.accounts.get(each, 0) >= 3
        }
    told = scoring.trend(
        [
            {each.title_id: each.viewings for each in playback.trending(now - window, TREND_LIMIT)}
            for window, _worth in scoring.TREND_WINDOWS
        ]
    )
    # Once history was taken in, nothing known means that nobody's counts: it was erased, or shall not count for others.
    return {} if told and reading.caught_up() else told
