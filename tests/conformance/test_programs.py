"""Players that are programs: ffmpeg, GStreamer and VLC, each at the very addresses that a session gives, both faces.

What they show and sound is compared with the film: it flashes and beeps at known frames. `docs/players.md` says which
versions were tried by hand, and what each does when a node dies.
"""

import io
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import wave
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy
import pytest

from catalog.media import tools
from tests.conformance import reading
from tests.conformance.making import EVERY, FLASHES, FRAMES, RATE, Made
from tests.conformance.staging import Stage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]
#: What GStreamer's picture is scaled to before it is looked at.
SMALL = (128, 72)
#: From where to where VLC plays: it keeps to the clock. There is a flash each two seconds.
FROM, TO = 8, 15


def in_step(heard: list[float], *, within: float) -> None:
    """Each beep comes where the film has it."""
    assert len(heard) == len(FLASHES)
    late = [moment - reading.shown(frame) for moment, frame in zip(heard, FLASHES, strict=True)]
    assert max(map(abs, late)) < within, late


@pytest.mark.parametrize("face", ["hls", "dash"])
def test_ffmpeg_reads_every_picture_and_the_sound_in_step(stage: Stage, made: Made, face: str) -> None:
    stage.publish(made)
    url = str(getattr(stage.open(), face))
    light = reading.lightness_of_stream(url, *SMALL)
    assert reading.flashes_in(light) == list(FLASHES)
    assert len(light) == FRAMES
    # Its DASH reader opens each segment anew and each time takes off what the encoder put before the first sample:
    # 21 ms are missing where a segment begins. Players keep to the times that it tells, and so does this filter.
    heard = reading.fetched(
        url, "-map", "0:a:0", "-af", "aresample=async=1:min_hard_comp=0.01", *reading.MONO
    )
    in_step(reading.beeps_in(heard), within=0.030)


def test_ffprobe_lists_what_the_session_offers(stage: Stage, made: Made) -> None:
    stage.publish(made)
    argv = [tools.ffprobe().path, "-v", "error", "-of", "json", "-show_streams", stage.open().hls]
    run = subprocess.run(argv, capture_output=True, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    streams = json.loads(run.stdout)["streams"]
    kinds = ("video", "audio", "subtitle")
    told = {kind: [one for one in streams if one["codec_type"] == kind] for kind in kinds}
    assert {one["height"] for one in told["video"]} == {360, 180, 144}
    assert {one["channels"] for one in told["audio"]} == {2, 6}
    for kind in ("audio", "subtitle"):
        assert {one["tags"]["language"] for one in told[kind]} == {"en", "fr"}, kind


@pytest.mark.parametrize("face", ["hls", "dash"])
def test_gstreamer_plays_every_picture_and_the_sound_in_step(
    stage: Stage, made: Made, face: str, tmp_path: Path
) -> None:
    program = installed(
        "gst-launch-1.0", "gstreamer1.0-tools gstreamer1.0-plugins-{base,good,bad} gstreamer1.0-libav"
    )
    stage.publish(made)
    width, height = SMALL
    picture, sound = tmp_path / "picture", tmp_path / "sound"
    looks = f"videoconvert ! videoscale ! video/x-raw,format=GRAY8,width={width},height={height}"
    sounds = f"audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate={reading.SAMPLES}"
    argv = [program, "-q", "playbin3", f"uri={getattr(stage.open(), face)}", "flags=video+audio"]
    argv += [
        f"video-sink={looks} ! filesink location={picture}",
        f"audio-sink={sounds} ! filesink location={sound}",
    ]
    run = subprocess.run(argv, capture_output=True, timeout=120, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    light = reading.lightness_of(picture.read_bytes(), width * height)
    assert reading.flashes_in(light) == list(FLASHES)
    assert len(light) == FRAMES
    in_step(reading.beeps_in(sound.read_bytes()), within=0.060)


@pytest.mark.parametrize("face", ["hls", "dash"])
def test_vlc_jumps_and_plays_on(stage: Stage, made: Made, face: str) -> None:
    program = installed("cvlc", "vlc-bin vlc-plugin-base")
    stage.publish(made)
    with tempfile.TemporaryDirectory(prefix="vlc-") as name:  # below /tmp: it runs as somebody else
        home = Path(name)
        argv = [program, "-I", "dummy", "--play-and-exit", "--no-video-title-show", "--adaptive-logic=lowest"]
        argv += ["--no-drop-late-frames", "--no-skip-frames"]
        argv += [f"--start-time={FROM}", f"--stop-time={TO}", "--vout=yuv", f"--yuv-file={home / 'picture'}"]
        argv += ["--aout=afile", f"--audiofile-file={home / 'sound'}", str(getattr(stage.open(), face))]
        run = subprocess.run(argv, capture_output=True, timeout=90, text=True, **humble(home))
        assert run.returncode == 0, run.stderr
        picture, sound = (home / "picture").read_bytes(), (home / "sound").read_bytes()
    flashes, shown = flashes_of_y4m(picture, 256, 144)
    # It begins at the segment before; the distance from flash to flash stays.
    assert (TO - FROM) * float(RATE) * 0.9 < shown < FRAMES
    assert len(flashes) >= 3
    assert all(abs(later - sooner - EVERY) <= 4 for sooner, later in pairwise(flashes)), flashes
    with wave.open(io.BytesIO(sound)) as told:
        loud = numpy.frombuffer(sound[44:], numpy.int16).reshape(-1, told.getnchannels()).sum(axis=1) // 4
        assert told.getframerate() == reading.SAMPLES
    beeps = reading.beeps_in(loud.astype(numpy.int16).tobytes())
    assert len(beeps) >= 3
    period = float(EVERY / RATE)
    assert all(later - sooner == pytest.approx(period, abs=0.05) for sooner, later in pairwise(beeps)), beeps


def flashes_of_y4m(film: bytes, width: int, height: int) -> tuple[list[int], int]:
    """Frames at which flashes begin, and how many frames there are, of YUV4MPEG2 in 4:2:0."""
    head, frames = film.split(b"\n", 1)
    assert f" W{width} H{height} ".encode() in head, head
    planes = numpy.frombuffer(frames, numpy.uint8).reshape(-1, len(b"FRAME\n") + width * height * 3 // 2)
    light = planes[:, len(b"FRAME\n") : -(width * height // 2)]
    return reading.flashes_in(reading.lightness_of(light.tobytes(), width * height)), len(planes)


def installed(program: str, packages: str) -> str:
    """Where a program is; without it the test is skipped, and says so."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"NO {program.upper()} IS INSTALLED (Debian: {packages}): it was not tried")
    return found


def humble(home: Path) -> dict[str, Any]:
    """How to run a program in a home of its own, and as nobody where we are root: VLC refuses that."""
    environment = {"env": os.environ | {"HOME": str(home)}}
    if os.geteuid():
        return environment
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return environment | {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
