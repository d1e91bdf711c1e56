"""What a trained model is: a few arrays that any number of processes may share read-only.

A score is a weighted sum of stored rows, so what a viewer did a second ago counts at once, without training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Numbers = NDArray[np.int32]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The strongest weights of each row of a square matrix: row `i` says what having watched title `i` speaks for.

    `targets`: int32 (n, k), -1 where there is none. `weights`: float16 (n, k), 0 where there is none.
    """

    targets: NDArray[np.int32]
    weights: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.targets)

    def of(self, title: int) -> tuple[Numbers, Floats]:
        """The targets of one row and their weights, without the empty places."""
        held = self.targets[title]
        full = held >= 0
        return held[full], self.weights[title][full].astype(np.float32)

    @staticmethod
    def empty(titles: int = 0, width: int = 0) -> "Rows":
        """Rows that say nothing."""
        return Rows(np.full((titles, width), -1, np.int32), np.zeros((titles, width), np.float16))


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """What titles are about: L2-normalised TF-IDF in CSR form, one row a title.

    `indptr`: int64 (n + 1,), `indices`: int32, `data`: float32, `columns`: how many there can be. `rarity`: float32
    (columns,), what a column's rarity was when this was made: titles that come later are weighed by the same.
    """

    indptr: NDArray[np.int64]
    indices: Numbers
    data: Floats
    columns: int
    rarity: Floats

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def of(self, title: int) -> tuple[Numbers, Floats]:
        """The columns of one title and their weights."""
        part = slice(int(self.indptr[title]), int(self.indptr[title + 1]))
        return self.indices[part], self.data[part]

    @staticmethod
    def empty(titles: int = 0) -> "Content":
        """Titles about which nothing is known."""
        nothing = np.zeros(0, np.float32)
        return Content(np.zeros(titles + 1, np.int64), np.zeros(0, np.int32), nothing, 0, nothing)


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Titles that training did not see, or saw too seldom: they borrow from the trained titles that they are like.

    Title `first + t` has the score that its neighbours have on average, or a part of it: `neighbours` int32 (m, K), all
    below `first` and -1 where there is none; `shares` float32 (m, K), of which each row sums to 1 at the most. What
    having watched it speaks for is stored, made from the neighbours' rows: `taste` and `following` have m rows.
    """

    first: int
    neighbours: Numbers
    shares: Floats
    taste: Rows
    following: tuple[Rows, ...]

    def __len__(self) -> int:
        return len(self.neighbours)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What is served. Titles have numbers 0 … n-1; the trained ones come first, then those of the tail.

    `taste`: what goes with what (EDLAE). `following`: what comes next (SLIT), a matrix for each of `scales`, the number
    of titles after which the past counts 1/e. `popularity`: float32 (n,), plays weighed as in training.
    """

    titles: tuple[UUID, ...]
    index: Mapping[UUID, int]
    taste: Rows
    following: tuple[Rows, ...]
    scales: tuple[float, ...]
    popularity: Floats
    content: Content
    about: Mapping[str, str | int | float] = field(default_factory=dict)
    tail: Tail | None = None

    def __len__(self) -> int:
        return len(self.titles)

    @property
    def trained(self) -> int:
        """How many of the titles have rows of their own."""
        return len(self.taste)


def indexed(titles: Sequence[UUID]) -> dict[UUID, int]:
    """Titles by their numbers. Raises ValueError when one is there twice."""
    index = {title: number for number, title in enumerate(titles)}
    if len(index) != len(titles):
        raise ValueError(f"titles: {len(titles) - len(index)} of them are there twice; give each once")
    return index
