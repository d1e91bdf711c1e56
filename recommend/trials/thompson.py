"""Thompson sampling with propensities. Pure: the randomness is a seed, the evidence is given.

An option's worth is a rate of plays per showing with a Beta posterior; an option is chosen as often as it is the best
one of a draw (Thompson 1933; Chapelle and Li 2011). How often that is (the propensity) has no closed form for many
options: it is counted over draws with a seed of its own and smoothed by one, so that it is never 0.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Draws that propensities are counted over: an error of at most .025 (one standard error at .5).
COUNTED = 400
_COUNTING_SEED = 20_131


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of an option. `prior` is the rate expected of it (0 … 1), worth `strength` showings."""

    prior: float
    strength: float
    shown: float = 0.0
    played: float = 0.0

    @property
    def mean(self) -> float:
        """The rate that is expected by now."""
        alpha, beta = self.shape
        return alpha / (alpha + beta)

    @property
    def shape(self) -> tuple[float, float]:
        """The posterior's alpha and beta, both > 0. More plays than showings (late news) count as so many showings."""
        prior = min(max(self.prior, 1e-4), 1 - 1e-4)
        played = max(0.0, self.played)
        missed = max(0.0, self.shown - played)
        return prior * self.strength + played, (1 - prior) * self.strength + missed


def seed_of(*parts: object) -> int:
    """A seed that is the same for the same words on every machine (Python's own hash is not)."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def draws(options: Sequence[Option], *, seed: int, times: int = 1) -> npt.NDArray[np.float64]:
    """Rates drawn from each posterior, (times, options)."""
    shapes = np.array([option.shape for option in options], dtype=np.float64).reshape(-1, 2)
    return np.random.default_rng(seed).beta(shapes[:, 0], shapes[:, 1], size=(times, len(options)))


def pick(options: Sequence[Option], *, seed: int) -> int:
    """The place of the option that one draw finds best."""
    return int(np.argmax(draws(options, seed=seed)[0]))


def chances(options: Sequence[Option]) -> tuple[float, ...]:
    """Of each option how likely `pick` is to choose it. They add up to 1, and none is 0."""
    best = np.argmax(draws(options, seed=_COUNTING_SEED, times=COUNTED), axis=1)
    counts = np.bincount(best, minlength=len(options)) + 1.0
    return tuple(float(each) for each in counts / counts.sum())


def arrange(
    options: Sequence[Option], groups: Sequence[int], weights: Sequence[float], *, seed: int
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """An order of rows, and of each place how likely the row there was to stand there.

    `options` are what rows may be (one for each kind); row i is of kind `groups[i]`, and counts `weights[i]` times what
    is drawn for its kind: rows of one kind keep the order of their weights.
    """
    rows = len(groups)
    if rows == 0:
        return (), ()
    kinds, scale = np.asarray(groups, dtype=np.intp), np.asarray(weights, dtype=np.float64)

    def orders(of: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
        found: npt.NDArray[np.intp] = np.argsort(-(of[:, kinds] * scale), axis=1, kind="stable")
        return found

    order = orders(draws(options, seed=seed))[0]
    counted = orders(draws(options, seed=_COUNTING_SEED, times=COUNTED))
    agree = (counted == order[None, :]).sum(axis=0)
    return tuple(int(each) for each in order), tuple(float(n + 1) / (COUNTED + rows) for n in agree)
