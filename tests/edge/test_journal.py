"""The delivery log: every answer once, whatever dies, and never more disk than it was given."""

import asyncio
import errno
import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from cdn.edge import journal as journal_module
from cdn.edge.books import CHAPTER_BYTES, FRESH_ROWS, Library
from cdn.edge.connection import Note
from cdn.edge.errands import DELIVERIES_PATH
from cdn.edge.journal import CMCD_MOST, Journal, as_row
from cdn.edge.verdicts import Verdict
from tests.edge.harness import Edge, Origin, in_a_loop, token, until

NewEdge = Callable[..., Edge]
NAME = "a" * 32


def rows(*numbers: int) -> list[bytes]:
    return [json.dumps([number]).encode() for number in numbers]


def library(folder: Path, name: str = NAME, *, limit: int = 1 << 30) -> Library:
    found = Library(folder, name=name, limit=limit)
    found.open()
    return found


def taken_of(found: Library) -> list[tuple[str, int, bytes]]:
    """Every row in the order in which it is given out, taking each batch at once."""
    given = []
    while (batch := found.batch()) is not None:
        assert batch.last - batch.first + 1 == len(batch.rows)
        given += [(batch.journal, batch.first + place, row) for place, row in enumerate(batch.rows)]
        found.taken(batch.journal, batch.last)
    return given


def note(target: bytes, *, status: int = 200, session: bytes = b"s" * 16) -> Note:
    verdict = Verdict(b"ab" * 16, 1, 0, 1e12, session)
    return (1000.5, 1000.25, 1000.26, verdict, target, status, 1234, "HIT")


def test_rows_are_given_out_in_order_until_they_are_taken(tmp_path: Path) -> None:
    found = library(tmp_path)
    found.append(rows(1, 2, 3))
    assert found.waiting == 3
    batch = found.batch()
    assert batch is not None
    assert (batch.first, batch.last, batch.rows) == (1, 3, rows(1, 2, 3))
    assert found.batch() == batch, "what was not acknowledged is given out again"
    found.append(rows(4))
    found.taken(NAME, 2)
    assert [row for _, _, row in taken_of(found)] == rows(3, 4)
    assert (found.waiting, found.batch()) == (0, None)
    assert json.loads(batch.body()) == {"journal": NAME, "first": 1, "last": 3, "rows": [[1], [2], [3]]}


def test_the_next_life_gives_out_what_the_last_one_left_and_begins_a_journal_of_its_own(
    tmp_path: Path,
) -> None:
    first = library(tmp_path)
    first.append(rows(1, 2))
    first.taken(NAME, 1)
    second = library(tmp_path, "b" * 32)
    second.append(rows(7))
    assert taken_of(second) == [(NAME, 2, b"[2]"), ("b" * 32, 1, b"[7]")]
    assert [path.name for path in tmp_path.iterdir()] == ["b" * 32], "an older journal goes when it was taken"


def test_a_torn_line_is_lost_and_every_other_keeps_its_number(tmp_path: Path) -> None:
    found = library(tmp_path)
    found.append(rows(*range(1, 8)))
    path = next((tmp_path / NAME).glob("*.log"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = b"\0" * len(lines[2])  # a hole after a power cut, without its line break
    lines[-1] = lines[-1][:9]
    path.write_bytes(b"".join(lines))
    again = library(tmp_path, "b" * 32)
    # The hole swallowed the line behind it too.
    assert [(number, row) for _, number, row in taken_of(again)] == [(n, b"[%d]" % n) for n in (1, 2, 5, 6)]


def test_batches_are_whole_runs_of_numbers(tmp_path: Path) -> None:
    found = library(tmp_path)
    found.append(rows(*range(1, 12_001)))
    sizes = []
    while (batch := found.batch()) is not None:
        sizes.append(len(batch.rows))
        found.taken(batch.journal, batch.last)
    assert sizes == [5000, 5000, 2000]


def test_what_memory_has_forgotten_is_read_back(tmp_path: Path) -> None:
    found = library(tmp_path)
    for start in range(1, FRESH_ROWS + 8_001, 1000):
        found.append(rows(*range(start, start + 1000)))
    left = taken_of(found)
    assert [row for _, _, row in left] == rows(*range(1, FRESH_ROWS + 8_001))
    assert [number for _, number, _ in left] == list(range(1, FRESH_ROWS + 8_001)), (
        "none twice, none left out"
    )


def test_when_the_room_is_spent_the_oldest_rows_give_way_and_are_counted(tmp_path: Path) -> None:
    found = library(tmp_path, limit=2 * CHAPTER_BYTES)
    big = json.dumps(["x" * 4000]).encode()
    lost = sum(found.append([big] * 250) for _ in range(20))
    assert found.size <= 3 * CHAPTER_BYTES
    left = taken_of(found)
    assert len(left) + lost == 5000
    assert [number for _, number, _ in left] == list(range(lost + 1, 5001)), "the newest are kept"


def test_a_row_says_who_was_given_what(tmp_path: Path) -> None:
    target = b"ab" * 16 + b"/v720/5.m4s?CMCD=br%3D2800%2Cnor%3D%226.m4s%22%2Csu&x=1"
    row = as_row(note(target), (b"s" * 16).hex(), 0.5)
    assert row is not None
    assert json.loads(row) == [
        1000_000, "73" * 16, "ab" * 16, "v720", "5.m4s", 200, 1234, 250, "HIT", 'br=2800,nor="6.m4s",su',
    ]  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [b"CMCD=" + b"a" * 100_000, b"CMCD=%00%0A%1B[2J", b"CMCD=%ff%fe", b"CMCD", b"&&&CMCD=", b"CMCD=%22" * 99],
)
def test_what_a_player_says_of_itself_is_bounded_and_printable(query: bytes) -> None:
    row = as_row(note(b"ab" * 16 + b"/v720/5.m4s?" + query), "73" * 16)
    assert row is not None
    said = json.loads(row)[-1]
    assert len(said) <= CMCD_MOST
    assert said.isprintable() or said == ""


@pytest.mark.slow
def test_every_answer_is_delivered_once_though_acknowledgements_get_lost(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(segments=20, size=3000)
    origin.lose_answers = 2
    sessions = [uuid4().bytes for _ in range(3)]
    for session in sessions:
        opened = token(package, session=session)
        for name in objects:
            assert edge.get(f"/v1/{opened}/{package}/{name}?CMCD=dl%3D8000").status == 200
    until(lambda: len(origin.rows) >= 3 * len(objects), what="the deliveries")
    until(lambda: edge.health()["journal"]["waiting"] == 0, what="the acknowledgement")
    assert len(origin.batches) > 2, "the lost ones came again"
    seen = Counter((row[1], f"{row[3]}/{row[4]}") for row in origin.rows)
    assert seen == {(session.hex(), name): 1 for session in sessions for name in objects}
    assert all(row[2] == package and row[5] == 200 and row[9] == "dl=8000" for row in origin.rows)
    assert all(row[6] >= len(objects[f"{row[3]}/{row[4]}"]) for row in origin.rows)
    assert {row[8] for row in origin.rows} <= {"HIT", "MISS", "FILL"}


@pytest.mark.slow
def test_kill_9_costs_at_most_the_last_second_and_a_long_silence_nothing(
    new_edge: NewEdge, origin: Origin
) -> None:
    package, objects = origin.add(segments=10, size=2000)
    edge = new_edge().start()
    origin.unknown_paths.add(DELIVERIES_PATH)  # as an older site: it takes nothing for now
    opened = token(package)
    for name in objects:
        edge.get(f"/v1/{opened}/{package}/{name}")
    until(lambda: edge.health()["journal"]["bytes"] > 0, what="writing down")
    until(lambda: edge.health()["journal"]["waiting"] == len(objects))
    pause = time.monotonic() + 1.2  # a flush is due every second
    until(lambda: time.monotonic() > pause)
    edge.kill()
    origin.unknown_paths.clear()
    edge.start()
    edge.get(f"/v1/{opened}/{package}/v720/0.m4s")
    until(lambda: len(origin.rows) == len(objects) + 1, what="the deliveries of both lives")
    assert len(origin.deliveries) == 2, "each life has a journal of its own"
    edge.signal(signal.SIGTERM)
    assert edge.wait() == 0
    assert len(origin.rows) == len(objects) + 1


def test_a_disk_that_hangs_costs_no_more_memory_than_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "FLUSH_SECONDS", 0.02)
    monkeypatch.setattr(journal_module, "WAITING_MOST", 10)
    well, append = threading.Event(), Library.append

    def hangs(found: Library, rows: list[bytes]) -> int:
        well.wait(10)
        return append(found, rows)

    monkeypatch.setattr(Library, "append", hangs)

    async def run() -> None:
        journal = Journal(tmp_path / "journal", name=NAME, limit=1 << 30)
        running = asyncio.create_task(journal.run())
        for number in range(100):
            journal.note(note(b"%032d/v720/%d.m4s" % (0, number)))
            await asyncio.sleep(0.005)
        waiting = journal.waiting
        running.cancel()
        well.set()
        await journal.close()
        assert waiting <= 40, "what waits is bounded while the disk hangs"
        assert journal.lost + journal.waiting == 100
        assert journal.lost >= 50
        # What came last is what was kept.
        assert b"/99.m4s" in taken_of(library(tmp_path / "journal", "b" * 32))[-1][2].replace(b'","', b"/")

    in_a_loop(run())


def test_a_row_that_was_written_and_cannot_be_forced_to_disk_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "SYNC_SECONDS", 0.0)
    broken = [True]

    def sync(found: Library) -> None:
        if broken[0]:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Library, "sync", sync)

    async def run() -> None:
        journal = Journal(tmp_path / "journal", name=NAME, limit=1 << 30)
        for number in range(3):
            journal.note(note(b"%032d/v720/%d.m4s" % (0, number), status=502))
            await journal.flush()
            assert journal.problem == "the journal is not safe on the disk: Input/output error"
        broken.clear()
        broken.append(False)
        await journal.flush()
        assert (journal.problem, journal.errors, journal.lost) == ("", 3, 0)
        await journal.close()

    in_a_loop(run())
    assert [number for _, number, _ in taken_of(library(tmp_path / "journal", "b" * 32))] == [1, 2, 3]


@pytest.mark.slow
def test_a_stop_writes_the_last_answers_down(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(size=2000)
    origin.refuse[DELIVERIES_PATH] = 503
    edge = new_edge().start()
    for name in objects:
        edge.get(f"/v1/{token(package)}/{package}/{name}")
    edge.signal(signal.SIGTERM)
    assert edge.wait() == 0
    origin.refuse.clear()
    edge.start()
    until(lambda: len(origin.rows) == len(objects), what="what the last life answered at its end")


@pytest.mark.slow
def test_a_journal_that_cannot_be_written_stops_nobody(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add()
    edge = new_edge()
    edge.cache.mkdir()
    (edge.cache / "journal").write_text("in the way")
    edge.start()
    for name, data in objects.items():
        assert edge.get(f"/v1/{token(package)}/{package}/{name}").body == data
    until(lambda: "journal cannot be written" in edge.health()["journal"]["problem"], what="words")
    subprocess.run(["rm", str(edge.cache / "journal")], check=True)
    until(lambda: len(origin.rows) == len(objects), what="the rows that waited in memory")
    assert edge.health()["journal"]["problem"] == ""
