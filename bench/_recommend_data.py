"""Ratings for the recommendation benchmarks: read from a file, never kept in the project.

Documented format: a text file (plain or .gz) with a line for each rating, `viewer, title, rating, seconds since 1970`,
parted by commas, tabs or `::`, with or without a first line of names; and, if there is one, a file of titles beside it,
`title, name, year, genres` or `title, name (year), genres`, genres parted by `|`. MovieTweetings and all MovieLens sets
come in it.
"""

import csv
import gzip
import io
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recommend.engine.content import Features, content
from recommend.engine.model import Content

_RATINGS = ("ratings.csv.gz", "ratings.csv", "ratings.dat", "u.data")
_TITLES = ("movies.csv.gz", "movies.csv", "movies.dat")
_YEAR = re.compile(r"\((\d{4})\)\s*$")


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Events sorted by time. `viewer`, `title`: int32 from 0; `at`: seconds; `rating` as in the file."""

    viewer: NDArray[np.int32]
    title: NDArray[np.int32]
    rating: NDArray[np.float32]
    at: NDArray[np.float64]
    titles: tuple[uuid.UUID, ...]
    names: tuple[str, ...]
    content: Content
    features: tuple[Features, ...] = ()

    def __len__(self) -> int:
        return len(self.viewer)


def read(path: Path) -> Ratings:
    """Read a ratings file, or a folder that holds one under one of the usual names."""
    ratings = _found(path, _RATINGS) if path.is_dir() else path
    if ratings is None:
        raise SystemExit(f"{path} holds none of {', '.join(_RATINGS)}; name the file itself")
    lines = [line for line in _lines(ratings) if len(line) >= 4 and _number(line[2]) and _number(line[3])]
    if not lines:
        raise SystemExit(f"{ratings} has no line `viewer, title, rating, seconds`")
    _, viewer = np.unique([line[0] for line in lines], return_inverse=True)
    keys, title = np.unique([line[1] for line in lines], return_inverse=True)
    rating = np.array([float(line[2]) for line in lines], np.float32)
    at = np.array([float(line[3]) for line in lines], np.float64)
    # Who rates a title twice has watched it once, as far as anybody knows.
    _, first = np.unique(viewer.astype(np.int64) * len(keys) + title, return_index=True)
    order = np.sort(first)
    order = order[np.argsort(at[order], kind="stable")]
    names = _named(ratings.parent, {str(key): number for number, key in enumerate(keys)})
    about = tuple(names[number][1] if number in names else Features() for number in range(len(keys)))
    return Ratings(
        viewer[order].astype(np.int32),
        title[order].astype(np.int32),
        rating[order],
        at[order],
        tuple(uuid.UUID(int=number + 1) for number in range(len(keys))),
        tuple(names[number][0] if number in names else str(key) for number, key in enumerate(keys)),
        content(about),
        about,
    )


def _found(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((folder / name for name in names if (folder / name).exists()), None)


def _named(folder: Path, index: dict[str, int]) -> dict[int, tuple[str, Features]]:
    path = _found(folder, _TITLES)
    if path is None:
        return {}
    found = {}
    for line in _lines(path):
        if line[0] not in index or len(line) < 3:
            continue
        name, genres = line[1], line[-1]
        year = line[2] if len(line) > 3 else (match.group(1) if (match := _YEAR.search(name)) else "")
        about = Features(
            genres=[genre for genre in genres.split("|") if genre and not genre.startswith("(")],
            year=int(year) if year.isdigit() else None,
        )
        found[index[line[0]]] = (name, about)
    return found


def _lines(path: Path) -> Iterator[list[str]]:
    packed = path.read_bytes()
    text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8", errors="replace")
    start = text[:500]
    if "::" in start:
        yield from (line.split("::") for line in text.splitlines())
    else:
        yield from csv.reader(io.StringIO(text), delimiter="\t" if "\t" in start else ",")


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
