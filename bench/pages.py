"""Pages: how long the site takes to answer for home, a title, search, browse and the rest, and how much it asks for.

A catalogue of 10,000 titles (or more) with pictures, films and episodes, and 200 profiles with histories, lists and
thumbs, in a database of its own, by the site's own code with its settings for production, asked within one process: the
time is the site's alone, all middleware included. Profiles and pages come in a random order. After each page the same
template is drawn once more from the values that it was just given: that floor costs whatever the pages cost that would
ask no database at all. What everybody did is taken in, and a model of a real size serves. With `--only search` the
catalogue may as well be 50,000 titles.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _postgres
from bench import _report as report

PAGES = ("home", "title", "search", "browse", "suits", "popular", "person", "my_list", "history")
GOALS = {f"{page}_p95_ms": ("<=", 60.0) for page in ("home", "title", "search", "browse")}
_TITLES, _PROFILES, _ROUNDS = 10_000, 200, 150


def main() -> None:
    """Run on the database that was asked for, print, and tidy up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=_TITLES)
    parser.add_argument("--profiles", type=int, default=_PROFILES)
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help="how often each page is asked for")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--only", choices=("", *PAGES), default="", help="measure only this page")
    parser.add_argument("--without-model", action="store_true", help="rows as before anything was learnt")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="fewer titles, profiles and rounds")
    options = parser.parse_args()
    if options.quick:
        options.titles, options.profiles = min(options.titles, 2_000), min(options.profiles, 20)
        options.rounds = min(options.rounds, 40)
    pages = (options.only,) if options.only else PAGES
    goals = {name: goal for name, goal in GOALS.items() if name.removesuffix("_p95_ms") in pages}
    with _site(options.database):
        report.finish("pages", _measure(options, pages), goals, as_json=options.json)


@contextlib.contextmanager
def _site(database: str) -> Iterator[None]:
    """Django with its settings for production over an empty database in a temporary home."""
    home = tempfile.mkdtemp(prefix="bench-pages-")
    os.environ |= {
        "NETFLIXLITE_HOME": home,
        "NETFLIXLITE_DEBUG": "0",
        "NETFLIXLITE_SECRET_KEY": "bench" * 12,
        "NETFLIXLITE_LOG_LEVEL": "WARNING",
        "NETFLIXLITE_ALLOWED_HOSTS": "testserver",
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
        "OPENBLAS_NUM_THREADS": "1",  # as the server has it (asgi.py)
    }
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        if database == "postgres":
            os.environ["NETFLIXLITE_DATABASE_URL"] = stack.enter_context(_postgres.server())
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        for name in connections:
            call_command("migrate", verbosity=0, database=name)
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        stack.callback(connections.close_all)
        yield


class Drawing:
    """Keeps what the last page was drawn from, so that it can be drawn again from memory."""

    def __init__(self) -> None:
        from django import shortcuts

        self._render, self._last = shortcuts.render, ((), {})

    def __call__(self, *given: Any, **named: Any) -> Any:
        self._last = (given, named)
        return self._render(*given, **named)

    def again(self) -> float:
        """Seconds that drawing the last page takes when its values are there."""
        given, named = self._last
        began = time.perf_counter()
        self._render(*given, **named)
        return time.perf_counter() - began

    def watch(self) -> None:
        """Stand in for `render` in every module of pages."""
        from netflixlite.pages import browsing, history, home, mine, people, searching, title

        for module in (browsing, history, home, mine, people, searching, title):
            module.render = self  # type: ignore[attr-defined]


def _measure(options: argparse.Namespace, pages: tuple[str, ...]) -> dict[str, float | int | None]:
    from bench import _catalogue, _household

    began = time.perf_counter()
    made = _catalogue.fill(options.titles)
    _household.furnish()
    profiles = _household.move_in(options.profiles)
    if not options.without_model:
        _household.learn()
    print(
        f"{options.titles} titles, {options.profiles} profiles on {options.database}, made in "
        f"{time.perf_counter() - began:.0f} s"
    )
    drawing = Drawing()
    drawing.watch()
    clients = _Clients(profiles)
    addresses = _addresses(made)
    chance = random.Random(5)
    for page in pages:  # templates, search's index and the database's pages are read once in a process's life
        for _warm in range(3):
            _ask(clients, chance, addresses[page](chance))
    took: dict[str, list[float]] = {page: [] for page in pages}
    floors: dict[str, list[float]] = {page: [] for page in pages}
    sizes: dict[str, int] = {}
    for _round in range(options.rounds):
        for page in chance.sample(pages, len(pages)):
            seconds, size = _ask(clients, chance, addresses[page](chance))
            took[page].append(seconds)
            floors[page].append(drawing.again())
            sizes[page] = size
    figures = _told(pages, took, floors, sizes)
    if "home" in pages:
        figures["home_first_ms"] = _first(clients, chance)
    return figures


def _told(
    pages: tuple[str, ...],
    took: dict[str, list[float]],
    floors: dict[str, list[float]],
    sizes: dict[str, int],
) -> dict[str, float | int | None]:
    """A line for each page, and the figures."""
    figures: dict[str, float | int | None] = {}
    lines = []
    for page in pages:
        half, most = median(took[page]) * 1000, _p95(took[page]) * 1000
        floor = _p95(floors[page]) * 1000
        figures |= {f"{page}_p95_ms": round(most, 1), f"{page}_median_ms": round(half, 1)}
        figures[f"{page}_floor_p95_ms"] = round(floor, 1)
        drawn = median(floors[page]) * 1000
        lines.append(
            [page, f"{half:.1f}", f"{most:.1f}", f"{drawn:.1f}", f"{floor:.1f}", f"{sizes[page] / 1000:.0f}"]
        )
    report.table(["page (ms)", "median", "p95", "drawn from memory", "its p95", "kB"], lines)
    return figures


def _first(clients: "_Clients", chance: random.Random) -> float:
    """Home when nothing of it is remembered: as after some seconds in which nobody asked. Median, milliseconds."""
    from recommend import stretch
    from recommend.page.planning import KEPT
    from recommend.page.shared import SHARED

    taken = []
    for _each in range(20):
        stretch.forget()
        SHARED.forget()
        KEPT.forget()
        taken.append(_ask(clients, chance, "/")[0])
    return round(median(taken) * 1000, 1)


class _Clients:
    """A signed-in browser for each profile, made when it is first wanted."""

    def __init__(self, profiles: list[Any]) -> None:
        self._profiles = profiles
        self._made: dict[Any, Any] = {}
        self._handler: Any = None

    def any(self, chance: random.Random) -> Any:
        """Somebody's."""
        from accounts.tests.factories import client_of

        profile = chance.choice(self._profiles)
        if profile.id not in self._made:
            made = client_of(profile)
            self._handler = made.handler = self._handler or made.handler  # one server for all
            made.get("/history/")  # the first page notes the device
            self._made[profile.id] = made
        return self._made[profile.id]


def _ask(clients: _Clients, chance: random.Random, address: str) -> tuple[float, int]:
    """Seconds that the site took, and the bytes of its answer; what a child may not see is asked for again."""
    for _try in range(20):
        client = clients.any(chance)
        began = time.perf_counter()
        answer = client.get(address)
        seconds = time.perf_counter() - began
        if answer.status_code == 200:
            return seconds, len(answer.content)
    raise SystemExit(f"{address} was answered {answer.status_code}.")


def _addresses(made: Any) -> dict[str, Callable[[random.Random], str]]:
    """By page, something that makes an address of it."""
    from urllib.parse import quote

    from catalog.models import Credit, Genre, Title

    slugs = list(Title.objects.filter(maturity__lte=12).values_list("slug", flat=True)[:2000])
    people = list(
        Credit.objects.filter(title__maturity__lte=6).values_list("person__slug", flat=True).distinct()[:1000]
    )
    genres = list(Genre.objects.values_list("slug", flat=True))

    def browse(chance: random.Random, sort: str = "") -> str:
        said = f"sort={sort or chance.choice(('newest', 'name', 'year'))}"
        said += chance.choice(("", "&kind=film", "&kind=series", "&decade=1980", "&age=12"))
        said += chance.choice(("", "", f"&sheet={chance.randint(1, 3)}"))
        return f"/browse/{chance.choice(['', chance.choice(genres) + '/'])}?{said}"

    def search(chance: random.Random) -> str:
        name = chance.choice(made.names if chance.random() < 0.8 else made.people)
        return f"/search/?q={quote(name[: chance.randint(min(2, len(name)), len(name))])}"

    return {
        "home": lambda chance: "/",
        "title": lambda chance: f"/title/{chance.choice(slugs)}/",
        "search": search,
        "browse": browse,
        "suits": lambda chance: browse(chance, "suits"),
        "popular": lambda chance: browse(chance, "popular"),
        "person": lambda chance: f"/person/{chance.choice(people)}/",
        "my_list": lambda chance: f"/my-list/?sort={chance.choice(('added', 'name', 'year'))}",
        "history": lambda chance: "/history/",
    }


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[18] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main()
