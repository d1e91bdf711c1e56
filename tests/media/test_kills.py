"""A worker is killed with -9 in the middle of encoding: nothing that was finished is made again, and the package
is the very one that an undisturbed run makes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import wait_for
from tests.media import clips

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent.parent


class House:
    """A database, storage and workers of their own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "workers.log"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NETFLIXLITE")
        }
        self.environment |= {
            "NETFLIXLITE_HOME": str(folder),
            "NETFLIXLITE_DEBUG": "1",
            "NETFLIXLITE_JOB_LEASE_SECONDS": "2",
            "NETFLIXLITE_WORKER_SLOTS": "1",
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
        }
        (folder / "db").mkdir(parents=True)
        self.order("migrate")

    def order(self, *arguments: str) -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.media.driver", *arguments],
            cwd=ROOT, env=self.environment, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return answer

    def start_worker(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "worker", "--kinds", "catalog.ingest_video"],
                cwd=ROOT, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def pieces(self) -> set[str]:
        """Finished pieces of the job that is under way."""
        return {path.parent.name for path in (self.folder / "work" / "jobs").glob("*/shared/*/*/made.json")}

    def encoders(self) -> list[str]:
        """Command lines of encoders that work in this house."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if "ffmpeg" in line and str(self.folder) in line:
                found.append(line)
        return found

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "house")
    yield made
    made.close()


def test_a_killed_encode_goes_on_and_ends_in_the_same_package(house: House, tmp_path: Path):
    film = clips.film(tmp_path / "film.mp4", seconds=60, size="640x360")
    ticket = house.order("ingest", str(film))

    had: list[set[str]] = [set()]
    for _kill in range(2):
        worker = house.start_worker()
        wait_for(
            lambda: len(house.pieces()) > len(had[-1]) and house.encoders(),
            seconds=90,
            what="a finished piece, and another begun",
        )
        had.append(house.pieces())
        worker.kill()
        worker.wait()
        wait_for(lambda: not house.encoders(), seconds=5, what="the encoders' death with their worker")
    house.start_worker()
    done = wait_for(
        lambda: (now := house.order("state", ticket["job"]))["state"] in ("done", "failed") and now,
        seconds=150,
        what="the end of the job",
    )
    assert done["state"] == "done", done["error"]
    resumed = [int(number) for number in re.findall(r"(\d+) of \d+ pieces were made", house.log.read_text())]
    # Whatever was finished at a kill was found by the next attempt: only the piece in hand was lost.
    assert len(resumed) == 2
    assert all(number >= len(before) for number, before in zip(resumed, had[1:], strict=True))
    assert house.pieces() == set()

    again = house.order("again", ticket["job"])
    undisturbed = wait_for(
        lambda: (now := house.order("state", again["job"]))["state"] in ("done", "failed") and now,
        seconds=150,
        what="the end of an undisturbed run",
    )
    assert undisturbed["state"] == "done", undisturbed["error"]
    assert undisturbed["package"] == done["package"]
    packages = [path.name for path in (house.folder / "media" / "packages").iterdir()]
    assert packages == [done["package"]]


def test_a_cancelled_encode_stops_at_once_and_leaves_nothing(house: House, tmp_path: Path):
    film = clips.film(tmp_path / "film.mp4", seconds=60, size="960x540")
    ticket = house.order("ingest", str(film))
    house.start_worker()
    wait_for(house.encoders, seconds=60, what="encoding to begin")
    assert house.order("cancel", ticket["job"])["cancelled"]
    wait_for(lambda: not house.encoders(), seconds=10, what="the encoders' end")
    wait_for(
        lambda: house.order("state", ticket["job"])["state"] == "cancelled", seconds=10, what="the job's end"
    )
    wait_for(
        lambda: not list((house.folder / "work" / "jobs").rglob("*.mp4")),
        seconds=10,
        what="an empty work folder",
    )
    assert not (house.folder / "media" / "packages").exists()
