"""The studio's page of one video: subtitles, markers, pictures; by operators only, in words when something is off."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import client_of
from catalog import services
from catalog.media import candidates, intro, retext
from catalog.models import Artwork, Marker, TextTrack, Video
from catalog.tests.factories import make_series, make_title
from catalog.tests.pictures import picture_file
from netflixlite.jobs import services as jobs

pytestmark = pytest.mark.django_db
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"


@pytest.fixture
def video(olu) -> UUID:
    """A film of ten seconds that can be played."""
    title = make_title(name="Night Mail")
    assert title.video_id is not None
    return title.video_id


def to(video: UUID, *action: str) -> str:
    return reverse("_".join(["admin:catalog_video", *action]), args=[video])


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def srt(content: bytes = SRT, name: str = "film.srt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def test_the_page_shows_what_there_is(studio: Client, video: UUID):
    answer = studio.get(to(video))
    assert answer.status_code == 200
    text = answer.content.decode()
    for words in ("Night Mail", "stereo", "came with the film", "Markers", "Find frames to choose from"):
        assert words in text
    title = Video.objects.get(id=video).title
    assert title is not None
    assert to(video) in studio.get(reverse("admin:catalog_title_change", args=[title.id])).content.decode()


def test_nobody_else_gets_in(client: Client, ada, video: UUID):
    for browser in (client, client_of(ada.user if hasattr(ada, "user") else ada)):
        assert browser.get(to(video)).status_code in (302, 403)
        assert browser.post(to(video, "words", "add"), {"file": srt(), "language": "en"}).status_code in (
            302,
            403,
        )
    assert not TextTrack.objects.exists()


def test_actions_are_posts_and_unknown_videos_are_not_found(studio: Client, video: UUID):
    assert studio.get(to(video, "markers", "save")).status_code == 403
    assert studio.get(to(uuid4())).status_code == 404
    assert studio.post(to(uuid4(), "markers", "save")).status_code == 404


def test_subtitles_are_uploaded_and_join_the_film(
    studio: Client, video: UUID, django_capture_on_commit_callbacks
):
    form = {"file": srt(), "language": "de", "purpose": "sdh", "label": ""}
    answer = studio.post(to(video, "words", "add"), form, follow=True)
    assert "joining the film" in said(answer)
    row = TextTrack.objects.get()
    assert (row.language, row.purpose) == ("de", "sdh")
    assert "Hello" in row.webvtt
    assert len(jobs.find(kind=retext.KIND)) == 1
    assert b"Deutsch (SDH)" in answer.content
    assert b"data-waiting" in answer.content
    answer = studio.post(to(video, "words", "remove"), {"track": str(row.id)}, follow=True)
    assert not TextTrack.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"file": srt(b"nothing"), "language": "de", "purpose": "sdh"}, "No subtitles were found"),
        ({"file": srt(), "language": "klingon", "purpose": "sdh"}, "no language"),
        ({"file": srt(), "language": "de", "purpose": "poem"}, "For:"),
        ({"language": "de", "purpose": "sdh"}, "File:"),
        (
            {"file": srt(SRT.replace(b"00:00:0", b"00:59:0")), "language": "de", "purpose": "sdh"},
            "another film",
        ),
    ],
)
def test_what_cannot_be_used_is_said_in_words(studio: Client, video: UUID, form: dict, words: str):
    if "file" in form:
        form["file"].seek(0)
    assert words in said(studio.post(to(video, "words", "add"), form, follow=True))
    assert not TextTrack.objects.exists()


def test_the_films_own_subtitles_can_be_left_out(studio: Client, video: UUID):
    answer = studio.post(to(video, "words", "remove"), {"rendition": "t-en"}, follow=True)
    assert "left out" in said(answer)
    assert jobs.find(kind=retext.KIND)[0].payload["drop"] == "t-en"
    for gone in ({"rendition": "t-xx"}, {"track": "nonsense"}, {"track": str(uuid4())}, {}):
        assert said(studio.post(to(video, "words", "remove"), gone, follow=True)).endswith(
            ("any more.", "already.")
        )


def test_burning_needs_picture_subtitles(studio: Client, video: UUID):
    for wanted in ("3", "-1", "99999999999", "²"):
        answer = studio.post(to(video, "words", "burn"), {"burn": wanted}, follow=True)
        assert "no such picture" in said(answer) or "not kept" in said(answer)


def test_markers_are_made_changed_and_taken_away(studio: Client, video: UUID):
    studio.post(to(video, "markers", "save"), {"kind": "intro", "start": "0:01", "end": "0:00:04.5"})
    row = Marker.objects.get()
    assert (row.start, row.end, row.origin) == (timedelta(seconds=1), timedelta(seconds=4.5), "person")
    form = {"marker": row.id, "kind": "credits", "start": "5", "end": "99"}
    answer = studio.post(to(video, "markers", "save"), form, follow=True)
    row.refresh_from_db()
    assert (row.kind, row.end) == ("credits", timedelta(seconds=10))  # no longer than the film
    assert b"nl-timeline-bar--credits" in answer.content
    studio.post(to(video, "markers", "remove"), {"marker": row.id})
    assert not Marker.objects.exists()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"kind": "intro", "start": "soon", "end": "later"}, "Write times like"),
        ({"kind": "intro", "start": "5", "end": "4"}, "ends after it starts"),
        ({"kind": "intro", "start": "11", "end": "12"}, "The film ends at 0:00:10"),
        ({"kind": "joke", "start": "1", "end": "2"}, "Choose what"),
        ({"kind": "intro", "start": "1", "end": "2", "marker": "77"}, "gone already"),
        ({"kind": "intro", "start": "1", "end": "2", "marker": "x' OR 1"}, "gone already"),
    ],
)
def test_a_marker_that_makes_no_sense_is_said_so(studio: Client, video: UUID, form: dict, words: str):
    assert words in said(studio.post(to(video, "markers", "save"), form, follow=True))
    assert not Marker.objects.exists()


def test_a_suggestion_that_is_kept_is_a_persons_and_one_that_is_removed_is_remembered(
    studio: Client, video: UUID
):
    marks = [
        Marker.objects.create(
            video_id=video, kind=kind, start=timedelta(seconds=1), end=timedelta(seconds=3), origin="sound"
        )
        for kind in ("intro", "credits")
    ]
    assert b"found by comparing episodes" in studio.get(to(video)).content
    studio.post(
        to(video, "markers", "save"), {"marker": marks[0].id, "kind": "intro", "start": "1", "end": "3"}
    )
    studio.post(to(video, "markers", "remove"), {"marker": marks[1].id})
    assert Marker.objects.get(kind="intro").origin == "person"
    assert Marker.objects.get(kind="credits").dropped
    package = services.current_package(video)
    assert package is not None
    assert [one.kind for one in package.markers] == ["intro"]


def test_another_videos_marker_cannot_be_changed_from_here(studio: Client, video: UUID):
    other = make_title(name="Other").video_id
    row = Marker.objects.create(video_id=other, kind="intro", start=timedelta(), end=timedelta(seconds=2))
    assert "gone already" in said(
        studio.post(to(video, "markers", "remove"), {"marker": row.id}, follow=True)
    )
    assert Marker.objects.filter(id=row.id, dropped=False).exists()


def test_names_of_chapters_are_words_and_not_markup(studio: Client, video: UUID):
    Marker.objects.create(
        video_id=video,
        kind="chapter",
        start=timedelta(),
        end=timedelta(seconds=4),
        name="<script>alert(1)</script>",
    )
    assert b"<script>alert" not in studio.get(to(video)).content


def test_episodes_are_compared_when_somebody_asks(studio: Client, video: UUID):
    assert "nothing to compare" in said(studio.post(to(video, "markers", "compare"), follow=True))
    series = make_series(seasons=(2,))
    part = services.seasons(series.id)[0].episodes[0]
    assert part.video_id is not None
    answer = studio.post(to(part.video_id, "markers", "compare"), follow=True)
    assert "being compared" in said(answer)
    assert [job.priority > 0 for job in jobs.find(kind=intro.KIND) if job.dedupe_key.endswith(":now")] == [
        True
    ]
    assert b"listening to the episodes" in answer.content


def offered(video: UUID) -> str:
    """A frame on offer, as the job leaves it."""
    name = "abcdef01-00003"
    for file in (f"{name}.jpg", f"{name}-small.jpg"):
        default_storage.save(f"candidates/{video}/{file}", ContentFile(picture_file(960, 540, form="JPEG")))
    offer = {"name": name, "time": 12.0, "score": 0.8, "segment": 3}
    index = {"package": "x", "offers": [offer], "shown": [3]}
    default_storage.save(f"candidates/{video}/index.json", ContentFile(json.dumps(index).encode()))
    return name


def test_a_frame_becomes_the_poster(studio: Client, client: Client, video: UUID):
    name = offered(video)
    page = studio.get(to(video)).content.decode()
    place = reverse("admin:catalog_video_frame", args=[video, name])
    assert place in page
    picture = studio.get(place)
    assert picture["Content-Type"] == "image/jpeg"
    assert "private" in picture["Cache-Control"]
    assert client.get(place).status_code in (302, 403)
    studio.post(to(video, "pictures", "use"), {"pick": f"poster:{name}", "cut": "middle"})
    row = Artwork.objects.get(kind="poster")
    assert not row.automatic
    assert row.width / row.height == pytest.approx(2 / 3, abs=0.01)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"pick": "poster:nothing"}, "not on offer"),
        ({"pick": "poster:../../../secret"}, "not on offer"),
        ({"pick": "still:abcdef01-00003"}, "what the picture is for"),
        ({"pick": "abcdef01-00003"}, "what the picture is for"),
    ],
)
def test_frames_that_are_not_on_offer_are_not_taken(studio: Client, video: UUID, form: dict, words: str):
    offered(video)
    assert words in said(studio.post(to(video, "pictures", "use"), form, follow=True))
    assert not Artwork.objects.exists()
    assert studio.get(reverse("admin:catalog_video_frame", args=[video, "abcdef01-00009"])).status_code == 404


def test_frames_are_looked_for_when_somebody_asks(studio: Client, video: UUID):
    jobs.find(kind=candidates.KIND)
    answer = studio.post(to(video, "pictures", "find"), follow=True)
    assert "looked through" in said(answer)
    assert b"looking through the film" in answer.content
    part = studio.get(f"{to(video)}?part=pictures").content
    assert part.strip().startswith(b"<section")
