"""A seed: what others watched together elsewhere, summed up, for a server that knows too little of its own viewers.

It holds no person: only films (by IMDb number), how much each was watched, and pairs of films that at least `LEAST`
people had both watched. A viewer of n films counts n^-½ for each pair, with a mean of 1, as in training; its share
fades by `fading` as the server's own events grow. Pure: numpy, files, no Django and no clock.

The file is gzipped text, so that anybody can look what it says: a line of JSON (`format`, `source`, `licence`, `least`,
`viewers`), then a line for each film (`tt0111161 12.5`), then for each pair (`12 345 0.71`: places of two films above).
"""

import gzip
import json
import math
import os
import re
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

import numpy as np
from numpy.typing import NDArray

#: What the first line of a file calls itself.
FORMAT: Final = "netflixlite-seed-1"
#: A pair is written only when so many people have watched both films; a film, when so many have watched it.
LEAST: Final = 3
#: A viewer of more films than this is left out of the pairs: nobody's taste, and a square of work.
MOST_OF_ONE: Final = 500
#: The most films and pairs that a file may name, and the most bytes that it may unpack to.
MOST_FILMS, MOST_PAIRS, MOST_BYTES = 100_000, 20_000_000, 512 * 1024 * 1024
#: Pairs that become numbers at once: as text and lists they take many times as much memory.
_AT_ONCE = 20_000
#: At so many own events the seed counts half.
HALF_AT: Final = 50_000

_FILM = re.compile(r"tt\d{7,9}\Z")


class BadSeed(ValueError):
    """A file that is no seed; the text says what is wrong with it, and where."""


class TooLarge(BadSeed):
    """It unpacks to more than it may here."""


@dataclass(frozen=True, slots=True)
class Seed:
    """`films` are IMDb numbers; `own` (n,) how much each was watched; `first`, `second` (m,) places of the films of a
    pair, first < second; `together` (m,) its weight."""

    films: tuple[str, ...]
    own: NDArray[np.float32]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    together: NDArray[np.float32]
    about: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entries:
    """A symmetric matrix by its entries that are not 0, the diagonal and both halves: for `gram[rows, columns] += …`.

    No entry comes twice.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]


def fading(events: int) -> float:
    """How much a seed counts beside so many own events: 1 beside none, ½ beside 50,000, towards 0."""
    return 1.0 / (1.0 + max(0, events) / HALF_AT)


def aggregate(
    viewers: NDArray[np.int32],
    titles: NDArray[np.int32],
    films: Sequence[str],
    about: Mapping[str, str | int],
) -> Seed:
    """Sum up who watched what. `viewers` and `titles` (places in `films`), (events,): an event each; each counts once.

    Films and pairs that fewer than `LEAST` people share are left out, and so is who has more films than `MOST_OF_ONE`.
    """
    pairs = np.unique(np.stack([viewers.astype(np.int64), titles.astype(np.int64)], axis=1), axis=0)
    kept, weights, own, support = [], [], np.zeros(len(films)), np.zeros(len(films), np.int64)
    starts = np.flatnonzero(np.r_[True, np.diff(pairs[:, 0]) > 0]) if len(pairs) else np.zeros(0, np.int64)
    counted, given = 0, 0.0
    for start, end in zip(starts, np.r_[starts[1:], len(pairs)], strict=True):
        seen = pairs[start:end, 1]
        if len(seen) > MOST_OF_ONE:
            continue
        weight = 1.0 / math.sqrt(len(seen))
        given += weight
        own[seen] += weight
        support[seen] += 1
        counted += 1
        if len(seen) > 1:
            left, right = np.triu_indices(len(seen), k=1)
            kept.append(seen[left] * len(films) + seen[right])
            weights.append(np.full(len(left), weight))
    codes = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    found, where, people = np.unique(codes, return_inverse=True, return_counts=True)
    together = np.bincount(where, np.concatenate(weights) if weights else None, minlength=len(found))
    enough = people >= LEAST
    keep = np.flatnonzero(support >= LEAST)
    place = np.full(len(films), -1, np.int64)
    place[keep] = np.arange(len(keep))
    first, second = np.divmod(found[enough], max(1, len(films)))
    # As training weighs its own viewers: on average each counts 1.
    scale = counted / given if given else 1.0
    return Seed(
        films=tuple(films[int(each)] for each in keep),
        own=(scale * own[keep]).astype(np.float32),
        first=place[first].astype(np.int32),
        second=place[second].astype(np.int32),
        together=(scale * together[enough]).astype(np.float32),
        about={**about, "least": LEAST, "viewers": counted},
    )


def entries(seed: Seed, index: Mapping[str, int]) -> Entries:
    """What the seed says of the films in `index` (IMDb number → place in the model); of others it is silent."""
    place = np.array([index.get(film, -1) for film in seed.films], np.int32)
    known = np.flatnonzero(place >= 0)
    first, second = place[seed.first], place[seed.second]
    both = (first >= 0) & (second >= 0)
    first, second, together = first[both], second[both], seed.together[both]
    return Entries(
        rows=np.concatenate([place[known], first, second]).astype(np.int32),
        columns=np.concatenate([place[known], second, first]).astype(np.int32),
        values=np.concatenate([seed.own[known], together, together]).astype(np.float32),
    )


def write(seed: Seed, path: Path) -> None:
    """Write a seed; the file is there whole or not at all. The same seed makes the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as raw:
            with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
                for line in _lines(seed):
                    packed.write(line.encode())
            raw.flush()
            os.fsync(raw.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(path: Path, *, most: int | None = None) -> Seed:
    """Read a seed that unpacks to at most `most` bytes. Raises `BadSeed` for anything else, `OSError` where there is no
    such file.
    """
    try:
        with gzip.open(path, "rb") as packed:
            return _parsed(cast(BinaryIO, packed), MOST_BYTES if most is None else most)
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise BadSeed(f"It is not a whole gzip file of text: {error}.") from error


def read_about(path: Path) -> Mapping[str, str | int]:
    """What a seed says of itself in its first line, unchecked else: cheap. Raises as `read` does."""
    try:
        with gzip.open(path, "rb") as packed:
            return _head(cast(BinaryIO, packed).readline(4096))
    except (gzip.BadGzipFile, zlib.error, EOFError, UnicodeDecodeError) as error:
        raise BadSeed(f"It is not a whole gzip file of text: {error}.") from error


def _lines(seed: Seed) -> Iterator[str]:
    told = {**seed.about, "format": FORMAT, "films": len(seed.films), "pairs": len(seed.first)}
    yield json.dumps(told, sort_keys=True) + "\n"
    for film, weight in zip(seed.films, seed.own, strict=True):
        yield f"{film} {weight:.3g}\n"
    for one, other, weight in zip(seed.first, seed.second, seed.together, strict=True):
        yield f"{one} {other} {weight:.3g}\n"


def _parsed(packed: BinaryIO, most: int) -> Seed:
    about = _head(packed.readline(4096))
    n, m = _count(about, "films", MOST_FILMS), _count(about, "pairs", MOST_PAIRS)
    text = packed.read(most + 1)
    if len(text) > most:
        raise TooLarge(f"It unpacks to more than {most // 2**20} MiB.")
    lines = text.decode("ascii").splitlines()
    if len(lines) != n + m:
        raise BadSeed(f"It says {n} films and {m} pairs, and has {len(lines)} lines of both.")
    films, own = _films(lines[:n])
    del text
    table = _numbers(lines[n:])
    if m and not (
        np.isfinite(table).all()
        and (table[:, 0] >= 0).all()
        and (table[:, 0] < table[:, 1]).all()
        and (table[:, 1] < n).all()
        and (table[:, :2] == np.floor(table[:, :2])).all()
        and (table[:, 2] > 0).all()
    ):
        raise BadSeed("A pair names films that are not there, or weighs nothing, or less.")
    first, second = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    if len(np.unique(first.astype(np.int64) * n + second)) != m:
        raise BadSeed("A pair is there twice.")
    return Seed(films, own, first, second, table[:, 2].astype(np.float32), about)


def _numbers(lines: Sequence[str]) -> NDArray[np.float64]:
    """Lines of three numbers, (n, 3)."""
    table = np.empty((len(lines), 3))
    for start in range(0, len(lines), _AT_ONCE):
        part = [line.split() for line in lines[start : start + _AT_ONCE]]
        if any(len(each) != 3 for each in part):
            raise BadSeed("A line of a pair is not two places and a weight.")
        try:
            table[start : start + len(part)] = np.array(part, dtype=np.float64)
        except ValueError as error:
            raise BadSeed(f"A line of a pair is not two places and a weight: {error}.") from error
    return table


def _head(line: bytes) -> dict[str, str | int]:
    try:
        about = json.loads(line)
    except ValueError as error:
        raise BadSeed("Its first line is not JSON.") from error
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        raise BadSeed(f"Its first line does not say that it is a {FORMAT}.")
    if not isinstance(about.get("least"), int) or int(about["least"]) < LEAST:
        raise BadSeed(f"It does not say that each pair comes from at least {LEAST} people.")
    return {str(key): value for key, value in about.items() if isinstance(value, str | int)}


def _count(about: Mapping[str, str | int], name: str, most: int) -> int:
    value = about.get(name)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise BadSeed(f"Its first line must say '{name}', a number up to {most}.")
    return value


def _films(lines: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    films, own = [], []
    for number, line in enumerate(lines, 2):
        film, _, weight = line.partition(" ")
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not _FILM.match(film) or not (math.isfinite(value) and value > 0):
            raise BadSeed(f"Line {number} is not an IMDb number and a weight above 0: {line[:40]!r}.")
        films.append(film)
        own.append(value)
    if len(set(films)) != len(films):
        raise BadSeed("A film is there twice.")
    return tuple(films), np.array(own, np.float32)
