"""What titles are about, as numbers: TF-IDF over genres, people, words, years and kind.

A word's column is its hash, so that titles that come after training need no vocabulary, only the columns' rarity.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from recommend.engine.model import Content, Floats, Numbers

#: Columns for words to fall on; two of a catalogue's words rarely share one.
COLUMNS = 1 << 18
#: What one feature of each sort is worth beside a genre.
GENRE, PERSON, WORD, YEAR, KIND = 1.0, 0.8, 0.6, 0.5, 0.5


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a title before anybody watched it. Order within a sort means nothing."""

    genres: Sequence[str] = ()
    people: Sequence[str] = ()
    words: Sequence[str] = ()
    year: int | None = None
    kind: str = ""


def content(features: Sequence[Features]) -> Content:
    """Content of a whole catalogue, in this order; columns that all titles share say nothing."""
    rows = [_columns(each) for each in features]
    seen = np.bincount(
        np.fromiter((column for row in rows for column in row), np.int64), minlength=COLUMNS
    ).astype(np.float32)
    rarity = np.log((len(rows) + 1) / (seen + 1)).astype(np.float32)
    return _content(rows, rarity)


def more(known: Content, features: Sequence[Features]) -> Content:
    """Content of other titles in the columns and by the rarity of `known`; only theirs."""
    rows = [_columns(each) for each in features] if known.columns else [{} for _ in features]
    return _content(rows, known.rarity)


def joined(one: Content, other: Content) -> Content:
    """The titles of both, one after the other."""
    return Content(
        np.concatenate((one.indptr, other.indptr[1:] + one.indptr[-1])),
        np.concatenate((one.indices, other.indices)),
        np.concatenate((one.data, other.data)),
        one.columns,
        one.rarity,
    )


def chosen(whole: Content, titles: Sequence[int]) -> Content:
    """The content of these titles, in this order."""
    parts = [whole.of(title) for title in titles]
    lengths = np.fromiter((len(indices) for indices, _ in parts), np.int64, len(parts))
    nothing = Content.empty()
    return Content(
        np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths))),
        np.concatenate([indices for indices, _ in parts] or [nothing.indices]),
        np.concatenate([data for _, data in parts] or [nothing.data]),
        whole.columns,
        whole.rarity,
    )


def cosine(whole: Content, indices: Numbers, data: Floats) -> Floats:
    """How like (0 … 1) each title is to one with these columns: float32 (n,)."""
    if not len(whole) or not len(indices):
        return np.zeros(len(whole), np.float32)
    sought = np.zeros(whole.columns, np.float32)
    sought[indices] = data
    # One more 0 at the end, because the last titles may have no columns and reduceat must not fall off.
    given = np.append(whole.data * sought[whole.indices], np.float32(0))
    found = np.add.reduceat(given, whole.indptr[:-1])
    found[whole.indptr[:-1] == whole.indptr[1:]] = 0
    return found


def _content(rows: Sequence[dict[int, float]], rarity: Floats) -> Content:
    lengths = np.fromiter((len(row) for row in rows), np.int64, len(rows))
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    indices = np.fromiter((column for row in rows for column in row), np.int32, int(indptr[-1]))
    data = np.fromiter((worth for row in rows for worth in row.values()), np.float32, int(indptr[-1]))
    data *= rarity[indices]
    owner = np.repeat(np.arange(len(rows)), lengths)
    norms = np.sqrt(np.bincount(owner, data * data, len(rows))).astype(np.float32)
    data /= np.maximum(norms, np.float32(1e-9))[owner]
    return Content(indptr, indices, data, len(rarity), rarity)


def _columns(features: Features) -> dict[int, float]:
    found: dict[int, float] = {}
    for sort, worth, words in (
        ("genre", GENRE, features.genres),
        ("person", PERSON, features.people),
        ("word", WORD, features.words),
        ("year", YEAR, _years(features.year)),
        ("kind", KIND, (features.kind,) if features.kind else ()),
    ):
        for word in set(words):
            column = _column(sort, word)
            found[column] = max(found.get(column, 0.0), worth)
    return dict(sorted(found.items()))


def _years(year: int | None) -> Iterable[str]:
    """Three overlapping spans of years, so that neighbours share some."""
    return () if year is None else (f"3:{year // 3}", f"5:{year // 5}", f"10:{year // 10}")


@lru_cache(maxsize=1 << 18)
def _column(sort: str, word: str) -> int:
    digest = hashlib.blake2b(f"{sort}:{word.casefold()}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % COLUMNS
