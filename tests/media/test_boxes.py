"""The box reader, on real fragments and on broken ones."""

import io
import itertools
import struct
from pathlib import Path

import pytest

from catalog.media import boxes
from tests.media import clips


@pytest.fixture(scope="module")
def fragments(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Four seconds in fragments of one second: 25 frames a second, two of them B-frames."""
    path = tmp_path_factory.mktemp("boxes") / "f.mp4"
    clips.ffmpeg(
        *(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=128x72:r=25:d=4",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-g",
            "25",
        ),
        *("-keyint_min", "25", "-sc_threshold", "0", "-movflags", "+cmaf+frag_keyframe+skip_trailer", path),
    )
    return path.read_bytes()


def test_fragments_are_found_with_their_times(fragments):
    file = io.BytesIO(fragments)
    init = boxes.read_init(file)
    found = boxes.read_fragments(file, len(init))
    header = boxes.header(init)
    assert (header.width, header.height) == (128, 72)
    assert header.codecs.startswith("avc1.64")
    assert [part.samples for part in found] == [25] * 4
    assert [part.time for part in found] == [number * header.timescale for number in range(4)]
    assert all(part.sync and part.duration == header.timescale for part in found)
    assert found[0].offset == len(init)
    assert all(
        earlier.offset + earlier.length == later.offset for earlier, later in itertools.pairwise(found)
    )
    assert found[-1].offset + found[-1].length == len(fragments)


def test_sound_says_its_codec_channels_and_delay(tmp_path: Path):
    path = tmp_path / "a.mp4"
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "sine=d=3:sample_rate=48000", "-ac", "2", "-c:a", "aac"),
        *("-movflags", "+cmaf+delay_moov", "-frag_duration", "1000000", path),
    )
    with path.open("rb") as file:
        header = boxes.header(boxes.read_init(file))
    assert (header.codecs, header.channels, header.sample_rate) == ("mp4a.40.2", 2, 48000)
    assert header.skip == 1024


def test_every_cut_is_noticed(fragments):
    whole = io.BytesIO(fragments)
    init = boxes.read_init(whole)
    ends = {0, *(part.offset + part.length - len(init) for part in boxes.read_fragments(whole, len(init)))}
    for cut in range(0, len(fragments) - len(init), 997):
        file = io.BytesIO(fragments[: len(init) + cut])
        if cut in ends:
            continue
        with pytest.raises(boxes.BadBoxes):
            boxes.read_fragments(file, len(init))
    for cut in range(0, len(init), 61):
        with pytest.raises(boxes.BadBoxes):
            boxes.read_init(io.BytesIO(fragments[:cut]))


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\0\0\0\0moov",
        b"\0\0\0\7moov",
        b"\0\0\0\1moov" + struct.pack(">Q", 2**63),
        b"\xff\xff\xff\xffmoov",
        b"\0\0\0\x10mdat12345678",
        b"\0\0\0\x08moov",
    ],
)
def test_hostile_bytes_are_bad_boxes_and_nothing_worse(hostile):
    def read() -> None:
        boxes.header(boxes.read_init(io.BytesIO(hostile)))

    with pytest.raises(boxes.BadBoxes):
        read()


def test_flipped_bits_never_raise_anything_else(fragments):
    init_length = len(boxes.read_init(io.BytesIO(fragments)))
    for position in range(0, init_length + 900):
        damaged = bytearray(fragments)
        damaged[position] ^= 0xFF
        file = io.BytesIO(bytes(damaged))
        try:
            init = boxes.read_init(file)
            boxes.header(init)
            boxes.read_fragments(file, len(init))
        except boxes.BadBoxes:
            continue
        assert len(damaged) == len(fragments)
