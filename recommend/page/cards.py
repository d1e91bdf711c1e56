"""Titles for cards, as they were lately read: hundreds on every page, and most of them on many pages.

Kept by language, for all ages: a title carries its own. The catalogue's version is asked for with every page, and what
changed since is read again; so is at once what comes or goes by the clock. What that version does not notice (a
picture, a package, a genre's name) is read again by and by.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import get_language

from catalog import services as catalog
from catalog.types import Title

#: Titles that are kept of each language (about 2 kB each), and languages.
TITLES_MOST, LANGUAGES_MOST = 20_000, 8

Version = tuple[int, ...] | None


@dataclass(slots=True)
class _Spoken:
    """Titles of one language, with when each has to be read again; and those that an age may not see."""

    version: Version
    known: dict[UUID, tuple[float, Title]] = field(default_factory=dict)
    unseen: dict[UUID, tuple[float, int]] = field(default_factory=dict)


class Cards:
    """Safe for several threads; reading is not waited for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._spoken: OrderedDict[str | None, _Spoken] = OrderedDict()

    def titles(
        self, ids: Iterable[UUID], *, maturity: int, version: Version, lasts: Callable[[UUID], float]
    ) -> dict[UUID, Title]:
        """Titles that a profile of this age may see now. `lasts` says of each for how many seconds it may be kept."""
        spoken, now = self._of(version), self._clock()
        known, unseen = spoken.known, spoken.unseen
        found: dict[UUID, Title] = {}
        missing: list[UUID] = []
        for each in dict.fromkeys(ids):
            kept = known.get(each)
            if kept is None or kept[0] <= now:
                hidden = unseen.get(each)
                if hidden is None or hidden[0] <= now or maturity > hidden[1]:
                    missing.append(each)
            elif kept[1].maturity <= maturity:
                found[each] = kept[1]
        if missing:
            read = catalog.titles(missing, maturity=maturity, people=False)
            found |= read
            for each in missing:
                # Not all at one moment: what was read together would be read again by one page.
                until = now + lasts(each) * (0.5 + (each.int & 1023) / 2048)
                if each in read:
                    known[each] = (until, read[each])
                else:
                    unseen[each] = (until, maturity)
        return found

    def _of(self, version: Version) -> _Spoken:
        """What is known in this language, without what changed since it was read."""
        language = get_language()
        with self._lock:
            had = self._spoken.get(language)
        changed = catalog.changed_since(had.version) if had is not None and had.version != version else set()
        with self._lock:
            if had is None or changed is None or len(had.known) + len(had.unseen) > TITLES_MOST:
                had = _Spoken(version)
            elif had.version != version:
                # Another one: who reads meanwhile puts what it read a moment ago into the one before.
                had = _Spoken(version, dict(had.known), dict(had.unseen))
                for each in changed:
                    had.known.pop(each, None)
                    had.unseen.pop(each, None)
            self._spoken[language] = had
            self._spoken.move_to_end(language)
            while len(self._spoken) > LANGUAGES_MOST:
                self._spoken.popitem(last=False)
        return had

    def forget(self) -> None:
        """Read everything anew when it is next asked for."""
        with self._lock:
            self._spoken.clear()
