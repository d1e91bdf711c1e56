"""A question put to an index: every word must be found, as typed if possible, and the best answers come first. Pure.

The index lies in memory as arrays. For each word of the question all documents get points in one sweep, so an answer
costs a few milliseconds whatever is asked, is exact (nothing is cut off before it is ranked), and is the same on every
database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from catalog.search import ranking
from catalog.search.postings import Postings
from catalog.search.text import LITTLE, entry_of
from catalog.search.vocabulary import Readings

#: Fewer answers than this, and words inside others and mistyped ones count, too.
ENOUGH = 6
#: So many of the best are looked at closely.
CLOSELY = 160
#: What it adds when two words of the question stand side by side, and when a name has few words besides.
_SIDE_BY_SIDE, _SHORT = 0.35, 0.5
#: The age of documents that nobody may see, in years.
HIDDEN = 200

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Document:
    """What is kept of a title or a person: its words (an index text), whom it may be shown to, and when.

    `age` in years; `opens` and `closes` in seconds since 1970; `weight` (0 … 0.3) is added to what it answers.
    """

    id: UUID
    index: str
    age: int = 0
    opens: float = -np.inf
    closes: float = np.inf
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Sight:
    """Who asks: an age in years, the time (seconds since 1970), and what is blocked."""

    age: int
    now: float
    without: Collection[UUID] = field(default=())


@dataclass(frozen=True, slots=True)
class Answers:
    """Ids, best first. `count` is how many there are altogether; `loose`: only by forgiving; `partial`: none has all
    words, these have some."""

    ids: tuple[UUID, ...] = ()
    count: int = 0
    loose: bool = False
    partial: bool = False


class Index:
    """Documents that can be asked for. Not for several threads at once."""

    def __init__(self, documents: Iterable[Document] = ()) -> None:
        kept = list(documents)
        self._postings = Postings(one.index for one in kept)
        self._numbers: dict[UUID, int] = {one.id: number for number, one in enumerate(kept)}
        self._ids = [one.id for one in kept]
        self._names: list[ranking.Names] = [ranking.names_of(one.index) for one in kept]
        self._facts = _facts_of(kept)
        self._alive = np.ones(len(kept), np.bool_)

    def __len__(self) -> int:
        return len(self._numbers)

    def prepare(self) -> None:
        """Make ready what forgiving needs, so that the first mistyped question need not wait."""
        self._postings.vocabulary.prepare()

    def change(self, documents: Iterable[Document], *, gone: Iterable[UUID] = ()) -> None:
        """Take in documents that are new or changed, and forget those that are gone."""
        several = list(documents)
        for one in (*gone, *(document.id for document in several)):
            number = self._numbers.pop(one, None)
            if number is not None:
                self._alive[number] = False
        if several:
            for document in several:
                self._numbers[document.id] = self._postings.add(document.index)
                self._ids.append(document.id)
                self._names.append(ranking.names_of(document.index))
            self._facts = np.concatenate((self._facts, _facts_of(several)), axis=1)
            self._alive = np.concatenate((self._alive, np.ones(len(several), np.bool_)))
        if self._postings.untidy:
            self._pack()

    def ask(
        self,
        question: Sequence[str],
        sight: Sight,
        *,
        limit: int,
        boost: Mapping[UUID, float] | None = None,
        forgiving: bool = True,
    ) -> Answers:
        """The documents that answer plain words (`text.words`). `boost` adds points (0 … 0.5) to some.

        Unless `forgiving`, only those that have all words as they were typed.
        """
        if not question or not self._numbers or limit <= 0:
            return Answers()
        shown = self._shown(sight)
        needed = _needed(question)
        points, exact = self._points(question)
        found = self._holding_all(points, needed, shown)
        loose = False
        if forgiving and len(found) < min(ENOUGH, limit):
            before = len(found)
            wider = self._widened(question, points, exact, every=before == 0)
            found = self._holding_all(wider, needed, shown)
            loose, points = before == 0, wider
        if len(found):
            ids = self._ordered(question, points, found, boost or {}, limit)
            return Answers(ids, len(found), loose=loose)
        return self._partly(question, points, needed, shown, boost or {}, limit) if forgiving else Answers()

    def _shown(self, sight: Sight) -> NDArray[np.bool_]:
        age, opens, closes, _more = self._facts
        shown: NDArray[np.bool_] = (
            self._alive & (age <= sight.age) & (opens <= sight.now) & (closes > sight.now)
        )
        blocked = [self._numbers[one] for one in sight.without if one in self._numbers]
        shown[blocked] = False
        return shown

    def _points(self, question: Sequence[str]) -> tuple[Points, list[bool]]:
        """For each word and document what the word counts there; and which words are known as they are."""
        vocabulary = self._postings.vocabulary
        read = [vocabulary.readings(word, first=place == 0) for place, word in enumerate(question)]
        points = np.stack([self._worth(readings) for readings in read])
        for place in range(len(question) - 1):
            # Spider Man is Spiderman; and the last word may be half typed.
            pair = question[place] + question[place + 1]
            last = place + 2 == len(question)
            together = self._worth(vocabulary.readings(pair) if last else vocabulary.exactly(pair))
            beside = np.where(together > 0, together + _SIDE_BY_SIDE, 0)
            np.maximum(points[place], beside, out=points[place])
            np.maximum(points[place + 1], beside, out=points[place + 1])
        if len(question) > 2:
            points = np.maximum(points, self._worth(vocabulary.exactly("".join(question)))[None, :])
        return points, [readings.exact for readings in read]

    def _widened(
        self, question: Sequence[str], points: Points, exact: Sequence[bool], *, every: bool
    ) -> Points:
        """The same with words inside others and mistyped ones; words that are known as they are only with `every`."""
        wider = points.copy()
        for place, word in enumerate(question):
            loose = self._postings.vocabulary.loosely(word, mistyped=every or not exact[place])
            np.maximum(wider[place], self._worth(loose), out=wider[place])
        return wider

    def _worth(self, readings: Readings) -> Points:
        worth = np.zeros(self._postings.documents, np.float32)
        for held in self._postings.held(readings):
            np.maximum.at(worth, held.documents, held.points)
        return worth

    @staticmethod
    def _holding_all(points: Points, needed: Sequence[int], shown: NDArray[np.bool_]) -> NDArray[np.intp]:
        return np.flatnonzero(shown & (points[list(needed)] > 0).all(axis=0))

    def _partly(
        self,
        question: Sequence[str],
        points: Points,
        needed: Sequence[int],
        shown: NDArray[np.bool_],
        boost: Mapping[UUID, float],
        limit: int,
    ) -> Answers:
        """Those that hold most of the words, when none holds all."""
        if len(needed) < 2:
            return Answers()
        held = (points[list(needed)] > 0).sum(axis=0) * shown
        most = int(held.max())
        if not most:
            return Answers()
        found = np.flatnonzero(held == most)
        return Answers(
            self._ordered(question, points, found, boost, limit), len(found), loose=True, partial=True
        )

    def _ordered(
        self,
        question: Sequence[str],
        points: Points,
        found: NDArray[np.intp],
        boost: Mapping[UUID, float],
        limit: int,
    ) -> tuple[UUID, ...]:
        """The best of the found: by points, looked at closely."""
        totals = points[:, found].mean(axis=0) + self._facts[3, found]
        for one, more in boost.items():
            if (number := self._numbers.get(one)) is not None:
                place = int(np.searchsorted(found, number))
                if place < len(found) and found[place] == number:
                    totals[place] += more
        closely = max(CLOSELY, limit)
        if len(found) > closely:
            best = np.argpartition(-totals, closely)[:closely]
            found, totals = found[best], totals[best]
        asked = " ".join(question)
        scored = []
        for number, total in zip(found.tolist(), totals.tolist(), strict=True):
            names = self._names[number]
            scored.append((-total - ranking.likeness(asked, names), names.names[:1], self._ids[number]))
        return tuple(one for *_order, one in sorted(scored)[:limit])

    def _pack(self) -> None:
        """Forget dead documents and sort everything."""
        alive = self._alive
        self._postings = self._postings.packed(alive)
        living = np.flatnonzero(alive).tolist()
        self._ids = [self._ids[number] for number in living]
        self._names = [self._names[number] for number in living]
        self._facts = self._facts[:, alive]
        self._alive = np.ones(len(living), np.bool_)
        self._numbers = {one: number for number, one in enumerate(self._ids)}


def corrected(question: Sequence[str], index: str) -> str:
    """The question with the words of the document that was found by forgiving; '' when nothing would change."""
    return ranking.corrected(question, entry_of(index))


def _needed(question: Sequence[str]) -> list[int]:
    """Places of words that must be found: all but those that say little, unless there are no others."""
    telling = [place for place, word in enumerate(question) if word not in LITTLE]
    return telling or list(range(len(question)))


def _facts_of(several: Sequence[Document]) -> NDArray[np.float64]:
    """A column for each document: its age, when it opens and closes, and what it has by itself."""
    rows = [(one.age, one.opens, one.closes, one.weight + _SHORT / (1 + _words(one))) for one in several]
    return np.ascontiguousarray(np.array(rows, np.float64).reshape(-1, 4).T)


def _words(one: Document) -> int:
    """How many words its name has."""
    return max(1, len(one.index.split("\n", 1)[0].split("\t")[0].split()))
