"""Sources: taken in, queued, followed; nothing half-made stays behind. The media job itself is never run here."""

import dataclasses
import os
import shutil
from collections import namedtuple
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import time_machine
from django.utils import timezone

from catalog import intake, models, reconcile, services, store, types
from catalog.services import ingesting
from catalog.tests.factories import make_package, make_series, make_title
from netflixlite.jobs import models as jobs_of
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def film_file(tmp_path: Path) -> Path:
    path = tmp_path / "Night.Mail.1936.1080p.mkv"
    path.write_bytes(os.urandom(5000))
    return path


def test_a_file_becomes_a_hidden_film_and_a_job(film_file) -> None:
    ticket = services.ingest(path=str(film_file))
    title = services.title(ticket.title_id)
    assert (title.name, title.year, title.published_at, title.playable) == ("Night Mail", 1936, None, False)
    assert store.source_path(ticket.source_id).read_bytes() == film_file.read_bytes()
    job = jobs.job(ticket.job_id)
    assert job.kind == "catalog.ingest_video"
    assert job.payload["video"] == str(ticket.video_id)
    assert job.payload["source"] == str(ticket.source_id)
    assert job.payload["options"]["preset"] == "veryfast"
    status = services.ingest_status(ticket.video_id)
    assert (status.state, status.progress, status.error) == (types.IngestState.QUEUED, 0.0, "")


def test_a_moved_file_is_gone_from_its_place(film_file) -> None:
    ticket = services.ingest(path=str(film_file), name="Moved", move=True)
    assert not film_file.exists()
    assert store.source_path(ticket.source_id).stat().st_size == 5000
    assert services.title(ticket.title_id).name == "Moved"


def test_subtitles_beside_a_film_come_along_and_go_with_it(film_file) -> None:
    beside = film_file.with_name(film_file.stem + ".pt-BR.srt")
    beside.write_text("1\n00:00:01,000 --> 00:00:02,000\nOlá\n", encoding="utf-8")
    film_file.with_name("Another film.en.srt").write_text("not ours", encoding="utf-8")
    ticket = services.ingest(path=str(film_file), name="Night Mail")
    source = models.Source.objects.get(video_id=ticket.video_id)
    place = store.source_path(source.id).parent
    assert sorted(file.name for file in place.iterdir()) == ["source.bin", "source.pt-BR.srt"]
    store.delete_source(source_id=source.id)
    assert not place.exists()
    assert beside.exists()


def test_an_episode_gets_its_own_video(film_file) -> None:
    series = make_series(seasons=(1,), packaged=False, published=False)
    part = services.seasons(series.id)[0].episodes[0]
    ticket = services.ingest(path=str(film_file), episode_id=part.id)
    assert ticket.title_id == series.id
    assert services.episode(part.id).video_id == ticket.video_id
    with pytest.raises(services.CannotIngest, match="one of its episodes"):
        services.ingest(path=str(film_file), title_id=series.id)


@pytest.mark.parametrize(("name", "words"), [("empty.mp4", "is empty"), ("nowhere.mp4", "cannot be read")])
def test_what_cannot_be_taken_leaves_nothing(tmp_path, media_folder, name: str, words: str) -> None:
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(services.CannotIngest, match=words):
        services.ingest(path=str(tmp_path / name))
    with pytest.raises(services.CannotIngest, match="not a file"):
        services.ingest(path=str(tmp_path))
    assert models.Title.objects.count() == 0
    assert not (media_folder / "sources").exists() or not list((media_folder / "sources").iterdir())


def test_a_full_disk_is_said_before_the_copy(film_file, monkeypatch, media_folder) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**6))
    with pytest.raises(services.CannotIngest, match=r"not enough room.*are free"):
        services.ingest(path=str(film_file))
    assert models.Title.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_a_second_source_stops_the_work_on_the_first(film_file) -> None:
    first = services.ingest(path=str(film_file))
    second = services.ingest(path=str(film_file), title_id=first.title_id)
    assert first.video_id == second.video_id
    assert first.job_id != second.job_id
    assert jobs.job(first.job_id).state is JobState.CANCELLED
    assert services.ingest_status(first.video_id).job_id == second.job_id


def test_a_package_makes_it_ready_and_older_sources_go(film_file, django_capture_on_commit_callbacks) -> None:
    first = services.ingest(path=str(film_file))
    second = services.ingest(path=str(film_file), title_id=first.title_id)
    with django_capture_on_commit_callbacks(execute=True):
        make_package(first.video_id)
    status = services.ingest_status(first.video_id)
    assert (status.state, status.progress, status.playable) == (types.IngestState.READY, 1.0, True)
    assert not store.source_path(first.source_id).exists()
    assert store.source_path(second.source_id).exists()
    assert models.Source.objects.count() == 1


def test_a_refusal_is_told_and_its_bytes_are_gone(film_file) -> None:
    ticket = services.ingest(path=str(film_file))
    store.mark_checking(video_id=ticket.video_id)
    store.mark_refused(video_id=ticket.video_id, reason="This is a text file. Upload the film itself.")
    status = services.ingest_status(ticket.video_id)
    assert (status.state, status.error) == (
        types.IngestState.REFUSED,
        "This is a text file. Upload the film itself.",
    )
    assert not store.source_path(ticket.source_id).exists()
    work = services.attention()[0]
    assert (work.title_name, work.source_name, work.retryable) == ("Night Mail", film_file.name, False)
    with pytest.raises(services.CannotIngest, match="Upload it again"):
        services.retry_ingest(ticket.video_id)


def test_a_failure_can_be_tried_again(film_file) -> None:
    ticket = services.ingest(path=str(film_file))
    jobs.cancel(ticket.job_id)
    store.mark_failed(video_id=ticket.video_id, reason="The disk was full.")
    assert services.title_statuses(ticket.title_id)[0].retryable
    again = services.retry_ingest(ticket.video_id)
    assert again.job_id != ticket.job_id
    assert services.ingest_status(ticket.video_id).state is types.IngestState.QUEUED


def test_a_job_that_was_cancelled_is_not_pending_for_ever(film_file) -> None:
    ticket = services.ingest(path=str(film_file))
    jobs.cancel(ticket.job_id)
    assert services.ingest_status(ticket.video_id).state is types.IngestState.FAILED
    reconcile.settle_videos()
    video = models.Video.objects.get(id=ticket.video_id)
    assert (video.state, video.reason) == ("failed", services.ingest_status(ticket.video_id).error)


def test_a_video_whose_job_is_lost_is_settled_after_a_while() -> None:
    title = services.create_title(name="Lost")
    video = models.Video.objects.create(title_id=title.id, state="encoding")
    reconcile.settle_videos()
    video.refresh_from_db()
    assert video.state == "encoding", "its job may still be on its way"
    models.Video.objects.filter(id=video.id).update(updated_at=timezone.now() - timedelta(hours=1))
    reconcile.settle_videos()
    video.refresh_from_db()
    assert video.state == "failed"
    assert "Try again" in video.reason


def test_folders_that_no_source_owns_are_swept(film_file, media_folder) -> None:
    ticket = services.ingest(path=str(film_file))
    orphan = media_folder / "sources" / "0b6c0b8e-3d55-4f6c-9d3c-0d6a6d1e8f10"
    fresh = media_folder / "sources" / "0b6c0b8e-3d55-4f6c-9d3c-0d6a6d1e8f11"
    for folder in (orphan, fresh):
        folder.mkdir()
        (folder / "source.part").write_bytes(b"x")
    upload = models.Upload.objects.create(
        user_id=uuid4(), name="u", length=1, offset=1, state="finishing", expires_at=timezone.now()
    )
    hashed = media_folder / "sources" / str(upload.id)
    hashed.mkdir()
    for folder in (orphan, hashed):
        (folder / "source.part").write_bytes(b"x")
        os.utime(folder / "source.part", (0, 0))
        os.utime(folder, (0, 0))
    os.utime(fresh / "source.part", (0, 0))
    reconcile.sweep_sources()
    assert not orphan.exists()
    assert fresh.exists(), "an old file was moved here a moment ago"
    assert hashed.exists(), "an upload that waited for days is being looked through"
    assert store.source_path(ticket.source_id).exists()


def test_a_title_removed_meanwhile_takes_its_job_along(film_file, django_capture_on_commit_callbacks) -> None:
    ticket = services.ingest(path=str(film_file))
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_title(ticket.title_id)
    assert jobs.job(ticket.job_id).state is JobState.CANCELLED
    assert not store.source_path(ticket.source_id).parent.exists()
    with pytest.raises(store.VideoGone):
        store.video_for_ingest(video_id=ticket.video_id, source_id=ticket.source_id)


def test_the_pipeline_is_told_all_it_needs(film_file) -> None:
    ticket = services.ingest(path=str(film_file), options=types.IngestOptions(keep_source=False))
    order = store.video_for_ingest(video_id=ticket.video_id, source_id=ticket.source_id)
    assert (order.name, order.keep_source, order.current_package) == ("Night Mail", False, None)
    assert order.path.is_file()
    store.set_source_facts(source_id=ticket.source_id, facts={"width": 1920}, duration=timedelta(seconds=61))
    assert services.video(ticket.video_id).duration == timedelta(seconds=61)
    assert store.video_for_ingest(video_id=ticket.video_id, source_id=ticket.source_id).facts == {
        "width": 1920
    }


@pytest.mark.parametrize(
    ("file_name", "expected"),
    [
        ("Night.Mail.1936.1080p.mkv", ("Night Mail", 1936)),
        ("Nanook of the North (1922).mp4", ("Nanook of the North", 1922)),
        ("2001 A Space Odyssey (1968).mkv", ("2001 A Space Odyssey", 1968)),
        ("1917.mp4", ("1917", None)),
        ("holiday_tape.mov", ("holiday tape", None)),
        ("film.1080p.BluRay.mkv", ("film", None)),
    ],
)
def test_a_file_name_is_read(file_name: str, expected: tuple[str, int | None]) -> None:
    assert intake.name_and_year(file_name) == expected


def test_the_estimate_comes_from_the_job(film_file, django_assert_max_num_queries) -> None:
    for number in range(5):
        services.ingest(path=str(film_file), name=f"Film {number}")
    make_title()
    with django_assert_max_num_queries(3):
        assert len(services.attention()) == 5


def test_it_is_known_afterwards_how_long_each_part_took(film_file) -> None:
    ticket = services.ingest(path=str(film_file))
    with time_machine.travel("2026-11-21 10:00:00Z", tick=False) as clock:
        store.mark_checking(video_id=ticket.video_id)
        clock.shift(2.5)
        store.set_source_facts(source_id=ticket.source_id, facts={"width": 1920})
        store.mark_encoding(video_id=ticket.video_id)
        clock.shift(60)
        make_package(ticket.video_id)
    assert store.times(source_id=ticket.source_id) == {
        "checking": 2.5,
        "encoding": 60.0,
        "playable": 62.5,
    }
    assert store.times(source_id=ticket.video_id) == {}


def test_figures_are_told_once(film_file, monkeypatch) -> None:
    ticket = services.ingest(path=str(film_file))
    store.mark_encoding(video_id=ticket.video_id)
    started = timezone.now() - timedelta(seconds=30)
    running = dataclasses.replace(
        jobs.job(ticket.job_id),
        state=JobState.RUNNING,
        progress=0.25,
        note="Encoding 720p: 25 %, 1 min left",
        started_at=started,
    )
    monkeypatch.setattr(jobs, "latest", lambda keys: {running.dedupe_key: running})
    status = services.ingest_status(ticket.video_id)
    assert (status.note, status.progress) == ("Encoding 720p", 0.25)
    assert 85 < status.remaining.total_seconds() < 100


def test_a_file_of_a_library_is_read_where_it_stands(film_file, tmp_path):
    source_id = uuid4()
    ticket = ingesting.register(
        source_id=source_id, size=5000, source_name=film_file.name, in_place=film_file.resolve()
    )
    order = store.video_for_ingest(video_id=ticket.video_id, source_id=source_id)
    assert order.path == film_file.resolve()
    store.delete_source(source_id=source_id)
    store.mark_refused(video_id=ticket.video_id, reason="It is no film.")
    services.remove_title(ticket.title_id)
    assert film_file.stat().st_size == 5000
    with pytest.raises(services.CannotIngest, match="absolute"):
        ingesting.register(source_id=uuid4(), size=1, source_name="x", in_place=Path("relative/film.mkv"))


def test_another_try_makes_what_the_first_was_asked_for(film_file):
    options = types.IngestOptions(ladder="light", preset="ultrafast", early=False, av1="never", burn=3)
    ticket = services.ingest(path=str(film_file), options=options)
    store.mark_failed(video_id=ticket.video_id, reason="It went wrong.")
    again = services.retry_ingest(ticket.video_id)
    job = jobs.job(again.job_id)
    assert store.options_from(job.payload["options"]) == options


def test_a_film_that_kills_worker_after_worker_is_set_aside(film_file):
    ticket = services.ingest(path=str(film_file))
    jobs_of.Job.objects.filter(id=ticket.job_id).update(
        state=JobState.FAILED, attempts=store.INGEST_DEATHS, error="The worker died 10 times."
    )
    reconcile.settle_videos()
    assert models.Source.objects.get(id=ticket.source_id).quarantined_at is not None
    assert "set aside" in services.ingest_status(ticket.video_id).error
    services.retry_ingest(ticket.video_id)
    assert models.Source.objects.get(id=ticket.source_id).quarantined_at is None
