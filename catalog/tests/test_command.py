"""`manage.py ingest`: what it prints, and what it leaves when it is stopped."""

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog import intake, meter, models, services, store
from catalog.tests.factories import make_package, make_series
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def film_file(tmp_path: Path) -> Path:
    path = tmp_path / "Night Mail (1936).mkv"
    path.write_bytes(b"film" * 1000)
    return path


@pytest.fixture
def worker(monkeypatch):
    """A stand-in for the media job, run where the command runs it: packages, or does what the test says."""

    def install(act) -> None:
        def run_here(job_id):
            job = jobs.job(job_id)
            act(job)
            jobs.cancel(job_id)  # a job that was never claimed: only its end matters here
            return jobs.job(job_id)

        monkeypatch.setattr(jobs, "run_here", run_here)
        monkeypatch.setattr(jobs, "workers_alive", lambda kind=None: 0)
        # The meter's thread would see none of this test's transaction; the command looks once more at the end.
        monkeypatch.setattr("catalog.management.commands.ingest.Watch._look_on", lambda self: None)

    return install


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("ingest", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def test_a_film_is_queued_and_the_answer_is_one_object(film_file) -> None:
    answer = json.loads(
        run(str(film_file), "--genre", "Drama", "--genre", "Trains", "--json").splitlines()[-1]
    )
    title = services.title_by_slug(answer["slug"])
    assert (title.name, title.year) == ("Night Mail", 1936)
    assert [genre.name for genre in title.genres] == ["Drama", "Trains"]
    assert answer["package"] is None
    assert str(title.video_id) == answer["video"]
    assert jobs.find(kind="catalog.ingest_video", state=JobState.QUEUED)


def test_a_film_can_come_before_all_that_waits(film_file) -> None:
    run(str(film_file))
    run(str(film_file), "--title", "The Mail", "--first")
    (first, other) = sorted(jobs.find(kind="catalog.ingest_video"), key=lambda job: -job.priority)
    assert first.priority == other.priority + 1000
    assert "The Mail" in first.payload["label"]


def test_waiting_without_a_worker_does_the_work_here(film_file, worker) -> None:
    worker(lambda job: make_package(models.Video.objects.get().id))
    answer = json.loads(
        run(
            str(film_file), "--title", "The Mail", "--maturity", "7", "--publish", "--wait", "--json"
        ).splitlines()[-1]
    )
    title = services.title_by_slug("the-mail")
    assert (title.maturity, title.playable) == (7, True)
    assert title.published_at is not None
    assert answer["package"] == services.current_package(title.video_id).id
    assert [one["name"] for one in answer["renditions"]] == ["v180", "v360", "v720", "a-en", "t-en"]
    assert answer["renditions"][0]["height"] == 180
    assert set(answer["times"]) == {"probe_s", "encode_s", "total_s"}


def test_a_refused_film_ends_in_its_reason(film_file, worker) -> None:
    worker(
        lambda job: store.mark_refused(
            video_id=models.Video.objects.get().id, reason="This is a text file. Export it as MP4."
        )
    )
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"This is a text file\. Export it as MP4\."):
        call_command("ingest", str(film_file), "--wait", "--json", stdout=out, stderr=io.StringIO())
    answer = json.loads(out.getvalue().splitlines()[-1])
    assert answer["error"] == "This is a text file. Export it as MP4."
    assert answer["package"] is None
    assert models.Title.objects.count() == 0, "the title was made for this file alone"


def test_stopping_while_it_works_says_that_nothing_is_lost(film_file, worker) -> None:
    def stop(job) -> None:
        raise KeyboardInterrupt

    worker(stop)
    with pytest.raises(CommandError, match=r"What was encoded is kept"):
        run(str(film_file), "--wait")
    assert jobs.find(kind="catalog.ingest_video", state=JobState.QUEUED)
    assert models.Source.objects.count() == 1


def test_stopping_the_copy_leaves_nothing(film_file, media_folder, monkeypatch) -> None:
    def stop(*args, **kwargs) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(intake, "_write", stop)
    with pytest.raises(CommandError, match="Nothing was kept"):
        run(str(film_file))
    assert models.Title.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_into_an_episode(film_file) -> None:
    series = make_series(seasons=(1,), packaged=False, published=False)
    part = services.seasons(series.id)[0].episodes[0]
    run(str(film_file), "--into", str(part.id))
    assert models.Video.objects.get().episode_id == part.id


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{folder}/nothing.mp4"], "cannot be read"),
        (["{folder}", "--title", "Night Mail"], "is for one film"),
        (["{film}", "--maturity", "99"], "maturity"),
        (["{film}", "--into", "0b6c0b8e-3d55-4f6c-9d3c-0d6a6d1e8f10"], "no such title"),
    ],
)
def test_a_mistake_is_named_and_leaves_nothing(film_file, media_folder, arguments, words: str) -> None:
    filled = [text.format(folder=film_file.parent, film=film_file) for text in arguments]
    with pytest.raises(CommandError, match=words):
        run(*filled)
    assert models.Title.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_moving_line() -> None:
    out = Terminal()
    bar = meter.Meter(out)
    bar.show(0.0, "encoding 720p")
    bar.show(0.5, "encoding 720p", left="about 2 minutes left")
    bar.close()
    assert "\r" in out.getvalue()
    assert "█" * 12 + "░" * 12 + "  50 %  encoding 720p · about 2 minutes left" in out.getvalue()
    assert out.getvalue().endswith("\n")


def test_a_log_gets_plain_lines_and_few() -> None:
    out = io.StringIO()
    plain = meter.Meter(out)
    for step in range(101):
        plain.show(step / 100, "encoding" if step < 90 else "packaging")
    plain.close()
    assert out.getvalue().splitlines() == ["  0 %  encoding", " 90 %  packaging"]
