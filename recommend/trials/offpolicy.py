"""What another way of choosing would have brought, from what was drawn and logged. Pure.

Inverse propensity scoring (Horvitz and Thompson 1952) and its self-normalised form (Swaminathan and Joachims 2015); for
orders of rows the item-position model (Li, Abbasi-Yadkori, Kveton, Muthukrishnan, Vinay, Wen 2018): a row is played for
what it is and where it stands, not for its neighbours. Intervals come from resampling profiles (bootstrap, 95 %).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_RESAMPLED = 1000
_SEED = 8_061
#: Weights above this are cut: a single lucky draw must not decide. It makes estimates a little too small.
CUT = 50.0
#: With less evidence than so many draws of the other policy nothing is said.
FEWEST = 30.0


@dataclass(frozen=True, slots=True)
class Drawing:
    """One logged decision: for each of its parts (one, or every place of an order) the propensity with which it was
    made, how likely the other policy makes it, and what came of it."""

    profile: str
    logged: tuple[float, ...]
    other: tuple[float, ...]
    rewards: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Plays per decision: as it was done, and as the other policy would have had it, by both estimators.

    `effective`: to how many draws of the other policy what was logged amounts. `low` and `high` are of `snips`.
    """

    decisions: int
    logged: float
    ips: float
    snips: float
    low: float
    high: float
    effective: float

    @property
    def enough(self) -> bool:
        """Whether there is evidence to say something at all."""
        return self.effective >= FEWEST


def estimate(drawings: Sequence[Drawing]) -> Value | None:
    """The value of the other policy; None without decisions. Decisions may have different numbers of parts."""
    if not drawings:
        return None
    parts = max(len(one.logged) for one in drawings)
    weights = np.zeros((len(drawings), parts))
    rewards = np.zeros((len(drawings), parts))
    for row, one in enumerate(drawings):
        n = len(one.logged)
        weights[row, :n] = np.minimum(np.asarray(one.other) / np.asarray(one.logged), CUT)
        rewards[row, :n] = one.rewards
    names = sorted({one.profile for one in drawings})
    places = {name: place for place, name in enumerate(names)}
    whose = np.array([places[one.profile] for one in drawings])
    won = _by(whose, weights * rewards, len(names))
    base = _by(whose, weights, len(names))
    every = np.bincount(whose, minlength=len(names)).astype(np.float64)
    means = _resampled(won, base)
    squared = float((weights**2).sum())
    return Value(
        decisions=len(drawings),
        logged=float(rewards.sum()) / len(drawings),
        ips=float(won.sum() / every.sum()),
        snips=_snips(won.sum(axis=0), base.sum(axis=0)),
        low=float(np.quantile(means, 0.025)),
        high=float(np.quantile(means, 0.975)),
        effective=float(weights.sum()) ** 2 / squared / parts if squared else 0.0,
    )


def _by(whose: npt.NDArray[np.intp], values: npt.NDArray[np.float64], count: int) -> npt.NDArray[np.float64]:
    """Sums for each profile, (profiles, parts)."""
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, whose, values)
    return sums


def _snips(won: npt.NDArray[np.float64], base: npt.NDArray[np.float64]) -> float:
    """The self-normalised value: place by place, added up."""
    return float(np.divide(won, base, out=np.zeros_like(won), where=base > 0).sum())


def _resampled(won: npt.NDArray[np.float64], base: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    random = np.random.default_rng(_SEED)
    count = len(won)
    times = random.multinomial(count, np.full(count, 1 / count), size=_RESAMPLED).astype(np.float64)
    top, below = times @ won, times @ base
    sums: npt.NDArray[np.float64] = np.divide(top, below, out=np.zeros_like(top), where=below > 0).sum(axis=1)
    return sums


# Policies -----------------------------------------------------------------------------------------------

#: Options as they were logged: (name, prior, shown, played). What comes back are chances that add up to 1.
Options = Sequence[tuple[str, float, float, float]]


def uniform(options: Options) -> list[float]:
    """Any of them."""
    return [1 / len(options)] * len(options)


def first(options: Options) -> list[float]:
    """Always the first: the usual picture, the candidate that stood first."""
    return [1.0, *[0.0] * (len(options) - 1)]


def expected(options: Options, *, strength: float = 50.0) -> list[float]:
    """Always the one with the best rate as known then: no trying."""
    means = [
        (prior * strength + played) / (strength + max(shown, played))
        for _name, prior, shown, played in options
    ]
    best = means.index(max(means))
    return [1.0 if place == best else 0.0 for place in range(len(options))]


CHOOSING: Mapping[str, Callable[[Options], list[float]]] = {
    "uniform": uniform,
    "first": first,
    "expected": expected,
}


def ordered(given: Sequence[str], kinds: Sequence[str], kind_of: Callable[[str], str]) -> list[str]:
    """Rows in the order of their kinds; rows of one kind, and of kinds not named, stay in the order given."""
    rank = {kind: place for place, kind in enumerate(kinds)}
    return sorted(given, key=lambda key: rank.get(kind_of(key), len(rank)))
