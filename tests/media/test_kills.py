"""Workers are killed with -9 at any moment: nothing that was finished is made again, and the package is the very one
that an undisturbed run makes, however many workers there were."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import migrated
from tests.conftest import wait_for
from tests.media import clips

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parent.parent.parent
KINDS = "catalog.ingest_video,encode"
KILLS = 20
#: 194 s in pieces of 24 s.
CHUNKS = 9


class House:
    """A database, storage and workers of their own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[int] = []
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("NETFLIXLITE")
        }
        self.environment |= {
            "NETFLIXLITE_HOME": str(folder),
            "NETFLIXLITE_DEBUG": "1",
            "NETFLIXLITE_JOB_LEASE_SECONDS": "2",
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
        }
        migrated.lay(folder / "db")
        with (folder / "workers.log").open("wb") as log:
            self.nursery = subprocess.Popen(
                [sys.executable, "-m", "tests.media.driver", "nursery"],
                cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def order(self, *arguments: str) -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.media.driver", *arguments],
            cwd=ROOT, env=self.environment, check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return answer

    def start_worker(self, *more: str) -> int:
        """A worker that encodes one chunk at a time; returns its process id."""
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        arguments = json.dumps(["--kinds", KINDS, "--slots", "2", "--heavy", "1", *more])
        self.nursery.stdin.write(arguments.encode() + b"\n")
        self.nursery.stdin.flush()
        worker = int(self.nursery.stdout.readline())
        self.workers.append(worker)
        return worker

    def kill(self, *workers: int) -> None:
        """As when somebody pulls the plug: no handler runs, nothing is written."""
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
            self.workers.remove(worker)
        if not self.workers:
            wait_for(lambda: not self.encoders(), seconds=5, what="the encoders' death with their workers")

    def pieces(self) -> list[Path]:
        """Finished pieces of the job that is under way."""
        return [path.parent for path in (self.folder / "work" / "jobs").glob("*/shared/*/*/made.json")]

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

    def outcome(self, job: str) -> dict[str, Any]:
        """How a job ended. Its row is looked at directly: to ask takes a process of a second, which workers need."""
        number = job.replace("-", "")

        def ended() -> bool:
            with closing(sqlite3.connect(self.folder / "db" / "main.sqlite3", timeout=20)) as database:
                rows = database.execute("SELECT state FROM jobs_job WHERE id = ?", [number]).fetchall()
            return rows[0][0] in ("done", "failed")

        wait_for(ended, seconds=240, what="the end of the job")
        return self.order("state", job)

    def close(self) -> None:
        for worker in self.workers:
            os.kill(worker, signal.SIGKILL)
        self.nursery.kill()
        self.nursery.wait()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "house")
    yield made
    made.close()


def test_an_encode_outlives_twenty_kills_and_ends_in_the_same_bytes(house: House, tmp_path: Path):
    film = clips.film(tmp_path / "film.mp4", seconds=194, size="320x180")
    ticket = house.order("ingest", str(film))
    moments = random.Random(20261121)
    hit = 0
    for kill in range(KILLS):
        worker = house.start_worker()
        before = len(house.pieces())
        if kill % 2:  # half of them while something is being encoded, however slow the machine
            wait_for(house.encoders, seconds=60, what="an encoder")
        time.sleep(moments.uniform(0.1, 0.8))
        hit += bool(house.encoders())
        house.kill(worker)
        if kill == KILLS // 2 and before:  # a power cut: names were on the disk, their content was not
            spoilt = house.pieces()[0]
            data = next(spoilt.glob("*.mp4"))
            data.write_bytes(bytes(data.stat().st_size))
    house.start_worker()
    house.start_worker()
    done = house.outcome(ticket["job"])
    assert done["state"] == "done", done["error"]
    chunks = {name: count for name, count in done["attempts"].items() if name.startswith("chunk")}
    assert len(chunks) == CHUNKS
    print(f"{hit} of {KILLS} kills hit an encoder; {sum(chunks.values())} attempts at {CHUNKS} chunks")
    assert hit >= KILLS // 4, "kills that hit nothing prove nothing"
    assert sum(chunks.values()) > CHUNKS
    # One chunk at a time was in hand: that is what each kill may cost; and one more for the spoilt piece.
    assert sum(chunks.values()) <= CHUNKS + KILLS + 1
    assert house.pieces() == []

    again = house.order("again", ticket["job"])
    undisturbed = house.outcome(again["job"])
    assert undisturbed["state"] == "done", undisturbed["error"]
    assert sum(undisturbed["attempts"].values()) == len(undisturbed["attempts"]), "nothing was made twice"
    assert undisturbed["package"] == done["package"]
    packages = [path.name for path in (house.folder / "media" / "packages").iterdir()]
    assert packages == [done["package"]]


def test_everything_stops_at_once_and_goes_on(house: House, tmp_path: Path):
    """Two workers on one film, early packages included, lose power together; the broker's messages are gone, too."""
    film = clips.film(tmp_path / "film.mkv", seconds=70, size="320x180", extra=("-c:v", "mpeg4", "-q:v", "3"))
    ticket = house.order("ingest", str(film), json.dumps({"early": True}))
    pair = [house.start_worker(), house.start_worker()]
    wait_for(lambda: len(house.pieces()) >= 3 and house.encoders(), seconds=60, what="half the work")
    house.kill(*pair)
    for message in (house.folder / "broker").rglob("*.msg"):
        message.unlink(missing_ok=True)
    house.start_worker()
    done = house.outcome(ticket["job"])
    assert done["state"] == "done", done["error"]
    again = house.outcome(house.order("again", ticket["job"])["job"])
    assert again["package"] == done["package"]


def test_a_cancelled_encode_stops_at_once_and_leaves_nothing(house: House, tmp_path: Path):
    film = clips.film(tmp_path / "film.mp4", seconds=60, size="960x540")
    ticket = house.order("ingest", str(film))
    house.start_worker()
    wait_for(house.encoders, seconds=60, what="encoding to begin")
    assert house.order("cancel", ticket["job"])["cancelled"]
    wait_for(lambda: not house.encoders(), seconds=10, what="the encoders' end")
    assert house.order("state", ticket["job"])["state"] == "cancelled"
    wait_for(
        lambda: not list((house.folder / "work" / "jobs").rglob("*.mp4")),
        seconds=10,
        what="an empty work folder",
    )
    assert not (house.folder / "media" / "packages").exists()
