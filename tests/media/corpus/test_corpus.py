"""Every awkward file gives a package that plays, or a refusal that says why; and nothing else happens.

Nobody is called, no other file is opened, nothing is left behind, no process goes on, and memory stays bounded.

`docs/sources.md` has the table; `pytest -s` prints it row by row.
"""

import resource
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from catalog import services, types
from catalog.media import probe, tools
from catalog.media.errors import Refused
from netflixlite.jobs.types import JobState
from tests.media.corpus import traps
from tests.media.corpus.films import FILMS, film
from tests.media.corpus.rows import CORNERS, Plays, Row
from tests.media.corpus.traps import TRAPS

ROWS = (*FILMS, *TRAPS)
TABLE = Path(__file__).resolve().parents[3] / "docs" / "sources.md"
#: No child of ours may ever have held more than this: in kilobytes.
MEMORY_MAX = 2_500_000


class Canary:
    """A server that counts who came."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self.door.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(2)
                self.calls.append(caller.recv(200))
                caller.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """Where the traps lead to."""
    server = Canary()
    foreign = film(tmp_path_factory.mktemp("somebody") / "foreign.ts")
    traps.lure(server=server.address, foreign=foreign)
    yield server
    server.door.close()


def test_the_canary_sings(canary: Canary):
    """Otherwise its silence would prove nothing."""
    port = int(canary.address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"404" in caller.recv(100)
    assert canary.calls.pop().startswith(b"GET /")


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_every_row(row: Row, canary: Canary, ingest: Callable, home: Path, tmp_path: Path):
    made = tmp_path / "made"
    made.mkdir()
    path = row.make(made)
    before = files_below(tmp_path)
    if isinstance(row.outcome, Plays):
        package = packaged(path, ingest)
        judge(package, row.outcome, tmp_path_of(tmp_path))
    else:
        assert refused(path, ingest) == row.outcome
        assert not [name for name in files_below(home / "media") if name]
    strays = {name for name in files_below(tmp_path) - before if not name.startswith(("media/", "unpacked/"))}
    assert strays <= {"work/tools.json"}
    assert not (Path("/tmp") / "escaped.txt").exists()
    assert canary.calls == []
    assert processes_of(tmp_path) == []
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MEMORY_MAX
    print("\n" + row.line())


def packaged(path: Path, ingest: Callable) -> types.Package:
    """Ingest what must play."""
    ticket, job = ingest(path)
    assert job.state is JobState.DONE, job.error
    package = services.current_package(ticket.video_id)
    assert package is not None
    return package


def refused(path: Path, ingest: Callable) -> str:
    """Ingest what must be refused; returns the code. People must be told why, and what to do."""
    if path.stat().st_size == 0:
        with pytest.raises(services.CannotIngest, match="is empty"):
            ingest(path)
        return "door"
    ticket, job = ingest(path)
    status = services.ingest_status(ticket.video_id)
    assert (status.state, status.playable) == (types.IngestState.REFUSED, False)
    assert status.error == job.error
    assert len(status.error) > 50
    return code_of(path, status.error)


def code_of(path: Path, words: str) -> str:
    """The refusal's code, by probing once more: the job keeps only the words."""
    with pytest.raises(Refused) as refusal:
        probe.probe(path)
    assert refusal.value.message == words
    return refusal.value.code


def tmp_path_of(tmp_path: Path) -> Path:
    """Where a package is unpacked."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    return folder


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def processes_of(folder: Path) -> list[str]:
    """Command lines that speak of this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes()
        except OSError:
            continue
        if bytes(folder) in line:
            found.append(line.decode(errors="replace"))
    return found


def judge(package: types.Package, wanted: Plays, folder: Path) -> None:
    """Compare a package with what was wanted."""
    videos = [one for one in package.renditions if one.kind is types.RenditionKind.VIDEO]
    sounds = [one for one in package.renditions if one.kind is types.RenditionKind.AUDIO]
    texts = [one for one in package.renditions if one.kind is types.RenditionKind.TEXT]
    first = max(videos, key=lambda one: one.height or 0)
    seconds = package.duration.total_seconds()
    if wanted.corners:
        seen = seen_corners(unpacked(package, first, folder), seconds / 2)
        for name, colour in zip(wanted.corners, seen, strict=True):
            off = max(abs(one - other) for one, other in zip(CORNERS[name], colour, strict=True))
            assert off <= wanted.tolerance, f"{name} is {colour}; all: {seen}"
    assert (first.width, first.height) == wanted.size
    assert wanted.rate is None or first.frame_rate == wanted.rate
    assert seconds == pytest.approx(wanted.seconds, abs=0.15)
    assert len(sounds) >= wanted.sounds
    assert wanted.sounds or not sounds
    assert len(texts) == wanted.texts
    for sound in sounds:
        assert sum(part.duration for part in sound.segments) == pytest.approx(wanted.seconds, abs=0.2)


def unpacked(package: types.Package, rendition: types.Rendition, folder: Path) -> Path:
    """One rendition as one file."""
    parts = ["init.mp4", *(f"{number}.m4s" for number in range(len(rendition.segments)))]
    target = folder / f"{rendition.name}.mp4"
    with target.open("wb") as file:
        for part in parts:
            stored = services.stored_object(package.id, rendition=rendition.name, name=part)
            assert stored is not None
            file.write(services.open_object(stored))
    return target


def seen_corners(path: Path, at: float) -> list[tuple[int, ...]]:
    """The colours in the middle of each quarter of the frame at a moment, turned as the file says."""
    size = 64
    filters = f"trim=start={at},scale={size}:{size},format=rgb24"
    command = [tools.ffmpeg().path, "-v", "error", "-i", str(path), "-vf", filters, "-frames:v", "1"]
    ended = subprocess.run([*command, "-f", "rawvideo", "-"], check=True, capture_output=True, timeout=60)

    def spot(column: int, row: int) -> tuple[int, ...]:
        start = (row * size + column) * 3
        return tuple(ended.stdout[start : start + 3])

    low, high = size // 4, size * 3 // 4
    return [spot(low, low), spot(high, low), spot(low, high), spot(high, high)]


def test_the_table_of_the_docs_is_this_one():
    assert len(ROWS) >= 40
    assert len({row.name for row in ROWS}) == len(ROWS)
    told = TABLE.read_text(encoding="utf-8")
    missing = [row.line() for row in ROWS if row.line() not in told]
    assert missing == [], "put these lines into docs/sources.md"
