"""Sound tracks: which are made, how loud, and exactly when."""

import subprocess
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from catalog.media import loudness, plan, probe, sound, tools
from catalog.media.facts import Facts, Sound
from catalog.media.loudness import Loudness
from tests.media import clips

SUMMARY = """
[Parsed_ebur128_0 @ 0x1] Summary:

  Integrated loudness:
    I:         -21.6 LUFS
    Threshold: -32.9 LUFS

  Loudness range:
    LRA:        17.7 LU
    Threshold: -42.7 LUFS
    LRA low:   -36.3 LUFS
    LRA high:  -18.6 LUFS

  Sample peak:
    Peak:       -0.8 dBFS
"""
RATE = 48_000


def track(index: int, channels: int = 2, *, default: bool = False, commentary: bool = False) -> Sound:
    return Sound(index, "aac", channels, RATE, "en", "", default, commentary=commentary)


def with_sounds(*sounds: Sound) -> Facts:
    facts = Facts.load(
        {
            "container": "mov",
            "demuxer": "mov",
            "bytes": 1,
            "start": "0",
            "duration": "10",
            "frames": 240,
            "keyframe_gap": 1.0,
            "frame_gap": 0.04,
            "indexed": True,
            "clock_jumps": False,
            "picture": {
                "index": 0,
                "codec": "h264",
                "profile": "High",
                "pixel_format": "yuv420p",
                "width": 320,
                "height": 180,
                "pixel_aspect": "1",
                "rotation": 0,
                "rate": "24",
                "variable": False,
                "interlaced": False,
                "primaries": "",
                "transfer": "",
                "matrix": "",
                "full_range": False,
                "bits": 8,
            },
            "sounds": [],
            "words": [],
        }
    )
    return replace(facts, sounds=sounds)


def test_every_track_is_made_in_stereo_and_a_rich_one_in_surround_too():
    made = sound.wanted(with_sounds(track(1, 6, default=True), track(2), track(3, 1), track(4, 8)))
    assert [one.name for one in made] == [
        "001-stereo",
        "002-stereo",
        "003-stereo",
        "004-stereo",
        "001-surround",
        "004-surround",
    ]
    assert [one.channels for one in made] == [2, 2, 2, 2, 6, 6]


def test_a_package_has_room_for_so_many_and_the_default_tracks_surround_comes_first():
    many = [track(number, 6, default=number == 5) for number in range(1, 9)]
    made = sound.wanted(with_sounds(*many))
    assert len(made) == sound.TRACKS_MAX
    assert made[-1].name == "005-surround"


def test_commentary_in_six_channels_is_made_in_stereo_only():
    assert [one.layout for one in sound.wanted(with_sounds(track(1, 6, commentary=True)))] == ["stereo"]


def test_a_film_without_sound_wants_none():
    assert sound.wanted(with_sounds()) == ()


def test_the_meters_words_are_understood():
    assert loudness.read(SUMMARY) == Loudness(integrated=-21.6, range=17.7, peak=-0.8)
    assert loudness.read("nothing of the kind") is None
    silent = SUMMARY.replace("-21.6 LUFS", "-70.0 LUFS").replace("-0.8 dBFS", "-inf dBFS")
    assert loudness.read(silent) == Loudness(integrated=-70.0, range=17.7, peak=-120.0)


@pytest.mark.parametrize(
    ("integrated", "peak", "expected"),
    [
        (-21.6, -0.8, 3.6),  # room for it, with the limiter
        (-10.0, 0.0, -8.0),  # too loud
        (-30.0, -3.0, 7.5),  # no more than six decibels are taken off the peaks
        (-50.0, -40.0, 18.0),  # a whisper is not raised for ever
        (-70.0, -120.0, 0.0),  # silence stays silence
    ],
)
def test_the_gain_follows_loudness_and_peaks(integrated: float, peak: float, expected: float):
    assert loudness.gain(Loudness(integrated, 5.0, peak), -18.0) == pytest.approx(expected)


def test_without_a_target_or_a_measure_nothing_is_changed():
    assert loudness.gain(Loudness(-30, 5, -3), None) == 0
    assert loudness.filters(None, -18.0, mixed=False) == []
    assert loudness.filters(Loudness(-18.0, 5, -6), -18.0, mixed=False) == []


def test_a_mix_that_is_over_full_scale_is_limited_even_without_a_target():
    assert loudness.filters(Loudness(-12.0, 5, 2.0), None, mixed=True)[0].startswith("alimiter=")
    assert loudness.filters(Loudness(-12.0, 5, 2.0), None, mixed=False) == []


def clicks(path: Path, seconds: int, moments: list[float], channels: int = 2) -> None:
    """A quiet hum with sharp clicks at these moments."""
    time = np.arange(seconds * RATE) / RATE
    wavelet = 0.02 * np.sin(2 * np.pi * 220 * time)
    for moment in moments:
        wavelet[round(moment * RATE)] = 0.9
    data = np.repeat((wavelet * 32767).astype("<i2")[:, None], channels, axis=1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(data.tobytes())


def heard(path: Path, moments: list[float]) -> list[int]:
    """The sample at which each click is heard, minus where it belongs."""
    raw = subprocess.run(
        [tools.ffmpeg().path, "-v", "error", "-i", path, "-ac", "1", "-f", "f32le", "-"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    samples = np.abs(np.frombuffer(raw, "<f4"))
    found = []
    for moment in moments:
        begin = round(moment * RATE) - 4000
        found.append(int(begin + samples[max(0, begin) : begin + 8000].argmax() - round(moment * RATE)))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("late", [0.0, 0.731])
def test_sound_is_in_step_to_the_sample(tmp_path: Path, settings, late: float):
    """At the start, in the middle and at the end; also when the sound begins after the picture; gain and limiter on."""
    settings.LOUDNESS = -18.0
    moments = [1.0, 6.5, 11.25]
    clicks(tmp_path / "clicks.wav", 12, moments)
    picture = clips.film(tmp_path / "picture.mkv", seconds=13, sound=False)
    film = tmp_path / "film.mkv"
    clips.ffmpeg(
        *("-i", picture, "-itsoffset", str(late), "-i", tmp_path / "clicks.wav"),
        *("-map", "0:v", "-map", "1:a", "-c", "copy", film),
    )
    facts = probe.probe(film)
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool="test")
    (one,) = sound.wanted(facts)
    told: list[float] = []
    sound.make(
        made,
        one,
        source=film,
        done=tmp_path / "done",
        scratch=tmp_path,
        on_progress=told.append,
    )
    piece = sound.folder(tmp_path / "done", one)
    # Matroska counts milliseconds: half of one is 24 samples.
    assert all(abs(by) <= 24 for by in heard(piece / "sound.mp4", [moment + late for moment in moments]))
    assert sound.loudness_of(piece)["gain"] > 3
    assert told == sorted(told)
    length = float(clips.ffprobe("-show_format", piece / "sound.mp4")["format"]["duration"])
    assert length == pytest.approx(float(Fraction(made.frames, 1) / made.rate), abs=0.03)


@pytest.mark.slow
def test_loudness_meets_the_target_in_stereo_and_in_surround(tmp_path: Path, settings):
    settings.LOUDNESS = -18.0
    film = tmp_path / "film.mkv"
    clips.ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=24:d=12"),
        *(
            "-f",
            "lavfi",
            "-i",
            "anoisesrc=d=12:c=pink:a=0.9:seed=7,volume=-24dB,pan=5.1|FL=c0|FR=c0|FC=c0|BL=c0|BR=c0",
        ),
        *(*clips.QUICK, "-c:a", "flac", film),
    )
    facts = probe.probe(film)
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool="test")
    for one in sound.wanted(facts):
        sound.make(made, one, source=film, done=tmp_path / "done", scratch=tmp_path)
        out = sound.folder(tmp_path / "done", one) / "sound.mp4"
        said = subprocess.run(
            [
                tools.ffmpeg().path,
                "-hide_banner",
                "-nostdin",
                "-i",
                out,
                "-af",
                loudness.METER,
                "-f",
                "null",
                "-",
            ],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stderr
        found = loudness.read(said)
        assert found is not None
        assert found.integrated == pytest.approx(-18.0, abs=0.5)
        assert found.peak <= -0.3


def test_microphones_are_no_loudspeakers():
    many = replace(track(1, 13), layout="")
    assert [one.layout for one in sound.wanted(with_sounds(many))] == ["stereo"]
    named = replace(track(1, 12), layout="7.1.4")
    assert [one.layout for one in sound.wanted(with_sounds(named))] == ["stereo", "surround"]


@pytest.mark.slow
def test_a_recording_of_thirteen_microphones_is_heard(tmp_path: Path, settings):
    settings.LOUDNESS = -18.0
    rng = np.random.default_rng(3)
    data = (rng.normal(0, 0.05, (4 * RATE, 13)) * 32767).astype("<i2")
    (tmp_path / "raw").write_bytes(data.tobytes())
    film = tmp_path / "film.mov"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=128x72:r=12:d=4"]
    raw = ["-f", "s16le", "-ar", RATE, "-ac", 13, "-i", tmp_path / "raw"]
    clips.ffmpeg(*picture, *map(str, raw), *clips.QUICK, "-c:a", "pcm_s16le", film)
    facts = probe.probe(film)
    made = plan.make(facts, ladder_name="light", preset="ultrafast", tool="test")
    (one,) = sound.wanted(facts)
    sound.make(made, one, source=film, done=tmp_path / "done", scratch=tmp_path)
    assert sound.loudness_of(sound.folder(tmp_path / "done", one))["integrated"] > -40


@pytest.mark.parametrize(
    ("marks", "title", "described"),
    [
        ({"visual_impaired": 1}, "", True),
        ({}, "English Audio Description", True),
        ({}, "Audiodescripción", True),
        ({}, "Audiodeskription", True),
        ({}, "Stereo", False),
        ({"comment": 1}, "With the director", False),
    ],
)
def test_an_audio_description_is_known_by_its_mark_or_by_its_name(
    marks: dict[str, int], title: str, described: bool
) -> None:
    stream = {"index": 1, "codec_name": "aac", "channels": 2, "disposition": marks, "tags": {"title": title}}
    assert probe._sound(stream).described is described
