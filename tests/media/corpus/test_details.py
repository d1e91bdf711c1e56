"""What the table cannot show: that fields become frames, that sound stays where it belongs, that copies are exact."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from catalog.media import passthrough, plan, probe, sound, straight, tools
from catalog.media.errors import Refused
from tests.media import clips
from tests.media.corpus import bytes as raw
from tests.media.corpus import films

pytestmark = pytest.mark.slow


def pitches(path: Path, moments: tuple[float, ...]) -> list[int]:
    """The loudest frequency in half a second around each moment, in Hz."""
    command = [
        tools.ffmpeg().path,
        "-v",
        "error",
        "-i",
        str(path),
        "-ac",
        "1",
        "-ar",
        "8000",
        "-f",
        "s16le",
        "-",
    ]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=60)
    wave = np.frombuffer(ended.stdout, dtype=np.int16).astype(float)
    found = []
    for moment in moments:
        part = wave[round((moment - 0.25) * 8000) : round((moment + 0.25) * 8000)]
        found.append(int(np.abs(np.fft.rfft(part)).argmax() * 2) if len(part) == 4000 else -1)
    return found


@pytest.mark.parametrize("order", [(2, 6), (6, 2)])
def test_sound_that_changes_its_layout_in_the_middle_stays_in_step(
    tmp_path: Path, order: tuple[int, int], settings
):
    """An advertisement in stereo, a film in 5.1: what came after the change was as late as the change itself."""
    whole = tmp_path / "changing.ts"
    parts = []
    for number, channels in enumerate(order):
        part = tmp_path / f"{number}.ts"
        inputs = ["-f", "lavfi", "-i", "color=s=128x72:r=25:d=4", "-f", "lavfi"]
        inputs += ["-i", f"sine=f={440 * (number + 1)}:d=4:r=48000"]
        options = ["-g", "25", "-ac", str(channels), "-c:a", "ac3", "-output_ts_offset", str(4 * number)]
        clips.ffmpeg(*inputs, *clips.QUICK, *options, part)
        parts.append(part.read_bytes())
    whole.write_bytes(b"".join(parts))
    source, facts = straight.straighten(whole, probe.probe(whole), tmp_path)
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool="any")
    one = sound.wanted(facts)[0]
    sound.make(made, one, source=source, done=tmp_path / "done", scratch=tmp_path / "scratch")
    file = sound.folder(tmp_path / "done", one) / "sound.mp4"
    assert pitches(file, (1, 3, 5, 7, 9)) == [440, 440, 880, 880, -1]
    (tmp_path / "early").mkdir()
    (quick,) = passthrough.quick_sound(made, one, source, tmp_path / "early", None).parts
    assert pitches(quick, (1, 3, 5, 7, 9)) == [440, 440, 880, 880, -1], "nor is the early package's"
    assert [file.name for file in (tmp_path / "early").iterdir()] == [quick.name]


def combs(path: Path) -> float:
    """How much neighbouring rows differ from those two apart: large where fields are still woven."""
    grey = ["-vf", "format=gray,trim=start_frame=10:end_frame=20", "-f", "rawvideo", "-"]
    command = [tools.ffmpeg().path, "-v", "error", "-i", str(path), *grey]
    ended = subprocess.run(command, check=True, capture_output=True, timeout=60)
    frames = np.frombuffer(ended.stdout, dtype=np.uint8).astype(float).reshape(10, 180, 320)
    near = np.abs(frames[:, :-2] - frames[:, 1:-1]).mean()
    far = np.abs(frames[:, :-2] - frames[:, 2:]).mean()
    return float(near - far)


def test_woven_fields_become_frames(tmp_path: Path):
    from catalog.media import encode

    laced = tmp_path / "laced.mkv"
    moving = "color=black:s=320x180:r=50:d=2,drawgrid=w=40:h=0:t=12:c=white,scroll=horizontal=0.02"
    weave = "tinterlace=interleave_top,fieldorder=tff"
    clips.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        moving,
        "-vf",
        weave,
        "-flags",
        "+ilme+ildct",
        "-c:v",
        "mpeg2video",
        "-q:v",
        "2",
        laced,
    )
    facts = probe.probe(laced)
    assert facts.picture.interlaced
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool=tools.ffmpeg().fingerprint)
    encode.make_chunk(
        made, made.chunks[0], source=laced, done=tmp_path / "done", scratch=tmp_path / "scratch"
    )
    largest = tmp_path / "done" / "chunk-00000" / f"{made.rungs[0].name}.mp4"
    assert combs(laced) > 20
    assert combs(largest) < 2


def test_dolby_vision_without_an_ordinary_picture_is_refused(tmp_path: Path):
    plain = films.film(tmp_path / "plain.mp4", coder=films._X265, sounds=(), pixels="yuv420p10le")
    data = bytearray(plain.read_bytes())
    # Version 1.0, profile 5, level 1, with RPU and base layer, compatible with nothing.
    record = raw.box(b"dvcC", bytes([1, 0, 5 << 1, 1 << 3 | 0b101, 0]) + bytes(19))
    place = data.index(b"hvcC") - 4
    stsd, _end = raw.find(bytes(data), b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
    outer = [
        raw.find(bytes(data), *(b"moov", b"trak", b"mdia", b"minf", b"stbl")[:depth])[0]
        for depth in range(1, 6)
    ]
    for begin in (*outer, stsd, stsd + 16):
        size = int.from_bytes(data[begin : begin + 4], "big") + len(record)
        data[begin : begin + 4] = size.to_bytes(4, "big")
    data[place:place] = record
    dolby = tmp_path / "dolby.mp4"
    dolby.write_bytes(data)
    with pytest.raises(Refused) as refusal:
        probe.probe(dolby)
    assert refusal.value.code == "dolby_vision"


@pytest.mark.parametrize("name", ["long.ts", "long.flv"])
def test_a_stream_without_an_index_is_copied_when_the_copy_is_exact(tmp_path: Path, name: str):
    """And otherwise left as it is: either way the chunks that are made of it have every frame."""
    extra = ["-g", "200", "-keyint_min", "200", "-sc_threshold", "0"]
    path = clips.counting(tmp_path / name, seconds=64, extra=extra)
    facts = probe.probe(path)
    assert facts.keyframe_gap > 5
    source, known = straight.straighten(path, facts, tmp_path)
    assert known.frames == facts.frames == 1600
    assert (source.suffix == ".mkv") is known.indexed
    assert known.indexed or (tmp_path / "not-straight").exists()
    assert straight.straighten(path, facts, tmp_path) == (
        source,
        known,
    )  # another attempt finds what this one made
    if name.endswith(".ts"):
        assert known.indexed
