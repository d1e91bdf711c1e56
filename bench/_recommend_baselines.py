"""What others use, tuned as well as a small grid can: popularity, item neighbours, iALS (implicit), and EASE.

Each is fitted on `viewer, title` and scores a history (titles, newest first) without being fitted anew.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

#: What no model knows stands below all that it knows.
_UNKNOWN = np.float32(-1e9)
Scores = NDArray[np.float32]
Numbers = NDArray[np.int32] | NDArray[np.int64]


class Baseline(Protocol):
    """A model that others use."""

    name: str

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        """Learn from events."""

    def scores(self, history: Numbers) -> Scores:
        """float32 (titles,)."""


def grid(name: str, *, quick: bool) -> list[Baseline]:
    """The settings of a baseline that are tried on viewers who are kept for tuning."""
    made: dict[str, list[Baseline]] = {
        "popularity": [Popularity()],
        "item-kNN": [ItemKnn(shrink, width) for shrink in (0.0, 10.0, 50.0) for width in (100, 400)],
        "iALS": [
            Als(size, ridge, alpha)
            for size in (16, 64)
            for ridge in (3.0, 30.0, 100.0)
            for alpha in (5.0, 20.0, 60.0)
        ],
        "EASE": [Ease(ridge) for ridge in (25.0, 50.0, 100.0, 200.0)],
    }
    return made[name][:: 3 if quick else 1]


class Popularity:
    """What was watched most."""

    name = "popularity"

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        self._counts = np.bincount(title, minlength=titles).astype(np.float32)

    def scores(self, history: Numbers) -> Scores:
        return self._counts


class ItemKnn:
    """Cosine of titles, shrunk, the nearest kept."""

    def __init__(self, shrink: float, width: int) -> None:
        self.name = f"item-kNN shrink {shrink:g} k {width}"
        self._shrink, self._width = shrink, width

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        watched = _watched(viewer, title, titles)
        together = (watched.T @ watched).tocsr()
        norms = np.sqrt(np.maximum(together.diagonal(), 1e-9))
        together.setdiag(0)
        together.eliminate_zeros()
        rows = np.repeat(np.arange(titles), np.diff(together.indptr))
        together.data = together.data / (norms[rows] * norms[together.indices] + self._shrink)
        # The nearest of each title that is to be suggested: columns of the matrix, which is symmetric.
        order = np.lexsort((-together.data, rows))
        place = np.arange(len(order)) - np.repeat(together.indptr[:-1], np.diff(together.indptr))
        kept = order[place < self._width]
        self._rows = sparse.csr_matrix(
            (together.data[kept], (together.indices[kept], rows[kept])), (titles, titles), np.float32
        )

    def scores(self, history: Numbers) -> Scores:
        return np.asarray(self._rows[history].sum(axis=0), np.float32).ravel()


class Ease:
    """EASE (Steck 2019): the closed form without dropout and without weights for viewers, all weights kept."""

    def __init__(self, ridge: float, least: int = 2) -> None:
        self.name = f"EASE {ridge:g}"
        self._ridge, self._least = ridge, least

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        counts = np.bincount(title, minlength=titles)
        self._known = np.flatnonzero(counts >= self._least)
        self._place = np.full(titles, -1)
        self._place[self._known] = np.arange(len(self._known))
        kept = self._place[title] >= 0
        watched = _watched(viewer[kept], self._place[title[kept]], len(self._known))
        gram = (watched.T @ watched).toarray().astype(np.float32)
        gram[np.diag_indices_from(gram)] += np.float32(self._ridge)
        inverse = linalg.inv(gram, overwrite_a=True, check_finite=False)
        self._weights = (-inverse / np.diag(inverse)).astype(np.float32)
        np.fill_diagonal(self._weights, 0)

    def scores(self, history: Numbers) -> Scores:
        found = np.full(len(self._place), _UNKNOWN)
        places = self._place[history]
        found[self._known] = self._weights[places[places >= 0]].sum(axis=0)
        return found


class Als:
    """Implicit alternating least squares (Hu, Koren, Volinsky 2008) by `implicit`; viewers are folded in."""

    def __init__(self, size: int, ridge: float, alpha: float) -> None:
        self.name = f"iALS d {size} ridge {ridge:g} alpha {alpha:g}"
        self._size, self._ridge, self._alpha = size, ridge, alpha

    def fit(self, viewer: Numbers, title: Numbers, titles: int) -> None:
        from implicit.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=self._size,
            regularization=self._ridge,
            alpha=self._alpha,
            iterations=15,
            num_threads=1,
            random_state=1,
            use_gpu=False,
        )
        model.fit(_watched(viewer, title, titles), show_progress=False)
        self._factors = np.asarray(model.item_factors, np.float32)
        self._gram = self._factors.T @ self._factors + self._ridge * np.eye(self._size, dtype=np.float32)
        self._unknown = np.bincount(title, minlength=titles) == 0

    def scores(self, history: Numbers) -> Scores:
        seen = self._factors[history]
        # implicit counts a play as confidence alpha beside 1 for everything.
        left = self._gram + (self._alpha - 1) * (seen.T @ seen)
        viewer = np.linalg.solve(left, self._alpha * seen.sum(axis=0))
        found = self._factors @ viewer
        found[self._unknown] = _UNKNOWN
        return found.astype(np.float32)


def _watched(viewer: Numbers, title: Numbers, titles: int) -> sparse.csr_matrix:
    _, rows = np.unique(viewer, return_inverse=True)
    ones = np.ones(len(title), np.float32)
    return sparse.csr_matrix((ones, (rows, title)), (int(rows.max(initial=-1)) + 1, titles))


#: What tuning chose on MovieTweetings, for runs that leave it out.
USUAL = {
    "popularity": "popularity",
    "item-kNN": "item-kNN shrink 10 k 400",
    "iALS": "iALS d 64 ridge 100 alpha 20",
    "EASE": "EASE 100",
}
NAMES: tuple[str, ...] = ("popularity", "item-kNN", "iALS", "EASE")
Chosen = Mapping[str, Baseline]
