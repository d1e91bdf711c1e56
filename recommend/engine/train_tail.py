"""The many titles beyond the dense head, all at once: what they borrow, by sparse products over blocks.

The same as `recommend.engine.extend` does for a few at publishing; this one needs scipy, and is for thousands.
"""

import numpy as np
from scipy import sparse

from recommend.engine.extend import borrowed, nearest
from recommend.engine.model import Content, Floats, Model, Numbers, Rows, Tail
from recommend.engine.train_matrix import blocks

#: Below so many the plain way is as fast.
_FEW = 500
_ROWS = 512


def tail(model: Model, theirs: Content, neighbours: int, lent: float = 1.0) -> Tail:
    """A tail for titles with this content, beside the trained titles of a model.

    `lent`: how much of its neighbours' scores a title gets (0 … 1).
    """
    if len(theirs) < _FEW:
        found, shares = nearest(model.content, model.trained, theirs, neighbours)
        given = [borrowed(rows, found, shares) for rows in (model.taste, *model.following)]
    else:
        found, shares = _nearest(_matrix(model.content), _matrix(theirs), neighbours)
        given = [_borrowed(rows, found, shares) for rows in (model.taste, *model.following)]
    return Tail(model.trained, found, shares * np.float32(lent), given[0], tuple(given[1:]))


def _matrix(content: Content) -> sparse.csr_matrix:
    shape = (len(content), max(1, content.columns))
    return sparse.csr_matrix((content.data, content.indices, content.indptr), shape, np.float32)


def _nearest(known: sparse.csr_matrix, theirs: sparse.csr_matrix, neighbours: int) -> tuple[Numbers, Floats]:
    turned = known.T.tocsr()
    found = np.full((theirs.shape[0], neighbours), -1, np.int32)
    shares = np.zeros((theirs.shape[0], neighbours), np.float32)
    width = min(neighbours, known.shape[0])
    for part in blocks(theirs.shape[0], _ROWS):
        alike = (theirs[part] @ turned).toarray()
        best, strength = _strongest(alike, width)
        found[part, :width] = np.where(strength > 0, best, -1)
        shares[part, :width] = np.maximum(strength, 0)
    shares /= np.maximum(shares.sum(axis=1, keepdims=True), np.float32(1e-9))
    return found, shares


def _borrowed(rows: Rows, neighbours: Numbers, shares: Floats) -> Rows:
    count, width = rows.targets.shape
    full = rows.targets >= 0
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(full.sum(axis=1))))
    matrix = sparse.csr_matrix(
        (rows.weights[full].astype(np.float32), rows.targets[full], indptr), (count, count)
    )
    near = neighbours >= 0
    indptr = np.concatenate((np.zeros(1, np.int64), np.cumsum(near.sum(axis=1))))
    lent = sparse.csr_matrix((shares[near], neighbours[near], indptr), (len(neighbours), count))
    made = Rows.empty(len(neighbours), width)
    for part in blocks(len(neighbours), _ROWS):
        summed = (lent[part] @ matrix).toarray()
        best, strength = _strongest(np.abs(summed), min(width, count))
        weights = np.take_along_axis(summed, best, axis=1).astype(np.float16)
        made.targets[part, : best.shape[1]] = np.where(strength > 0, best, -1)
        made.weights[part, : best.shape[1]] = weights
    return made


def _strongest(values: Floats, width: int) -> tuple[Numbers, Floats]:
    """Places and values of the largest of each row, largest first."""
    last = values.shape[1] - width
    kept = (
        np.argpartition(values, last, axis=1)[:, last:]
        if width < values.shape[1]
        else np.broadcast_to(np.arange(values.shape[1]), values.shape)
    )
    held = np.take_along_axis(values, kept, axis=1)
    order = np.argsort(-held, axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1).astype(np.int32), np.take_along_axis(held, order, axis=1)
