"""What goes with what: EDLAE, in closed form.

Steck 2020 ("Autoencoders that don't overfit towards the identity"), with viewers weighed by n^-½, so that who watches
everything does not decide for all. `A = G + λI + p/(1-p)·diag(G)`, `P = A⁻¹`, `B = -P/diag(P)`, zero diagonal.

What a viewer watched within one day or week goes together more than what lies years apart: a part of the Gram counts
only such pairs. It is that of a matrix with a row for each day of each viewer, so it stays positive semidefinite.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommend.engine.model import Floats, Rows
from recommend.engine.train_matrix import BLOCK, blocks, invert, square, truncated
from recommend.engine.trend import DAY


def weighed(watched: sparse.csr_matrix, power: float = 0.5) -> sparse.csr_matrix:
    """Rows (viewers) times w^½, with w = n^-power brought to a mean of 1: the Gram of the result is Xᵀ diag(w) X."""
    counts = np.diff(watched.indptr)
    given = np.where(counts > 0, np.maximum(counts, 1.0) ** -power, 0.0)
    mean = given[counts > 0].mean() if (counts > 0).any() else 1.0
    roots = np.sqrt(given / mean).astype(np.float32)
    return sparse.csr_matrix(
        (watched.data * np.repeat(roots, counts), watched.indices, watched.indptr), watched.shape
    )


def by_time(
    watched: sparse.csr_matrix, at: NDArray[np.float64], near: Sequence[tuple[float, float]]
) -> sparse.csr_matrix:
    """Rows (viewers), and under them rows of what each watched within the same span of time, so that in the Gram a pair
    counts less the further it is apart; a title beside itself counts as before.

    `at`: seconds, aligned with `watched.data`. `near`: (days of a span, share of what counts within it alone). Spans
    come twice, by half of one apart, with half the share each: what a border parts in the one is together in the other,
    so nobody's evening is cut by where midnight is.
    """
    viewer = np.repeat(np.arange(watched.shape[0]), np.diff(watched.indptr))
    whole = np.ones(watched.shape[0], np.float32)
    parts = list[sparse.csr_matrix]()
    for days, half, begin in ((days, share / 2, begin) for days, share in near for begin in (0.0, 0.5)):
        span = np.floor(at / (days * DAY) + begin).astype(np.int64)
        span -= span.min() if len(span) else 0
        code = viewer * (span.max(initial=0) + 1) + span
        _, first, row = np.unique(code, return_index=True, return_inverse=True)
        # Whose entries all lie in one span (brought along from elsewhere, say) needs no second row for it.
        several = np.bincount(viewer[first], minlength=len(whole)) > 1
        whole[several] -= np.float32(half)
        kept = several[viewer]
        shape = (len(first), watched.shape[1])
        part = sparse.csr_matrix((watched.data[kept], (row[kept], watched.indices[kept])), shape, np.float32)
        parts.append(part * np.float32(half**0.5))
    roots = np.sqrt(np.repeat(whole, np.diff(watched.indptr)))
    first_part = sparse.csr_matrix((watched.data * roots, watched.indices, watched.indptr), watched.shape)
    return sparse.vstack([first_part, *parts], format="csr", dtype=np.float32)


def taste(
    watched: sparse.csr_matrix,
    *,
    ridge: float,
    drop: float,
    width: int,
    power: float = 0.5,
    at: NDArray[np.float64] | None = None,
    near: Sequence[tuple[float, float]] = (),
    content: sparse.csr_matrix | None = None,
    alpha: float = 0.0,
    seed: sparse.csr_matrix | None = None,
    beta: float = 0.0,
    allowed: sparse.csr_matrix | None = None,
    memory: int | None = None,
) -> Rows:
    """EDLAE's strongest weights. `watched`: float32 (viewers, titles), every entry a positive weight.

    `ridge` is λ, `drop` is p. `at` and `near`: when each entry was watched, and what is close (`by_time`). `content`:
    L2-normalised (titles, columns), added to the Gram as `alpha`·F·Fᵀ. `seed`: a Gram (titles, titles) from elsewhere,
    added `beta` times. `allowed`: pairs that enough accounts support; others are left out of what viewers say. Raises
    `TooLarge` before anything is allocated.
    """
    titles = watched.shape[1]
    gram = square(titles, memory)
    rooted = weighed(watched, power)
    if at is not None and near:
        rooted = by_time(rooted, at, near)
    turned = rooted.T.tocsr()
    for part in blocks(titles, 4 * BLOCK):
        own = turned[part] @ rooted
        if allowed is not None:
            own = _permitted(own, allowed, part)
        own.tocsr().toarray(out=gram[part])
    del rooted, turned
    if content is not None and alpha > 0:
        add_content(gram, content, alpha)
    if seed is not None and beta > 0:
        for part in blocks(titles, 4 * BLOCK):
            gram[part] += np.float32(beta) * seed[part].toarray()
    return _solved(gram, ridge, drop, width)


def add_content(gram: Floats, content: sparse.csr_matrix, alpha: float) -> None:
    """Add `alpha`·F·Fᵀ to a Gram, by blocks. Columns that many titles share go through BLAS, rare ones stay sparse."""
    titles = content.shape[0]
    columns = content.tocsc()
    frequent = np.diff(columns.indptr) > max(8, titles // 100)
    common = columns[:, frequent].toarray().astype(np.float32)
    rare = columns[:, ~frequent].tocsr()
    turned = rare.T.tocsr()
    for part in blocks(titles, 4 * BLOCK):
        gram[part] += np.float32(alpha) * (common[part] @ common.T)
        gram[part] += np.float32(alpha) * (rare[part] @ turned).toarray()


def _solved(gram: Floats, ridge: float, drop: float, width: int) -> Rows:
    own = np.diagonal(gram).copy()
    np.fill_diagonal(gram, own * np.float32(1 + drop / (1 - drop)) + np.float32(ridge))
    invert(gram, ridge)
    scale: Floats = (-1 / np.diagonal(gram)).astype(np.float32)
    return truncated(len(gram), width, lambda part: np.multiply(gram[part], scale, dtype=np.float32))


def _permitted(own: sparse.csr_matrix, allowed: sparse.csr_matrix, part: slice) -> sparse.csr_matrix:
    """Only the pairs that are allowed, and the diagonal."""
    diagonal = sparse.csr_matrix(
        (
            np.ones(part.stop - part.start, np.float32),
            (range(part.stop - part.start), range(part.start, part.stop)),
        ),
        own.shape,
    )
    return own.multiply(((allowed[part] + diagonal) > 0).astype(np.float32)).tocsr()
