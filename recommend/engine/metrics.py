"""How good an order is, and how sure one can be of it. Ranks start at 0; equals take the mean rank."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recommend.engine.model import Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval, and of how many."""

    mean: float
    low: float
    high: float
    count: int


def rank(scores: Floats, target: int) -> float:
    """How many are before the target: those with a higher score, and half of its equals. Infinite if not eligible."""
    mine = scores[target]
    if mine == -np.inf:
        return float("inf")
    return float(np.count_nonzero(scores > mine) + (np.count_nonzero(scores == mine) - 1) / 2)


def hits(ranks: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """1 for each target among the first k, else 0."""
    return (ranks < k).astype(np.float64)


def gains(ranks: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """NDCG@k of single targets: 1/log2(2 + rank) among the first k, else 0."""
    inside = ranks < k
    return np.where(inside, 1 / np.log2(2 + np.where(inside, ranks, 0)), 0.0)


def ndcg(order: Sequence[int] | NDArray[np.int64], wanted: frozenset[int] | set[int], k: int) -> float:
    """NDCG@k of a list against several wanted titles, each worth the same."""
    gained = sum(1 / np.log2(2 + at) for at, title in enumerate(order[:k]) if int(title) in wanted)
    best = sum(1 / np.log2(2 + at) for at in range(min(k, len(wanted))))
    return float(gained / best) if best else 0.0


def recall(order: Sequence[int] | NDArray[np.int64], wanted: frozenset[int] | set[int], k: int) -> float:
    """Share of the wanted titles among the first k; of k, when more are wanted."""
    found = sum(1 for title in order[:k] if int(title) in wanted)
    return found / min(k, len(wanted)) if wanted else 0.0


def coverage(shown: Sequence[NDArray[np.int64]], titles: int) -> float:
    """Share of the titles that somebody was shown."""
    return len(np.unique(np.concatenate(list(shown)))) / titles if len(shown) and titles else 0.0


def gini(counts: NDArray[np.floating] | NDArray[np.integer]) -> float:
    """How unevenly things are spread: 0 all the same, towards 1 all on one."""
    ordered = np.sort(np.asarray(counts, np.float64))
    total = ordered.sum()
    if not len(ordered) or total <= 0:
        return 0.0
    places = np.arange(1, len(ordered) + 1)
    return float(2 * (places * ordered).sum() / (len(ordered) * total) - (len(ordered) + 1) / len(ordered))


def paired(one: NDArray[np.float64], other: NDArray[np.float64]) -> Estimate:
    """How much better `one` is than `other` on the same cases, by the standard error of the differences."""
    return normal(np.asarray(one, np.float64) - np.asarray(other, np.float64))


def normal(values: NDArray[np.float64]) -> Estimate:
    """A mean and ± 1.96 standard errors."""
    count = len(values)
    if not count:
        return Estimate(0.0, 0.0, 0.0, 0)
    mean = float(values.mean())
    error = float(values.std(ddof=1) / np.sqrt(count)) if count > 1 else float("inf")
    return Estimate(mean, mean - 1.96 * error, mean + 1.96 * error, count)


def bootstrap(
    values: NDArray[np.float64],
    *,
    over: NDArray[np.float64] | None = None,
    groups: NDArray[np.integer] | None = None,
    times: int = 1_000,
    seed: int = 1,
) -> Estimate:
    """A mean (or, with `over`, the ratio of two means on the same cases) with its 95 % bootstrap interval.

    `groups`: cases of one viewer are not independent; whole viewers are drawn then, not single cases.
    """
    values = np.asarray(values, np.float64)
    below = np.ones_like(values) if over is None else np.asarray(over, np.float64)
    if not len(values):
        return Estimate(0.0, 0.0, 0.0, 0)
    members = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    above = np.bincount(members, values)
    under = np.bincount(members, below)
    draw = np.random.default_rng(seed)
    means = np.empty(times)
    for each in range(times):
        chosen = draw.integers(0, len(above), len(above))
        total = under[chosen].sum()
        means[each] = above[chosen].sum() / total if total else np.nan
    low, high = np.nanquantile(means, (0.025, 0.975)) if np.isfinite(means).any() else (np.nan, np.nan)
    total = under.sum()
    mean = above.sum() / total if total else float("nan")
    return Estimate(float(mean), float(low), float(high), len(values))
