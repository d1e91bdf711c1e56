"""Pieces of a film as jobs: what is handed out, to whom, in which order. Nothing is encoded here."""

import json
import os
import threading
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from catalog.media import chunks, crew, encode, plan, sound
from catalog.media.errors import Stalled, ToolFailed, ToolMissing
from catalog.media.plan import Plan
from netflixlite.jobs import models, queue, runner
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, Parked
from tests.media.test_rates_and_plan import facts

pytestmark = pytest.mark.django_db


@pytest.fixture
def context(settings: Any, tmp_path: Path) -> JobContext:
    """A coordinating job at work."""
    settings.WORK_DIR, settings.MEDIA_ROOT = tmp_path / "work", tmp_path / "media"
    whole = jobs.enqueue("catalog.ingest_video", payload={"label": "Night Mail"}, priority=1060)
    lease = timedelta(seconds=30)
    claim = queue.claim(owner="o", lease=lease, kinds=["catalog.ingest_video"], job_id=whole.id)
    assert claim is not None
    return JobContext(claim, lease=lease, stopping=threading.Event())


def made(seconds: int) -> Plan:
    return plan.make(facts(seconds=Fraction(seconds)), ladder_name="light", preset="veryfast", tool="test")


def finish(folder: Path, frames: int, data: bytes = b"moof") -> None:
    folder.mkdir(parents=True)
    for name in ("v360", "v180"):
        (folder / f"{name}.mp4").write_bytes(data)
    encode.record(folder, frames, ["v360", "v180"])


def waiting() -> list[tuple[str, int]]:
    return [
        (str(job.payload["name"]), job.priority)
        for job in models.Job.objects.filter(parent__isnull=False).order_by("-priority", "created_at")
    ]


def test_a_long_film_is_handed_out_a_window_at_a_time(context: JobContext) -> None:
    long = made(7200)
    assert chunks.ensure(context, long, Path("/films/film.mkv"), share=0.9) is None
    assert [name for name, _ in waiting()] == [f"chunk {number}" for number in range(12)]
    assert {priority for _, priority in waiting()} == {1020}
    assert jobs.children(context.job_id)[0].share == pytest.approx(0.9 / 300)
    assert chunks.ensure(context, long, Path("/films/film.mkv")) is None
    assert len(waiting()) == 12, "what waits is not handed out again"


def test_a_short_film_comes_before_a_long_one(context: JobContext) -> None:
    chunks.ensure(context, made(7200), Path("/x"))
    chunks.ensure(context, made(60), Path("/y"))
    assert [priority for _, priority in waiting()][:3] == [1028] * 3


def test_all_pieces_come_back_whole_and_a_spoilt_one_is_made_again(context: JobContext) -> None:
    two = made(48)
    done = context.shared_dir / two.key
    for chunk in two.chunks:
        finish(encode.chunk_folder(done, chunk), chunk.frames)
    pieces = chunks.ensure(context, two, Path("/x"))
    assert pieces is not None
    assert [piece.frames for piece in pieces.chunks] == [576, 576]
    assert chunks.frames_there(done, two) == 1152
    (done / "chunk-00001" / "v180.mp4").write_bytes(bytes(4))
    assert chunks.ensure(context, two, Path("/x")) is None
    assert [name for name, _ in waiting()] == ["chunk 1"]
    assert len(chunks.there(done, two)) == 1


def test_a_part_finds_its_plan_and_its_source_elsewhere(
    context: JobContext, settings: Any, tmp_path: Path
) -> None:
    source = tmp_path / "media" / "sources" / "x" / "source.bin"
    one = made(24)
    done = chunks.prepare(context, one, source)
    assert Plan.load(json.loads((done / "plan.json").read_text())["plan"]) == one
    settings.MEDIA_ROOT = Path("/mnt/films")
    assert chunks.found(chunks.place(tmp_path / "other")) == tmp_path / "other"
    told = json.loads((done / "plan.json").read_text())["source"]
    assert chunks.found(told) == Path("/mnt/films/sources/x/source.bin")


def test_pieces_of_a_file_that_was_swapped_are_not_joined(context: JobContext, tmp_path: Path) -> None:
    source = tmp_path / "film.mkv"
    source.write_bytes(b"one film")
    one = made(24)
    assert chunks.ensure(context, one, source) is None
    finish(encode.chunk_folder(context.shared_dir / one.key, one.chunks[0]), one.frames)
    was = source.stat()
    source.write_bytes(b"another!")
    os.utime(source, ns=(was.st_atime_ns, was.st_mtime_ns + 1_000_000))  # of the same size
    with pytest.raises(chunks.SourceChanged, match="was changed or replaced"):
        chunks.ensure(context, one, source)
    os.utime(source, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert chunks.ensure(context, one, source) is not None


def test_a_part_that_cannot_be_made_is_told_with_its_kind(context: JobContext) -> None:
    one = made(24)
    chunks.ensure(context, one, Path("/x"))
    part = models.Job.objects.filter(parent_id=context.job_id)
    part.update(state="failed", error="Encoding part 1 of 1 failed: odd", checkpoint={"poison": False})
    with pytest.raises(chunks.PartFailed, match="odd") as failed:
        chunks.ensure(context, one, Path("/x"))
    assert not failed.value.poison
    part.update(attempts=10, max_attempts=10, error="The worker died 10 times.")
    with pytest.raises(chunks.PartFailed) as failed:
        chunks.ensure(context, one, Path("/x"))
    assert failed.value.poison


def test_what_stops_an_encoder_is_told_apart() -> None:
    assert chunks.is_poison(Stalled("x", -9, ""))
    assert chunks.is_poison(ToolFailed("x", -9, ""))
    assert chunks.is_poison(ToolFailed("x", 137, ""))
    assert not chunks.is_poison(ToolFailed("x", 1, "Invalid data"))
    assert chunks.is_full(ToolFailed("x", 228, "No space left on device"))
    assert sound.wanted(facts(seconds=Fraction(1))) == ()


def test_a_worker_without_the_program_leaves_pieces_to_others(
    context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten such attempts set a film aside, as if it had killed ten workers."""
    film = made(100)
    assert chunks.ensure(context, film, Path("/films/film.mkv")) is None
    part = models.Job.objects.filter(kind=chunks.CHUNK_KIND).first()
    assert part is not None

    def missing() -> None:
        raise ToolMissing("No ffmpeg was found.")

    monkeypatch.setattr("catalog.media.tools.ffmpeg", missing)
    runner.run_here(part.id)
    part.refresh_from_db()
    assert (part.state, part.attempts, part.error) == ("queued", 0, "")
    assert "Waiting for a worker" in part.note


def test_a_package_is_not_joined_where_it_does_not_fit(
    context: JobContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = made(20)
    done = chunks.prepare(context, film, Path("/films/film.mkv"))
    finish(encode.chunk_folder(done, film.chunks[0]), 1, data=bytes(1000))
    pieces = crew.Pieces(tuple(chunks.there(done, film)), ())
    monkeypatch.setattr(chunks, "room_left", lambda: chunks.ROOM + 2000)
    chunks.check_join(context, pieces)
    with pytest.raises(Parked):
        chunks.check_join(context, pieces, copies=2)
    assert "put the package together" in models.Job.objects.get(id=context.job_id).note
