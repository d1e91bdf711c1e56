"""What comes next: SLIT, a closed-form step from the decayed past to the next title.

After Choi et al. 2021 (SLIST) and the study's §3.2: for every event a source row Σ e^(-(k-1)/τ)·(k titles before it)
and the event itself as target; `B = (SᵀS + λI)⁻¹ SᵀT`. Several τ stand side by side and are solved together.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommend.engine.model import Floats, Numbers, Rows
from recommend.engine.train_matrix import BLOCK, blocks, invert, refuse, square, truncated

#: Events whose sources are laid out at a time.
_CHUNK = 100_000
#: The past is forgotten after so many τ, and never looked at further back than this.
_MEMORY, _FURTHEST = 6, 90


class Gram:
    """A sum of sparse matrices that becomes dense when it is no longer sparse."""

    def __init__(self, height: int, width: int) -> None:
        self._sparse = sparse.csr_matrix((height, width), dtype=np.float32)
        self._dense: Floats | None = None

    def add(self, part: sparse.csr_matrix) -> None:
        """Add one more."""
        if self._dense is None:
            self._sparse = self._sparse + part
            if self._sparse.nnz * 3 > self._sparse.shape[0] * self._sparse.shape[1]:
                self._dense = self._sparse.toarray()
                self._sparse = sparse.csr_matrix(self._sparse.shape, dtype=np.float32)
            return
        for rows in blocks(self._dense.shape[0], 4 * BLOCK):
            self._dense[rows] += part[rows].toarray()

    def keep(self, allowed: sparse.csr_matrix, times: tuple[int, int]) -> None:
        """Leave only the pairs that are allowed, the same in each of `times` parts, and the diagonals."""
        one = (allowed + sparse.identity(allowed.shape[0], np.float32, "csr")) > 0
        mask = sparse.bmat([[one] * times[1]] * times[0], "csr")
        self._sparse = self.whole().multiply(mask).tocsr()
        self._dense = None

    def whole(self) -> sparse.csr_matrix:
        """All of it, sparse."""
        return self._sparse if self._dense is None else sparse.csr_matrix(self._dense)

    def into(self, dense: Floats) -> Floats:
        """All of it, written over `dense`."""
        if self._dense is not None:
            dense[...] = self._dense
            return dense
        for rows in blocks(dense.shape[0], 4 * BLOCK):
            self._sparse[rows].toarray(out=dense[rows])
        return dense

    def times(self, rows: Floats) -> Floats:
        """`rows` (r, height) times all of it."""
        if self._dense is not None:
            return rows @ self._dense
        if self._sparse.nnz * 40 < self._sparse.shape[0] * self._sparse.shape[1]:
            return np.ascontiguousarray((self._sparse.T @ rows.T).T)
        made = np.empty((len(rows), self._sparse.shape[1]), np.float32)
        for columns in blocks(self._sparse.shape[1], 8 * BLOCK):
            made[:, columns] = rows @ self._columns(columns)
        return made

    def _columns(self, part: slice) -> Floats:
        dense: Floats = self._sparse[:, part].toarray()
        return dense


def following(
    viewer: Numbers,
    title: Numbers,
    weight: Floats,
    *,
    titles: int,
    scales: Sequence[float],
    ridge: float,
    width: int,
    allowed: sparse.csr_matrix | None = None,
    memory: int | None = None,
) -> tuple[Rows, ...]:
    """The strongest weights of each scale's matrix. Events in order of viewer, then time; weights above 0.

    The same title again is no step: what comes next is never what is being watched.
    """
    refuse(titles * len(scales), memory)
    past, step = Gram(titles * len(scales), titles * len(scales)), Gram(titles * len(scales), titles)
    for start in range(0, len(title), _CHUNK):
        sources, targets = _laid_out(viewer, title, weight, titles, scales, start)
        past.add((sources.T @ sources).tocsr())
        step.add((sources.T @ targets).tocsr())
    if allowed is not None:
        past.keep(allowed, (len(scales), len(scales)))
        step.keep(allowed, (len(scales), 1))
    matrix = past.into(square(titles * len(scales), memory))
    del past
    matrix[np.diag_indices_from(matrix)] += np.float32(ridge)
    invert(matrix, ridge)
    return tuple(
        _scale(matrix[titles * which : titles * (which + 1)], step, titles, width)
        for which in range(len(scales))
    )


def _scale(inverse: Floats, step: Gram, titles: int, width: int) -> Rows:
    return truncated(titles, width, lambda part: step.times(inverse[part]))


def _laid_out(
    viewer: Numbers, title: Numbers, weight: Floats, titles: int, scales: Sequence[float], start: int
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Source and target rows of a chunk of events: float32 (events, titles·scales) and (events, titles)."""
    stop = min(len(title), start + _CHUNK)
    events = np.arange(start, stop)
    worth = np.sqrt(weight[start:stop])
    rows: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int64]] = []
    values: list[Floats] = []
    fresh = np.ones(len(events), bool)
    for back in range(1, min(_FURTHEST, int(_MEMORY * max(scales))) + 1):
        before = events - back
        mine = (before >= 0) & (viewer[np.maximum(before, 0)] == viewer[events])
        if not mine.any():
            break
        if back == 1:
            fresh = ~(mine & (title[np.maximum(before, 0)] == title[events]))
        given = weight[before[mine]] * worth[mine]
        for which, scale in enumerate(scales):
            if back <= _MEMORY * scale:
                rows.append(np.flatnonzero(mine))
                columns.append(title[before[mine]].astype(np.int64) + which * titles)
                values.append(given * np.float32(np.exp(-(back - 1) / scale)))
    shape = (len(events), titles * len(scales))
    if not rows:
        return sparse.csr_matrix(shape, dtype=np.float32), sparse.csr_matrix(
            (len(events), titles), dtype=np.float32
        )
    sources = sparse.csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))), shape, np.float32
    )
    targets = sparse.csr_matrix(
        (worth, (np.arange(len(events)), title[start:stop])), (len(events), titles), np.float32
    )
    if not fresh.all():
        kept = sparse.diags(fresh.astype(np.float32), format="csr")
        sources, targets = (kept @ sources).tocsr(), (kept @ targets).tocsr()
    return sources, targets
