"""Scores for one viewer, now: what they did, what is watched here, what they may see. Pure; numpy only.

What may not be seen is masked before anything is ranked, so no row, no similar title and no reason can name it.
Formulas: the study's §3.3 (blend) and §3.6 (similar titles); EDLAE: Steck 2020; SLIT: Choi et al. 2021.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recommend.engine.content import cosine
from recommend.engine.model import Flags, Floats, Model, Numbers, Rows

#: What is below every score: not to be shown.
NEVER = -np.inf


class Entry(NamedTuple):
    """One title that the viewer had to do with, and how much it speaks for or (below 0) against what is like it."""

    title: int
    weight: float


@dataclass(frozen=True, slots=True)
class Knobs:
    """How the parts are weighed. The defaults are what the replay of real events chose (docs/recommend-engine.md).

    `a`, `b`: what follows and what goes with what, beside what is watched here (1). `prior`: what a play long ago is
    worth beside one of now. The floors say from when on evidence counts. Taste has two memories: in the long one what
    was watched `memory` titles ago counts 1/e, in the short one `recent`; `lately` is the short one's share, so that a
    taste that turns is followed and the old one not forgotten. `last`: only so many of the newest entries are used.
    `dim`: popularity to this power divides.
    """

    a: float = 0.3
    b: float = 0.3
    prior: float = 0.0
    trend_floor: float = 0.1
    following_floor: float = 0.002
    taste_floor: float = 0.01
    memory: float = 30.0
    recent: float = 5.0
    lately: float = 0.85
    last: int = 60
    dim: float = 0.0


DEFAULT = Knobs()
#: In a list that looks further what follows weighs so many times as much, and what goes with what so many times.
WIDER_FOLLOWING, WIDER_TASTE = 8 / 3, 10.0


def wider(usual: Knobs) -> Knobs:
    """Knobs of a list that looks further than the first one: what this viewer likes before what is watched.

    Give it what is watched all week as well (`trend.steady`).
    """
    return replace(usual, a=usual.a * WIDER_FOLLOWING, b=usual.b * WIDER_TASTE, prior=0.0, dim=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """float32 (n,) each; `NEVER` where a title is not eligible. `blend` ranks; the others are the sums behind it."""

    blend: Floats
    taste: Floats
    following: Floats


def score(
    model: Model, entries: Sequence[Entry], trend: Floats, eligible: Flags, knobs: Knobs = DEFAULT
) -> Scores:
    """Score all titles for a viewer whose `entries` come newest first.

    `trend`: float32 (n,), decayed plays as they are now. `eligible`: bool (n,), what this viewer may be shown.
    """
    titles, weights = _arrays(entries, knobs.last)
    taste = _sum(model, titles, [(None, weights * fading(weights, knobs))])
    ages, scales = _ages(weights), enumerate(model.scales)
    following = _sum(model, titles, [(which, weights * np.exp(-ages / scale)) for which, scale in scales])
    blend = blended(model, taste, following, trend, eligible, knobs)
    unseen = ~eligible
    taste[unseen] = NEVER
    following[unseen] = NEVER
    return Scores(blend, taste, following)


def blended(
    model: Model, taste: Floats, following: Floats, trend: Floats, eligible: Flags, knobs: Knobs
) -> Floats:
    """The blend of sums that are there already: float32 (n,). For a second row of the same viewer, with other knobs."""
    known = trend + np.float32(knobs.prior) * model.popularity if knobs.prior else trend
    blend = np.log(known + np.float32(knobs.trend_floor))
    if knobs.a:
        blend += np.float32(knobs.a) * np.log(np.maximum(following, 0) + np.float32(knobs.following_floor))
    if knobs.b:
        blend += np.float32(knobs.b) * np.log(np.maximum(taste, 0) + np.float32(knobs.taste_floor))
    if knobs.dim:
        blend -= np.float32(knobs.dim) * np.log1p(model.popularity)
    made: Floats = blend.astype(np.float32, copy=False)
    made[~eligible] = NEVER
    return made


def top(scores: Floats, k: int) -> NDArray[np.int64]:
    """Numbers of the `k` best, best first, the lower number first among equals; never one that is not eligible."""
    k = min(k, len(scores))
    if k <= 0:
        return np.zeros(0, np.int64)
    if k < len(scores):
        # All that reach the k-th best score, so that which of several equals stays does not hang on the partition.
        edge = np.partition(scores, len(scores) - k)[len(scores) - k]
        best = np.flatnonzero(scores >= edge) if edge > NEVER else np.flatnonzero(scores > NEVER)
    else:
        best = np.flatnonzero(scores > NEVER)
    return best[np.argsort(-scores[best], kind="stable")][:k]


def why(
    model: Model, entries: Sequence[Entry], title: int, knobs: Knobs = DEFAULT
) -> tuple[int, float] | None:
    """The entry that speaks most for a title, as (number of its title, share of all that speaks for it).

    Exact: the sums are taken apart into what each entry gave. Shares of what follows and of what goes with what are put
    together as the blend weighs them; each is measured with its floor in it, so that hardly any evidence is no reason.
    None when nothing speaks for it.
    """
    numbers = [each.title for each in entries[: knobs.last]]
    if not numbers:
        return None
    together: dict[int, float] = {}
    for number, share in zip(numbers, shares(model, entries, [title], knobs)[0].tolist(), strict=True):
        together[number] = together.get(number, 0.0) + share
    best = max(together, key=lambda number: (together[number], -number))
    return (best, together[best]) if together[best] > 0 else None


def shares(
    model: Model, entries: Sequence[Entry], titles: Sequence[int], knobs: Knobs = DEFAULT
) -> NDArray[np.float64]:
    """`why` for many titles at once: float64 (titles, entries), each entry's share of all that speaks for a title.

    Entries beyond `knobs.last` are left out. A row is 0 where nothing speaks for the title.
    """
    numbers, weights = _arrays(entries, knobs.last)
    found = np.zeros((len(titles), len(numbers)), np.float64)
    total = knobs.a + knobs.b
    if not len(numbers) or not len(titles) or total <= 0:
        return found
    ages = _ages(weights)
    parts: list[tuple[float, float, list[tuple[int | None, Floats]]]] = [
        (knobs.b, knobs.taste_floor, [(None, fading(weights, knobs))]),
        (
            knobs.a,
            knobs.following_floor,
            [(which, np.exp(-ages / scale)) for which, scale in enumerate(model.scales)],
        ),
    ]
    for share, floor, matrices in parts:
        given = np.zeros_like(found)
        for which, fades in matrices:
            given += weights * fades * _columns(model, which, numbers, titles)
        spoken = np.maximum(given, 0)
        found += share * spoken / (spoken.sum(axis=1, keepdims=True) + floor)
    return found / total


def because(model: Model, title: int) -> Floats:
    """What having watched this title speaks for: float32 (n,), `NEVER` for itself and for what nothing speaks for."""
    found = _sum(model, np.array([title], np.int64), [(None, np.ones(1, np.float32))])
    found[found <= 0] = NEVER
    found[title] = NEVER
    return found


def similar(model: Model, title: int) -> Floats:
    """How like a title all others are: float32 (n,), `NEVER` for itself. The caller masks what may not be seen.

    Watched together, less what everybody watches (popularity to the power .2), and half as much what they are about:
    visibly closer titles than watching alone finds (the study's §3.6).
    """
    together = np.maximum(_sum(model, np.array([title], np.int64), [(None, np.ones(1, np.float32))]), 0)
    together /= np.maximum(model.popularity, 1) ** np.float32(0.2)
    together[title] = 0
    strongest = float(together.max(initial=0))
    found: Floats = np.multiply(together, 1 / strongest if strongest > 0 else 0, dtype=np.float32)
    found += np.float32(0.5) * cosine(model.content, *model.content.of(title))
    found[title] = NEVER
    return found


def _arrays(entries: Sequence[Entry], last: int) -> tuple[NDArray[np.int64], Floats]:
    newest = entries[:last]
    return (
        np.array([each.title for each in newest], np.int64),
        np.array([each.weight for each in newest], np.float32),
    )


def fading(weights: Floats, knobs: Knobs) -> Floats:
    """What each entry counts for taste beside one of now, by all entries' weights, newest first: float32 (entries,)."""
    ages, short = _ages(weights), np.float32(knobs.lately)
    faded: Floats = (1 - short) * np.exp(-ages / knobs.memory) + short * np.exp(-ages / knobs.recent)
    return faded.astype(np.float32, copy=False)


def _ages(weights: Floats) -> Floats:
    """How many titles ago each entry was: no clock is needed, and what is imported at once keeps its order.

    A title that was watched in part, or only kept for later, counts in part, and one that was hidden or given up not at
    all: saying what one does not want must not bring back what one liked long ago.
    """
    passed = np.cumsum(np.clip(weights, 0, 1), dtype=np.float32)
    ages: Floats = passed - np.clip(weights, 0, 1)
    return ages


def _matrix(model: Model, which: int | None) -> tuple[Rows, Rows | None]:
    """The rows of the trained titles, and those of the tail; `which` of the following ones, or taste."""
    if which is None:
        return model.taste, model.tail.taste if model.tail else None
    return model.following[which], model.tail.following[which] if model.tail else None


def _gathered(
    model: Model, which: int | None, titles: NDArray[np.int64]
) -> tuple[Numbers, NDArray[np.float16]]:
    """Targets and weights of these titles' rows, in their order, padded to one width."""
    head, tail = _matrix(model, which)
    late = titles >= len(head)
    if tail is None or not late.any():
        return head.targets[titles], head.weights[titles]
    width = max(head.targets.shape[1], tail.targets.shape[1])
    targets = np.full((len(titles), width), -1, np.int32)
    weights = np.zeros((len(titles), width), np.float16)
    for rows, mine, numbers in (
        (head, ~late, titles[~late]),
        (tail, late, titles[late] - len(head)),
    ):
        targets[mine, : rows.targets.shape[1]] = rows.targets[numbers]
        weights[mine, : rows.targets.shape[1]] = rows.weights[numbers]
    return targets, weights


def _sum(model: Model, titles: NDArray[np.int64], parts: Sequence[tuple[int | None, Floats]]) -> Floats:
    """The weighted sum of these titles' rows in each matrix, all together, as float32 (n,)."""
    if not len(titles) or not len(parts):
        return np.zeros(len(model), np.float32)
    first = model.trained
    # Empty places (-1) fall on number 0, which is cut off.
    summed, near = np.zeros(first + 1, np.float64), np.zeros(first + 1, np.float64)
    own = titles < first
    for which, given in parts:
        targets, weights = _gathered(model, which, titles)
        spoken = weights.astype(np.float32) * given[:, None]
        summed += np.bincount(targets.ravel() + 1, spoken.ravel(), first + 1)
        near += np.bincount(titles[own], given[own] * _own(weights[own]), first + 1)
    head: Floats = summed[1:].astype(np.float32)
    tail = model.tail
    if tail is None or not len(tail):
        return head
    held = near.astype(np.float32)
    held[:first] += head
    borrowed = np.einsum("mk,mk->m", np.take(held, tail.neighbours, mode="wrap"), tail.shares)
    return np.concatenate((head, borrowed))


def _own(weights: NDArray[np.float16]) -> Floats:
    """What watching a title says of what borrows from it. Its row is silent about itself: as much as of anything."""
    strongest = weights[:, 0] if weights.shape[1] else np.zeros(len(weights), np.float16)
    return np.maximum(strongest, 0).astype(np.float32)


def _columns(
    model: Model, which: int | None, numbers: NDArray[np.int64], titles: Sequence[int]
) -> NDArray[np.float64]:
    """What each of these titles' rows gives to each of `titles`: float64 (titles, numbers)."""
    wanted, shares = np.array(titles, np.int64)[:, None], np.ones((len(titles), 1), np.float64)
    tail = model.tail
    if tail is not None and len(tail) and (wanted >= model.trained).any():
        late = wanted[:, 0] >= model.trained
        width = tail.neighbours.shape[1]
        both, share = np.full((len(titles), width), -1, np.int64), np.zeros((len(titles), width), np.float64)
        both[~late, 0], share[~late, 0] = wanted[~late, 0], 1
        both[late] = tail.neighbours[wanted[late, 0] - tail.first]
        share[late] = tail.shares[wanted[late, 0] - tail.first]
        wanted, shares = both, share
    asked = np.unique(wanted[wanted >= 0])
    if not len(asked):
        return np.zeros((len(titles), len(numbers)), np.float64)
    # Of every trained title its place among those that are asked for; the one after the last is none of them.
    place = np.full(model.trained + 1, len(asked), np.int64)
    place[asked] = np.arange(len(asked))
    targets, weights = _gathered(model, which, numbers)
    here = place[targets]  # an empty place is -1, the last
    row, column = np.nonzero(here < len(asked))
    given = np.zeros((len(numbers), len(asked) + 1), np.float64)
    np.add.at(given, (row, here[row, column]), weights[row, column].astype(np.float64))
    places = np.append(place, len(asked))[wanted]
    spoken = (given[:, places] * shares).sum(axis=2).T
    late = np.array(titles) >= model.trained
    if late.any():
        own = np.flatnonzero(numbers < model.trained)
        alike = np.zeros_like(given)
        np.add.at(alike, (own, place[numbers[own]]), _own(weights[own]))
        alike[:, len(asked)] = 0
        spoken[late] += (alike[:, places[late]] * shares[late]).sum(axis=2).T
    summed: NDArray[np.float64] = spoken
    return summed
