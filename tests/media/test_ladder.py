"""The ladder: never larger than the source, its very shape, always three."""

import itertools
from fractions import Fraction

import pytest

from catalog.media import ladder


@pytest.mark.parametrize(
    ("width", "height", "name", "sizes"),
    [
        (1920, 1080, "standard", ["1920x1080", "1280x720", "960x540", "640x360", "416x234"]),
        (3840, 2160, "standard", ["1920x1080", "1280x720", "960x540", "640x360", "416x234"]),
        (1280, 720, "standard", ["1280x720", "960x540", "640x360", "416x234"]),
        (1920, 800, "standard", ["1920x800", "1272x530", "960x400", "624x260", "408x170"]),
        (1080, 1920, "standard", ["1080x1920", "720x1280", "540x960", "360x640", "234x416"]),
        (640, 480, "standard", ["640x480", "480x360", "312x234"]),
        (768, 576, "standard", ["720x540", "480x360", "312x234"]),
        (854, 480, "standard", ["854x480", "630x354", "402x226"]),
        (640, 360, "standard", ["640x360", "416x234", "320x180"]),
        (320, 180, "standard", ["320x180", "256x144", "192x108"]),
        (64, 64, "standard", ["64x64", "48x48", "36x36"]),
        (1920, 1080, "light", ["1280x720", "640x360", "320x180"]),
        (960, 540, "light", ["960x540", "640x360", "320x180"]),
    ],
)
def test_a_source_gets_these_rungs(width, height, name, sizes):
    made = ladder.rungs(width=width, height=height, rate=Fraction(24), ladder=name)
    assert [f"{rung.width}x{rung.height}" for rung in made] == sizes


@pytest.mark.parametrize("name", list(ladder.LADDERS))
def test_any_source_gets_at_least_three_even_rungs_of_its_shape_and_none_larger(name):
    for width in range(64, 2200, 46):
        for height in range(64, 1300, 38):
            if not Fraction(1, 5) <= Fraction(width, height) <= 5:
                continue
            made = ladder.rungs(width=width, height=height, rate=Fraction(25), ladder=name)
            assert len(made) >= 3
            assert len({rung.name for rung in made}) == len(made)
            for rung in made:
                assert rung.width % 2 == rung.height % 2 == 0
                assert rung.width <= width
                assert rung.height <= height
                # Half a pixel either way is all that even sides may cost.
                ideal = Fraction(width, height)
                assert abs(rung.width - rung.height * ideal) <= 2 * max(1, ideal)


def test_rungs_fall_in_size_cap_and_never_rise_in_quality():
    made = ladder.rungs(width=1920, height=1080, rate=Fraction(24))
    for larger, smaller in itertools.pairwise(made):
        assert smaller.pixels < larger.pixels
        assert smaller.cap < larger.cap
        assert smaller.crf >= larger.crf
        assert larger.buffer == 2 * larger.cap
    assert made[-1].cap <= 400_000
    assert {rung.profile for rung in made[-2:]} == {"main"}


def test_twice_the_frames_get_half_as_many_bits_more():
    slow, fast = (ladder.rungs(width=1280, height=720, rate=Fraction(rate)) for rate in (25, 50))
    assert fast[0].cap == slow[0].cap * 3 // 2


@pytest.mark.parametrize(
    ("width", "height", "name"), [(640, 360, "fancy"), (0, 360, "light"), (640, 0, "light")]
)
def test_nonsense_is_an_error(width, height, name):
    with pytest.raises(ValueError, match=r"ladder|sides"):
        ladder.rungs(width=width, height=height, rate=Fraction(24), ladder=name)
