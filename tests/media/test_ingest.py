"""Real films through the real job: what comes out is true, aligned, and plays from its first frame."""

import hashlib
import itertools
import json
import os
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import m3u8
import pytest
from django.core.files.storage import default_storage

from catalog import manifests, services, types
from catalog.media import boxes, plan
from catalog.models import Artwork, Package
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips

Ingest = Callable[..., Any]
#: Each makes a film.
pytestmark = pytest.mark.slow
SRT = "1\n00:00:01,000 --> 00:00:02,500\n{words}\n\n"


def packaged(ingest: Ingest, path: Path, **options: Any) -> types.Package:
    """Ingest a film and return its package."""
    ticket, job = ingest(path, **options)
    assert job.state is JobState.DONE, job.error
    package = services.current_package(ticket.video_id)
    assert package is not None
    return package


def of_kind(package: types.Package, kind: types.RenditionKind) -> list[types.Rendition]:
    return [one for one in package.renditions if one.kind is kind]


def unpack(package: types.Package, folder: Path) -> Path:
    """Lay the package out as players fetch it: a folder for each rendition, a file for each segment."""
    for rendition in package.renditions:
        place = folder / rendition.name
        place.mkdir(parents=True)
        if rendition.kind is types.RenditionKind.IMAGES:
            continue
        is_text = rendition.kind is types.RenditionKind.TEXT
        names = ["index.m3u8"] + (["0.vtt"] if is_text else ["init.mp4"])
        names += [] if is_text else [f"{number}.m4s" for number in range(len(rendition.segments))]
        for name in names:
            stored = services.stored_object(package.id, rendition=rendition.name, name=name)
            assert stored is not None, name
            (place / name).write_bytes(services.open_object(stored))
    return folder


def grid_of(package: types.Package, rendition: types.Rendition) -> tuple[boxes.Header, list[boxes.Fragment]]:
    path = Path(default_storage.path(manifests.key(package.id, rendition.file)))
    with path.open("rb") as file:
        init = boxes.read_init(file)
        return boxes.header(init), boxes.read_fragments(file, len(init))


def decoded_times(playlist: Path, stream: str) -> list[float]:
    """When ffprobe, reading the playlist as a player would, presents each frame."""
    said = clips.ffprobe(
        *("-allowed_extensions", "ALL", "-select_streams", stream, "-show_entries", "packet=pts_time"),
        playlist,
    )
    return sorted(float(packet["pts_time"]) for packet in said["packets"])


@pytest.fixture
def package(ingest: Ingest, clip: Path) -> types.Package:
    """Ten seconds of 320 x 180, light ladder."""
    return packaged(ingest, clip)


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 8 s instead of 24: as many seams in a third of the film."""
    monkeypatch.setattr(plan, "CHUNK_SEGMENTS", 2)


def test_the_manifest_names_every_byte(package):
    folder = Path(default_storage.path(f"packages/{package.id}"))
    raw = (folder / "manifest.json").read_bytes()
    assert hashlib.sha256(raw).hexdigest()[:32] == package.id
    assert raw == manifests.canonical(json.loads(raw)) == services.manifest_bytes(package.id)
    listed = {"manifest.json"}
    for entry in json.loads(raw)["renditions"]:
        listed |= {entry["file"], entry["playlist"]["file"]}
        if entry["kind"] == "video":
            listed.add(entry["iframes"]["file"])
        data = (folder / entry["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (entry["bytes"], entry["sha256"])
        playlist = (folder / entry["playlist"]["file"]).read_bytes()
        assert hashlib.sha256(playlist).hexdigest() == entry["playlist"]["sha256"]
        position = sum(entry["init"] or [0])
        for offset, length, _duration, digest in entry["segments"]:
            assert offset == position
            assert hashlib.sha256(data[offset : offset + length]).hexdigest() == digest
            position += length
        assert position == len(data)
    assert {path.name for path in folder.iterdir()} == listed


def test_all_video_renditions_break_at_the_same_frames(package):
    videos = of_kind(package, types.RenditionKind.VIDEO)
    assert len(videos) >= 3
    shapes = []
    for rendition in videos:
        header, fragments = grid_of(package, rendition)
        assert (header.width, header.height) == (rendition.width, rendition.height)
        assert header.skip == 0
        assert all(part.sync for part in fragments)
        shapes.append([(Fraction(part.time, header.timescale), part.samples) for part in fragments])
    assert all(shape == shapes[0] for shape in shapes)
    assert shapes[0] == [(Fraction(0), 96), (Fraction(4), 96), (Fraction(8), 48)]
    assert [rendition.index for rendition in package.renditions] == list(range(len(package.renditions)))


def test_playlists_parse_and_agree_with_the_files(package, tmp_path):
    folder = unpack(package, tmp_path / "wire")
    for rendition in package.renditions:
        if rendition.kind is types.RenditionKind.IMAGES:
            continue
        read = m3u8.load(str(folder / rendition.name / "index.m3u8"))
        assert read.is_endlist
        assert read.playlist_type == "vod"
        durations = [part.duration for part in read.segments]
        assert durations == pytest.approx([part.duration for part in rendition.segments], abs=1e-6)
        assert max(round(duration) for duration in durations) <= read.target_duration
        assert sum(durations) == pytest.approx(package.duration.total_seconds(), abs=0.05)
        assert all((folder / rendition.name / part.uri).exists() for part in read.segments)


def test_what_players_are_told_is_true(package, tmp_path):
    folder = unpack(package, tmp_path / "wire")
    for rendition in of_kind(package, types.RenditionKind.VIDEO):
        sizes = [
            (folder / rendition.name / f"{n}.m4s").stat().st_size for n in range(len(rendition.segments))
        ]
        rates = [size * 8 / part.duration for size, part in zip(sizes, rendition.segments, strict=True)]
        assert rendition.bandwidth >= max(rates) - 1
        assert rendition.average_bandwidth == pytest.approx(sum(sizes) * 8 / 10, rel=0.001)
        playlist = folder / rendition.name / "index.m3u8"
        (stream,) = clips.ffprobe("-allowed_extensions", "ALL", "-show_streams", playlist)["streams"]
        profile = {"Constrained Baseline": "42c0", "Main": "4d40", "High": "6400"}[stream["profile"]]
        assert rendition.codecs == f"avc1.{profile}{stream['level']:02x}"
        assert (stream["width"], stream["height"]) == (rendition.width, rendition.height)
        assert rendition.frame_rate == 24.0
    (sound,) = of_kind(package, types.RenditionKind.AUDIO)
    assert (sound.codecs, sound.channels, sound.default) == ("mp4a.40.2", 2, True)


def test_picture_and_sound_begin_and_end_together(package, tmp_path):
    folder = unpack(package, tmp_path / "wire")
    (sound,) = of_kind(package, types.RenditionKind.AUDIO)
    heard = decoded_times(folder / sound.name / "index.m3u8", "a:0")
    assert abs(heard[0]) <= 0.025
    assert heard[-1] == pytest.approx(10, abs=0.06)
    for rendition in of_kind(package, types.RenditionKind.VIDEO):
        header, fragments = grid_of(package, rendition)
        assert fragments[0].time == 0
        assert Fraction(sum(part.duration for part in fragments), header.timescale) == 10
        seen = decoded_times(folder / rendition.name / "index.m3u8", "v:0")
        assert len(seen) == 240
        # ffmpeg's reader moves CMAF's negative offsets by the reorder delay; the distances are what counts.
        steps = [later - earlier for earlier, later in itertools.pairwise(seen)]
        assert steps == pytest.approx([1 / 24] * 239, abs=2e-6)


def test_the_same_film_again_is_the_same_package(ingest, clip):
    """Nothing random and no clock gets into the bytes: a second run of the job changes nothing."""
    ticket, first = ingest(clip)
    before = services.current_package(ticket.video_id)
    again = jobs.enqueue(first.kind, payload=first.payload)
    assert again.id != first.id
    assert jobs.run_here(again.id).state is JobState.DONE
    assert services.current_package(ticket.video_id) == before
    assert Package.objects.filter(video_id=ticket.video_id).count() == 1


def test_pictures_are_taken_when_nobody_chose_any(ingest, clip, home):
    ticket, _job = ingest(clip)
    rows = {row.kind: row for row in Artwork.objects.filter(title_id=ticket.title_id)}
    assert set(rows) == {"poster", "backdrop"}
    assert all(row.automatic for row in rows.values())
    assert rows["poster"].height > rows["poster"].width
    assert rows["backdrop"].width > rows["backdrop"].height


def test_neither_work_nor_a_source_that_nobody_wants_to_keep_is_left(ingest, clip, home):
    packaged(ingest, clip, keep_source=False)
    left = [path for path in (home / "work").rglob("*") if path.is_file() and path.name != "tools.json"]
    assert left == []
    assert not any(path.is_file() for path in (home / "media" / "sources").rglob("*"))


def test_a_silent_film_has_no_sound_rendition(ingest, tmp_path):
    silent = clips.film(tmp_path / "silent.mp4", seconds=3, sound=False)
    package = packaged(ingest, silent)
    assert of_kind(package, types.RenditionKind.AUDIO) == []
    assert len(of_kind(package, types.RenditionKind.VIDEO)) == 3


def test_tracks_keep_their_languages_and_subtitles_are_written_anew(ingest, clip, tmp_path):
    (tmp_path / "a.srt").write_text(SRT.format(words="Fish & <i>chips</i>"))
    (tmp_path / "b.srt").write_text(SRT.format(words="Poisson --> frites"))
    film = tmp_path / "film.mkv"
    clips.ffmpeg(
        *(
            "-i",
            clip,
            "-f",
            "lavfi",
            "-i",
            "sine=f=880:d=10",
            "-i",
            tmp_path / "a.srt",
            "-i",
            tmp_path / "b.srt",
        ),
        *(
            "-map",
            "0:v",
            "-map",
            "0:a",
            "-map",
            "1:a",
            "-map",
            "2",
            "-map",
            "3",
            "-c:v",
            "copy",
            "-c:a",
            "aac",
        ),
        *("-c:s", "srt", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fre"),
        *("-metadata:s:a:1", "title=Commentaire", "-disposition:a:0", "0", "-disposition:a:1", "default"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fre", film),
    )
    sidecar = tmp_path / "mine.srt"
    sidecar.write_bytes("1\n00:00:03,000 --> 00:01:59,000\nGrüße\n".encode("cp1252"))
    text = (types.SidecarText(language="deu", path=str(sidecar)),)
    package = packaged(ingest, film, text=text)
    sounds = {
        one.name: (one.language, one.label, one.default)
        for one in of_kind(package, types.RenditionKind.AUDIO)
    }
    assert sounds == {"a-en": ("en", "English", False), "a-fr": ("fr", "Commentaire", True)}
    words = {one.name: one for one in of_kind(package, types.RenditionKind.TEXT)}
    assert set(words) == {"t-de", "t-en", "t-fr"}
    said = {
        name: services.open_object(services.stored_object(package.id, rendition=name, name="0.vtt")).decode()
        for name in words
    }
    assert said["t-en"] == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nFish &amp; <i>chips</i>\n"
    assert said["t-fr"] == "WEBVTT\n\n00:00:01.000 --> 00:00:02.500\nPoisson --&gt; frites\n"
    assert said["t-de"] == "WEBVTT\n\n00:00:03.000 --> 00:00:10.000\nGrüße\n"
    assert words["t-de"].label == "Deutsch"


@pytest.mark.parametrize("wish", [{"preset": "placebo"}, {"ladder": "endless"}])
def test_options_that_make_no_sense_fail_with_words(ingest, clip, wish):
    _ticket, job = ingest(clip, **wish)
    assert job.state is JobState.FAILED
    assert "options make no sense" in job.error


def test_a_turned_stretched_film_stands_upright_in_its_shape(ingest, tmp_path):
    """A telephone film: coded lying, pixels not square, to be turned by a quarter."""
    lying, turned = tmp_path / "lying.mp4", tmp_path / "turned.mp4"
    clips.film(lying, seconds=2, size="320x180", extra=("-vf", "setsar=4/3"))
    clips.ffmpeg("-display_rotation:v:0", "90", "-i", lying, "-c", "copy", turned)
    first = of_kind(packaged(ingest, turned), types.RenditionKind.VIDEO)[0]
    assert first.height > first.width
    # 320 x 180 with pixels of 4:3 is shown as 427 x 180; turned, 180 x 427.
    assert first.width / first.height == pytest.approx(180 / (320 * 4 / 3), rel=0.01)
    assert first.height <= 320


def test_an_uneven_film_is_put_on_an_even_grid(ingest, tmp_path):
    uneven = tmp_path / "uneven.mkv"
    choose = "select='not(eq(mod(n,7),3))*not(eq(mod(n,11),5))'"
    clips.film(uneven, seconds=8, rate="30", extra=("-vf", choose, "-fps_mode", "vfr"))
    package = packaged(ingest, uneven)
    for rendition in of_kind(package, types.RenditionKind.VIDEO):
        assert rendition.frame_rate in (24.0, 25.0, 30.0)
        header, fragments = grid_of(package, rendition)
        ticks = {part.duration / part.samples for part in fragments}
        assert ticks == {header.timescale / rendition.frame_rate}
    assert package.duration.total_seconds() == pytest.approx(8, abs=0.1)


@pytest.mark.parametrize(
    ("name", "options", "strays"),
    [
        ("open-gop.ts", ["-g", "60", "-bf", "3", "-x264-params", "open-gop=1:keyint=60"], 0),
        ("long-gop.ts", ["-g", "260", "-keyint_min", "260", "-sc_threshold", "0"], 0),
        ("late.ts", ["-output_ts_offset", "37"], 0),
        ("film.avi", [], 2),  # its first frame is held for the reorder delay
        ("film.mkv", [], 0),
        ("film.flv", [], 0),
        ("film.mov", ["-movflags", "+faststart"], 0),
        ("film.ogg", ["-c:v", "libtheora", "-q:v", "9", "-c:a", "libvorbis"], 0),
        ("film.wmv", ["-c:v", "msmpeg4v3", "-b:v", "2M", "-c:a", "wmav2"], 0),
        ("dvd.mpeg", ["-c:v", "mpeg2video", "-b:v", "4M", "-c:a", "mp2"], 4),  # its own dates wobble
    ],
)
def test_any_container_keeps_every_frame_over_the_seams(
    ingest, short_chunks, tmp_path, name, options, strays
):
    """20 s are three chunks, two of them entered in the middle. Every frame carries its number."""
    path = clips.counting(tmp_path / name, seconds=20, extra=options)
    package = packaged(ingest, path, preset="veryfast")
    largest = of_kind(package, types.RenditionKind.VIDEO)[0]
    stored = Path(default_storage.path(manifests.key(package.id, largest.file)))
    seen = clips.numbers(stored, largest.width, largest.height)
    assert sum(later - earlier != 1 for earlier, later in pairwise(seen)) <= strays
    assert (seen[0], seen[-1]) == (0, 499)
    assert len(seen) == pytest.approx(500, abs=strays)
    (sound,) = of_kind(package, types.RenditionKind.AUDIO)
    assert sum(part.duration for part in sound.segments) == pytest.approx(20, abs=0.2)


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("laced.mkv", ["-flags", "+ilme+ildct", "-vf", "tinterlace=interleave_top,fieldorder=tff"], 12.5),
        ("ntsc.mp4", ["-r", "24000/1001"], 23.976),
        ("fast.mp4", ["-r", "100"], 50.0),
    ],
)
def test_other_rates_are_kept_or_made_playable(ingest, short_chunks, tmp_path, name, options, rate):
    path = clips.film(tmp_path / name, seconds=10, rate="25", size="256x144", extra=tuple(options))
    package = packaged(ingest, path)
    assert package.duration.total_seconds() == pytest.approx(10, abs=0.2)
    shapes = set()
    for rendition in of_kind(package, types.RenditionKind.VIDEO):
        assert rendition.frame_rate == rate
        _header, fragments = grid_of(package, rendition)
        shapes.add(tuple(part.samples for part in fragments))
    assert len(shapes) == 1


def test_a_recording_whose_clock_jumps_back_is_set_right(ingest, tmp_path):
    """Two recordings joined end to end, as a broadcast recorder does."""
    halves = [clips.counting(tmp_path / f"{number}.ts", seconds=14).read_bytes() for number in range(2)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(halves))
    package = packaged(ingest, joined, preset="veryfast")
    assert package.duration.total_seconds() == pytest.approx(28, abs=0.3)
    largest = of_kind(package, types.RenditionKind.VIDEO)[0]
    stored = Path(default_storage.path(manifests.key(package.id, largest.file)))
    seen = clips.numbers(stored, largest.width, largest.height)
    assert (seen[0], seen[-1], max(seen)) == (0, 349, 349)
    assert sum(later - earlier != 1 for earlier, later in pairwise(seen)) <= 5


def test_places_and_names_in_the_source_do_not_come_out(ingest, clip, home, tmp_path):
    tagged = tmp_path / "tagged.mp4"
    clips.ffmpeg(
        *(
            "-i",
            clip,
            "-c",
            "copy",
            "-movflags",
            "use_metadata_tags",
            "-metadata",
            "location=+52.3731+004.8922/",
        ),
        *("-metadata", "comment=SECRETPLACE", tagged),
    )
    assert b"SECRETPLACE" in tagged.read_bytes()
    package = packaged(ingest, tagged)
    for root, _dirs, names in os.walk(default_storage.path(f"packages/{package.id}")):
        for name in names:
            data = (Path(root) / name).read_bytes()
            assert b"SECRETPLACE" not in data
            assert b"+52.3731" not in data
