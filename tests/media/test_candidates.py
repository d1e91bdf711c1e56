"""Frames on offer: found in the film, picked by people, gone with it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.core.files.storage import default_storage
from PIL import Image

from catalog import services
from catalog.media import candidates, clear
from catalog.models import Artwork, Marker, Source
from catalog.tests.factories import make_package, make_title, make_video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips


def find(video: UUID) -> list[candidates.Offer]:
    """Have frames found now."""
    candidates.ask(video, soon=True)
    (job,) = jobs.find(kind=candidates.KIND, state=JobState.QUEUED)
    assert jobs.run_here(job.id).state is JobState.DONE
    return candidates.offers(video)


@pytest.mark.slow
def test_frames_are_offered_picked_and_forgotten(ingest: Callable, tmp_path: Path):
    """Twenty seconds: black, then two scenes. Black is never offered; other frames come when asked for again."""
    film = tmp_path / "film.mp4"
    scenes = ["color=black:s=320x180:r=12:d=8", "testsrc2=s=320x180:r=12:d=16", "mandelbrot=s=320x180:r=12"]
    inputs = [part for scene in scenes for part in ("-f", "lavfi", "-i", scene)]
    join = "[2:v]trim=duration=12[m];[0:v][1:v][m]concat=n=3[v]"
    clips.ffmpeg(*inputs, "-filter_complex", join, "-map", "[v]", *clips.QUICK, "-g", "48", film)
    ticket, _ = ingest(film, early=False)
    first = find(ticket.video_id)
    assert first == sorted(first, key=lambda one: one.time)
    assert all(one.time >= 8 and one.score > 0 for one in first)
    frame = candidates.read(ticket.video_id, first[0].name)
    (tmp_path / "frame.jpg").write_bytes(frame)
    assert Image.open(tmp_path / "frame.jpg").size == (320, 180)
    candidates.use(ticket.video_id, first[0].name, kind="poster")
    poster = Artwork.objects.get(title_id=ticket.title_id, kind="poster")
    assert not poster.automatic
    assert poster.width / poster.height == pytest.approx(2 / 3, abs=0.01)
    second = find(ticket.video_id)
    assert second  # all were shown: from the start again
    with pytest.raises(candidates.NoSuchPicture):
        candidates.read(ticket.video_id, "../../../etc/passwd")
    with pytest.raises(candidates.NoSuchPicture):
        candidates.use(ticket.video_id, first[0].name, kind="still")  # a film has none
    services.remove_title(ticket.title_id)
    assert candidates.offers(ticket.video_id) == []


def test_frames_of_videos_that_are_gone_are_swept(transactional_db: None, home: Path):
    kept = make_video(title_id=make_title(packaged=False, published=False).id)
    for video in (kept, uuid4()):
        folder = Path(default_storage.path(f"candidates/{video}"))
        folder.mkdir(parents=True)
        (folder / "index.json").write_text('{"offers": []}')
    candidates.sweep()
    assert [folder.name for folder in Path(default_storage.path("candidates")).iterdir()] == [str(kept)]


def test_a_sources_chapters_become_markers_with_its_package(transactional_db: None, home: Path):
    video = make_video(title_id=make_title(packaged=False, published=False).id)
    told = [{"start": 0.0, "end": 4.0, "name": "Intro"}, {"start": 4.0, "end": 10.0, "name": "The rest"}]
    facts = {"container": "x", "demuxer": "mov", "bytes": 1, "start": "0", "duration": "10", "frames": 250}
    facts |= {
        "keyframe_gap": 1.0,
        "frame_gap": 0.04,
        "indexed": True,
        "clock_jumps": False,
        "sounds": [],
        "words": [],
    }
    picture = {
        "index": 0,
        "codec": "h264",
        "profile": "High",
        "pixel_format": "yuv420p",
        "width": 320,
        "height": 180,
    }
    picture |= {
        "pixel_aspect": "1",
        "rotation": 0,
        "rate": "25",
        "variable": False,
        "interlaced": False,
        "bits": 8,
    }
    picture |= {"primaries": "", "transfer": "", "matrix": "", "full_range": False}
    Source.objects.create(
        video_id=video, name="f.mkv", bytes=1, facts=facts | {"picture": picture, "chapters": told}
    )
    package = services.package(make_package(video))
    assert package is not None
    assert [(one.kind, one.name) for one in package.markers if one.kind == "chapter"] == [
        ("chapter", "Intro"),
        ("chapter", "The rest"),
    ]
    assert Marker.objects.filter(video_id=video, kind="intro", origin="chapter").count() == 1


def test_segments_of_encrypted_packages_are_read_with_their_number_and_key():
    key, data = bytes(range(16)), b"a segment" * 50
    for number in (0, 7, 70_000):
        padder = PKCS7(128).padder()
        cipher = Cipher(algorithms.AES128(key), modes.CBC(number.to_bytes(16))).encryptor()
        sealed = cipher.update(padder.update(data) + padder.finalize()) + cipher.finalize()
        assert clear.decrypted(sealed, key, number) == data


def test_an_encrypted_package_without_its_key_is_as_good_as_gone(transactional_db: None, home: Path):
    package = services.package(
        make_package(make_video(title_id=make_title(packaged=False, published=False).id))
    )
    assert package is not None
    with pytest.raises(clear.Gone, match="key"):
        clear.copy(replace(package, encrypted=True), package.renditions[0], home / "copy.mp4")
    clear.copy(package, package.renditions[0], home / "copy.mp4", segments=[1])
    first = package.renditions[0]
    assert first.init is not None
    assert (home / "copy.mp4").stat().st_size == first.init[1] + first.segments[1].length
