"""Typing errors: how many are forgiven, and how far two words lie apart; for two words, or for all of a language. Pure.

The distance is that of Damerau, restricted (no letter is moved twice): a letter left out, put in, changed, or swapped
with its neighbour is one slip each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

#: Words are compared up to this many letters.
WIDTH = 20


def allowed(word: str) -> int:
    """How many letters may be wrong: none in short words and numbers, one from four letters, two from eight."""
    if len(word) < 4 or word.isdigit():
        return 0
    return 1 if len(word) < 8 else 2


def distance(left: str, right: str, most: int) -> int:
    """Slips between two words, or `most` + 1 when there are more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before_last: list[int] = []
    last = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            cost = min(last[column] + 1, line[column - 1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == right[column - 2] and left[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before_last, last = last, line
    return min(last[-1], most + 1)


class Table:
    """Many words, made ready to be compared with one at once."""

    def __init__(self, several: Sequence[str]) -> None:
        self.words = several
        wide = np.array(several, dtype=f"U{WIDTH}") if several else np.zeros(0, dtype=f"U{WIDTH}")
        codes = wide.view(np.uint32).reshape(len(several), WIDTH)
        # 16 bits tell letters apart well enough: rarer ones meet by chance, and the ranking looks again.
        self._letters: NDArray[np.uint16] = codes.astype(np.uint16)
        self._lengths = (codes != 0).sum(axis=1).astype(np.int16)
        self._masks = _masks(self._letters)

    def near(self, word: str, most: int) -> list[tuple[int, int, bool]]:
        """Places of words that differ from `word`, or begin with something that differs from it, by at most `most`
        slips: (place, slips, whole); `whole` when it is the word itself and not its beginning."""
        if not self.words or most < 1:
            return []
        typed = word[:WIDTH]
        wanted = _masks(_codes(typed).reshape(1, -1))[0]
        missing = np.bitwise_count(wanted & ~self._masks)
        able = (missing <= most) & (self._lengths >= len(typed) - most)
        places = np.flatnonzero(able)
        if not len(places):
            return []
        whole, begun = _distances(typed, self._letters[places], self._lengths[places], most)
        best = np.minimum(whole, begun)
        hits = np.flatnonzero(best <= most)
        return [(int(places[hit]), int(best[hit]), bool(whole[hit] <= best[hit])) for hit in hits.tolist()]


def _codes(word: str) -> NDArray[np.uint16]:
    return np.array([ord(letter) & 0xFFFF for letter in word], dtype=np.uint16)


def _masks(letters: NDArray[np.uint16]) -> NDArray[np.uint64]:
    """Which letters a word has: a bit for each of 64 kinds. A slip takes away at most one."""
    bits = np.left_shift(np.uint64(1), (letters % 64).astype(np.uint64))
    bits[letters == 0] = 0
    masks: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=1)
    return masks


def _distances(
    word: str, letters: NDArray[np.uint16], lengths: NDArray[np.int16], most: int
) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Slips from `word` to each row whole, and to the best of its beginnings (which have about as many letters)."""
    codes = _codes(word)
    count, columns = len(letters), min(letters.shape[1], len(word) + most)
    last = np.broadcast_to(np.arange(columns + 1, dtype=np.int16), (count, columns + 1)).copy()
    before_last = last
    for row, letter in enumerate(codes.tolist(), 1):
        line = np.empty_like(last)
        line[:, 0] = row
        differs = (letters[:, :columns] != letter).astype(np.int16)
        np.minimum(last[:, 1:] + 1, last[:, :-1] + differs, out=line[:, 1:])
        if row > 1:
            swapped = (letters[:, : columns - 1] == letter) & (letters[:, 1:columns] == codes[row - 2])
            better = np.minimum(line[:, 2:], before_last[:, :-2] + 1)
            line[:, 2:] = np.where(swapped, better, line[:, 2:])
        for column in range(1, columns + 1):
            np.minimum(line[:, column], line[:, column - 1] + 1, out=line[:, column])
        before_last, last = last, line
    ends = np.minimum(lengths, columns).astype(np.intp)
    whole = np.where(lengths <= columns, last[np.arange(count), ends], np.int16(99))
    inside = np.arange(columns + 1)[None, :] <= ends[:, None]
    begun = np.where(inside, last, np.int16(99)).min(axis=1)
    return whole.astype(np.int16), begun.astype(np.int16)
