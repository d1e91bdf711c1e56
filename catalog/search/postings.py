"""Which documents have which words, and where in them: in memory, sorted by word. Pure.

A document that changes gets a new number; its old one is dead until `packed` forgets it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.search.text import BREAK, has_form
from catalog.search.vocabulary import Readings, Vocabulary

#: What a word counts by where it stands: as the name's first word, in the name, in names of other languages, among
#: people, as genre or year, in names of episodes. The other forms of words (after the tab) count a little less.
FIRST, NAME, NAME_FORM, OTHERS, OTHERS_FORM, PEOPLE, PEOPLE_FORM, ABOUT, ABOUT_FORM, PARTS, PARTS_FORM = (
    range(11)
)
WEIGHTS = np.array([3.25, 3.0, 2.8, 2.9, 2.7, 2.0, 1.9, 1.2, 1.1, 0.9, 0.8], dtype=np.float32)
_LINES = (
    (NAME, NAME_FORM),
    (OTHERS, OTHERS_FORM),
    (PEOPLE, PEOPLE_FORM),
    (ABOUT, ABOUT_FORM),
    (PARTS, PARTS_FORM),
)
_OLD_LINES = (_LINES[0], _LINES[2], _LINES[3])
#: So many postings may wait unsorted, and this part of all: then everything is sorted anew.
_FRESH_MAX, _FRESH_SHARE = 60_000, 0.05

Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Held:
    """Postings of a few words: documents, and what a word of that quality counts there."""

    documents: Numbers
    points: NDArray[np.float32]


def places(index: str) -> dict[str, int]:
    """The words of an index text, each with the best place where it stands."""
    found: dict[str, int] = {}
    lines = index.split("\n")
    for line, (main, form) in zip(lines, _LINES if has_form(index) else _OLD_LINES, strict=False):
        said, _tab, forms = line.partition("\t")
        several = said.split()
        if main == NAME and several:
            found[several[0]] = FIRST
        for word in several:
            if word not in found and word != BREAK:
                found[word] = main
        for word in forms.split():
            if word not in found:
                found[word] = form
    return found


class Postings:
    """The words of documents that have numbers from 0."""

    def __init__(self, indexes: Iterable[str] = ()) -> None:
        ids: dict[str, int] = {}
        words: list[int] = []
        documents: list[int] = []
        codes = bytearray()
        self.documents = 0
        for number, index in enumerate(indexes):
            found = places(index)
            words += [ids.setdefault(word, len(ids)) for word in found]
            documents += [number] * len(found)
            codes += bytes(found.values())
            self.documents = number + 1
        self.vocabulary = Vocabulary(ids)
        ranks = np.zeros(len(ids), np.int32)
        for rank, word in enumerate(self.vocabulary.words()):
            ranks[ids[word]] = rank
        by_word = ranks[np.array(words, np.int32)] if words else np.zeros(0, np.int32)
        self._sort(by_word, np.array(documents, np.int32), np.frombuffer(bytes(codes), np.uint8))

    def _sort(self, words: Numbers, documents: Numbers, codes: NDArray[np.uint8]) -> None:
        order = np.argsort(words, kind="stable")
        self._documents, self._codes = documents[order], codes[order]
        counts = np.bincount(words, minlength=len(self.vocabulary))
        self._starts = np.concatenate(([0], np.cumsum(counts)))
        self._fresh: list[tuple[int, int, int]] = []
        self._fresh_made: tuple[Numbers, Numbers, NDArray[np.uint8]] | None = None

    def add(self, index: str) -> int:
        """Take a document in; returns its number."""
        number = self.documents
        self.documents += 1
        learn = self.vocabulary.learn
        self._fresh += [(learn(word), number, code) for word, code in places(index).items()]
        self._fresh_made = None
        return number

    @property
    def untidy(self) -> bool:
        """Whether it is time for `packed`."""
        return len(self._fresh) > _FRESH_MAX + _FRESH_SHARE * len(self._documents)

    def packed(self, alive: NDArray[np.bool_]) -> "Postings":
        """The same without the documents that are not `alive` (one truth for each number), which are numbered anew in
        their old order, and sorted."""
        fresh_words, fresh_documents, fresh_codes = self._sorted_fresh()
        old_words = np.repeat(np.arange(len(self._starts) - 1, dtype=np.int32), np.diff(self._starts))
        words = np.concatenate((old_words, fresh_words))
        documents = np.concatenate((self._documents, fresh_documents))
        codes = np.concatenate((self._codes, fresh_codes))
        kept = alive[documents]
        words, documents, codes = words[kept], documents[kept], codes[kept]
        used = np.unique(words)
        all_words = self.vocabulary.words()
        made = Postings()
        made.vocabulary = Vocabulary(all_words[number] for number in used.tolist())
        renamed = np.zeros(len(all_words), np.int32)
        for number in used.tolist():
            renamed[number] = made.vocabulary.learn(all_words[number])
        made.documents = int(alive.sum())
        numbered = (np.cumsum(alive) - 1).astype(np.int32)
        made._sort(renamed[words], numbered[documents], codes)
        return made

    def held(self, readings: Readings) -> Iterator[Held]:
        """Where these words stand."""
        low, count = readings.first, len(readings.stretch)
        if count:
            starts = self._starts[low : low + count + 1]
            yield self._run(int(starts[0]), int(starts[-1]), np.repeat(readings.stretch, np.diff(starts)))
        old = [
            (number, quality)
            for number, quality in zip(readings.numbers, readings.quality, strict=True)
            if number < len(self._starts) - 1
        ]
        if old:
            yield self._runs(
                np.array([one for one, _quality in old]), np.array([one for _number, one in old], np.float32)
            )
        if self._fresh:
            yield self._held_fresh(readings)

    def _run(self, start: int, end: int, quality: NDArray[np.float32]) -> Held:
        return Held(self._documents[start:end], WEIGHTS[self._codes[start:end]] * quality)

    def _runs(self, numbers: NDArray[np.int64], quality: NDArray[np.float32]) -> Held:
        """Postings of words that do not stand side by side."""
        starts = self._starts[numbers]
        counts = self._starts[numbers + 1] - starts
        ends = np.cumsum(counts)
        places = np.arange(ends[-1]) + np.repeat(starts - (ends - counts), counts)
        return Held(self._documents[places], WEIGHTS[self._codes[places]] * np.repeat(quality, counts))

    def _held_fresh(self, readings: Readings) -> Held:
        words, documents, codes = self._sorted_fresh()
        quality = np.zeros(len(self.vocabulary), np.float32)
        quality[readings.first : readings.first + len(readings.stretch)] = readings.stretch
        for number, value in zip(readings.numbers, readings.quality, strict=True):
            quality[number] = max(quality[number], value)
        worth = quality[words]
        hit = np.flatnonzero(worth)
        return Held(documents[hit], WEIGHTS[codes[hit]] * worth[hit])

    def _sorted_fresh(self) -> tuple[Numbers, Numbers, NDArray[np.uint8]]:
        if self._fresh_made is None:
            table = np.array(self._fresh, np.int32).reshape(-1, 3)
            self._fresh_made = (table[:, 0], table[:, 1], table[:, 2].astype(np.uint8))
        return self._fresh_made
