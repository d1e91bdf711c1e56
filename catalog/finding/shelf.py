"""The index of this process: read from the database when it is first asked, then kept right by what changed.

Every question begins by asking the database for changes since the last one (a single row when there are none), so all
processes answer alike, and a change is found by the next question after it was committed.
"""

import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections, router
from django.db.models import Count
from django.utils import timezone

from catalog import models
from catalog.finding.rows import SearchChange
from catalog.search.asking import HIDDEN, Answers, Document, Index, Sight
from catalog.search.text import Entry, index_text

logger = logging.getLogger(__name__)

#: PostgreSQL gives out numbers before it commits: a change may become visible after later ones. What is younger than
#: this is looked at again with every question. SQLite has one writer, and numbers in the order of commits.
_OVERLAP = timedelta(seconds=90)
#: Ids in one query.
_AT_ONCE = 500
_TITLE_COLUMNS = ("id", "search_index", "maturity", "published_at", "available_from", "available_until")


class Shelf:
    """Titles and people that can be asked for. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._titles = Index()
        self._people = Index()
        #: Changes that are known, by number with their marks, from `_floor` on; None: nothing was read yet.
        self._seen: dict[int, int] | None = None
        self._floor = 0

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
            self._seen = None

    def _catch_up(self) -> None:
        news = list(
            SearchChange.objects.filter(id__gte=self._floor).values_list(
                "id", "mark", "kind", "subject", "at"
            )
        )
        marks = {number: mark for number, mark, *_more in news}
        if self._seen is None or any(marks.get(number) != mark for number, mark in self._seen.items()):
            self._read()
            return
        changed: dict[str, set[UUID]] = {"title": set(), "person": set()}
        for number, _mark, kind, subject, _at in news:
            if number not in self._seen:
                changed[kind].add(subject)
        if titles := changed["title"]:
            found = _titles(titles)
            self._titles.change(found, gone=titles - {one.id for one in found})
        if people := changed["person"]:
            found = _people(people)
            self._people.change(found, gone=people - {one.id for one in found})
        self._remember(news)

    def _read(self) -> None:
        """Everything. What changes meanwhile is seen again with the next question."""
        began = time.perf_counter()
        self._seen = None
        since = timezone.now() - _OVERLAP
        rows = SearchChange.objects.values_list("id", "mark", "kind", "subject", "at")
        news = [*rows.order_by("-id")[:1], *(rows.filter(at__gte=since) if _in_disorder() else ())]
        self._titles = Index(_titles())
        self._people = Index(_people())
        self._titles.prepare()
        self._people.prepare()
        self._remember(sorted(set(news)))
        took = time.perf_counter() - began
        logger.info("search: %d titles, %d people, %.2f s", len(self._titles), len(self._people), took)

    def _remember(self, news: Sequence[tuple[int, int, str, UUID, datetime]]) -> None:
        """Keep what may not be in order yet, and the newest that surely is."""
        if not news:
            self._seen = self._seen or {}
            return
        settled = timezone.now() - _OVERLAP if _in_disorder() else None
        old = [number for number, _mark, _kind, _subject, at in news if settled is None or at < settled]
        self._floor = old[-1] if old else news[0][0]
        if not old and (self._seen is None or not self._seen):
            self._floor = 0  # numbers before the first that was seen may still come
        self._seen = {number: mark for number, mark, *_more in news if number >= self._floor}


#: The one of this process.
shelf = Shelf()


def _in_disorder() -> bool:
    return connections[router.db_for_read(SearchChange)].vendor != "sqlite"


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
