"""Subtitles uploaded to a film that is ready: a new package in a moment, the same picture and sound."""

import hashlib
import os
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.storage import default_storage

from catalog import manifests, services, store, types
from catalog.media import retext
from catalog.models import Package, TextTrack, Video
from catalog.services import words
from catalog.tests.factories import make_package, make_title, make_video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

SRT = "1\n00:00:01,000 --> 00:00:02,000\n{}\n\n"


@pytest.fixture
def video(transactional_db: None, home: Path) -> UUID:
    """A film with a package that has English subtitles of its own."""
    title = make_title()
    assert title.video_id is not None
    return title.video_id


def do_jobs() -> int:
    """Do what waits; returns how many jobs there were."""
    waiting = jobs.find(kind=retext.KIND, state=JobState.QUEUED)
    for job in waiting:
        done = jobs.run_here(job.id)
        assert done.state is JobState.DONE, done.error
    return len(waiting)


def texts(video: UUID) -> list[types.Rendition]:
    package = services.current_package(video)
    assert package is not None
    return [one for one in package.renditions if one.kind is types.RenditionKind.TEXT]


def told(video: UUID) -> list[tuple[str, bool, bool, bool]]:
    return [(one.label, one.forced, one.hearing_impaired, one.uploaded) for one in texts(video)]


def test_an_upload_joins_a_finished_film_without_encoding(video: UUID):
    before = services.current_package(video)
    assert before is not None
    words.add_text_track(video_id=video, language="deu", data=SRT.format("Grüße").encode("cp1252"))
    assert do_jobs() == 1
    after = services.current_package(video)
    assert after is not None
    assert after.id != before.id
    assert told(video)[0] == ("Deutsch", False, False, True)
    assert len(texts(video)) == 2
    old = {one.name: one.sha256 for one in before.renditions if one.kind is not types.RenditionKind.TEXT}
    new = {one.name: one.sha256 for one in after.renditions if one.kind is not types.RenditionKind.TEXT}
    assert old == new
    for name in old:  # one file, two names
        places = [default_storage.path(manifests.key(which.id, f"{name}.mp4")) for which in (before, after)]
        assert os.path.samefile(*places)
    data = Path(default_storage.path(manifests.key(after.id, texts(video)[0].file))).read_bytes()
    assert "Grüße" in data.decode()
    assert hashlib.sha256(data).hexdigest() == texts(video)[0].sha256


def test_a_language_may_have_usual_sdh_and_forced_ones(video: UUID):
    for purpose in ("subtitles", "sdh", "forced"):
        words.add_text_track(
            video_id=video, language="fr", purpose=purpose, data=SRT.format(f"texte {purpose}").encode()
        )
    do_jobs()
    assert [one[:3] for one in told(video)[:3]] == [
        ("Français", False, False),
        ("Français (SDH)", False, True),
        ("Français (forced)", True, False),
    ]


def test_what_is_taken_away_leaves_the_package_and_the_films_own_stay(video: UUID):
    track = words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    do_jobs()
    words.remove_text_track(track)
    do_jobs()
    assert [one.uploaded for one in texts(video)] == [False]
    words.remove_text_track(track)
    assert do_jobs() == 0


def test_a_track_of_the_films_own_can_be_left_out(video: UUID):
    (own,) = texts(video)
    services.leave_out_text(video_id=video, rendition=own.name)
    do_jobs()
    assert texts(video) == []


def test_doing_it_twice_changes_nothing(video: UUID):
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    do_jobs()
    first = services.current_package(video)
    retext.ask(video)
    assert do_jobs() == 1
    assert services.current_package(video) == first
    assert Package.objects.filter(video_id=video, replaced_at__isnull=True).count() == 1


def test_a_new_package_that_lacks_uploads_gets_them(video: UUID):
    """Somebody uploads subtitles while the film is encoded anew: the encode's package does not know of them."""
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    do_jobs()
    make_package(video, duration=12.0)
    assert [one.uploaded for one in texts(video)] == [False]
    assert do_jobs() == 1
    assert [one.uploaded for one in texts(video)] == [True, False]


def test_where_a_newer_source_stands_is_not_touched(video: UUID):
    Video.objects.filter(id=video).update(state=Video.State.ENCODING)
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    do_jobs()
    assert Video.objects.get(id=video).state == Video.State.ENCODING


def test_another_package_that_comes_between_is_not_lost(video: UUID, monkeypatch):
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    real, came = retext.extend, []

    def late(base: str, **more):
        if not came:
            came.append(make_package(video, duration=12.0))
        return real(base, **more)

    monkeypatch.setattr(retext, "extend", late)
    do_jobs()
    package = services.current_package(video)
    assert package is not None
    assert package.duration.total_seconds() == 12
    assert [one.uploaded for one in texts(video)] == [True, False]


def test_an_upload_that_comes_between_is_not_lost(video: UUID, monkeypatch):
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    real, came = retext.extend, []

    def late(base: str, **more):
        if not came:
            came.append(1)
            words.add_text_track(video_id=video, language="fr", data=SRT.format("y").encode())
        return real(base, **more)

    monkeypatch.setattr(retext, "extend", late)
    do_jobs()
    assert [one[0] for one in told(video)] == ["Deutsch", "Français", told(video)[2][0]]


def test_a_video_without_a_package_keeps_them_for_later(transactional_db: None, home: Path):
    video = make_video(title_id=make_title(packaged=False, published=False).id)
    words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    assert do_jobs() == 0
    assert TextTrack.objects.filter(video_id=video).count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"language": "klingon"}, "language"),
        ({"purpose": "jokes"}, "purpose"),
        ({"data": b"nothing"}, "file"),
        ({"data": SRT.replace("00:00:0", "00:10:0").format("late").encode()}, "file"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(video: UUID, given: dict[str, object], field: str):
    right = {"video_id": video, "language": "de", "data": SRT.format("x").encode()}
    with pytest.raises(words.BadText) as caught:
        words.add_text_track(**(right | given))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert not TextTrack.objects.exists()


def test_there_is_an_end_to_uploading(video: UUID):
    for number in range(10):
        words.add_text_track(video_id=video, language="de", label=str(number), data=SRT.format("x").encode())
    with pytest.raises(words.BadText, match="the most"):
        words.add_text_track(video_id=video, language="de", data=SRT.format("x").encode())
    do_jobs()
    assert len(texts(video)) == 10
    assert store.state_of(video_id=video) is types.IngestState.READY
