"""When it is not the film's fault: said in words, tried again where that helps, nothing half-made left."""

import errno
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog import services, store, types
from catalog.media import chunks, encode, encoders, launcher, package, pipeline, sandbox, scan, stills
from catalog.media.errors import Stalled, ToolFailed, ToolMissing
from catalog.models import Artwork, Source
from netflixlite.jobs import services as jobs
from netflixlite.jobs.models import Job
from netflixlite.jobs.types import JobState

#: Each makes a film: together they would take a tenth of the fast tests' time.
pytestmark = pytest.mark.slow


def left_behind(home: Any) -> list[str]:
    """Files beyond the source and what is known of the tools."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path.name for path in files if path.name not in ("tools.json", "source.bin")]


def test_a_full_disk_is_waited_for_with_words(ingest: Callable, clip, home, monkeypatch):
    monkeypatch.setattr(chunks, "room_left", lambda *places: 10**6)
    ticket, job = ingest(clip)
    assert (job.state, job.parked) == (JobState.QUEUED, True)
    status = services.ingest_status(ticket.video_id)
    assert status.note.startswith("Waiting for room on the disk: about ")
    assert "Make room" in status.note
    monkeypatch.undo()
    Job.objects.update(available_at=timezone.now())
    assert jobs.run_here(job.id).state is JobState.DONE


def broken_options(*arguments: Any) -> list[str]:
    return ["-c:v", "no_such_encoder", "-f", "mp4"]


def to_the_end(job: Any) -> Any:
    """Do a job and its parts without waiting for the times at which they would be tried again."""
    for _try in range(6):
        Job.objects.update(available_at=timezone.now())
        job = jobs.run_here(job.id)
        if job.state not in (JobState.QUEUED, JobState.RUNNING):
            return job
    return job


def test_an_encoder_that_fails_is_tried_again_first(ingest: Callable, clip, monkeypatch):
    monkeypatch.setattr(encoders, "options", broken_options)
    ticket, job = ingest(clip)
    assert (job.state, job.parked) == (JobState.QUEUED, True)
    assert services.ingest_status(ticket.video_id).state is not types.IngestState.READY
    monkeypatch.undo()
    assert to_the_end(job).state is JobState.DONE


def test_an_encoder_that_goes_on_failing_is_explained(ingest: Callable, clip, home, monkeypatch):
    monkeypatch.setattr(encoders, "options", broken_options)
    ticket, job = ingest(clip)
    job = to_the_end(job)
    status = services.ingest_status(ticket.video_id)
    assert (job.state, status.state) == (JobState.FAILED, types.IngestState.FAILED)
    assert "convert it with another program" in status.error
    assert Source.objects.get(id=ticket.source_id).quarantined_at is None
    assert left_behind(home) == []


def killed(*arguments: Any, **more: Any) -> None:
    raise ToolFailed("Encoding part 1 of 1", -9, "")


def frozen(*arguments: Any, **more: Any) -> None:
    raise Stalled("Encoding part 1 of 1", -9, "it made no progress for 180 s and was stopped")


@pytest.mark.parametrize("harm", [killed, frozen])
def test_a_film_that_kills_or_freezes_its_encoder_is_set_aside(
    ingest: Callable, clip, home, monkeypatch, harm: Any
):
    monkeypatch.setattr(encode, "make_chunk", harm)
    ticket, job = ingest(clip)
    job = to_the_end(job)
    assert job.state is JobState.FAILED
    assert "set aside" in services.ingest_status(ticket.video_id).error
    assert Source.objects.get(id=ticket.source_id).quarantined_at is not None
    assert left_behind(home) == []
    monkeypatch.undo()
    again = services.retry_ingest(ticket.video_id)
    assert Source.objects.get(id=ticket.source_id).quarantined_at is None
    assert jobs.run_here(again.job_id).state is JobState.DONE


def full_in_ffmpeg(*arguments: Any, **more: Any) -> None:
    raise ToolFailed("Encoding part 1 of 1", 228, "av_interleaved_write_frame(): No space left on device")


def full_in_python(*arguments: Any, **more: Any) -> bytes:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [(encode, "make_chunk", full_in_ffmpeg), (package, "assemble", full_in_python)],
)
def test_a_disk_that_fills_meanwhile_is_not_the_films_fault(
    ingest: Callable, clip, monkeypatch, module: Any, name: str, broken: Any
):
    monkeypatch.setattr(module, name, broken)
    ticket, job = ingest(clip)
    assert job.state is JobState.QUEUED
    waiting = services.ingest_status(ticket.video_id)
    assert waiting.state is types.IngestState.ENCODING
    assert waiting.note.startswith("Waiting for room on the disk")
    monkeypatch.undo()
    assert to_the_end(job).state is JobState.DONE, "it went on by itself when there was room"


def test_a_film_whose_assembly_dies_is_given_up_in_the_end(ingest: Callable, clip, monkeypatch):
    def dies(*arguments: Any, **more: Any) -> bytes:
        raise RuntimeError("as if the worker had died here")

    monkeypatch.setattr(package, "assemble", dies)
    _ticket, job = ingest(clip)
    assert job.state is JobState.QUEUED
    later = to_the_end(job)
    assert later.state is JobState.FAILED
    assert "It went wrong 3 times: as if the worker had died here." in later.error


def test_more_packets_than_a_film_has_are_not_kept(ingest: Callable, clip, monkeypatch):
    monkeypatch.setattr(scan, "PACKETS_MAX", 100)
    ticket, job = ingest(clip)
    assert job.state is JobState.FAILED
    assert services.ingest_status(ticket.video_id).state is types.IngestState.REFUSED
    assert "more pictures than" in job.error


def test_missing_tools_are_said(ingest: Callable, clip, monkeypatch):
    def missing() -> None:
        raise ToolMissing("No ffprobe was found. Install the locked requirements again.")

    monkeypatch.setattr(pipeline.probe.tools, "ffprobe", missing)
    ticket, job = ingest(clip)
    assert job.state is JobState.FAILED
    assert "Install the locked requirements" in services.ingest_status(ticket.video_id).error


def test_an_encode_that_is_not_what_was_planned_is_never_published(ingest: Callable, clip, home, monkeypatch):
    """The encoder says all is well, but keyframes are where they like to be."""
    honest = encoders.options

    def careless(*arguments: Any) -> list[str]:
        options = honest(*arguments)
        options[options.index("-g") + 1] = "50"
        return options

    monkeypatch.setattr(encoders, "options", careless)
    _ticket, job = ingest(clip)
    job = to_the_end(job)
    assert job.state is JobState.FAILED
    assert "do not break at the same frames" in job.error
    assert left_behind(home) == []


def test_a_film_without_pictures_is_still_a_film(ingest: Callable, clip, monkeypatch):
    def broken(*arguments: Any, **options: Any) -> dict[str, bytes]:
        raise ToolFailed("Choosing pictures", 1, "cannot")

    monkeypatch.setattr(stills, "take", broken)
    ticket, job = ingest(clip)
    assert job.state is JobState.DONE
    assert not Artwork.objects.filter(title_id=ticket.title_id).exists()


def test_a_title_that_was_removed_meanwhile_is_no_error_to_try_again(ingest: Callable, clip, monkeypatch):
    from catalog import store

    def gone(**arguments: Any) -> None:
        raise store.VideoGone("x")

    monkeypatch.setattr(store, "video_for_ingest", gone)
    _ticket, job = ingest(clip)
    assert job.state is JobState.FAILED
    assert "removed meanwhile" in job.error


@pytest.mark.parametrize(
    "given", [None, {}, {"preset": "superfast", "unknown": 1}, {"text": [{"path": "/x.srt"}]}]
)
def test_options_of_older_and_newer_versions_are_understood(given):
    options = store.options_from(given)
    assert options.ladder == ""
    assert options.preset == (given or {}).get("preset", "veryfast")
    assert [one.language for one in options.text] == ["und"] * len((given or {}).get("text", []))


@pytest.mark.parametrize(
    "failed",
    [
        Stalled("Checking the film", -9, "it made no progress for 120 s and was stopped"),
        ToolFailed("Checking the film", 137, "Killed"),
        ToolFailed("Checking the film", launcher.FAILED, "[Errno 11] Resource temporarily unavailable"),
        ToolFailed("Checking the film", 1, "source.bin: Input/output error"),
    ],
)
@pytest.mark.parametrize("step", ["describing", "trying"])
def test_no_bytes_are_deleted_because_the_machine_was_in_trouble(
    ingest: Callable, clip, monkeypatch, failed: ToolFailed, step: str
):
    whole = sandbox.run

    def run(argv: list[str], **more: Any) -> str:
        if (more["what"] == "Trying the film") == (step == "trying"):
            raise failed
        return whole(argv, **more)

    monkeypatch.setattr(sandbox, "run", run)
    ticket, job = ingest(clip)
    job = to_the_end(job)
    status = services.ingest_status(ticket.video_id)
    assert (job.state, status.state) == (JobState.FAILED, types.IngestState.FAILED)
    assert store.source_path(ticket.source_id).is_file(), "it took hours to send"
    assert services.title_statuses(ticket.title_id)[0].retryable


@pytest.mark.parametrize("changes", [1, 9])
def test_pieces_of_two_files_make_no_film(ingest: Callable, clip, home, monkeypatch, changes: int):
    grown: list[int] = []

    def grow(context: Any, *_: Any, **_more: Any) -> None:
        grown.append(len(grown))
        if len(grown) <= changes:
            with store.source_file(Source.objects.get()).open("ab") as file:
                file.write(b"more of it")

    monkeypatch.setattr(chunks, "check_join", grow)
    monkeypatch.setattr(pipeline, "_CALM", 0)
    monkeypatch.setattr(pipeline, "_CHANGES", 2)
    ticket, job = ingest(clip)
    status = services.ingest_status(ticket.video_id)
    assert len(grown) == 2, "it began anew once"
    if changes == 1:
        assert (job.state, status.state) == (JobState.DONE, types.IngestState.READY)
        return
    assert (job.state, job.error.partition(".")[0]) == (
        JobState.FAILED,
        "The file was changed while it was being encoded",
    )
    assert (status.state, status.playable) == (types.IngestState.FAILED, False)
    assert left_behind(home) == []
