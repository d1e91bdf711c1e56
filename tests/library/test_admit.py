"""Handing films in: a few at a time, newest first, in place; and what stands beside them."""

import json
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog import models, services, store
from catalog.library import admit, company, orders, scan, watch
from catalog.library.folders import Seen
from catalog.media import text
from catalog.metadata import nfo
from catalog.models import LibraryFile
from catalog.tests.factories import make_package
from catalog.tests.pictures import bomb, picture_file
from catalog.types import SidecarText
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db

SRT = "1\n00:00:01,000 --> 00:00:02,000\nThis is the night mail.\n"


def queued() -> list[str]:
    return [job.payload["label"] for job in jobs.find(kind=store.INGEST_KIND, state=JobState.QUEUED)]


def finish(video_id) -> None:
    """As if a worker had packaged it."""
    for job in jobs.find(kind=store.INGEST_KIND, state=JobState.QUEUED):
        if job.payload["video"] == str(video_id):
            jobs.cancel(job.id)
    make_package(video_id)


def test_a_few_at_a_time_and_newest_first(put, look, settings) -> None:
    settings.LIBRARY_WINDOW = 3
    for days in range(10):
        put(f"Film {days} (1990).mkv", size=100 + days, days=days + 1)
    look()
    tickets = admit.admit()
    assert sorted(queued()) == [f"Film {n} (Film {n} (1990).mkv)" for n in range(3)]
    assert admit.admit() == [], "the window is full"
    assert all(jobs.job(ticket.job_id).priority < 0 for ticket in tickets), "uploads go first"
    finish(tickets[0].video_id)
    admit.admit()
    assert "Film 3 (Film 3 (1990).mkv)" in queued()
    assert len(queued()) == 3
    put("Newest (2024).mkv", size=99, days=0)
    look()
    finish(tickets[1].video_id)
    admit.admit()
    assert "Newest (Newest (2024).mkv)" in queued()


def test_the_file_is_read_where_it_stands(put, look, media_folder: Path) -> None:
    path = put("Night Mail (1936).mkv", b"film" * 100)
    before = path.stat()
    look()
    admit.admit()
    source = models.Source.objects.get()
    assert store.source_file(source) == path
    store.mark_refused(video_id=source.video_id, reason="No film.")
    services.remove_title(models.Title.objects.get().id)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (b"film" * 100, before.st_mtime_ns)
    assert not list(media_folder.rglob("source*"))


def test_a_copy_when_it_is_asked_for(put, look, shelf: Path) -> None:
    path = put("Night Mail (1936).mkv", b"film" * 100)
    look(copy=True)
    admit.admit()
    source = models.Source.objects.get()
    assert source.path == ""
    assert store.source_file(source).read_bytes() == path.read_bytes()


def test_another_content_is_taken_in_again_and_a_touch_is_not(put, look) -> None:
    path = put("Night Mail (1936).mkv", b"film" * 100)
    look()
    [ticket] = admit.admit()
    finish(ticket.video_id)
    os.utime(path, (1_710_000_000, 1_710_000_000))
    assert look().changed == 1
    assert admit.admit() == []
    path.write_bytes(b"mail" * 100)
    assert look().changed == 1
    [again] = admit.admit()
    assert again.video_id == ticket.video_id
    assert services.video(ticket.video_id).package_id, "the old package plays on until the new one is made"


def test_a_moved_files_source_follows(put, look, shelf: Path) -> None:
    path = put("Night Mail (1936).mkv", b"film" * 100)
    look()
    admit.admit()
    os.rename(path, shelf / "Post (1936).mkv")
    look()
    assert models.Source.objects.get().path == str(shelf / "Post (1936).mkv")
    assert admit.admit() == []


def test_a_persons_upload_is_not_taken_over(put, look) -> None:
    put("Night Mail (1936).mkv", b"film" * 100)
    look()
    [ticket] = admit.admit()
    finish(ticket.video_id)
    models.Source.objects.all().delete()
    models.Source.objects.create(video_id=ticket.video_id, name="better.mkv")
    look()
    assert admit.admit() == []


def test_a_full_disk_is_said_and_tried_again(put, look, monkeypatch) -> None:
    put("Night Mail (1936).mkv", b"film" * 100)
    look()
    with monkeypatch.context() as patched:
        patched.setattr("catalog.intake.RESERVE", 10**18)
        assert admit.admit() == []
    assert "not enough room" in LibraryFile.objects.get().problem
    assert len(admit.admit()) == 1
    assert LibraryFile.objects.get().problem == ""


def test_a_file_that_changed_or_went_since_is_left_to_the_next_look(put, look) -> None:
    changed, gone = put("A (1990).mkv", b"a" * 100), put("B (1991).mkv", b"b" * 100)
    look()
    changed.write_bytes(b"c" * 200)
    gone.unlink()
    assert admit.admit() == []
    assert LibraryFile.objects.get(path=str(gone)).missing_at


def test_a_file_that_became_a_link_out_of_the_folder_is_not_taken(put, look, tmp_path: Path) -> None:
    path = put("A (1990).mkv", b"a" * 100)
    look()
    outside = tmp_path / "secret.mkv"
    outside.write_bytes(b"s" * 100)
    os.utime(outside, ns=(0, path.stat().st_mtime_ns))
    path.unlink()
    path.symlink_to(outside)
    assert admit.admit() == []
    assert "A link to a file outside" in LibraryFile.objects.get().problem


def test_what_stands_beside_a_film_is_no_link_out_of_the_folder(
    put, look, shelf: Path, tmp_path: Path
) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    (tmp_path / "secret.nfo").write_text("<movie><title>Secret</title></movie>")
    (tmp_path / "secret.srt").write_text(SRT)
    (tmp_path / "secret.png").write_bytes(picture_file())
    for name, target in (
        ("movie.nfo", "secret.nfo"),
        ("A (1990).en.srt", "secret.srt"),
        ("poster.png", "secret.png"),
    ):
        (shelf / "A (1990)" / name).symlink_to(tmp_path / target)
    look()
    admit.admit()
    assert models.Title.objects.get().name == "A"
    assert models.Artwork.objects.count() == 0
    assert models.Source.objects.get().options["text"] == []
    assert text.beside(shelf / "A (1990)" / "A (1990).mkv") == []


def test_titles_are_published_when_they_can_be_played_and_only_once(put, look) -> None:
    put("Night Mail (1936).mkv", b"film" * 100)
    look(publish=True)
    [ticket] = admit.admit()
    assert admit.publish_ready() == 0
    finish(ticket.video_id)
    assert admit.publish_ready() == 1
    assert services.title(ticket.title_id).published_at
    services.unpublish(ticket.title_id)
    assert admit.publish_ready() == 0


def test_pictures_beside_a_film(put, look, picture: bytes) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/poster.jpg", picture)
    put("A (1990)/fanart.png", picture_file(960, 540))
    put("Show/Season 1/Show S01E01.mkv", size=101)
    put("Show/Season 1/Show S01E01-thumb.jpg", picture)
    put("Show/poster.jpg", picture)
    look()
    admit.admit()
    admit.attend_some()
    film, series = models.Title.objects.get(kind="film"), models.Title.objects.get(kind="series")
    assert {one.kind for one in film.artwork.all()} == {"poster", "backdrop"}
    assert [one.kind for one in series.artwork.all()] == ["poster"]
    assert [one.kind for one in models.Episode.objects.get().artwork.all()] == ["still"]
    first = film.artwork.get(kind="poster").id
    admit.attend_some()
    assert film.artwork.get(kind="poster").id == first, "the same file is not drawn twice"
    put("A (1990)/poster.jpg", picture_file(600, 900), days=0)
    look()
    admit.attend_some()
    second = film.artwork.get(kind="poster").id
    assert second != first
    services.set_artwork(title_id=film.id, kind="poster", data=picture)
    mine = film.artwork.get(kind="poster").id
    put("A (1990)/poster.jpg", picture_file(610, 900), days=0.5)
    look()
    admit.attend_some()
    assert film.artwork.get(kind="poster").id == mine, "a person's choice stays"


def test_a_poster_in_a_folder_of_many_films_is_nobodys(put, look, picture: bytes) -> None:
    put("A (1990).mkv", size=100)
    put("B (1991).mkv", size=101)
    put("poster.jpg", picture)
    put("B (1991)-poster.jpg", picture)
    look()
    admit.admit()
    assert {one.title.name for one in models.Artwork.objects.all()} == {"B"}


def test_a_picture_bomb_is_a_problem_in_words(put, look) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/poster.png", bomb())
    look()
    admit.admit()
    assert "poster.png" in LibraryFile.objects.get().problem
    assert models.Artwork.objects.count() == 0


def test_subtitles_say_their_language_and_purpose() -> None:
    names = [
        "F (1990).en.srt",
        "F (1990).pt-BR.forced.srt",
        "F (1990).German.SDH.ass",
        "2_English.srt",
        "F (1990).srt",
    ]
    said = company.texts("F (1990)", [Seen(f"/x/{name}", 1, 1) for name in names])
    assert [(one.language, one.purpose) for one in said] == [
        ("en", "subtitles"),
        ("de", "sdh"),
        ("en", "subtitles"),
        ("pt-BR", "forced"),
        ("und", "subtitles"),
    ]


def test_subtitles_in_a_folder_of_their_own_go_along(put, look) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/A (1990).de.srt", SRT)
    put("A (1990)/Subs/2_English.srt", SRT)
    look()
    admit.admit()
    [text] = models.Source.objects.get().options["text"]
    assert (text["language"], Path(text["path"]).name) == ("en", "2_English.srt")


def test_subtitles_that_come_later_join_without_encoding(put, look, shelf: Path) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    look()
    [ticket] = admit.admit()
    finish(ticket.video_id)
    put("A (1990)/A (1990).de.forced.srt", SRT)
    look()
    admit.attend_some()
    track = models.TextTrack.objects.get()
    assert (track.language, track.purpose) == ("de", "forced")
    assert jobs.find(kind="catalog.retext")
    assert jobs.find(kind=store.INGEST_KIND, state=JobState.QUEUED) == []
    put("A (1990)/A (1990).de.forced.srt", SRT.replace("mail", "post"), days=0)
    look()
    admit.attend_some()
    assert "night post" in models.TextTrack.objects.get().webvtt
    (shelf / "A (1990)/A (1990).de.forced.srt").unlink()
    look()
    admit.attend_some()
    assert models.TextTrack.objects.count() == 0


def test_the_command_takes_a_folder_in(put, shelf: Path, capsys) -> None:
    put("A (1990).mkv", size=100)
    put("A (1990)-teaser.mkv", size=10)
    call_command("ingest", str(shelf), "--dry-run")
    assert models.Title.objects.count() == 0
    assert "A (1990).mkv: film A (1990)" in capsys.readouterr().out
    call_command("ingest", str(shelf), "--json", "--maturity", "6")
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["new"], answer["skipped"], answer["waiting"]) == (1, 1, 1)
    assert models.Title.objects.get().maturity == 6
    assert jobs.find(kind=watch.TEND_KIND, state=JobState.QUEUED)
    call_command("ingest", str(shelf))
    assert "2 as before" in capsys.readouterr().out


@pytest.mark.parametrize("option", [["--title", "X"], ["--move"], ["--discard"], ["--year", "1990"]])
def test_options_for_one_film_are_refused_for_a_folder(put, shelf: Path, option: list[str]) -> None:
    put("A (1990).mkv", size=100)
    with pytest.raises(CommandError, match="is for one film"):
        call_command("ingest", str(shelf), *option)
    assert models.Title.objects.count() == 0


def test_watched_folders_are_looked_through_by_jobs(put, shelf: Path, settings) -> None:
    settings.LIBRARY = [str(shelf)]
    put("A (1990).mkv", size=100)
    watch.look_through()
    watch.look_through()
    [job] = jobs.find(kind=watch.SCAN_KIND)
    assert jobs.run_here(job.id).state is JobState.DONE
    [job] = jobs.find(kind=watch.TEND_KIND)
    assert jobs.run_here(job.id).state is JobState.DONE
    assert queued() == ["A (A (1990).mkv)"]
    settings.LIBRARY = [str(shelf / "nothing")]
    watch.look_through()
    job = jobs.run_here(jobs.find(kind=watch.SCAN_KIND, state=JobState.QUEUED)[0].id)
    assert (job.state, "cannot be read" in job.error) == (JobState.FAILED, True)


def test_an_installation_without_a_library_is_left_alone() -> None:
    watch.look_through()
    watch.tend()
    assert jobs.find() == []


def test_orders_outlive_an_upgrade() -> None:
    asked = orders.Orders(publish=True, maturity=0, root="/films")
    assert orders.from_plain(asked.plain() | {"later": 1}) == asked
    assert scan.COMPARE > scan.WRITE


def swapped(monkeypatch, module, name: str, file: Path, put_instead) -> None:
    """Have `file` become something else between the look at it and its use."""
    real = getattr(module, name)

    def after_looking(*args, **more):
        seen = real(*args, **more)
        file.unlink()
        put_instead(file)
        return seen

    monkeypatch.setattr(module, name, after_looking)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("what", ["pipe", "link"])
@pytest.mark.parametrize("name", ["Night Mail (1936).jpg", "Night Mail (1936).en.srt"])
def test_what_stands_beside_a_film_is_judged_when_it_is_opened(
    put, look, tmp_path, monkeypatch, picture, name: str, what: str
) -> None:
    """A worker waited at the pipe for ever; the link's file was taken in, though none of the folder's."""
    put("Night Mail (1936).mkv", b"film" * 100)
    look()
    [ticket] = admit.admit()
    finish(ticket.video_id)
    content: bytes = picture if name.endswith("jpg") else SRT.encode()
    file, secret = put(name, content), tmp_path / "secret"
    secret.write_bytes(content)
    look()
    swapped(
        monkeypatch,
        admit.finding,
        "company_now",
        file,
        os.mkfifo if what == "pipe" else lambda path: path.symlink_to(secret),
    )
    admit.attend_some()
    row = LibraryFile.objects.get(kind=LibraryFile.Kind.FILM)
    assert ("not an ordinary file" if what == "pipe" else "leads out of the folder") in row.problem
    assert not models.Artwork.objects.exists()
    assert not models.TextTrack.objects.exists()


def test_a_pipe_in_the_place_of_subtitles_or_an_nfo_holds_up_nobody(tmp_path) -> None:
    pipe = tmp_path / "Film.en.srt"
    os.mkfifo(pipe)
    assert text._from_file(SidecarText(language="en", path=str(pipe)), 10.0) is None
    with pytest.raises(nfo.BadNfo, match="not an ordinary file"):
        nfo.read(pipe)


def test_a_heap_of_subtitles_is_not_read_to_its_end(tmp_path) -> None:
    for number in range(text.FILES_MAX + 20):
        (tmp_path / f"Film.{number:03}.en.srt").write_text(SRT)
    seen = [Seen(str(path), len(SRT), 1) for path in tmp_path.iterdir()]
    assert len(company.texts("Film", seen)) == text.FILES_MAX
    assert len(text.beside(tmp_path / "Film.mkv")) == text.FILES_MAX
