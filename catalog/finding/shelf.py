"""The index of this process: read from the database when it is first asked, then kept right by what changed.

Every question begins by asking the database for changes since the last one (a single row when there are none), so all
processes answer alike, and a change is found by the next question after it was committed.
"""

import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import Count, Q

from catalog import models
from catalog.finding.rows import SearchChange
from catalog.search.asking import HIDDEN, Answers, Document, Index, Sight
from catalog.search.text import Entry, index_text

logger = logging.getLogger(__name__)

#: PostgreSQL gives out numbers before it commits: a change may become visible after later ones. Its number is missing
#: until then, and is asked for with every question for so long, in seconds; at most so many are.
_PATIENCE_SECONDS, _GAPS_MAX = 600.0, 2_000
#: So far before the newest change missing numbers are looked for when everything was read.
_LOOKED_BACK = 500
#: Ids in one query.
_AT_ONCE = 500
_TITLE_COLUMNS = ("id", "search_index", "maturity", "published_at", "available_from", "available_until")


class Shelf:
    """Titles and people that can be asked for. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._titles = Index()
        self._people = Index()
        self._ready = False
        #: Number and mark of the newest change that is known; and until when earlier ones that were missing may come.
        self._last: tuple[int, int] | None = None
        self._gaps: dict[int, float] = {}

    def ask(
        self,
        question: Sequence[str],
        sight: Sight,
        *,
        titles: int,
        people: int = 0,
        boost: Mapping[UUID, float] | None = None,
    ) -> tuple[Answers, Answers]:
        """Titles and people that answer plain words, at most so many of each, as of now."""
        with self._lock:
            self._catch_up()
            found = self._titles.ask(question, sight, limit=titles, boost=boost)
            # Somebody's name is a word of their titles: where words were known, nobody's is mistyped.
            return found, self._people.ask(
                question, sight, limit=people, forgiving=found.loose or not found.ids
            )

    def warm(self) -> None:
        """Read what is needed to answer, so that the first question need not wait for it."""
        with self._lock:
            self._catch_up()

    def forget(self) -> None:
        """Read everything anew with the next question."""
        with self._lock:
            self._ready = False

    def _catch_up(self) -> None:
        expected = [number for number, until in self._gaps.items() if until > time.monotonic()]
        least = self._last[0] if self._last else 0
        rows = SearchChange.objects.filter(Q(id__gte=least) | Q(id__in=expected)).order_by("id")
        news = list(rows.values_list("id", "mark", "kind", "subject"))
        if not self._ready or (
            self._last and self._last not in {(number, mark) for number, mark, *_more in news}
        ):
            self._read()
            return
        changed: dict[str, set[UUID]] = {"title": set(), "person": set()}
        for number, mark, kind, subject in news:
            if (number, mark) != self._last:
                changed[kind].add(subject)
        if titles := changed["title"]:
            found = _titles(titles)
            self._titles.change(found, gone=titles - {one.id for one in found})
        if people := changed["person"]:
            found = _people(people)
            self._people.change(found, gone=people - {one.id for one in found})
        self._remember([(number, mark) for number, mark, *_more in news])

    def _read(self) -> None:
        """Everything. What changes meanwhile is seen again with the next question."""
        began = time.perf_counter()
        self._ready, self._last, self._gaps = False, None, {}
        newest = list(SearchChange.objects.order_by("-id").values_list("id", "mark")[:_LOOKED_BACK])
        self._titles = Index(_titles())
        self._people = Index(_people())
        self._titles.prepare()
        self._people.prepare()
        if newest:
            self._last = newest[-1]
            self._remember(newest[::-1])
        self._ready = True
        took = time.perf_counter() - began
        logger.info("search: %d titles, %d people, %.2f s", len(self._titles), len(self._people), took)

    def _remember(self, news: Sequence[tuple[int, int]]) -> None:
        """Keep the newest change, and which numbers before it were not seen: they may still come."""
        seen = {number for number, _mark in news}
        newest = max(news, default=None)
        now = time.monotonic()
        gaps = {number: until for number, until in self._gaps.items() if number not in seen and until > now}
        if newest is not None and (self._last is None or newest[0] >= self._last[0]):
            first = self._last[0] if self._last else newest[0]
            missing = (
                number for number in range(max(first, newest[0] - _GAPS_MAX), newest[0]) if number not in seen
            )
            gaps |= {
                number: now + _PATIENCE_SECONDS
                for number in missing
                if number not in gaps and number != first
            }
            self._last = newest
        self._gaps = dict(list(gaps.items())[-_GAPS_MAX:])


#: The one of this process.
shelf = Shelf()


def _titles(ids: Iterable[UUID] | None = None) -> list[Document]:
    rows = models.Title.objects.order_by("id").values_list(*_TITLE_COLUMNS)
    found = []
    for part in _parts(ids):
        several = rows if part is None else rows.filter(id__in=part)
        found += [
            Document(
                id=title_id,
                index=index,
                age=HIDDEN if published is None else maturity,
                opens=-math.inf if opens is None else opens.timestamp(),
                closes=math.inf if closes is None else closes.timestamp(),
            )
            for title_id, index, maturity, published, opens, closes in several.iterator(chunk_size=5000)
        ]
    return found


def _people(ids: Iterable[UUID] | None = None) -> list[Document]:
    rows = models.Person.objects.order_by("id").annotate(parts=Count("credits"))
    found = []
    for part in _parts(ids):
        several = rows if part is None else rows.filter(id__in=part)
        found += [
            Document(
                id=person_id,
                index=index_text(Entry(name=name)),
                # Of two people of that name, who did more is meant more often.
                weight=min(0.3, 0.06 * math.log2(1 + count)),
            )
            for person_id, name, count in several.values_list("id", "name", "parts").iterator(chunk_size=5000)
        ]
    return found


def _parts(ids: Iterable[UUID] | None) -> list[list[UUID] | None]:
    if ids is None:
        return [None]
    several = sorted(ids)
    return [several[at : at + _AT_ONCE] for at in range(0, len(several), _AT_ONCE)]
