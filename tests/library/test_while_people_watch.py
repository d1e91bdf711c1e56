"""Thousands of files come in while another process reads and writes the same SQLite database.

3,000 files by default; NETFLIXLITE_TEST_LIBRARY_FILES=10000 for the whole of what is promised.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import migrated
from tests.conftest import wait_for

pytestmark = pytest.mark.slow

FILES = int(os.environ.get("NETFLIXLITE_TEST_LIBRARY_FILES", "3000"))
NFO = "<movie><title>Film {n}</title><plot>{plot}</plot><mpaa>PG</mpaa><genre>Drama</genre>{people}</movie>"


def make_library(root: Path, files: int) -> None:
    """Half films with an NFO for every second one, half episodes of series with fifty each. Sparse files."""
    for n in range(files // 2):
        folder = root / "films" / f"Film {n} ({1930 + n % 90})"
        folder.mkdir(parents=True)
        with (folder / f"{folder.name}.mkv").open("wb") as file:
            file.truncate(10_000_000 + n)
        if n % 2:
            people = "".join(f"<actor><name>Person {n * 7 % 900 + k}</name></actor>" for k in range(6))
            (folder / "movie.nfo").write_text(NFO.format(n=n, plot="Words. " * 40, people=people))
    for n in range(files - files // 2):
        season = root / "series" / f"Show {n // 50}" / f"Season {n % 50 // 10 + 1:02}"
        season.mkdir(parents=True, exist_ok=True)
        with (season / f"Show {n // 50} - S{n % 50 // 10 + 1:02}E{n % 10 + 1:02}.mkv").open("wb") as file:
            file.truncate(20_000_000 + n)


def manage(environment: dict[str, str], repository: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_no_write_is_refused_while_a_library_comes_in(tmp_path: Path, repository: Path) -> None:
    root, answer = tmp_path / "films", tmp_path / "watching.json"
    make_library(root, FILES)
    environment = os.environ | {
        "NETFLIXLITE_HOME": str(tmp_path / "home"),
        "NETFLIXLITE_DEBUG": "1",
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
    }
    migrated.lay(tmp_path / "home" / "db")
    watching = subprocess.Popen(
        [sys.executable, "-m", "tests.library.watching", str(answer)], cwd=repository, env=environment
    )
    try:
        wait_for(answer.with_suffix(".began").exists, seconds=60)
        first = json.loads(manage(environment, repository, "ingest", str(root), "--json").splitlines()[-1])
        again = json.loads(manage(environment, repository, "ingest", str(root), "--json").splitlines()[-1])
        answer.with_suffix(".stop").touch()
        watching.wait(timeout=60)
    finally:
        watching.kill()
        watching.wait()
    watched = json.loads(answer.read_text())
    print(f"{FILES} files in {first['total_s']} s, again in {again['total_s']} s; meanwhile {watched}")
    assert (first["new"], first["total"], first["problems"]) == (FILES, FILES, [])
    assert (again["unchanged"], again["new"], again["changed"]) == (FILES, 0, 0)
    assert watched["errors"] == []
    assert watched["writes"] > 20
    assert watched["reads"] > 20
