"""Looking through a folder: what is made of it, and what a second look changes."""

import os
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog import models, services
from catalog.library import booking, folders, orders, scan
from catalog.models import LibraryFile

pytestmark = pytest.mark.django_db

NFO = "<movie><title>{name}</title><year>1936</year>"
NFO += "<plot>{plot}</plot><mpaa>PG</mpaa><genre>Drama</genre>{more}</movie>"


def rows(**which) -> list[LibraryFile]:
    return list(LibraryFile.objects.filter(**which))


def test_films_and_series_become_hidden_titles(put, look) -> None:
    put("Night Mail (1936)/Night Mail (1936).mkv", size=5000)
    put("Night Mail (1936)/movie.nfo", NFO.format(name="Night Mail!", plot="Post.", more=""))
    put("The Lamplighters/Season 01/The Lamplighters - S01E01 - Dusk.mkv", size=5000)
    put("The Lamplighters/Season 01/The Lamplighters - S01E02.mkv", size=5001)
    put(
        "The Lamplighters/Season 01/The Lamplighters - S01E02.nfo",
        "<episodedetails><title>Dawn</title></episodedetails>",
    )
    put("The Lamplighters/tvshow.nfo", "<tvshow><title>Lamplighters</title><year>1999</year></tvshow>")
    summary = look()
    assert (summary.total, summary.new, summary.titles, summary.problems) == (3, 3, 2, [])
    film = models.Title.objects.get(kind="film")
    assert (film.name, film.year, film.maturity, film.synopsis) == ("Night Mail!", 1936, 7, "Post.")
    assert film.published_at is None
    assert [genre.name for genre in film.genres.all()] == ["Drama"]
    series = models.Title.objects.get(kind="series")
    assert (series.name, series.year) == ("Lamplighters", 1999)
    [season] = services.seasons(series.id)
    assert [(part.number, part.name) for part in season.episodes] == [(1, "Dusk"), (2, "Dawn")]
    models.Title.objects.update(published_at="2024-01-01T00:00Z")
    assert [one.name for one in services.search("lamplighters", maturity=18)] == ["Lamplighters"]


def test_what_nobody_rated_is_not_for_children(put, look, settings) -> None:
    put("Quiet (1999).mkv", size=10)
    look()
    assert models.Title.objects.get().maturity == settings.LIBRARY_MATURITY == 18


def test_new_titles_are_encrypted_where_that_is_usual(put, look, settings) -> None:
    settings.ENCRYPT = True
    put("Quiet (1999).mkv", size=10)
    look()
    assert models.Title.objects.get().encrypted


def test_a_second_look_reads_and_writes_nothing_but_the_list(put, look) -> None:
    for number in range(30):
        put(f"Film {number} (1990)/Film {number} (1990).mkv", size=100 + number)
    look()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        summary = look()
    assert (summary.new, summary.changed, summary.unchanged) == (0, 0, 30)
    assert not [query for query in captured if not query["sql"].startswith("SELECT")]
    assert len(captured) < 12


def test_only_what_changed_is_written(put, look) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("B (1991)/B (1991).mkv", size=101)
    put("B (1991)/movie.nfo", NFO.format(name="B", plot="Old.", more=""))
    look()
    put("B (1991)/movie.nfo", NFO.format(name="B", plot="New.", more=""), days=0)
    before = {row.path: row.seen_at for row in rows()}
    assert (look().changed, models.Title.objects.get(name="B").synopsis) == (1, "New.")
    assert [row.path for row in rows() if row.seen_at != before[row.path]] == [
        path for path in before if path.endswith("B (1991).mkv")
    ]


def test_a_persons_edits_are_never_overwritten(put, look) -> None:
    put("B (1991)/B (1991).mkv", size=101)
    actors = "<actor><name>Ada</name></actor>"
    put("B (1991)/movie.nfo", NFO.format(name="B", plot="Old.", more=actors))
    look()
    title = models.Title.objects.get()
    services.update_title(title_id=title.id, name="Bee", synopsis="Mine.", genres=["Trains"])
    put(
        "B (1991)/movie.nfo",
        NFO.format(name="B the First", plot="New.", more=actors.replace("Ada", "Eve")),
        days=0,
    )
    look()
    title.refresh_from_db()
    assert (title.name, title.synopsis) == ("Bee", "Mine.")
    assert [genre.name for genre in title.genres.all()] == ["Trains"]
    assert [one.person.name for one in title.credits.all()] == ["Eve"], "nobody had edited the people"


def test_a_title_that_a_person_removed_stays_away(put, look) -> None:
    put("A (1990).mkv", size=100)
    put("Show/Season 1/Show S01E01.mkv", size=200)
    look()
    for title in models.Title.objects.all():
        services.remove_title(title.id)
    put("A (1990).nfo", NFO.format(name="A", plot="x", more=""))
    put("Show/Season 1/Show S01E02.mkv", size=201)
    look()
    assert models.Title.objects.count() == 0


@pytest.mark.parametrize("content", [b"", b"film" * 100])
def test_a_moved_file_is_recognised(put, look, shelf: Path, content: bytes) -> None:
    put("New/Night Mail (1936).mkv", content, size=5000)
    look()
    before = models.Title.objects.get()
    (shelf / "Old").mkdir()
    os.rename(shelf / "New/Night Mail (1936).mkv", shelf / "Old/Night Mail (1936).mkv")
    summary = look()
    assert (summary.moved, summary.new, summary.missing) == (1, 0, 0)
    assert models.Title.objects.get() == before
    assert [row.path for row in rows()] == [str(shelf / "Old/Night Mail (1936).mkv")]


def test_a_corrected_name_corrects_the_title(put, look, shelf: Path) -> None:
    put("Nite Male (1936)/Nite Male (1936).mkv", size=5000)
    look()
    os.rename(shelf / "Nite Male (1936)/Nite Male (1936).mkv", shelf / "Night Mail (1936).mkv")
    assert look().moved == 1
    title = models.Title.objects.get()
    assert title.name == "Night Mail"


def test_a_renamed_episode_takes_its_video_along(put, look, shelf: Path) -> None:
    put("Show/Season 1/Show S01E01.mkv", size=5000)
    look()
    part = models.Episode.objects.get()
    video = models.Video.objects.create(episode=part)
    os.rename(shelf / "Show/Season 1/Show S01E01.mkv", shelf / "Show/Season 1/Show S01E07.mkv")
    assert look().moved == 1
    assert [one.number for one in models.Episode.objects.all()] == [7], (
        "the first one was made for this file alone"
    )
    video.refresh_from_db()
    assert video.episode.number == 7


def test_two_files_of_one_size_and_time_are_not_mistaken(put, look, shelf: Path) -> None:
    put("A (1990).mkv", size=100)
    put("B (1991).mkv", size=100)
    look()
    os.rename(shelf / "A (1990).mkv", shelf / "C (1992).mkv")
    os.rename(shelf / "B (1991).mkv", shelf / "D (1993).mkv")
    summary = look()
    assert (summary.moved, summary.new, summary.missing) == (0, 2, 2)


def test_missing_files_are_marked_and_come_back(put, look, shelf: Path) -> None:
    put("A (1990).mkv", size=100)
    put("B (1991).mkv", size=101)
    look()
    os.rename(shelf / "A (1990).mkv", shelf.parent / "A (1990).mkv")
    assert look().missing == 1
    assert models.Title.objects.count() == 2, "a title is never deleted for a file that is away"
    assert [row.missing_at is not None for row in rows()] == [True, False]
    os.rename(shelf.parent / "A (1990).mkv", shelf / "A (1990).mkv")
    assert (look().missing, rows(missing_at__isnull=False)) == (0, [])


def test_an_empty_folder_is_a_disk_that_is_not_there(put, look, shelf: Path) -> None:
    put("A (1990).mkv", size=100)
    look()
    (shelf / "A (1990).mkv").unlink()
    with pytest.raises(folders.CannotScan, match="may not be mounted"):
        look()
    assert rows(missing_at__isnull=True)


def test_of_two_versions_the_larger_is_taken_and_the_other_steps_in(put, look, shelf: Path) -> None:
    put("A (1990)/A (1990) - 720p.mkv", size=100)
    put("A (1990)/A (1990) - 2160p.mkv", size=900)
    assert look().skipped == 1
    [spare] = rows(kind="skipped")
    assert "2160p.mkv. Remove one of the two" in spare.problem
    (shelf / "A (1990)/A (1990) - 2160p.mkv").unlink()
    look()
    look()
    [row] = rows(kind="film", missing_at__isnull=True)
    assert row.path.endswith("720p.mkv")
    assert models.Title.objects.count() == 1
    put("A (1990)/A (1990) - 2160p.mkv", size=900)
    look()
    assert rows(kind="film") == [row], "it is taken now; the other one comes too late"


def test_a_film_that_was_uploaded_is_not_replaced(put, look) -> None:
    title = services.create_title(name="Night Mail", year=1936)
    video = models.Video.objects.create(title_id=title.id)
    models.Source.objects.create(video=video, name="mine.mkv")
    put("Night Mail (1936).mkv", size=100)
    look()
    assert "from an upload, which is kept" in rows()[0].problem


def test_what_is_left_out_is_said(put, look, shelf: Path) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/A (1990)-teaser.mkv", size=10)
    put("B (1991) cd1.avi", size=10)
    put("C (1992).mkv")
    put("notes.txt", "nothing")
    put(".hidden.mkv", size=5)
    (shelf / "D (1993).mkv").symlink_to("/etc/passwd")
    os.mkfifo(shelf / "E (1994).mkv")
    (shelf / "loop").symlink_to(shelf)
    with open(os.fsencode(shelf) + b"/F\xff (1995).mkv", "wb") as file:
        file.write(b"x")
    look()
    said = {Path(row.path).name[:1]: row.problem for row in rows(kind="skipped")}
    assert {letter: text.split(".")[0] for letter, text in said.items()} == {
        "A": "An extra, or a trailer of what is not here: only films, episodes and their trailers are taken in",
        "B": "One of several parts of a film (cd1, cd2 …)",
        "C": "It is empty",
        "D": "A link to a file outside this folder",
        "E": "It is not a plain file",
        "F": "Its name is not valid UTF-8, or longer than 4000 characters",
    }
    assert look().skipped == 0, "it is said once"


def test_a_bad_nfo_is_a_problem_and_no_obstacle(put, look) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/A (1990).nfo", "<!DOCTYPE x [<!ENTITY a 'b'>]><movie><title>&a;</title></movie>")
    [problem] = look().problems
    assert "The NFO was not used" in problem
    assert models.Title.objects.get().name == "A"


def test_hostile_words_of_an_nfo_stay_words(put, look) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    text = "&lt;script&gt;alert(1)&lt;/script&gt;" + "x" * 50_000
    put(
        "A (1990)/movie.nfo",
        NFO.format(name=text, plot=text, more=f"<actor><name>{text}</name></actor>" * 5),
    )
    look()
    title = models.Title.objects.get()
    title.full_clean()
    assert title.name.startswith("<script>alert(1)</script>xxx")
    assert title.credits.count() == 1


def test_a_file_that_is_still_arriving_waits(put, shelf: Path) -> None:
    path = put("A (1990).mkv", size=100)
    os.utime(path)
    summary = scan.scan(shelf, orders=orders.Orders(), settle=60)
    assert (summary.arriving, summary.new) == (1, 0)
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert scan.scan(shelf, orders=orders.Orders(), settle=60).new == 1


def test_an_interrupted_look_goes_on_from_there(put, shelf: Path) -> None:
    for number in range(50):
        put(f"Film {number} (1990).mkv", size=100 + number)
    looks = iter(range(100))

    def stop() -> None:
        if next(looks) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan.scan(shelf, orders=orders.Orders(), check=stop)
    done = LibraryFile.objects.count()
    assert 0 < done < 50
    assert scan.scan(shelf, orders=orders.Orders()).new == 50 - done
    assert models.Title.objects.count() == 50


def test_somebody_else_making_the_same_address_meanwhile_is_no_trouble(put, look, monkeypatch) -> None:
    put("Night Mail (1936).mkv", size=100)
    real = booking.Memory.free_slug
    first = iter([True])

    def taken(memory, text: str) -> str:
        slug = real(memory, text)
        if next(first, False):
            models.Title.objects.create(name="Another", slug=slug)
        return slug

    monkeypatch.setattr(booking.Memory, "free_slug", taken)
    monkeypatch.setattr(scan.time, "sleep", lambda seconds: None)
    assert look().new == 1
    assert models.Title.objects.filter(name="Night Mail").count() == 1


def test_two_looks_at_once_book_each_file_once(put, look, monkeypatch) -> None:
    for number in range(5):
        put(f"Film {number} (1990).mkv", size=100 + number)
    real = scan._Scan._book
    first = iter([True])

    def book(self, portion):
        if next(first, False):
            look()
        return real(self, portion)

    monkeypatch.setattr(scan._Scan, "_book", book)
    monkeypatch.setattr(scan.time, "sleep", lambda seconds: None)
    look()
    assert (models.Title.objects.count(), LibraryFile.objects.count()) == (5, 5)


def test_our_own_folders_are_no_library(settings, tmp_path: Path) -> None:
    (settings.HOME / "media").mkdir(parents=True)
    (settings.HOME / "media" / "x").write_text("x")
    for folder in (settings.HOME, settings.HOME / "media", settings.HOME.parent):
        with pytest.raises(folders.CannotScan, match="own files"):
            folders.check_root(folder)
    with pytest.raises(folders.CannotScan, match="cannot be read"):
        folders.check_root(tmp_path / "nothing")


def test_a_folder_that_cannot_be_read_says_nothing_about_its_films(
    put, look, shelf: Path, monkeypatch
) -> None:
    put("nas/A (1990).mkv", size=100)
    put("B (1991).mkv", size=100)
    look()
    real, lexists = os.scandir, os.path.lexists
    gone = str(shelf / "nas")

    def scandir(path):
        if str(path) == gone:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(os.path, "lexists", lambda path: not str(path).startswith(gone) and lexists(path))
    assert look().missing == 0
    assert rows(path__endswith="A (1990).mkv", missing_at__isnull=True)
