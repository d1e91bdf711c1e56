"""What discovery chooses from, the same for every profile of one age: the newest titles, and each day some older ones.

Kept in memory for a few seconds, by age and language, while the catalogue stays as it is: its version is asked for with
every page, so that what was withdrawn is gone at once. What is blocked on a profile is left out by who asks.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import get_language

from catalog import services as catalog
from catalog.types import Order, Title, Traits
from recommend import scoring

#: How many of the newest titles rows and likeness choose from, and how many of the older ones each day.
NEWEST = 200
OLDER = 100
#: Ages and languages that are remembered at a time.
_KEPT_MOST = 64


@dataclass(frozen=True, slots=True)
class Stretch:
    """Titles for cards (without people) in their order, the newest first, and what scoring knows of them."""

    titles: dict[UUID, Title]
    features: dict[UUID, scoring.Features]


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


_MEMORY = Memory()


def stretch(maturity: int, now: datetime) -> Stretch:
    """What a profile of this age may choose from today, before what is blocked on it."""
    key = (maturity, get_language(), now.toordinal())
    return _MEMORY.get(key, catalog.version(), lambda: _made(maturity, now.toordinal()))


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


def _made(maturity: int, day: int) -> Stretch:
    titles = catalog.browse(maturity=maturity, order=Order.NEWEST, limit=NEWEST, people=False)
    if len(titles) == NEWEST:
        stretches = max(1, -(-(catalog.count(maturity=maturity) - NEWEST) // OLDER))
        offset = NEWEST + day % stretches * OLDER
        titles += catalog.browse(
            maturity=maturity, order=Order.NEWEST, limit=OLDER, offset=offset, people=False
        )
    known = {title.id: title for title in titles}
    return Stretch(known, features(set(known)))
