"""Large symmetric matrices: refused before they are allocated, inverted in place, cut to their strongest weights.

Only trainers import this: it needs scipy. Everything is float32; one matrix of n² is held, and blocks beside it.
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.linalg import lapack

from recommend.engine.model import Floats, Rows

#: From 46,341 on n² does not fit the 32-bit numbers of the usual LAPACK, and the process is gone without a word.
LARGEST = 46_000
#: Rows worked on at a time: 30,000 titles are 30 MB then.
BLOCK = 256
_TILE = 1_024


class TooLarge(ValueError):
    """The matrix would not fit LAPACK or the memory; nothing has been allocated."""


def refuse(titles: int, memory: int | None = None) -> None:
    """Raise `TooLarge` when a dense square of so many titles may not be made. `memory`: bytes that may be used."""
    if titles > LARGEST:
        raise TooLarge(f"{titles} titles in one dense matrix; LAPACK takes {LARGEST}, set a smaller head")
    if memory is not None and needed(titles) > memory:
        raise TooLarge(f"{titles} titles need {needed(titles):,} bytes and {memory:,} are allowed")


def needed(titles: int) -> int:
    """Bytes at the most while `titles` are inverted, beside what the process already has."""
    return int(4.6 * titles * titles) + 64 * 2**20


def affordable(memory: int) -> int:
    """How many titles a dense head may have within so many bytes."""
    return min(LARGEST, int((max(0, memory - 64 * 2**20) / 4.6) ** 0.5))


def square(titles: int, memory: int | None = None) -> Floats:
    """An empty n² matrix, after asking whether it may be."""
    refuse(titles, memory)
    return np.zeros((titles, titles), np.float32)


def blocks(titles: int, size: int = BLOCK) -> Iterator[slice]:
    """Slices that together are all rows."""
    for start in range(0, titles, size):
        yield slice(start, min(titles, start + size))


def invert(matrix: Floats, ridge: float) -> None:
    """Turn a symmetric positive matrix into its inverse, in place (C order, both triangles are written).

    A matrix that rounding or masking has made indefinite gets ten times `ridge` more on its diagonal, once or twice;
    then ValueError.
    """
    if not len(matrix):
        return
    spare = np.diagonal(matrix).copy()
    # In FORTRAN's order this is the lower triangle of the same memory.
    turned = matrix.T
    for more in (0.0, 10 * ridge, 100 * ridge):
        np.fill_diagonal(matrix, spare + np.float32(more))
        factor, failed = lapack.spotrf(turned, lower=1, clean=0, overwrite_a=1)
        if not failed:
            break
        # What was not touched is the other triangle: it holds the matrix still.
        _mirror(matrix, upper=False)
    else:
        raise ValueError("the Gram matrix is not positive: are there weights that are not numbers?")
    if not np.shares_memory(factor, matrix):
        raise MemoryError("LAPACK copied the matrix; it must be float32 in C order")
    _, failed = lapack.spotri(turned, lower=1, overwrite_c=1)
    if failed:
        raise ValueError("the Gram matrix has no inverse: raise the ridge")
    _mirror(matrix, upper=True)


def truncated(titles: int, width: int, block: Callable[[slice], Floats]) -> Rows:
    """The `width` strongest weights of each row, strongest first. `block` gives rows (r, titles) as they are asked for.

    Own weights (the diagonal) never count.
    """
    width = min(width, max(0, titles - 1))
    rows = Rows.empty(titles, width)
    if width == 0:
        return rows
    for part in blocks(titles):
        values = block(part)
        strength = np.abs(values)
        strength[np.arange(part.stop - part.start), np.arange(part.start, part.stop)] = -1
        kept = np.argpartition(strength, titles - width, axis=1)[:, titles - width :]
        held = np.take_along_axis(strength, kept, axis=1)
        order = np.argsort(-held, axis=1, kind="stable")
        kept = np.take_along_axis(kept, order, axis=1)
        weights = np.take_along_axis(values, kept, axis=1).astype(np.float16)
        rows.weights[part] = weights
        rows.targets[part] = np.where(weights != 0, kept, -1)
    return rows


def _mirror(matrix: Floats, *, upper: bool) -> None:
    """Copy one triangle onto the other, by tiles: `upper` is the one that holds the truth."""
    for part in blocks(len(matrix), _TILE):
        corner = matrix[part, part]
        whole = np.triu(corner) + np.triu(corner, 1).T if upper else np.tril(corner) + np.tril(corner, -1).T
        matrix[part, part] = whole
        if upper:
            matrix[part.stop :, part] = matrix[part, part.stop :].T
        else:
            matrix[part, part.stop :] = matrix[part.stop :, part].T
