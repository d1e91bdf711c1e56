"""Event by event, in time: predict what a viewer watches next, look, then learn it.

The first 60 % of the events are history. Models are fitted anew every seven days on all events before; what a viewer
watched and what is watched by all count at once. All titles are ranked but those that the viewer has watched; equals
take the mean rank. Judged are events of viewers with at least one event before.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench import _recommend_baselines as baselines
from bench._recommend_data import Ratings
from bench._recommend_ours import PageRows, Served
from recommend.engine import metrics, score
from recommend.engine.model import Floats
from recommend.engine.trend import DAY, HALF_LIVES, Trend, rising, steady

HISTORY, WEEK = 0.6, 7 * DAY
#: Slots of a page that are looked at first, and how its rows share them.
SLOTS = 40


@dataclass(slots=True)
class Replayed:
    """Ranks of the targets by list (float64, one for each judged event), page hits, and what fitting cost."""

    ranks: dict[str, list[float]] = field(default_factory=dict)
    page: list[bool] = field(default_factory=list)
    rows: list[bool] = field(default_factory=list)
    viewers: list[int] = field(default_factory=list)
    never_seen: int = 0
    fits: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    score_seconds: float = 0.0

    def of(self, name: str) -> NDArray[np.float64]:
        """The ranks of one list."""
        return np.array(self.ranks[name])

    def off_trend(self) -> NDArray[np.bool_]:
        """Events whose target is not among the twenty that are watched most now."""
        return self.of("trend") >= 20


class State:
    """What is known at a moment: histories, newest first, and what is watched here."""

    def __init__(self, data: Ratings, *, trends: bool = True) -> None:
        self._data = data
        self.histories: dict[int, list[int]] = {}
        self.kept: dict[int, Floats] = {}
        self.counts = np.zeros(len(data.titles), np.float32)
        self.trends = [Trend(len(data.titles), half) for half in HALF_LIVES] if trends else []

    def learn(self, event: int) -> None:
        """One more event."""
        title = int(self._data.title[event])
        self.histories.setdefault(int(self._data.viewer[event]), []).insert(0, title)
        self.counts[title] += 1
        for trend in self.trends:
            trend.add(title, float(self._data.at[event]))


def replay(data: Ratings, chosen: dict[str, baselines.Baseline], *, quick: bool, every: int = 1) -> Replayed:
    """Replay the last 40 % (quick: two weeks of it) with the baselines as they were chosen, and with ours.

    `every`: only every n-th event is judged; all are learnt.
    """
    start = int(HISTORY * len(data))
    done, state, nightly, weekly = (
        Replayed(),
        State(data),
        State(data, trends=False),
        State(data, trends=False),
    )
    for event in range(start):
        for each in (state, nightly, weekly):
            each.learn(event)
    for number, (first, last) in enumerate(_weeks(data, start)):
        if quick and number >= 2:
            break
        served = _fitted(data, first, chosen, done, number)
        rows = PageRows(served, data.titles)
        nightly.kept.clear()
        weekly.kept.clear()
        for event in range(first, last):
            day = _day_start(data, start, event)
            _caught_up(nightly, day)
            if event % every == 0 and int(data.viewer[event]) in state.histories:
                _judge(data, event, state, nightly, weekly, served, rows, chosen, done)
            state.learn(event)
        _caught_up(weekly, last)
    return done


def _weeks(data: Ratings, start: int) -> Iterator[tuple[int, int]]:
    cut = start
    while cut < len(data):
        week = int((data.at[cut] - data.at[start]) // WEEK) + 1
        last = max(cut + 1, int(np.searchsorted(data.at, data.at[start] + week * WEEK)))
        yield cut, last
        cut = last


def _day_start(data: Ratings, start: int, event: int) -> int:
    days = (data.at[event] - data.at[start]) // DAY
    return max(start, int(np.searchsorted(data.at, data.at[start] + days * DAY)))


def _caught_up(state: State, upto: int) -> None:
    learnt = int(state.counts.sum())
    if learnt < upto:
        state.kept.clear()
    for event in range(learnt, upto):
        state.learn(event)


def _fitted(
    data: Ratings, upto: int, chosen: dict[str, baselines.Baseline], done: Replayed, number: int
) -> Served:
    """Everything fitted on all events before; the order changes with the week."""
    done.fits += 1
    for name in np.roll(["netflixlite", *chosen], number).tolist():
        started = time.process_time()
        if name == "netflixlite":
            served = Served(data, upto)
        else:
            chosen[name].fit(data.viewer[:upto], data.title[:upto], len(data.titles))
        done.seconds[name] = done.seconds.get(name, 0.0) + time.process_time() - started
    return served


def _judge(
    data: Ratings,
    event: int,
    state: State,
    nightly: State,
    weekly: State,
    served: Served,
    rows: PageRows,
    chosen: dict[str, baselines.Baseline],
    done: Replayed,
) -> None:
    viewer, target = int(data.viewer[event]), int(data.title[event])
    history = state.histories[viewer]
    seen = np.array(history)
    day, week, _ = (each.now(float(data.at[event])) for each in state.trends)
    trend = rising(day, week)
    found: dict[str, Floats] = {"trend": day}
    for name, model in chosen.items():
        found[name] = state.counts.copy() if name == "popularity" else model.scores(seen)
    started = time.process_time()
    ours = served.scores(history, trend)
    done.score_seconds += time.process_time() - started
    sums, everything = (served.model, ours.taste, ours.following), np.ones(len(trend), bool)
    wider = score.blended(*sums, steady(day, week), everything, score.wider(score.DEFAULT))
    wider[seen] = -np.inf
    found |= {
        "blend": ours.blend,
        "blend, day's trend alone": score.blended(*sums, day, everything, score.DEFAULT),
        "following": ours.following,
        "taste": ours.taste,
    }
    for name, frozen in (
        ("following, state of last night", nightly),
        ("following, state of last week", weekly),
    ):
        # Nothing of it changes until the state does.
        if viewer not in frozen.kept:
            old = frozen.histories.get(viewer, [])
            frozen.kept[viewer] = served.scores(old, trend, score.Knobs(b=0)).following
        found[name] = frozen.kept[viewer]
    for name, scores in found.items():
        scores = scores.copy()
        scores[seen] = -np.inf
        found[name] = scores
        done.ranks.setdefault(name, []).append(metrics.rank(scores, target))
    done.page.append(target in page(found["blend"], wider))
    done.rows.append(target in rows.of(history, day, week, float(data.at[event])))
    done.viewers.append(viewer)
    done.never_seen += int(state.counts[target] == 0)


def page(blend: Floats, wider: Floats) -> set[int]:
    """The titles in 40 slots: a row of twenty of the blend, one of twenty that look further, none twice."""
    held: dict[int, None] = {}
    for scores, slots in ((blend, 20), (wider, 20)):
        wanted = len(held) + slots
        for title in score.top(scores, SLOTS).tolist():
            if len(held) >= wanted:
                break
            held.setdefault(title)
    return set(held)
