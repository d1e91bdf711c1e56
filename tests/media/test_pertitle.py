"""The ladder of a film follows from what was measured of it."""

import itertools
from fractions import Fraction

import pytest

from catalog.media import ladder, pertitle
from catalog.media.pertitle import Measurement, Point

#: (frame, crf, bits, VMAF), as measured of an animation's lively scene, a lecture's slides, and film grain.
LIVELY = (
    (1080, 20, 1_600_000, 95.9), (1080, 27, 700_000, 90.9), (1080, 34, 325_000, 78.2),
    (720, 23, 590_000, 87.7), (720, 33, 187_000, 68.3), (360, 23, 206_000, 66.1), (360, 33, 70_000, 39.7),
)  # fmt: skip
STILL = (
    (1080, 20, 110_000, 96.4), (1080, 27, 70_000, 93.2), (1080, 34, 40_000, 83.7),
    (720, 23, 62_000, 87.5), (720, 33, 26_000, 74.2), (360, 23, 29_000, 58.1), (360, 33, 13_000, 40.7),
)  # fmt: skip
GRAINY = (
    (1080, 20, 29_000_000, 96.0), (1080, 27, 11_000_000, 91.0), (1080, 34, 3_400_000, 82.0),
    (720, 23, 7_000_000, 88.0), (720, 33, 1_500_000, 72.0), (360, 23, 900_000, 67.0), (360, 33, 190_000, 45.0),
)  # fmt: skip


def measured(points: tuple[tuple[float, ...], ...], codec: str = "h264", **more: float) -> Measurement:
    return Measurement(
        codec=codec,
        preset="veryfast",
        points=tuple(Point(int(frame), crf, bits, vmaf) for frame, crf, bits, vmaf in points),
        windows=(100.0, 300.0, 500.0),
        seconds=1.0,
        busiest=more.get("busiest", 1.2),
        grain=0.0,
        tool="9.0-x",
    )


def chosen(points: tuple[tuple[float, ...], ...], **more: float) -> tuple[ladder.Rung, ...]:
    return pertitle.rungs(measured(points, **more), width=1920, height=1080, rate=Fraction(24))


@pytest.mark.parametrize("points", [LIVELY, STILL, GRAINY], ids=["lively", "still", "grainy"])
def test_a_ladder_falls_in_bits_and_never_grows_in_size(points):
    made = chosen(points)
    assert 3 <= len(made) <= pertitle.RUNGS_MAX
    assert len({rung.name for rung in made}) == len({rung.label for rung in made}) == len(made)
    for upper, lower in itertools.pairwise(made):
        assert lower.pixels <= upper.pixels
        assert lower.cap <= upper.cap
    assert made[-1].height <= 360
    assert made[-1].cap <= 850_000


def test_the_top_rung_is_the_cheapest_that_nobody_tells_from_the_source():
    top = chosen(LIVELY)[0]
    assert (top.height, top.crf) == (1080, pytest.approx(21.3, abs=0.5))
    assert top.cap == 6_000_000, "busy scenes are not starved"


def test_bits_go_to_a_large_picture_where_that_looks_better():
    """At 400 kb/s the lively scene looks better in 1080p than in 540p, whatever fixed ladders say."""
    made = chosen(LIVELY)
    assert [rung.height for rung in made[:3]] == [1080, 1080, 720]
    assert made[1].label == "1080p (730 kb/s)"


def test_a_still_film_gets_no_more_rungs_than_it_has_use_for():
    made = chosen(STILL)
    assert len(made) == 3
    assert made[0].height == 1080


def test_grain_is_held_to_its_cap_by_a_coarser_quality_and_not_by_the_cap_alone():
    top = chosen(GRAINY)[0]
    assert top.cap == 6_000_000
    assert top.crf >= 30


def test_busy_scenes_that_the_windows_saw_get_room():
    calm, busy = chosen(LIVELY, busiest=1.0)[1], chosen(LIVELY, busiest=4.0)[1]
    assert busy.cap > calm.cap
    assert busy.crf == calm.crf


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (640, 480), (320, 180), (1080, 1920), (1920, 804), (64, 64)]
)
def test_no_rung_is_larger_than_its_source(width, height):
    sizes = ladder.rungs(width=width, height=height, rate=Fraction(25))
    points = tuple(
        (int(size.name[1:]), crf, size.pixels * share, vmaf - 4 * number)
        for number, size in enumerate((sizes[0], sizes[-1]))
        for crf, share, vmaf in ((22, 1.0, 95), (32, 0.3, 80))
    )
    made = pertitle.rungs(measured(points), width=width, height=height, rate=Fraction(25))
    assert len(made) >= 3
    assert all(rung.width <= width and rung.height <= height for rung in made)
    assert len({rung.name for rung in made}) == len(made)


def test_av1_has_names_and_whole_quality_factors_of_its_own():
    points = tuple((frame, crf * 1.6, bits * 0.6, vmaf) for frame, crf, bits, vmaf in LIVELY)
    made = pertitle.rungs(
        measured(points, codec="av1"), width=1920, height=1080, rate=Fraction(24), codec="av1"
    )
    assert {rung.codec for rung in made} == {"av1"}
    assert made[0].name == "v1080-av1"
    assert all(rung.crf == int(rung.crf) for rung in made)


def test_a_measurement_outlives_json():
    told = measured(LIVELY)
    assert Measurement.load(told.plain()) == told


def test_a_measurement_of_another_codec_is_refused():
    with pytest.raises(ValueError, match="measured for h264"):
        pertitle.rungs(measured(LIVELY), width=1920, height=1080, rate=Fraction(24), codec="av1")


def test_nothing_measured_is_refused():
    with pytest.raises(ValueError, match="nothing was measured"):
        pertitle.rungs(measured(()), width=1920, height=1080, rate=Fraction(24))


def test_a_flat_measurement_gives_a_ladder_all_the_same():
    """A black film, or one that costs the same at any quality."""
    flat = tuple((frame, crf, 5_000, 99.9) for frame in (1080, 720, 360) for crf in (20, 30))
    assert len(chosen(flat)) >= 3


def test_apples_ladder_is_there_to_be_compared_with():
    made = ladder.rungs(width=1920, height=1080, rate=Fraction(24), ladder="apple")
    assert [rung.bits for rung in made] == [bits for _, bits in ladder.APPLE]
    assert len({rung.name for rung in made}) == 9
    small = ladder.rungs(width=1280, height=720, rate=Fraction(24), ladder="apple")
    assert small[0].height == 720
