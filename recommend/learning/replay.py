"""What would have been suggested before each of the newest plays: events in order, the model kept, the state live.

Before every play all contenders rank all titles that the viewer had not seen; then the play is learnt: into the
viewer's state, what is popular and what is trending. No sampled negatives; equals take the mean rank (study, §3.3).
Pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from recommend.engine import metrics
from recommend.engine.model import Floats, Model, Numbers
from recommend.engine.score import DEFAULT, Entry, Knobs, score
from recommend.engine.trend import DAY, Trend
from recommend.learning.deciding import Against, Trial

#: A play is what watching to a quarter weighs; less is no success to predict.
PLAYED = 0.4
HALF_LIFE = 7 * DAY
OFF_TREND = 20
POPULAR, TRENDING = "popular", "trending"


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """Events sorted by time; `title` are places in a list of titles."""

    viewer: Numbers
    title: Numbers
    weight: Floats
    at: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.viewer)


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """For each play that was predicted: its viewer, how much was known of them, whether it was off-trend, and its rank
    (from 0) by each contender's name.
    """

    viewer: NDArray[np.int64]
    known: NDArray[np.int64]
    off_trend: NDArray[np.bool_]
    ranks: Mapping[str, NDArray[np.float64]]

    def __len__(self) -> int:
        return len(self.viewer)

    def only(self, chosen: NDArray[np.bool_]) -> "Ranks":
        """Some of the plays."""
        ranks = {name: values[chosen] for name, values in self.ranks.items()}
        return Ranks(self.viewer[chosen], self.known[chosen], self.off_trend[chosen], ranks)


class _Contender:
    """A model, with its titles' numbers by their places in the list."""

    def __init__(self, model: Model, titles: Sequence[UUID], knobs: Knobs) -> None:
        self._model, self._knobs = model, knobs
        self._number = np.array([model.index.get(title, -1) for title in titles], np.int64)
        self._places = np.flatnonzero(self._number >= 0)
        self._numbers = self._number[self._places]

    def rank(
        self, target: int, history: Sequence[tuple[int, float]], trend: Floats, seen: Sequence[int]
    ) -> float:
        """Where the target stands; a title that the model does not know is behind all that it does."""
        number = int(self._number[target])
        if number < 0:
            return float("inf")
        size = len(self._model)
        eligible = np.zeros(size, bool)
        eligible[self._numbers] = True
        gone = self._number[np.fromiter(seen, np.int64, len(seen))]
        eligible[gone[gone >= 0]] = False
        mine = np.zeros(size, np.float32)
        mine[self._numbers] = trend[self._places]
        entries = [
            Entry(int(self._number[place]), weight) for place, weight in history if self._number[place] >= 0
        ]
        return metrics.rank(score(self._model, entries, mine, eligible, self._knobs).blend, number)


def replay(
    models: Mapping[str, Model],
    titles: Sequence[UUID],
    told: Told,
    *,
    first: int,
    knobs: Knobs = DEFAULT,
    on_play: Callable[[int], None] | None = None,
) -> Ranks:
    """Rank every play from place `first` on, of viewers of whom something is known, that they had not seen before.

    `models` by name; what is popular and what is trending stand beside them under `POPULAR` and `TRENDING`.
    """
    contenders = {name: _Contender(model, titles, knobs) for name, model in models.items()}
    names = [*contenders, POPULAR, TRENDING]
    found: dict[str, list[float]] = {name: [] for name in names}
    viewers, known, off_trend = [], [], []
    popular, trend = np.zeros(len(titles), np.float32), Trend(len(titles), HALF_LIFE)
    history: dict[int, list[tuple[int, float]]] = {}
    for place in range(len(told)):
        viewer, title, weight = int(told.viewer[place]), int(told.title[place]), float(told.weight[place])
        mine = history.setdefault(viewer, [])
        seen = [each for each, _weight in mine] if place >= first else []
        if seen and weight >= PLAYED and title not in seen:
            now = trend.now(float(told.at[place]))
            newest = mine[: -knobs.last - 1 : -1]
            for name, contender in contenders.items():
                found[name].append(contender.rank(title, newest, now, seen))
            found[POPULAR].append(_plain(popular, title, seen))
            found[TRENDING].append(_plain(now, title, seen))
            viewers.append(viewer)
            known.append(len(mine))
            off_trend.append(found[TRENDING][-1] >= OFF_TREND)
            if on_play is not None:
                on_play(place)
        mine.append((title, weight))
        popular[title] += weight
        trend.add(title, float(told.at[place]))
    ranks = {name: np.array(values, np.float64) for name, values in found.items()}
    return Ranks(np.array(viewers, np.int64), np.array(known, np.int64), np.array(off_trend, bool), ranks)


def _plain(scores: Floats, title: int, seen: Sequence[int]) -> float:
    left = scores.astype(np.float32)
    left[np.fromiter(seen, np.int64, len(seen))] = -np.inf
    return metrics.rank(left, title)


def figures(found: Ranks) -> dict[str, dict[str, float]]:
    """By contender: hits among 20 and 10, NDCG@10, and hits among 20 off the trend."""
    return {
        name: {
            "hr20": _mean(metrics.hits(ranks, 20)),
            "hr10": _mean(metrics.hits(ranks, 10)),
            "ndcg10": _mean(metrics.gains(ranks, 10)),
            "offtrend_hr20": _mean(metrics.hits(ranks[found.off_trend], 20)),
        }
        for name, ranks in found.ranks.items()
    }


def trial(found: Ranks, name: str) -> Trial:
    """One contender beside each of the others, by NDCG@10."""
    mine = metrics.gains(found.ranks[name], 10)
    others = {other: metrics.gains(ranks, 10) for other, ranks in found.ranks.items() if other != name}
    against = {other: against_of(mine, gains, found.viewer) for other, gains in others.items()}
    return Trial(plays=len(found), viewers=len(np.unique(found.viewer)), against=against)


def against_of(mine: NDArray[np.float64], theirs: NDArray[np.float64], viewers: NDArray[np.int64]) -> Against:
    """Two contenders on the same plays. With one viewer alone nothing is certain: the interval has no end."""
    below = float(theirs.mean()) if len(theirs) else 0.0
    above = float(mine.mean()) if len(mine) else 0.0
    ratio = above / below if below > 0 else (1.0 if above == 0 else 99.0)
    if len(np.unique(viewers)) < 2:
        return Against(ratio, above - below, -1.0, 1.0)
    found = metrics.bootstrap(mine - theirs, groups=viewers)
    return Against(ratio, found.mean, found.low, found.high)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
