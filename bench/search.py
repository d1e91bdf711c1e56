"""Search at 50,000 titles: how long the site takes to answer while somebody types, on SQLite and on PostgreSQL.

Questions are typed letter by letter as people do: names of titles and people, with slips, half words, wrong order,
genres, numerals; every state of the field that the page would ask for is asked. Measured are the whole answer of
`catalog.services.find` (as the page asks it, cards' titles read from the database) and, with --spoken, that of spoken
words; beside it the old way, which looked through every title's text, on a part of the same questions.
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

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _catalogue, _postgres
from bench import _report as report

GOALS = {
    "search_find_p95_ms": ("<=", 100.0),
    "search_find_worst_ms": ("<=", 400.0),
    "search_hit_share": (">=", 0.95),
    "spoken_p95_ms": ("<=", 100.0),
}
_TITLES, _QUESTIONS, _OLD_QUESTIONS = 50_000, 40, 12
#: Lines of about 200 films of two languages.
_LINES = 400_000
_AGE = 18


def main() -> None:
    """Run on the database that was asked for, print, and tidy up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--titles", type=int, default=_TITLES)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--questions", type=int, default=_QUESTIONS, help="typed questions")
    parser.add_argument("--lines", type=int, default=_LINES, help="spoken lines beside the titles")
    parser.add_argument("--json", action="store_true", help="end with one JSON line")
    parser.add_argument("--quick", action="store_true", help="fewer titles and questions")
    options = parser.parse_args()
    if options.quick:
        options.titles, options.questions = min(options.titles, 5_000), min(options.questions, 20)
        options.lines = min(options.lines, 20_000)
    with _site(options.database):
        report.finish("search", _measure(options), GOALS, as_json=options.json)


@contextlib.contextmanager
def _site(database: str) -> Iterator[None]:
    """Django over an empty database in a temporary home."""
    home = tempfile.mkdtemp(prefix="bench-search-")
    os.environ |= {
        "NETFLIXLITE_HOME": home,
        "NETFLIXLITE_DEBUG": "0",
        "NETFLIXLITE_SECRET_KEY": "bench" * 12,
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
    }
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        if database == "postgres":
            os.environ["NETFLIXLITE_DATABASE_URL"] = stack.enter_context(_postgres.server())
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0)
        stack.callback(connections.close_all)
        yield


def _measure(options: argparse.Namespace) -> dict[str, float | int | None]:
    began = time.perf_counter()
    made = _catalogue.fill(options.titles)
    print(f"{options.titles} titles made in {time.perf_counter() - began:.0f} s, {options.database}")
    from catalog import services

    began = time.perf_counter()
    services.warm_search()
    warm = time.perf_counter() - began
    typed = _typed(made, options.questions)
    states = [state for _name, several in typed for state in several]
    chance = random.Random(3)
    chance.shuffle(states)
    both = [
        _timed(lambda state=state: services.find(state, maturity=_AGE, limit=24, cast=False))
        for state in states
    ]
    took, worked = sorted(wall for wall, _cpu in both), sorted(cpu for _wall, cpu in both)
    hits = sum(_is_found(name, several[-1]) for name, several in typed)
    old = _old(states, _OLD_QUESTIONS * 4)
    changed = _timed_change()
    figures: dict[str, float | int | None] = {
        "titles": options.titles,
        "search_questions": len(states),
        "search_find_p50_ms": round(median(took), 2),
        "search_find_p95_ms": round(quantiles(took, n=20)[-1], 2),
        "search_find_worst_ms": round(took[-1], 2),
        "search_find_cpu_p95_ms": round(quantiles(worked, n=20)[-1], 2),
        "search_hit_share": round(hits / len(typed), 3),
        "search_warm_s": round(warm, 2),
        "search_after_change_ms": round(changed, 2),
        "search_memory_mb": round(_memory_mb(), 0),
        "old_search_p50_ms": round(median(old), 2),
        "old_search_p95_ms": round(quantiles(old, n=20)[-1], 2),
        **_spoken(options.lines),
    }
    report.table(("figure", "value"), list(figures.items()))
    return figures


def _typed(made: "_catalogue.Made", count: int) -> list[tuple[str, list[str]]]:
    """What is typed, letter by letter from the second on, with the name that is meant ('' when any will do)."""
    chance = random.Random(11)
    names, people = list(made.names), list(made.people)
    typed = []
    for number in range(count):
        name = chance.choice(names)
        kind = number % 6
        text = name.lower()
        if kind == 1:
            text = _slip(chance, text)
        elif kind == 2:
            text = " ".join(reversed(text.replace("-", " ").split()))
        elif kind == 3:
            name, text = "", chance.choice(people[:500]).lower()
        elif kind == 4:
            name, text = "", chance.choice(("science fiction", "drama 1999", "western night", "comedy anna"))
        elif kind == 5:
            text = " ".join(text.split()[:2])
            name = ""
        typed.append((name, [text[:end] for end in range(2, len(text) + 1)] or [text]))
    return typed


def _slip(chance: random.Random, text: str) -> str:
    """One wrong letter in the longest word."""
    word = max(text.split(), key=len)
    at = chance.randrange(1, len(word)) if len(word) > 1 else 0
    wrong = chance.choice(
        (word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word[:at] + "x" + word[at + 1 :])
    )
    return text.replace(word, wrong, 1) if len(word) >= 4 else text


def _is_found(name: str, question: str) -> bool:
    from catalog import services

    found = services.find(question, maturity=_AGE, limit=24)
    return bool(found.titles or found.people) if not name else any(one.name == name for one in found.titles)


def _old(states: list[str], count: int) -> list[float]:
    from bench import _old_search
    from catalog import services
    from catalog.search import text

    def ask(state: str) -> None:
        ids = _old_search.search(text.words(state), maturity=_AGE, limit=24)
        services.titles(ids, maturity=_AGE)

    both = [_timed(lambda state=state: ask(state)) for state in states[:count] if text.words(state)]
    return sorted(wall for wall, _cpu in both)


def _timed(what: Callable[[], object]) -> tuple[float, float]:
    """How long it takes and how long this process works meanwhile, in milliseconds."""
    began, worked = time.perf_counter(), time.process_time()
    what()
    return (time.perf_counter() - began) * 1000, (time.process_time() - worked) * 1000


def _timed_change() -> float:
    """The first question after a title changed: it is read and put in first. Milliseconds."""
    from catalog import models, services

    took = []
    for row in models.Title.objects.order_by("id")[:20]:
        models.Title.objects.filter(id=row.id).update(maturity=(row.maturity + 1) % 19)
        took.append(_timed(lambda: services.find("night", maturity=_AGE, limit=24))[0])
    return median(took)


def _spoken(lines: int) -> dict[str, float | int | None]:
    """How long it takes to find what is said, among this many lines."""
    if not lines:
        return {}
    from catalog import services

    said = _catalogue.say(lines)
    chance = random.Random(5)
    asked = [" ".join(chance.choice(said).split()[: chance.randint(2, 5)]) for _ in range(150)]
    asked += ["the night", "love", "the", "never again", "of the house", "no such words"] * 5
    both = [_timed(lambda text=text: services.spoken(text, maturity=_AGE)) for text in asked]
    wall, worked = sorted(one for one, _cpu in both), sorted(cpu for _wall, cpu in both)
    return {
        "spoken_lines": lines,
        "spoken_p50_ms": round(median(wall), 2),
        "spoken_p95_ms": round(quantiles(wall, n=20)[-1], 2),
        "spoken_cpu_p95_ms": round(quantiles(worked, n=20)[-1], 2),
    }


def _memory_mb() -> float:
    """What the process holds in memory now, in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    main()
