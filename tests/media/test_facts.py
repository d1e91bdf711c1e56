"""What is known of a source: written down and read again, and what may be copied as it is."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from catalog.media import facts, probe
from catalog.media.facts import Chapter, Facts
from tests.media import clips

META = """;FFMETADATA1
[CHAPTER]
TIMEBASE=1/1000
START=0
END=4000
title=Vor\u202espann <b>1</b>
[CHAPTER]
TIMEBASE=1/1000
START=4000
END=99000
title={long}
[CHAPTER]
TIMEBASE=1/1000
START=60000
END=61000
title=after the end
"""


@pytest.fixture(scope="module")
def found(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Facts of a film of ten seconds with chapters."""
    folder = tmp_path_factory.mktemp("facts")
    (folder / "chapters.txt").write_text(META.format(long="x" * 5000))
    film = folder / "film.mkv"
    options = ["-map", "0", "-map_chapters", "1", "-c", "copy"]
    clips.ffmpeg("-i", clip, "-f", "ffmetadata", "-i", folder / "chapters.txt", *options, film)
    return probe.probe(film)


def test_facts_survive_being_written_down(found):
    assert Facts.load(json.loads(json.dumps(found.plain()))) == found


def test_facts_of_an_older_version_get_what_is_missing(found):
    plain = found.plain()
    for name in ("chapters", "bit_rate", "closed"):
        del plain[name]
    del plain["picture"]["level"]
    loaded = Facts.load(plain | {"something": "new"})
    assert (loaded.chapters, loaded.bit_rate, loaded.closed, loaded.picture.level) == ((), 0, False, 0)
    assert loaded.picture.rate == found.picture.rate


@pytest.mark.parametrize("broken", [{}, {"start": "0"}, {"start": "1/0", "duration": "1", "picture": {}}])
def test_what_is_no_record_is_said_to_be_none(broken):
    with pytest.raises(ValueError, match="no facts"):
        Facts.load(broken)


def test_chapters_lie_within_the_film_and_have_printable_short_names(found):
    assert found.chapters == (Chapter(0.0, 4.0, "Vorspann <b>1</b>"), Chapter(4.0, 10.0, "x" * 80))


def test_an_ordinary_film_can_be_copied(found):
    assert found.closed
    assert found.bit_rate > 10_000
    assert 0 < found.picture.level <= 42
    # What the tests draw is of no profile that is copied; what is asked here is the rule.
    assert facts.copyable(plain_film(found)) == ""


def plain_film(found: Facts) -> Facts:
    return replace(found, picture=replace(found.picture, profile="High", pixel_format="yuv420p", level=40))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"codec": "hevc"}, "not H.264"),
        ({"profile": "High 10"}, "profile High 10"),
        ({"level": 51}, "level 5.1"),
        ({"level": 0}, "level 0"),
        ({"pixel_format": "yuv422p"}, "yuv422p"),
        ({"transfer": "smpte2084"}, "HDR"),
        ({"interlaced": True}, "interlaced"),
        ({"rotation": 90}, "turned"),
        ({"pixel_aspect": Fraction(4, 3)}, "square"),
        ({"variable": True}, "varies"),
    ],
)
def test_a_picture_that_screens_may_not_show_is_not_copied(found, changed, words):
    film = plain_film(found)
    assert words in facts.copyable(replace(film, picture=replace(film.picture, **changed)))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clock_jumps": True}, "clock"),
        ({"frame_gap": 3.0}, "missing"),
        ({"keyframe_gap": 20.0}, "20 s apart"),
        ({"closed": False}, "cannot be cut"),
        ({"bit_rate": 25_000_000}, "25.0 Mb/s"),
    ],
)
def test_a_film_that_does_not_stream_well_is_not_copied(found, changed, words):
    assert words in facts.copyable(replace(plain_film(found), **changed))


def test_sound_is_copied_when_every_browser_plays_it(found):
    (sound,) = found.sounds
    assert facts.sound_copyable(sound) == ""
    assert "not AAC-LC" in facts.sound_copyable(replace(sound, profile="HE-AAC"))
    assert "ac3" in facts.sound_copyable(replace(sound, codec="ac3", profile=""))
    assert facts.sound_copyable(replace(sound, channels=6, layout="5.1")) == ""
    assert "6 channels (hexagonal)" in facts.sound_copyable(replace(sound, channels=6, layout="hexagonal"))
    assert "8 channels (7.1)" in facts.sound_copyable(replace(sound, channels=8, layout="7.1"))
    assert "22050" in facts.sound_copyable(replace(sound, sample_rate=22_050))


@pytest.mark.parametrize(
    ("name", "options", "closed"),
    [
        ("closed.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "3", "-g", "25"], True),
        ("open.mkv", ["-c:v", "libx264", "-bf", "3", "-g", "25", "-x264-params", "open-gop=1"], False),
    ],
)
def test_open_groups_of_pictures_are_told_from_closed_ones(tmp_path, name, options, closed):
    path = clips.film(tmp_path / name, seconds=4, sound=False, extra=(*options, "-preset", "veryfast"))
    found = probe.probe(path)
    assert found.closed is closed
    assert bool(facts.copyable(found)) is not closed


def test_a_film_whose_beginning_is_hidden_is_not_copied(clip, tmp_path):
    """A cut without encoding: the frames from the keyframe on are there, and an edit list hides them."""
    cut = tmp_path / "cut.mp4"
    clips.ffmpeg("-ss", "3.5", "-i", clip, "-c", "copy", cut)
    assert not probe.probe(cut).closed


def test_words_that_outlast_the_picture_are_no_sign_of_missing_data(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text(
        "1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n2\n00:00:03,500 --> 00:00:09,000\nThe end\n"
    )
    film = clips.film(tmp_path / "film.mp4", seconds=4)
    long = tmp_path / "long.mkv"
    clips.ffmpeg("-i", film, "-i", words, "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt", long)
    assert float(clips.ffprobe("-show_format", long)["format"]["duration"]) > 8
    assert float(probe.probe(long).duration) == pytest.approx(4, abs=0.1)
