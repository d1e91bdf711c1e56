"""Titles that came after training: at publishing they borrow from the trained titles that they are like.

A new title's score is the mean of its neighbours' scores, weighed by likeness (the study's §3.5: 1.15 to 2.7 times
content alone). Nothing of the trained arrays is copied, so they stay shared between processes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommend.engine import content
from recommend.engine.content import Features
from recommend.engine.model import Content, Floats, Model, Numbers, Rows, Tail, indexed

Scalar = TypeVar("Scalar", bound=np.generic)

#: Neighbours a new title borrows from.
NEIGHBOURS = 30


def extend(model: Model, new: Mapping[UUID, Features], *, neighbours: int = NEIGHBOURS) -> Model:
    """The model with these titles at its end, in their order; those it knows already are passed over.

    A title that shares nothing with any trained one gets no score from taste (0), but may be watched, follow the
    trend, and be found by its content.
    """
    late = {title: about for title, about in new.items() if title not in model.index}
    if not late:
        return model
    theirs = content.more(model.content, list(late.values()))
    tail = _joined(model.tail, tail_of(model, theirs, neighbours))
    titles = (*model.titles, *late)
    return replace(
        model,
        titles=titles,
        index=indexed(titles),
        popularity=np.append(model.popularity, np.zeros(len(late), np.float32)),
        content=content.joined(model.content, theirs),
        tail=tail,
    )


def tail_of(model: Model, theirs: Content, neighbours: int = NEIGHBOURS) -> Tail:
    """A tail for titles with this content, beside the trained titles of a model."""
    found, shares = nearest(model.content, model.trained, theirs, neighbours)
    return Tail(
        model.trained,
        found,
        shares,
        borrowed(model.taste, found, shares),
        tuple(borrowed(rows, found, shares) for rows in model.following),
    )


def nearest(known: Content, first: int, theirs: Content, neighbours: int) -> tuple[Numbers, Floats]:
    """The trained titles most like each of `theirs`: numbers int32 (m, K), -1 where none, and shares that sum to 1."""
    found = np.full((len(theirs), neighbours), -1, np.int32)
    shares = np.zeros((len(theirs), neighbours), np.float32)
    for row in range(len(theirs)):
        alike = content.cosine(known, *theirs.of(row))[:first]
        best = np.argsort(-alike, kind="stable")[:neighbours]
        best = best[alike[best] > 0]
        found[row, : len(best)] = best
        shares[row, : len(best)] = alike[best] / max(float(alike[best].sum()), 1e-9)
    return found, shares


def borrowed(rows: Rows, neighbours: Numbers, shares: Floats) -> Rows:
    """Rows for new titles: the mean of their neighbours' rows, its strongest weights."""
    width = rows.targets.shape[1]
    made = Rows.empty(len(neighbours), width)
    for row, (near, share) in enumerate(zip(neighbours, shares, strict=True)):
        near, share = near[near >= 0], share[near >= 0]
        if not len(near):
            continue
        given = rows.weights[near].astype(np.float32) * share[:, None]
        summed = np.bincount(rows.targets[near].ravel() + 1, given.ravel(), len(rows) + 1)[1:]
        best = np.argsort(-np.abs(summed), kind="stable")[:width]
        best = best[summed[best] != 0]
        made.targets[row, : len(best)] = best
        made.weights[row, : len(best)] = summed[best]
    return made


def _joined(one: Tail | None, other: Tail) -> Tail:
    if one is None:
        return other
    width = max(one.neighbours.shape[1], other.neighbours.shape[1])
    return Tail(
        one.first,
        np.concatenate([_wide(each.neighbours, width, -1) for each in (one, other)]),
        np.concatenate([_wide(each.shares, width, 0) for each in (one, other)]),
        _both(one.taste, other.taste),
        tuple(_both(mine, theirs) for mine, theirs in zip(one.following, other.following, strict=True)),
    )


def _both(one: Rows, other: Rows) -> Rows:
    return Rows(np.concatenate((one.targets, other.targets)), np.concatenate((one.weights, other.weights)))


def _wide(array: NDArray[Scalar], width: int, fill: int) -> NDArray[Scalar]:
    return np.pad(array, ((0, 0), (0, width - array.shape[1])), constant_values=fill)
