"""How good the recommendations are, on real events: viewers never seen, and a service replayed event by event.

`--data` takes a folder or file of ratings in the format of `bench/_recommend_data.py` (MovieTweetings, MovieLens); the
data stays where it is. Beside the engine as it is served run popularity, item neighbours, iALS (implicit) and EASE,
each tuned by a grid on viewers kept for that; all are fitted in turns, so that none has the machine at a better time.
Intervals are 95 %; in the replay, whole viewers are drawn, because one viewer's events are not independent.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from bench import _recommend_baselines as baselines
from bench import _recommend_heldout as heldout
from bench import _recommend_replay as replaying
from bench import _report as report
from bench._recommend_data import Ratings, read
from bench._recommend_ours import Served
from recommend.engine import metrics

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "movietweetings-100k"
GOALS = {
    "replay_hr20": (">=", 0.285),
    "replay_ndcg10": (">=", 0.130),
    "heldout_ndcg100": (">=", 0.255),
    "heldout_recall20": (">=", 0.290),
    "live_over_frozen": (">=", 1.25),
    "ndcg10_time_ratio_to_best_baseline": (">=", 1.5),
    "ndcg100_ratio_to_best_baseline": (">=", 1.01),
    "page_hit40": (">=", 0.37),
}
#: So many held-out viewers fixed the goals (the study's anchor B).
FEW = 400
Figures = dict[str, float | int | None]


def main() -> None:
    """Measure, print, and say which goals are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=_DATA, help="a folder or file of ratings")
    parser.add_argument("--folds", type=int, default=4, help="folds of 446 viewers")
    parser.add_argument("--every", type=int, default=1, help="judge every n-th event of the replay only")
    parser.add_argument("--part", choices=("", "heldout", "replay", "cost"), default="", help="only this")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="one fold, two weeks, coarse grids")
    options = parser.parse_args()
    if not options.data.exists():
        raise SystemExit(f"{options.data} is not there; name a ratings file with --data")
    data = read(options.data)
    print(f"{len(data):,} events, {len(np.unique(data.viewer)):,} viewers, {len(data.titles):,} titles")
    figures: Figures = {}
    chosen = {name: _named(name, usual) for name, usual in baselines.USUAL.items()}
    if options.part in ("", "heldout"):
        held = heldout.measure(data, folds=1 if options.quick else options.folds, quick=options.quick)
        _heldout(held, figures, len(data.titles))
        chosen = {name: _named(name, held[name].settings) for name in baselines.NAMES}
    if options.part in ("", "replay"):
        _replay(replaying.replay(data, chosen, quick=options.quick, every=options.every), figures)
    if options.part in ("", "cost"):
        _cost(data, chosen, figures)
    report.finish("recommend", figures, GOALS, as_json=options.json)


def _named(name: str, settings: str) -> baselines.Baseline:
    """A baseline with the settings that the tuning chose."""
    return next(each for each in baselines.grid(name, quick=False) if each.name == settings)


def _heldout(held: dict[str, heldout.Result], figures: Figures, titles: int) -> None:
    rows = []
    for name, result in held.items():
        n100, r20 = metrics.normal(np.array(result.n100)), metrics.normal(np.array(result.r20))
        shown = metrics.coverage(result.shown, titles)
        rows.append(
            (
                name,
                result.settings,
                _said(n100),
                _said(r20),
                f"{shown:.3f}",
                f"{result.seconds / result.fits:.1f}",
            )
        )
    print()
    report.table(("held-out viewers", "settings", "N@100", "R@20", "coverage@20", "CPU s a fit"), rows)
    ours = held["netflixlite"]
    best = max(baselines.NAMES, key=lambda name: float(np.mean(held[name].n100)))
    _put(figures, "heldout_ndcg100", metrics.normal(np.array(ours.n100)))
    _put(figures, "heldout_recall20", metrics.normal(np.array(ours.r20)))
    figures["heldout_coverage20"] = round(metrics.coverage(ours.shown, titles), 4)
    ratio = metrics.bootstrap(np.array(ours.n100), over=np.array(held[best].n100))
    _put(figures, "ndcg100_ratio_to_best_baseline", ratio)
    better = metrics.paired(np.array(ours.n100), np.array(held[best].n100))
    _put(figures, "heldout400_ndcg100", metrics.normal(np.array(ours.n100[:FEW])))
    _put(figures, "heldout400_recall20", metrics.normal(np.array(ours.r20[:FEW])))
    few = [(name, held[name]) for name in (best, "netflixlite")]
    said = "; ".join(
        f"{name} {_said(metrics.normal(np.array(one.n100[:FEW])))}, {_said(metrics.normal(np.array(one.r20[:FEW])))}"
        for name, one in few
    )
    print(f"the first {FEW} viewers alone, as many as the study judged, N@100 and R@20: {said}")
    print(f"best baseline: {best}; N@100 better by {_said(better)}, {ratio.mean:.3f} times")


def _replay(done: replaying.Replayed, figures: Figures) -> None:
    off = done.off_trend()
    viewers = np.array(done.viewers)
    rows = []
    for name in done.ranks:
        ranks = done.of(name)
        hr, gain = metrics.hits(ranks, 20), metrics.gains(ranks, 10)
        cost = f"{done.seconds[name] / done.fits:.1f}" if name in done.seconds else ""
        rows.append(
            (
                name,
                f"{metrics.hits(ranks, 10).mean():.3f}",
                f"{hr.mean():.3f}",
                f"{metrics.hits(ranks, 40).mean():.3f}",
                f"{gain.mean():.4f}",
                f"{hr[off].mean():.3f}",
                f"{gain[off].mean():.4f}",
                cost,
            )
        )
    print()
    report.table(
        ("replay", "HR@10", "HR@20", "HR@40", "N@10", "off-trend HR@20", "off N@10", "CPU s a fit"), rows
    )
    events = len(viewers)
    print(
        f"{events:,} events judged ({off.sum():,} off trend, {done.never_seen / max(1, events):.1%} never seen "
        f"before), {done.fits} fits; ours {done.seconds['netflixlite'] / done.fits:.1f} CPU s a fit, "
        f"{1e3 * done.score_seconds / max(1, events):.2f} ms CPU a score"
    )
    gains = {name: metrics.gains(done.of(name), 10) for name in done.ranks}
    _put(figures, "replay_hr20", metrics.bootstrap(metrics.hits(done.of("blend"), 20), groups=viewers))
    _put(figures, "replay_ndcg10", metrics.bootstrap(gains["blend"], groups=viewers))
    _put(
        figures,
        "replay_offtrend_ndcg10",
        metrics.bootstrap(gains["following"][off], groups=viewers[off]),
    )
    figures["replay_offtrend_ndcg10_blend"] = round(float(gains["blend"][off].mean()), 4)
    for figure, frozen in (("live_over_frozen", "week"), ("live_over_nightly", "night")):
        old = gains[f"following, state of last {frozen}"]
        _put(figures, figure, metrics.bootstrap(gains["following"], over=old, groups=viewers))
    best = max(baselines.NAMES, key=lambda name: float(gains[name].mean()))
    _put(
        figures,
        "ndcg10_time_ratio_to_best_baseline",
        metrics.bootstrap(gains["blend"], over=gains[best], groups=viewers),
    )
    figures["ndcg10_ratio_to_live_trend"] = round(float(gains["blend"].mean() / gains["trend"].mean()), 4)
    _put(figures, "page_hit40", metrics.bootstrap(np.array(done.page, np.float64), groups=viewers))
    _put(figures, "rows_hit40", metrics.bootstrap(np.array(done.rows, np.float64), groups=viewers))
    figures["score_ms"] = round(1e3 * done.score_seconds / max(1, events), 3)
    print(f"best baseline of the replay: {best}")


def _cost(data: Ratings, chosen: dict[str, baselines.Baseline], figures: Figures) -> None:
    """Each fitted once on all events, in a process of its own."""
    rows = []
    for name in ("netflixlite", *chosen):
        seconds, grown = _apart(data, chosen.get(name))
        rows.append((name, f"{seconds:.1f}", f"{grown:.0f}"))
        if name == "netflixlite":
            figures["train_cpu_s"], figures["train_memory_mb"] = round(seconds, 1), round(grown)
    print()
    report.table(("fitted on everything", "CPU s", "MB more at the most"), rows)


def _apart(data: Ratings, model: baselines.Baseline | None) -> tuple[float, float]:
    """CPU seconds and growth of memory of one fit in a forked process; None: ours."""
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)

    def fit() -> None:
        before, started = _resident(), time.process_time()
        if model is None:
            Served(data, len(data))
        else:
            model.fit(data.viewer, data.title, len(data.titles))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        theirs.send((time.process_time() - started, peak - before))

    child = fork.Process(target=fit)
    child.start()
    child.join()
    if not ours.poll():
        raise SystemExit("a fit in its own process failed")
    seconds, grown = ours.recv()
    return float(seconds), float(grown)


def _resident() -> float:
    return (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize() / 2**20
    )


def _put(figures: Figures, name: str, found: metrics.Estimate) -> None:
    figures[name] = round(found.mean, 4)
    figures[f"{name}_low"], figures[f"{name}_high"] = round(found.low, 4), round(found.high, 4)


def _said(found: metrics.Estimate) -> str:
    return f"{found.mean:.4f} ± {(found.high - found.low) / 2:.4f}"


if __name__ == "__main__":
    main()
