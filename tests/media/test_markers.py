"""Chapters become markers; what a person said about a film stays."""

from datetime import timedelta
from uuid import UUID

import pytest

from catalog import annotations
from catalog.media import markers
from catalog.media.facts import Chapter
from catalog.media.markers import Stretch
from catalog.models import Marker
from catalog.tests.factories import make_title, make_video

CHAPTERS = (
    Chapter(0, 60, "Cold open"),
    Chapter(60, 95.5, "Opening"),
    Chapter(95.5, 1200, ""),
    Chapter(1200, 1290, "End Credits"),
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Intro", "intro"),
        ("02. Opening Credits", "intro"),
        ("OP", "intro"),
        ("Vorspann", "intro"),
        ("Générique de fin", "credits"),
        ("End Credits", "credits"),
        ("Credits", "credits"),
        ("ED1", "credits"),
        ("Previously on Lost", "recap"),
        ("Recap", "recap"),
        ("Chapter 3", ""),
        ("The Opening of Misery", ""),
        ("Introducing Ben", ""),
        ("", ""),
    ],
)
def test_a_chapters_name_says_what_it_is(name: str, kind: str):
    assert markers.kind_of(name) == kind


def test_chapters_become_markers_and_openings_can_be_skipped():
    found = markers.from_chapters(CHAPTERS)
    assert [one.name for one in found if one.kind == "chapter"] == ["Cold open", "Opening", "", "End Credits"]
    assert Stretch("intro", 60, 95.5) in found
    assert Stretch("credits", 1200, 1290) in found


def test_one_chapter_alone_and_endless_openings_say_nothing():
    assert markers.from_chapters(CHAPTERS[:1]) == []
    long = (Chapter(0, 1000, "Intro"), Chapter(1000, 1100, "x"))
    assert {one.kind for one in markers.from_chapters(long)} == {"chapter"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1:02:03", 3723.0),
        ("62:03", 3723.0),
        ("95", 95.0),
        ("95.5 s", 95.5),
        ("0:01:05,25", 65.25),
        (" 1:05 ", 65.0),
        ("1:61", None),
        ("1:61:00", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1:2:3:4", None),
    ],
)
def test_times_are_read_as_people_write_them(written: str, value: float | None):
    assert markers.seconds(written) == value


def test_times_are_written_as_they_are_read():
    for value in (0.0, 5.5, 65.0, 3723.4, 36000.0):
        assert markers.seconds(markers.clock(value)) == value


@pytest.fixture
def video(db: None) -> UUID:
    return make_video(title_id=make_title(packaged=False, published=False).id)


def rows(video: UUID) -> list[tuple[str, float, float, str]]:
    found = Marker.objects.filter(video_id=video, dropped=False)
    return [(one.kind, one.start.total_seconds(), one.end.total_seconds(), one.origin) for one in found]


def mark(video: UUID, kind: str, start: float, end: float, origin: str = "person", *, dropped: bool = False):
    return Marker.objects.create(
        video_id=video,
        kind=kind,
        start=timedelta(seconds=start),
        end=timedelta(seconds=end),
        origin=origin,
        dropped=dropped,
    )


def test_chapters_are_kept_once_and_follow_a_new_source(video: UUID):
    annotations.keep_chapters(video, CHAPTERS)
    before = rows(video)
    annotations.keep_chapters(video, CHAPTERS)
    assert rows(video) == before
    assert len(before) == 6
    annotations.keep_chapters(video, ())
    assert rows(video) == []


def test_what_a_person_said_or_took_away_is_not_touched_by_chapters(video: UUID):
    mark(video, "intro", 61, 94)
    mark(video, "credits", 1200, 1290, "chapter", dropped=True)
    annotations.keep_chapters(video, CHAPTERS)
    assert [one for one in rows(video) if one[0] == "intro"] == [("intro", 61.0, 94.0, "person")]
    assert not [one for one in rows(video) if one[0] == "credits"]


def test_suggestions_replace_suggestions_only(video: UUID):
    found = [Stretch("intro", 30, 60), Stretch("credits", 1200, 1260)]
    assert annotations.suggest(video, found, kinds=("intro", "credits")) == 2
    better = [Stretch("intro", 31, 61)]
    assert annotations.suggest(video, better, kinds=("intro", "credits")) == 1
    assert rows(video) == [("intro", 31.0, 61.0, "sound")]


def test_suggestions_give_way_to_people_and_to_chapters(video: UUID):
    mark(video, "intro", 300, 330)
    mark(video, "credits", 1200, 1290, "chapter")
    found = [Stretch("intro", 30, 60), Stretch("credits", 1200, 1260)]
    assert annotations.suggest(video, found, kinds=("intro", "credits")) == 0
    assert len(rows(video)) == 2


def test_a_suggestion_that_was_taken_away_does_not_come_back(video: UUID):
    mark(video, "intro", 30, 60, "sound", dropped=True)
    assert annotations.suggest(video, [Stretch("intro", 31, 60)], kinds=("intro",)) == 0
    assert rows(video) == []
