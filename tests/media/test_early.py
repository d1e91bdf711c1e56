"""Something to watch before the ladder is there: a copy where the source fits, else its lowest useful rung, growing."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.signals import post_save

from catalog import services, store, types
from catalog.events import package_published
from catalog.media import boxes, glimpses, package, passthrough, probe
from catalog.media.encode import Unsound
from catalog.models import Artwork, Package, Video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips

#: Each makes a film.
pytestmark = pytest.mark.slow
Ingest = Callable[..., tuple[types.IngestTicket, Any]]


@pytest.fixture
def states() -> Any:
    """The video's state whenever a package is published, and what is published."""
    seen: list[tuple[str, str, bool, float]] = []

    def hear(event: types.PackagePublished, **_more: object) -> None:
        row = Package.objects.get(id=event.package_id)
        state = Video.objects.get(id=event.video_id).state
        seen.append((state, row.stage, row.complete, row.duration.total_seconds()))

    package_published.connect(hear, weak=False, dispatch_uid="test")
    yield seen
    package_published.disconnect(hear, dispatch_uid="test")


def test_the_lowest_rung_grows_until_the_ladder_is_there(ingest: Ingest, tmp_path: Path, states: Any) -> None:
    film = clips.film(tmp_path / "film.mkv", seconds=40, extra=("-c:v", "mpeg4", "-q:v", "4"))
    ticket, job = ingest(film, early=True)
    assert job.state is JobState.DONE, job.error
    assert states == [
        ("encoding", "early", False, 8.0),
        ("encoding", "early", False, 24.0),
        ("encoding", "early", True, 40.0),
        ("ready", "ladder", True, 40.0),
    ]
    partial = Package.objects.filter(complete=False).order_by("duration")[0]
    manifest = json.loads(partial.manifest)
    assert (manifest["complete"], manifest["expected"]) == (False, 40.0)
    assert [one["kind"] for one in manifest["renditions"]] == ["video", "audio"]
    heard = sum(part[2] for part in manifest["renditions"][1]["segments"])
    assert heard == pytest.approx(8.0, abs=0.1)
    assert services.current_package(ticket.video_id).complete
    assert "playable" in store.times(source_id=ticket.source_id)


def test_a_film_that_fits_is_copied_and_playable_at_once(
    ingest: Ingest, clip: Path, states: Any, settings: Any
) -> None:
    _ticket, job = ingest(clip, early=True)
    assert job.state is JobState.DONE, job.error
    assert [one[:3] for one in states] == [("encoding", "early", True), ("ready", "ladder", True)]
    early = Package.objects.get(stage="early")
    picture, sound = json.loads(early.manifest)["renditions"]
    assert (picture["name"], picture["label"], picture["height"]) == ("source", "180p", 180)
    folder = Path(settings.MEDIA_ROOT) / "packages" / early.id
    with (folder / sound["file"]).open("rb") as file:
        init = boxes.read_init(file)
        fragments = boxes.read_fragments(file, len(init))
    # Sound was not encoded again, and what its encoder put before the first sample is gone.
    assert boxes.header(init).timescale == 44_100
    assert boxes.header(init).skip == 0
    assert fragments[0].time == 0
    assert sum(one.duration for one in fragments) / 44_100 == pytest.approx(10, abs=0.1)
    assert early.duration == timedelta(seconds=10)


def test_six_channels_are_copied_too_and_heard_by_everybody(tmp_path: Path) -> None:
    film = clips.film(tmp_path / "film.mp4", seconds=4, extra=("-ac", "6", "-c:a", "aac"))
    found = probe.probe(film)
    (track,) = found.sounds
    assert (track.channels, track.layout) == (6, "5.1")
    copied = passthrough.copy(found, film, scratch=tmp_path)
    folder = tmp_path / "package"
    folder.mkdir()
    manifest = json.loads(
        package.build(
            video_id=uuid4(),
            videos=copied.videos,
            sounds=copied.sounds,
            texts=(),
            sheets=None,
            folder=folder,
            tool="test",
        )
    )
    (sound,) = [one for one in manifest["renditions"] if one["kind"] == "audio"]
    assert (sound["channels"], sound["codecs"]) == (6, "mp4a.40.2")
    assert "twin" not in sound, "nothing else says the same: devices with two loudspeakers get this one"


def test_a_film_that_has_its_ladder_is_not_replaced_by_an_early_package(
    ingest: Ingest, clip: Path, states: Any
) -> None:
    ticket, _job = ingest(clip)
    before = services.current_package(ticket.video_id)
    again = services.reencode(
        ticket.video_id, types.IngestOptions(ladder="light", preset="superfast", av1="never")
    )
    assert jobs.run_here(again.job_id).state is JobState.DONE
    assert [one[1] for one in states] == ["ladder", "ladder"]
    after = services.current_package(ticket.video_id)
    assert after.id != before.id
    assert Package.objects.get(id=before.id).replaced_at is not None, "who watches it goes on"


def test_a_copy_that_cannot_be_entered_everywhere_is_no_copy(tmp_path: Path) -> None:
    film = clips.film(tmp_path / "film.mp4", seconds=2)
    copied = tmp_path / "copied.mp4"
    clips.ffmpeg("-i", film, "-an", "-c", "copy", "-movflags", "+cmaf+frag_keyframe+skip_trailer", copied)
    passthrough.check(copied)
    broken = bytearray(copied.read_bytes())
    with copied.open("rb") as file:
        init = boxes.read_init(file)
        (first, *_rest) = boxes.read_fragments(file, len(init))
    sample = broken.find(b"mdat", first.offset) + 4
    at = sample
    while broken[at + 4] & 0x1F != 5:
        at += 4 + int.from_bytes(broken[at : at + 4], "big")
    broken[at + 4] = broken[at + 4] & 0xE0 | 1  # a slice of an ordinary picture
    copied.write_bytes(broken)
    with pytest.raises(Unsound, match="cannot be entered"):
        passthrough.check(copied)


def test_a_film_that_can_be_watched_early_has_pictures_before_its_ladder(
    ingest: Ingest, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glimpses, "_WORTH_IT", 5.0)  # films of three minutes take long to encode
    monkeypatch.setattr(glimpses, "_ENOUGH", 5.0)
    drawn: list[tuple[str, str]] = []

    def hear(instance: Artwork, **_more: object) -> None:
        drawn.append((instance.kind, Package.objects.latest("published_at").stage))

    post_save.connect(hear, sender=Artwork, dispatch_uid="test")
    try:
        ticket, job = ingest(clip, early=True)
    finally:
        post_save.disconnect(sender=Artwork, dispatch_uid="test")
    assert job.state is JobState.DONE, job.error
    # Those of the early package at once, and when all of the film is there the ones chosen from all of it.
    assert sorted(drawn[:2]) == [("backdrop", "early"), ("poster", "early")]
    assert sorted(kind for kind, _ in drawn[2:]) == ["backdrop", "poster"]
    assert store.needs_artwork(video_id=ticket.video_id) == ()


def test_moments_are_spread_over_the_film_without_its_ends() -> None:
    assert glimpses.spread(3, 14) == [0, 1, 2]
    assert glimpses.spread(0, 14) == []
    long = glimpses.spread(1800, 14)
    assert len(set(long)) == 14
    assert (long[0], long[-1]) == (64, 1735)
