"""Trailers in a library's folder: of films, of series, of what is not here yet, and beside an uploaded one."""

from pathlib import Path
from typing import Any

import pytest

from catalog import models, services
from catalog.library import admit

pytestmark = pytest.mark.django_db


def trailers() -> dict[str, str]:
    """By file name: the title that a trailer is for."""
    rows = models.LibraryFile.objects.filter(kind="trailer").select_related("title")
    return {Path(row.path).name: row.title.name if row.title else "" for row in rows}


def test_films_and_series_get_theirs_and_each_but_one(put: Any, look: Any) -> None:
    put("A (1990)/A (1990).mkv", size=100)
    put("A (1990)/A (1990)-trailer.mkv", size=20)
    put("A (1990)/trailers/second.mkv", size=10)
    put("Show/Season 1/Show S01E01.mkv", size=90)
    put("Show/trailers/one.mkv", size=15)
    look()
    look()
    assert trailers() == {"A (1990)-trailer.mkv": "A", "one.mkv": "Show"}
    assert models.Title.objects.count() == 2
    second = models.LibraryFile.objects.get(path__endswith="second.mkv")
    assert "Another trailer of the same is used" in second.problem
    assert look().skipped == 0, "it is said once"


def test_it_is_handed_in_as_the_title_s_trailer(put: Any, look: Any) -> None:
    put("A (1990).mkv", size=100)
    put("A (1990)-trailer.mkv", size=20)
    look()
    admit.admit(limit=5)
    title = models.Title.objects.get()
    video_id = services.trailer_video(title.id)
    row = models.LibraryFile.objects.get(kind="trailer")
    assert models.Source.objects.get(id=row.source_id).video_id == video_id
    assert video_id != title.video.id


def test_one_that_was_there_before_its_film_waits_for_it(put: Any, look: Any) -> None:
    put("A (1990)-trailer.mkv", size=20)
    look()
    assert trailers() == {}
    assert "a trailer of what is not here" in models.LibraryFile.objects.get().problem
    put("A (1990).mkv", size=100)
    look()
    look()
    assert trailers() == {"A (1990)-trailer.mkv": "A"}


def test_an_uploaded_trailer_stays(put: Any, look: Any) -> None:
    title = services.create_title(name="A", year=1990)
    video = models.Video.objects.create(trailer_of_id=title.id)
    models.Source.objects.create(video=video, name="mine.mkv")
    put("A (1990)-trailer.mkv", size=20)
    look()
    assert "from an upload, which is kept" in models.LibraryFile.objects.get().problem
