"""How fast and how large recommendations are when they are served: a page's arithmetic, the page with its database, how
soon an event has changed the rows, similar titles, and what all of it keeps in memory.

A catalogue of 20,000 films and 10,000 profiles with sixty titles each behind them; a model of a real one's size (500
weights a title, twice), mapped from files as it is served. Profiles come at random: hardly any page is asked for twice.
Times are of one process on one core that collects garbage as the server does and has made some pages before; each
figure is of every single page after those, the slowest included. `page_cold` is a page of a process that remembers
nothing. `cpu` is processor time, for machines that do other work.
"""

import argparse
import os
import random
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from bench.pages import _site

#: Seconds by the clock, and of the processor.
Took = tuple[float, float]
GOALS = {
    "page_model_p99_ms": ("<=", 12.0),
    "page_p99_ms": ("<=", 30.0),
    "event_to_rows_p99_ms": ("<=", 1000.0),
    "similar_p99_ms": ("<=", 2.0),
}


def main() -> None:
    """Measure, print, tidy up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=20_000)
    parser.add_argument("--profiles", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=1000, help="pages of each sort")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="fewer titles, profiles and rounds")
    options = parser.parse_args()
    if options.quick:
        options.titles, options.profiles = min(options.titles, 5_000), min(options.profiles, 500)
        options.rounds = min(options.rounds, 150)
    with _site(options.database):
        report.finish("recommend_serving", _measure(options), GOALS, as_json=options.json)


def _measure(options: argparse.Namespace) -> dict[str, float | int | None]:
    from bench import _model
    from netflixlite import collecting
    from recommend.engine import artefact
    from recommend.learning import serving
    from recommend.learning.serving import ModelState

    began = time.perf_counter()
    titles = _model.catalogue(options.titles)
    profiles = _model.audience(options.profiles, titles)
    order = list(titles)
    random.Random(1).shuffle(order)
    folder = Path(os.environ["NETFLIXLITE_HOME"]) / "model"
    artefact.write(_model.model(order), folder)
    model = artefact.read(folder)
    print(
        f"{options.titles} titles, {options.profiles} profiles on {options.database}, made in "
        f"{time.perf_counter() - began:.0f} s"
    )
    state = ModelState(version="bench", source="live")
    collecting.start()
    with (
        mock.patch.object(serving, "current_state", return_value=(model, state)),
        mock.patch.object(serving, "current", return_value=model),
    ):
        figures = _memory(model, folder, len(titles))
        chance = random.Random(7)
        took = {
            "page_model": _arithmetic(profiles, model, chance, options.rounds),
            "similar": _similar(order, profiles[0], model, chance, options.rounds),
            "page_cold": _cold(profiles, chance),
            "page": _pages(profiles, chance, options.rounds, {}),
            "first_rows": _pages(profiles, chance, options.rounds, {"first": 6}),
            "page_again": _again(profiles, chance, options.rounds),
            "event_to_rows": _events(profiles, titles, chance, max(50, options.rounds // 5)),
        }
    lines = []
    for name, seconds in took.items():
        said = []
        for kind, values in (("", [each[0] for each in seconds]), ("cpu_", [each[1] for each in seconds])):
            cuts = quantiles(values, n=100, method="inclusive")
            figures |= {
                f"{name}_{kind}p50_ms": round(median(values) * 1000, 2),
                f"{name}_{kind}p95_ms": round(cuts[94] * 1000, 2),
                f"{name}_{kind}p99_ms": round(cuts[98] * 1000, 2),
            }
            said += [f"{figures[f'{name}_{kind}{cut}_ms']:.2f}" for cut in ("p50", "p95", "p99")]
        lines.append([name, *said])
    report.table(["milliseconds", "p50", "p95", "p99", "cpu p50", "p95", "p99"], lines)
    print()
    sizes = [[name, f"{figures[name]:.1f}"] for name in figures if name.endswith("_mb")]
    report.table(["megabytes for 10,000 titles", ""], sizes)
    return figures


def _memory(model: Any, folder: Path, titles: int) -> dict[str, float | int | None]:
    """What 10,000 titles cost: files that all processes of a machine share, and what each process keeps by itself."""
    from catalog import services as catalog
    from recommend.page.shared import SHARED

    shared = sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
    tracemalloc.start()
    field = SHARED.field(catalog.version())
    SHARED.bound(model, field)
    own = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    scale = 10_000 / titles / 1e6
    return {"model_files_mb": round(shared * scale, 1), "field_mb": round(own * scale, 1)}


def _arithmetic(profiles: list[UUID], model: Any, chance: random.Random, rounds: int) -> list[Took]:
    """All of a page's arithmetic, from a taste to rows in order with reasons and matches; no database."""
    from django.utils import timezone

    from accounts import services as accounts
    from catalog import services as catalog
    from recommend.page.planning import _Page
    from recommend.page.shared import SHARED
    from recommend.page.standing import Standing
    from recommend.trials.choosing import Chooser

    field = SHARED.field(catalog.version())
    bound = SHARED.bound(model, field)
    taken = []
    for _each in range(rounds + 5):
        profile = accounts.profile(chance.choice(profiles))
        assert profile is not None
        standing = Standing(profile, timezone.now())
        assert standing.entries is not None  # what is known is read now
        assert standing.bookmarks is not None
        assert standing.listed is not None
        SHARED.trend(field, profile.maturity, kids=profile.is_kid)
        chooser = Chooser(profile.id, standing.now, steady=True)
        began = _now()
        made = _Page(standing, field, bound, chooser).planned("bench")
        taken.append(_since(began))
        assert len(made.plan.lines) >= 11, len(made.plan.lines)
    return taken[5:]


def _similar(
    titles: list[UUID], profile_id: UUID, model: Any, chance: random.Random, rounds: int
) -> list[Took]:
    """What is like a title, masked by what may be seen and ranked; no database."""
    import numpy as np

    from catalog import services as catalog
    from recommend.engine import score
    from recommend.page.field import best
    from recommend.page.shared import SHARED

    field = SHARED.field(catalog.version())
    bound = SHARED.bound(model, field)
    taken = []
    for _each in range(rounds):
        number = model.index[chance.choice(titles)]
        began = _now()
        eligible = field.open_to(12, time.time())
        found = bound.to_field(score.similar(model, number), score.NEVER)
        best(np.where(eligible & (found > 0), found, np.float32(score.NEVER)), 12)
        taken.append(_since(began))
    return taken


def _now() -> Took:
    return time.perf_counter(), time.thread_time()


def _since(began: Took) -> Took:
    now = _now()
    return now[0] - began[0], now[1] - began[1]


def _timed(ask: Callable[[], Any]) -> Took:
    began = _now()
    ask()
    return _since(began)


def _pages(profiles: list[UUID], chance: random.Random, rounds: int, parts: dict[str, int]) -> list[Took]:
    """The page as the site asks for it: profile, maturity, database and all. A quarter as many were made before."""
    from recommend import services
    from recommend.page.planning import KEPT

    KEPT.forget()
    before = 5 + rounds // 4
    some = [chance.choice(profiles) for _each in range(rounds + before)]
    return [_timed(lambda each=each: services.home(each, **parts)) for each in some][before:]


def _cold(profiles: list[UUID], chance: random.Random) -> list[Took]:
    """The page when the process remembers no catalogue, no trend and no title."""
    from recommend import services
    from recommend.page.planning import KEPT
    from recommend.page.shared import SHARED

    taken = []
    for _each in range(20):
        SHARED.forget()
        KEPT.forget()
        one = chance.choice(profiles)
        taken.append(_timed(lambda one=one: services.home(one)))
    return taken


def _again(profiles: list[UUID], chance: random.Random, rounds: int) -> list[Took]:
    """The same page a moment later."""
    from recommend import services

    taken = []
    for each in chance.sample(profiles, min(len(profiles), rounds)):
        services.home(each)
        taken.append(_timed(lambda each=each: services.home(each)))
    return taken


def _events(profiles: list[UUID], titles: list[UUID], chance: random.Random, rounds: int) -> list[Took]:
    """From telling that a film was watched to its end until a page shows other rows."""
    from datetime import timedelta

    from django.utils import timezone

    from recommend import services
    from recommend.signals import writing
    from recommend.signals.shapes import Act, Did

    def rows(profile_id: UUID) -> Any:
        return [[card.title.id for card in row.cards] for row in services.home(profile_id, first=6).rows]

    taken = []
    for each in chance.sample(profiles, rounds):
        before = rows(each)
        film = chance.choice(titles)
        began = _now()
        act = Act(
            each, film, Did.WATCHED, at=timezone.now(), ref=uuid4(), value=0.97,
            watched=timedelta(minutes=55), length=timedelta(hours=1),
        )  # fmt: skip
        writing.record(act)
        after = rows(each)
        taken.append(_since(began))
        assert before != after, "what was watched changed nothing"
    return taken


if __name__ == "__main__":
    main()
