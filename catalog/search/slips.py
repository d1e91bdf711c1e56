"""Typing errors: how many are forgiven, and how far two words lie apart; for two words, or for all of a language. Pure.

The distance is that of Damerau, restricted (no letter is moved twice): a letter left out, put in, changed, or swapped
with its neighbour is one slip each.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

#: Words are compared up to this many letters.
WIDTH = 20

Letters = NDArray[np.uint16]


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
        # 16 bits tell letters apart well enough: rarer ones meet by chance, and the ranking looks again. Letter by
        # letter of all words, as they are compared.
        self._letters: Letters = np.ascontiguousarray(codes.astype(np.uint16).T)
        self._lengths = (self._letters != 0).sum(axis=0).astype(np.int8)
        self._masks = _masks(self._letters)

    def near(self, word: str, most: int) -> list[tuple[int, int, bool]]:
        """Places of words that differ from `word`, or begin with something that differs from it, by at most `most`
        slips: (place, slips, whole); `whole` when it is the word itself and not its beginning."""
        if not self.words or most < 1:
            return []
        typed = word[:WIDTH]
        wanted = _masks(_codes(typed).reshape(-1, 1))[0]
        missing = np.bitwise_count(wanted & ~self._masks)
        places = np.flatnonzero((missing <= most) & (self._lengths >= len(typed) - most))
        places = places[_share_a_piece(typed, self._letters[:, places], most)]
        if not len(places):
            return []
        whole, begun = _distances(typed, self._letters[:, places], self._lengths[places], most)
        best = np.minimum(whole, begun)
        hits = np.flatnonzero(best <= most)
        return [(int(places[hit]), int(best[hit]), bool(whole[hit] <= best[hit])) for hit in hits.tolist()]


def _codes(word: str) -> NDArray[np.uint16]:
    return np.array([ord(letter) & 0xFFFF for letter in word], dtype=np.uint16)


def _masks(letters: Letters) -> NDArray[np.uint64]:
    """Which letters a word has: a bit for each of 64 kinds. A slip takes away at most one."""
    bits = np.left_shift(np.uint64(1), (letters % 64).astype(np.uint64))
    bits[letters == 0] = 0
    masks: NDArray[np.uint64] = np.bitwise_or.reduce(bits, axis=0)
    return masks


def _share_a_piece(word: str, letters: Letters, most: int) -> NDArray[np.bool_]:
    """Which words hold a piece of `word` unharmed, about where it stands: others are too far away.

    Each slip harms one piece, or two when it swaps letters on both sides of a seam: of 2 n + 1 pieces one survives.
    """
    count = min(2 * most + 1, len(word) // 2)
    if len(word) < 2 * most + 2 or count < 2 * most + 1:
        return np.ones(letters.shape[1], np.bool_)  # too short to be cut into so many
    codes = _codes(word).tolist()
    shared = np.zeros(letters.shape[1], np.bool_)
    ends = [round(len(word) * number / count) for number in range(count + 1)]
    for start, end in pairwise(ends):
        for shift in range(-most, most + 1):
            if start + shift < 0 or end + shift > len(letters):
                continue
            same = letters[start + shift] == codes[start]
            for place in range(start + 1, end):
                same &= letters[place + shift] == codes[place]
            shared |= same
    return shared


def _distances(
    word: str, letters: Letters, lengths: NDArray[np.int8], most: int
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Slips from `word` to each word whole, and to the best of its beginnings (which have about as many letters)."""
    codes = _codes(word).tolist()
    count, columns = letters.shape[1], min(len(letters), len(word) + most)
    last = [np.full(count, column, np.int8) for column in range(columns + 1)]
    before_last = last
    for row, letter in enumerate(codes, 1):
        line = [np.full(count, row, np.int8)]
        same = [letters[column] == letter for column in range(columns)]
        for column in range(1, columns + 1):
            cost = last[column - 1] + ~same[column - 1]
            np.minimum(cost, last[column] + np.int8(1), out=cost)
            np.minimum(cost, line[column - 1] + np.int8(1), out=cost)
            if row > 1 and column > 1:
                swapped = same[column - 2] & (letters[column - 1] == codes[row - 2])
                np.minimum(cost, before_last[column - 2] + np.int8(1), out=cost, where=swapped)
            line.append(cost)
        before_last, last = last, line
    table = np.stack(last)
    ends = np.minimum(lengths, columns).astype(np.intp)
    whole = np.where(lengths <= columns, table[ends, np.arange(count)], np.int8(99))
    inside = np.arange(columns + 1)[:, None] <= ends[None, :]
    begun = np.where(inside, table, np.int8(99)).min(axis=0)
    return whole.astype(np.int8), begun.astype(np.int8)
