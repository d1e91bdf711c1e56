"""Viewers that no model has seen: most of what each watched is given, and the rest must be found.

Viewers with at least ten events are dealt into folds; the viewers of a fold are left out of training, 80 % of what each
watched (drawn by lot) is folded in, and 20 % is looked for among all titles but those. Settings of the baselines are
chosen on viewers of one more part, which are in no fold; ours are the defaults.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench import _recommend_baselines as baselines
from bench import _recommend_ours as ours
from bench._recommend_data import Ratings
from recommend.engine import metrics
from recommend.engine.model import Floats

FEWEST, TUNING, FOLD = 10, 800, 446


@dataclass(slots=True)
class Result:
    """What a model reached, one value a viewer, and what training cost."""

    settings: str
    n100: list[float] = field(default_factory=list)
    r20: list[float] = field(default_factory=list)
    shown: list[NDArray[np.int64]] = field(default_factory=list)
    seconds: float = 0.0
    fits: int = 0


def measure(data: Ratings, *, folds: int, quick: bool) -> dict[str, Result]:
    """Results by the model's short name."""
    draw = np.random.default_rng(2024)
    counts = np.bincount(data.viewer)
    viewers = draw.permutation(np.flatnonzero(counts >= FEWEST))
    tuning, rest = viewers[:TUNING], viewers[TUNING:]
    parts = [rest[at : at + FOLD] for at in range(0, len(rest), FOLD)][:folds]
    cases = {int(viewer): _split(data, int(viewer), draw) for viewer in viewers}
    results: dict[str, Result] = {}
    makers: dict[str, Callable[[], baselines.Baseline]] = {}
    for name in baselines.NAMES:
        best = _tuned(data, baselines.grid(name, quick=quick), tuning, cases)
        results[name], makers[name] = Result(best.name), (lambda best=best: best)
    results["netflixlite"], makers["netflixlite"] = Result("defaults"), lambda: ours.Taste(data)
    for number, part in enumerate(parts):
        left_out = np.isin(data.viewer, part)
        # Another order in every fold, so that a machine that slows down does not favour one.
        for name in np.roll(list(makers), number).tolist():
            model, result = makers[name](), results[name]
            started = time.process_time()
            model.fit(data.viewer[~left_out], data.title[~left_out], len(data.titles))
            result.seconds += time.process_time() - started
            result.fits += 1
            for viewer in part.tolist():
                _judge(model.scores(cases[viewer][0]), *cases[viewer], result)
    return results


def _split(data: Ratings, viewer: int, draw: np.random.Generator) -> tuple[NDArray[np.int32], frozenset[int]]:
    """What is folded in (newest first), and what is hidden."""
    titles = data.title[data.viewer == viewer]
    hidden = np.zeros(len(titles), bool)
    hidden[draw.permutation(len(titles))[: max(1, len(titles) // 5)]] = True
    return titles[~hidden][::-1], frozenset(titles[hidden].tolist())


def _judge(scores: Floats, seen: NDArray[np.int32], hidden: frozenset[int], result: Result) -> None:
    masked = scores.copy()
    masked[seen] = -np.inf
    order = np.argsort(-masked, kind="stable")[:100]
    result.n100.append(metrics.ndcg(order, hidden, 100))
    result.r20.append(metrics.recall(order, hidden, 20))
    result.shown.append(order[:20])


def _tuned(
    data: Ratings,
    tried: list[baselines.Baseline],
    tuning: NDArray[np.int64],
    cases: dict[int, tuple[NDArray[np.int32], frozenset[int]]],
) -> baselines.Baseline:
    """The best of a grid on the viewers that are kept for that."""
    if len(tried) == 1:
        return tried[0]
    left_out = np.isin(data.viewer, tuning)
    reached = []
    for model in tried:
        model.fit(data.viewer[~left_out], data.title[~left_out], len(data.titles))
        result = Result(model.name)
        for viewer in tuning.tolist():
            _judge(model.scores(cases[viewer][0]), *cases[viewer], result)
        reached.append(float(np.mean(result.n100)))
    return tried[int(np.argmax(reached))]
