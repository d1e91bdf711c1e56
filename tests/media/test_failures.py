"""When it is not the film's fault: said in words, tried again where that helps, nothing half-made left."""

import errno
import shutil
from collections import namedtuple
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from catalog import services, store, types
from catalog.media import encode, encoders, package, pipeline, probe, stills
from catalog.media.errors import ToolFailed, ToolMissing
from catalog.models import Artwork
from netflixlite.jobs import services as jobs
from netflixlite.jobs.models import Job
from netflixlite.jobs.types import JobState

Disk = namedtuple("Disk", "total used free")


def left_behind(home: Any) -> list[str]:
    """Files beyond the source and what is known of the tools."""
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path.name for path in files if path.name not in ("tools.json", "source.bin")]


def test_a_full_disk_is_told_before_the_work_begins(ingest: Callable, clip, home, monkeypatch):
    full = SimpleNamespace(rmtree=shutil.rmtree, disk_usage=lambda path: Disk(10**9, 10**9, 10**6))
    monkeypatch.setattr(pipeline, "shutil", full)
    _ticket, job = ingest(clip)
    assert job.state is JobState.FAILED
    assert "not enough room on the disk" in job.error
    assert "Make room" in job.error
    assert left_behind(home) == []


def broken_options(*arguments: Any) -> list[str]:
    return ["-c:v", "no_such_encoder", "-f", "mp4"]


def test_an_encoder_that_fails_is_tried_again_first(ingest: Callable, clip, monkeypatch):
    monkeypatch.setattr(encoders, "options", broken_options)
    ticket, job = ingest(clip)
    assert job.state is JobState.QUEUED
    assert job.attempts == 1
    assert services.ingest_status(ticket.video_id).state is not types.IngestState.READY


def test_an_encoder_that_goes_on_failing_is_explained(ingest: Callable, clip, home, monkeypatch):
    monkeypatch.setattr(encoders, "options", broken_options)
    monkeypatch.setattr(pipeline, "_LAST_TRY", 1)
    ticket, job = ingest(clip)
    status = services.ingest_status(ticket.video_id)
    assert (job.state, status.state) == (JobState.FAILED, types.IngestState.FAILED)
    assert "convert it with another program" in status.error
    assert left_behind(home) == []


def full_in_ffmpeg(*arguments: Any, **more: Any) -> None:
    raise ToolFailed("Encoding part 1 of 1", 228, "av_interleaved_write_frame(): No space left on device")


def full_in_python(*arguments: Any, **more: Any) -> bytes:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [(encode, "make_chunk", full_in_ffmpeg), (package, "assemble", full_in_python)],
)
def test_a_disk_that_fills_meanwhile_is_not_the_films_fault(
    ingest: Callable, clip, home, monkeypatch, module: Any, name: str, broken: Any
):
    monkeypatch.setattr(module, name, broken)
    monkeypatch.setattr(pipeline, "_LAST_TRY", 1)
    ticket, _job = ingest(clip)
    status = services.ingest_status(ticket.video_id)
    assert status.state is types.IngestState.FAILED
    assert "disk became full" in status.error
    assert "damaged" not in status.error
    assert "Make room, then try again." in status.error
    assert left_behind(home) == []


def test_a_film_that_gets_further_has_all_attempts_again(ingest: Callable, clip, monkeypatch):
    def killed(*arguments: Any, **more: Any) -> bytes:
        raise RuntimeError("as if the worker had died here")

    monkeypatch.setattr(package, "assemble", killed)
    _ticket, job = ingest(clip)
    row = Job.objects.get(id=job.id)
    assert row.checkpoint["pieces"] >= 2
    Job.objects.update(available_at=timezone.now(), attempts=2)
    later = jobs.run_here(job.id)
    assert later.attempts == 3, "nothing new was made, so this attempt counts"
    assert later.state is JobState.FAILED


def test_a_piece_that_fails_again_is_explained_though_others_got_further(
    ingest: Callable, clip, monkeypatch, home
):
    monkeypatch.setattr(encoders, "options", broken_options)
    monkeypatch.setattr(pipeline, "_LAST_TRY", 99)
    _ticket, job = ingest(clip)
    assert job.state is JobState.QUEUED
    Job.objects.update(available_at=timezone.now())
    later = jobs.run_here(job.id)
    assert later.state is JobState.FAILED
    assert "convert it with another program" in later.error


def test_more_packets_than_a_film_has_are_not_kept(ingest: Callable, clip, monkeypatch):
    monkeypatch.setattr(probe, "_PACKETS_MAX", 100)
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
    monkeypatch.setattr(pipeline, "_LAST_TRY", 1)
    _ticket, job = ingest(clip)
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
    assert options.ladder == "standard"
    assert options.preset == (given or {}).get("preset", "veryfast")
    assert [one.language for one in options.text] == ["und"] * len((given or {}).get("text", []))
