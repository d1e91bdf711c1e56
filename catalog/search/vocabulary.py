"""All words that anything is found by, and which of them a typed word may mean. Pure, in memory.

Words are numbered. Those that were there when the vocabulary was made are numbered in order, so that all words with one
beginning are one stretch of numbers; later ones follow as they come.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from catalog.search import slips
from catalog.search.text import forms, is_unspaced

#: How well a word answers: as it is, as the beginning of a word (more the more of it), inside a word, mistyped.
EXACT, BEGINNING, REST, INSIDE, MISTYPED, PER_SLIP = 1.0, 0.75, 0.2, 0.5, 0.45, 0.1
#: Mistyped words are rarely wrong in their first letter.
_WRONG_START = 0.06
_ONLY_BEGUN = 0.04
_NONE: NDArray[np.float32] = np.zeros(0, np.float32)
#: Readings of one mistyped word at most; and places where a word stands inside others.
_NEAR_MAX, _INSIDE_MAX = 48, 250
#: A word inside another needs this many letters.
_INSIDE_LETTERS = 3
_AFTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Readings:
    """Words that a typed one may mean: a stretch of numbers from `first`, then single `numbers`; each with how well it
    answers, 0 … 1."""

    first: int
    stretch: NDArray[np.float32]
    numbers: tuple[int, ...] = ()
    quality: tuple[float, ...] = ()
    exact: bool = False


class _Book:
    """Words made ready to be looked through: for slips, and for parts of words."""

    def __init__(self, several: Sequence[str]) -> None:
        self.words = several
        self.table = slips.Table(several)
        self._text = "\n".join(several)
        self._starts = [0, *accumulate(len(word) + 1 for word in several)]

    def holding(self, part: str, most: int) -> list[int]:
        """Places of words that hold `part`, but do not begin with it; `most` at most."""
        found: list[int] = []
        at = self._text.find(part)
        while at >= 0 and len(found) < most:
            place = bisect_right(self._starts, at) - 1
            if at > self._starts[place]:
                found.append(place)
            at = self._text.find(part, self._starts[place + 1] - 1)
        return found


class Vocabulary:
    """Words by number and numbers by word."""

    def __init__(self, several: Iterable[str] = ()) -> None:
        self._sorted = sorted(set(several))
        self._lengths = np.fromiter((len(word) for word in self._sorted), np.float32, len(self._sorted))
        self._later: dict[str, int] = {}
        self._books: list[_Book] = []

    def __len__(self) -> int:
        return len(self._sorted) + len(self._later)

    @property
    def later(self) -> int:
        """How many words were learned since it was made."""
        return len(self._later)

    def words(self) -> list[str]:
        """All words, by number."""
        return [*self._sorted, *self._later]

    def number(self, word: str) -> int | None:
        """A word's number; None when it is unknown."""
        place = bisect_left(self._sorted, word)
        if place < len(self._sorted) and self._sorted[place] == word:
            return place
        return self._later.get(word)

    def learn(self, word: str) -> int:
        """A word's number; unknown words are learned."""
        known = self.number(word)
        if known is None:
            known = self._later[word] = len(self)
            del self._books[1:]
        return known

    def readings(self, word: str, *, first: bool = False) -> Readings:
        """Words that are the typed one, or begin with it, or are its number. `first`: it begins the question."""
        low = bisect_left(self._sorted, word)
        high = bisect_left(self._sorted, word + _AFTER, low)
        lengths = self._lengths[low:high]
        quality = np.where(lengths == len(word), EXACT, BEGINNING + REST * len(word) / np.maximum(lengths, 1))
        exact = bool(len(lengths)) and self._sorted[low] == word
        single: dict[int, float] = {}
        for later, number in self._later.items():
            if later.startswith(word):
                whole = later == word
                single[number] = EXACT if whole else BEGINNING + REST * len(word) / len(later)
                exact = exact or whole
        for form in forms(word, first=first)[1:]:
            if (known := self.number(form)) is not None:
                single[known] = EXACT
        return Readings(low, quality.astype(np.float32), tuple(single), tuple(single.values()), exact)

    def exactly(self, word: str) -> Readings:
        """The word itself and nothing else."""
        number = self.number(word)
        several = () if number is None else (number,)
        return Readings(0, _NONE, several, (EXACT,) * len(several), bool(several))

    def loosely(self, word: str, *, mistyped: bool = True) -> Readings:
        """Words that hold the typed one, or, where it may be `mistyped`, that it is with a slip or two."""
        self.prepare()
        most = slips.allowed(word) if mistyped else 0
        inside = len(word) >= _INSIDE_LETTERS or is_unspaced(word)
        found: dict[int, float] = {}
        base = 0
        for book in self._books:
            if inside:
                found |= {base + place: INSIDE for place in book.holding(word, _INSIDE_MAX)}
            near = [
                (_nearness(word, book.words[place], count, whole), place)
                for place, count, whole in book.table.near(word, most)
            ]
            for quality, place in sorted(near, reverse=True)[:_NEAR_MAX]:
                found[base + place] = max(quality, found.get(base + place, 0.0))
            base += len(book.words)
        return Readings(0, _NONE, tuple(found), tuple(found.values()))

    def prepare(self) -> None:
        """Make the books that `loosely` looks into; that of the old words once."""
        if not self._books:
            self._books = [_Book(self._sorted)]
        if self._later and len(self._books) == 1:
            self._books.append(_Book(list(self._later)))


def _nearness(word: str, other: str, count: int, whole: bool) -> float:
    """How well a word answers that is `count` slips away from the typed one, or (not `whole`) begins so."""
    start = 0.0 if other[:1] == word[:1] else _WRONG_START
    return MISTYPED - PER_SLIP * (max(count, 1) - 1) - start - (0.0 if whole else _ONLY_BEGUN)
