"""Households: what the recommender does to people over a season, and what a house of one, five or twenty gets.

`small` deals real viewers of a ratings file into houses of 1, 5 and 20 and asks what each way of recommending finds of
what they watched next. `season` lets a made-up town live for 90 days with the real site (its services, events, taste,
training), and beside it with shops that go by chance, by popularity and by reading minds: how soon a taste that changes
is followed, whether variety lasts, what is found and watched to its end, and whether a child ever sees what it may not.
`kids` makes 100,000 pages of random catalogues; `poison` lets one profile script 100,000 plays. People, titles and
evenings come from seeds, and so do the ids by which the site draws. Where few turn to another taste, it is chance how
many of them are followed, so most of the grown-ups do (`--turning`); several draws are several towns.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report

GOALS: dict[str, tuple[str, float]] = {
    "small_5_ours_to_alone": (">=", 1.5),
    "small_5_seed_to_alone": (">=", 1.8),
    "kids_wrong": ("<=", 0),
    "season_unfit": ("<=", 0),
    "season_recovery_events": ("<=", 10),
    "season_recovered_alone_share": (">=", 0.5),
    "season_finished_to_popularity": (">=", 1.3),
    "season_coverage_last_to_first": (">=", 0.8),
    "poison_rows_moved": ("<=", 0),
}
_DATA = Path(__file__).resolve().parent.parent.parent / "shared/data/movietweetings-100k"
_PARTS = ("small", "kids", "season", "poison")


def main() -> None:
    """Run what was asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=_PARTS, nargs="+", default=_PARTS, help="what to measure")
    parser.add_argument(
        "--data", type=Path, default=_DATA, help="a folder with ratings.csv.gz and movies.csv.gz"
    )
    parser.add_argument("--titles", type=int, default=500)
    parser.add_argument("--people", type=int, default=30)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--turning", type=float, default=0.8, help="share of grown-ups whose taste changes")
    parser.add_argument("--plays", type=int, default=100_000, help="how many the poisoner scripts")
    parser.add_argument("--pages", type=int, default=100_000, help="how many of random catalogues")
    parser.add_argument("--draw", type=int, default=1, help="another number is another town")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="fewer houses, people and days")
    options = parser.parse_args()
    if options.quick:
        options.titles, options.people, options.days = 200, 10, 42
        options.plays, options.pages = 2_000, 5_000
    parts = options.part
    figures: dict[str, float | int | None] = {}
    if "small" in parts:
        figures |= _small(options)
    if "kids" in parts:
        figures |= _kids(options)
    if "season" in parts or "poison" in parts:
        home = Path(tempfile.mkdtemp(prefix="bench-households-"))
        try:
            figures |= _lived(options, home, parts)
        finally:
            shutil.rmtree(home, ignore_errors=True)
    goals = {name: goal for name, goal in GOALS.items() if name.split("_")[0] in parts}
    report.finish("households", figures, goals, as_json=options.json)


def _small(options: argparse.Namespace) -> dict[str, float | int | None]:
    from bench._town import small
    from recommend.engine import metrics

    if not (options.data / "ratings.csv.gz").exists():
        print(f"{options.data} has no ratings.csv.gz: small houses are not measured")
        return {}
    held = small.library(options.data, draw=options.draw)
    print(
        f"{len(held.films)} films, {len(held.viewers)} viewers to deal into houses, a seed of "
        f"{len(held.others.first)} pairs by {held.others.about['viewers']} others"
    )
    figures: dict[str, float | int | None] = {}
    lines = []
    for size, houses in small.HOUSES.items():
        found = small.measure(held, size, max(2, houses // 8) if options.quick else houses)
        alone = found["watching alone"].ndcg
        for way in small.WAYS:
            ndcg = metrics.normal(found[way].ndcg)
            over = metrics.paired(found[way].ndcg, alone)
            lines.append(
                [
                    size, way, f"{ndcg.mean:.3f} ± {ndcg.mean - ndcg.low:.3f}", f"{found[way].recall.mean():.3f}",
                    f"{over.mean:+.3f} ± {over.mean - over.low:.3f}", ndcg.count,
                ]
            )  # fmt: skip
            figures[f"small_{size}_{way.replace(',', '').replace(' ', '_')}_ndcg100"] = round(ndcg.mean, 4)
        for name, way in (("ours", "ours"), ("seed", "ours, seed")):
            figures[f"small_{size}_{name}_to_alone"] = round(float(found[way].ndcg.mean() / alone.mean()), 2)
    report.table(["viewers", "way", "N@100", "R@20", "N@100 over watching alone", "viewers tested"], lines)
    return figures


def _kids(options: argparse.Namespace) -> dict[str, float | int | None]:
    """Pages of random profiles on random catalogues, by arithmetic alone: how often one showed what it may not."""
    from bench._town import chances

    began = time.process_time()
    wrong = [each for each in chances.pages(options.pages, seed=options.draw) if each]
    print(
        f"{options.pages} pages of random catalogues and profiles: {len(wrong)} with something that may not be "
        f"seen, {time.process_time() - began:.0f} s of CPU"
    )
    return {"kids_pages": options.pages, "kids_wrong": len(wrong)}


def _lived(options: argparse.Namespace, home: Path, parts: Sequence[str]) -> dict[str, float | int | None]:
    from bench._town import served
    from bench._town.people import settle
    from bench._town.titles import make

    served.site(home, seed=options.draw)
    titles = make(options.titles, days=options.days, seed=options.draw)
    people = settle(options.people, seed=options.draw + 1, turning=options.turning, turn_day=options.days / 2)
    shop = served.Served(titles, people)
    figures: dict[str, float | int | None] = {}
    if "season" in parts:
        figures |= _season(options, titles, people, shop)
    if "poison" in parts:
        from bench._town import poison

        figures |= poison.measure(shop, options.plays // 2, day=options.days)
    return figures


def _season(
    options: argparse.Namespace, titles: Any, people: list[Any], shop: Any
) -> dict[str, float | int | None]:
    from bench._town import plain, reading
    from bench._town.season import Season

    lines, logs = [], {}
    for name in ("chance", "popularity", "ours", "mind"):
        season = Season(titles, people, shop, seed=options.draw + 2)
        if name == "chance":
            season.shop = plain.ByChance(titles, people)
        elif name == "popularity":
            season.shop = plain.ByPopularity(titles, people)
        elif name == "mind":
            season.shop = plain.ByMind(titles, people, season.tastes)
        else:
            season.other = partial(shop.turned, knobs={"lately": 0.0})
        began = time.perf_counter()
        logs[name] = season.run(options.days)
        told = reading.told(logs[name], people)
        lines.append(
            [
                name, told.found, told.finished, told.liked, told.recovery, told.coverage[0], told.coverage[-1],
                told.gini[0], told.gini[-1], told.moods[-1], told.unfit, f"{time.perf_counter() - began:.0f}",
            ]
        )  # fmt: skip
    report.table(
        [
            "shop", "found", "finished", "liked at first sight", "events to follow", "coverage, first weeks", "last",
            "Gini, first", "last", "moods in sight", "unfit", "s",
        ],
        lines,
    )  # fmt: skip
    print(f"models: {shop.verdicts}")
    print(f"rows: {sorted(shop.reasons)}; sources: {shop.sources}")
    ours, popular = (reading.told(logs[name], people) for name in ("ours", "popularity"))
    compared = reading.compared(logs["ours"])
    _say_of_turning(ours, compared)
    return {
        "season_found": ours.found,
        "season_finished": ours.finished,
        "season_finished_to_popularity": round(ours.finished / max(0.001, popular.finished), 2),
        "season_recovery_events": ours.recovery,
        "season_recovered_alone_share": ours.recovered,
        "season_more_by_two_memories": round(compared["3 to 5"][2].mean, 3) if "3 to 5" in compared else None,
        "season_coverage_first": ours.coverage[0],
        "season_coverage_last": ours.coverage[-1],
        "season_coverage_last_to_first": round(ours.coverage[-1] / max(0.001, ours.coverage[0]), 2),
        "season_gini_first": ours.gini[0],
        "season_gini_last": ours.gini[-1],
        "season_moods_in_sight_last": ours.moods[-1],
        "season_unfit": ours.unfit,
        "season_pages": logs["ours"].pages,
        "season_plays": len(logs["ours"].plays),
    }


def _say_of_turning(ours: Any, compared: dict[str, Any]) -> None:
    """How far pages went with those whose taste turned."""
    print("events to follow, each by itself: " + json.dumps(ours.each))
    print(
        "by plays in the new moods, what the page has of them beside what it had of the old ones: "
        + ", ".join(f"{plays}: {share:.2f} ({people})" for plays, (share, people) in ours.turned.items())
    )
    for plays, (here, there, more) in compared.items():
        print(
            f"after {plays} plays in the new moods: {here:.3f} of the first slots; the same pages with the long memory "
            f"alone: {there:.3f}; more by {more.mean:.3f} ({more.low:.3f} to {more.high:.3f}) of {more.count} people"
        )


if __name__ == "__main__":
    main()
