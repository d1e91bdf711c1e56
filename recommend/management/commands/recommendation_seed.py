"""Make a seed of who watched what elsewhere, take one into use, or put it away (docs/recommend-proof.md)."""

import contextlib
import csv
import gzip
import io
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from catalog import services as catalog
from recommend import seeding
from recommend.engine import seed


class Command(BaseCommand):
    """`make`, `load`, `off` and `status`."""

    help = (
        "A seed for suggestions on a server that knows too little yet: make, load, off, status. Off at first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """A verb with what it needs."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        make = verbs.add_parser(
            "make", help="sum up a ratings file (user,imdb,rating,ts; may be .gz) into a seed"
        )
        make.add_argument("ratings", type=Path)
        make.add_argument("out", type=Path)
        make.add_argument("--source", default="", help="where the ratings come from, in a few words")
        make.add_argument("--licence", required=True, help="under which licence they are used")
        load = verbs.add_parser("load", help="take a seed into use from the next training on")
        load.add_argument("file", type=Path)
        verbs.add_parser("off", help="do without from the next training on")
        verbs.add_parser("status", help="say whether one is in use, and how many titles here it knows")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what came of it."""
        try:
            if options["verb"] == "make":
                self._make(options["ratings"], options["out"], options["source"], options["licence"])
            elif options["verb"] == "load":
                seeding.load(options["file"])
                self._tell()
            elif options["verb"] == "off":
                self.stdout.write("It is put away." if seeding.put_away() else "There was none.")
            else:
                self._tell()
        except (seed.BadSeed, OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(str(error)) from error

    def _make(self, ratings: Path, out: Path, source: str, licence: str) -> None:
        viewers: dict[str, int] = {}
        films: dict[str, int] = {}
        events = [
            (viewers.setdefault(viewer, len(viewers)), films.setdefault(film, len(films)))
            for viewer, film in _rated(ratings)
        ]
        table = np.array(events, np.int32).reshape(-1, 2)
        about: dict[str, str | int] = {"source": source or ratings.name, "licence": licence}
        made = seed.aggregate(table[:, 0], table[:, 1], list(films), about)
        seed.write(made, out)
        self.stdout.write(
            f"{out}: {len(made.films)} films and {len(made.first)} pairs that at least {seed.LEAST} of "
            f"{made.about['viewers']} people had both watched, {out.stat().st_size // 1000} kB."
        )

    def _tell(self) -> None:
        found = seeding.loaded()
        if found is None:
            self.stdout.write("No seed is in use.")
            return
        here = {each.imdb_id for each in catalog.descriptions() if each.imdb_id}
        known = len(here & set(found.films))
        self.stdout.write(
            f"In use: {len(found.films)} films, {len(found.first)} pairs, from {found.about.get('source')} "
            f"({found.about.get('licence')}). It knows {known} of the titles here by their IMDb number."
        )


def _rated(path: Path) -> Iterator[tuple[str, str]]:
    """(viewer, IMDb number) of each line. Raises CommandError naming the line that cannot be read."""
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(path.open("rb"))
        plain = stack.enter_context(gzip.open(raw, "rb")) if path.suffix == ".gz" else raw
        text = stack.enter_context(io.TextIOWrapper(plain, encoding="utf-8", newline=""))
        lines = csv.DictReader(text)
        if not {"user", "imdb"} <= set(lines.fieldnames or ()):
            raise CommandError(f"{path}: its first line must name the columns user and imdb.")
        for number, line in enumerate(lines, 2):
            film = (line["imdb"] or "").removeprefix("tt")
            if not line["user"] or not (film.isascii() and film.isdigit() and 7 <= len(film) <= 9):
                raise CommandError(
                    f"{path}, line {number}: a user and an IMDb number of seven to nine figures."
                )
            yield line["user"], f"tt{film}"
