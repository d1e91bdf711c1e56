"""Very large catalogues: factors by alternating least squares, turned into the same rows as every other model.

Needs the `implicit` package, which a host installs when its catalogue is that large. A viewer's vector is folded in
with the Gram that all share, `u = x·Y·(YᵀY + λI)⁻¹`, so a score `u·Yᵀ` is linear in what was watched, and the matrix
behind it is cut to its strongest weights by blocks.
"""

from importlib.util import find_spec

import numpy as np
from scipy import sparse

from recommend.engine.model import Floats, Rows
from recommend.engine.train_matrix import truncated


class NoFactors(RuntimeError):
    """The `implicit` package is not installed."""


def available() -> bool:
    """Whether the package is installed; without it, what the dense head does not hold borrows by content."""
    return find_spec("implicit") is not None


def factors(
    watched: sparse.csr_matrix, *, size: int = 128, passes: int = 10, ridge: float = 0.05, alpha: float = 10.0
) -> Floats:
    """Factors of the titles: float32 (titles, size). Raises `NoFactors`."""
    try:
        from implicit.als import AlternatingLeastSquares
    except ImportError as error:
        raise NoFactors(
            "a catalogue this large needs the package 'implicit': pip install implicit"
        ) from error
    model = AlternatingLeastSquares(
        factors=size,
        iterations=passes,
        regularization=ridge,
        alpha=alpha,
        num_threads=1,
        random_state=1,
        use_gpu=False,
    )
    model.fit(watched, show_progress=False)
    made: Floats = np.asarray(model.item_factors, np.float32)
    return made


def rows(titles: Floats, *, width: int, ridge: float = 1.0) -> Rows:
    """The strongest weights of Y·(YᵀY/n + λI)⁻¹·Yᵀ, scaled so that the strongest of a row is 1 at the most."""
    gram = (titles.T @ titles) / np.float32(max(1, len(titles))) + ridge * np.eye(
        titles.shape[1], dtype=np.float32
    )
    folded = (titles @ np.linalg.inv(gram)).astype(np.float32)
    strongest = float(np.abs(np.einsum("nd,nd->n", folded, titles)).max(initial=1e-9))
    folded /= np.float32(strongest)
    return truncated(len(titles), width, lambda part: folded[part] @ titles.T)


def merged(head: Rows, wide: Rows) -> Rows:
    """Rows for all titles of `wide`: among the first len(head) as `head` has them, beyond as `wide` has them.

    `wide` is brought to the strength of `head` first: the two are measured in different units.
    """
    first, width = len(head), wide.targets.shape[1]
    mine = np.abs(head.weights[:, : min(20, head.weights.shape[1])].astype(np.float32)).mean()
    theirs = np.abs(wide.weights[:first, : min(20, width)].astype(np.float32)).mean()
    unit = np.float32(mine / max(float(theirs), 1e-9))
    made = Rows(wide.targets.copy(), (wide.weights.astype(np.float32) * unit).astype(np.float16))
    for row in range(first):
        beyond = wide.targets[row] >= first
        targets = np.concatenate((head.targets[row], wide.targets[row][beyond]))
        weights = np.concatenate((head.weights[row], made.weights[row][beyond]))
        order = np.argsort(-np.abs(weights.astype(np.float32)), kind="stable")[:width]
        made.targets[row, : len(order)] = targets[order]
        made.weights[row, : len(order)] = weights[order]
        made.targets[row, len(order) :] = -1
        made.weights[row, len(order) :] = 0
    return made
