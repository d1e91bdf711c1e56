"""What stands between a source's picture and a screen."""

from dataclasses import replace
from fractions import Fraction

import pytest

from catalog.media import rates, screen
from catalog.media.facts import Picture

PICTURE = Picture(
    index=0,
    codec="h264",
    profile="High",
    pixel_format="yuv420p",
    width=1920,
    height=1080,
    pixel_aspect=Fraction(1),
    rotation=0,
    rate=Fraction(25),
    variable=False,
    interlaced=False,
    primaries="bt709",
    transfer="bt709",
    matrix="bt709",
    full_range=False,
    bits=8,
)


def colours(**changed: object) -> str:
    return ",".join(screen.colours(replace(PICTURE, **changed), has_zscale=True))  # type: ignore[arg-type]


def test_an_ordinary_picture_is_left_alone():
    assert screen.whole_frames(PICTURE) == screen.upright(PICTURE) == []
    assert colours() == ""


@pytest.mark.parametrize(
    ("rotation", "mirrored", "filters"),
    [
        (90, False, ["transpose=clock"]),
        (180, False, ["hflip", "vflip"]),
        (270, False, ["transpose=cclock"]),
        (0, True, ["hflip"]),
        (90, True, ["hflip", "transpose=clock"]),
    ],
)
def test_a_picture_is_mirrored_and_then_turned(rotation, mirrored, filters):
    assert screen.upright(replace(PICTURE, rotation=rotation, mirrored=mirrored)) == filters


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            {"primaries": "", "transfer": "", "matrix": ""},
            "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709",
        ),
        ({"primaries": "", "transfer": "unknown"}, "setparams=color_primaries=bt709:color_trc=bt709"),
        ({"matrix": "bt470bg", "primaries": ""}, "setparams=color_primaries=bt470bg"),
        ({"height": 480, "matrix": ""}, "setparams=colorspace=smpte170m"),
        ({"height": 480, "matrix": "bt709", "transfer": ""}, "setparams=color_trc=bt709"),
    ],
)
def test_colours_are_named_by_what_the_file_does_say(said, told):
    assert colours(**said) == told


def test_light_and_colours_beyond_an_ordinary_screen_are_brought_onto_it():
    hdr = colours(transfer="smpte2084", primaries="bt2020", matrix="bt2020nc")
    assert "tonemap" in hdr
    assert "setparams=colorspace=bt2020nc" in colours(transfer="arib-std-b67", primaries="bt2020", matrix="")
    wide = colours(primaries="bt2020", matrix="bt2020nc", transfer="bt2020-10")
    assert "zscale=p=bt709" in wide
    assert "tonemap" not in wide
    assert "out_color_matrix=bt709" in colours(pixel_format="gbrp", matrix="gbr")
    assert screen.colours(replace(PICTURE, transfer="smpte2084"), has_zscale=False) == []


def test_nothing_of_a_file_but_numbers_and_known_names_gets_into_a_filter():
    evil = "bt709[x];movie=/etc/passwd"
    told = colours(primaries=evil, transfer=evil, matrix=evil, pixel_format=evil)
    assert "passwd" not in told


@pytest.mark.parametrize(
    ("steps", "rate"),
    [
        ([0.04] * 200, Fraction(25)),
        ([0.04] * 100 + [2.0] + [0.04] * 100, Fraction(25)),
        ([0.042, 0.042, 0.041] * 66, Fraction(24)),
        ([], Fraction(0)),
    ],
)
def test_holes_do_not_make_another_rate(steps, rate):
    times = [0.0]
    for step in steps:
        times.append(times[-1] + step)
    assert rates.snapped(rates.typical(times)) == rate or rate == 0
    if steps:
        grid, _variable = rates.grid(
            average=Fraction(len(steps)) / Fraction(times[-1]), nominal=Fraction(0), times=times
        )
        assert grid == rate
