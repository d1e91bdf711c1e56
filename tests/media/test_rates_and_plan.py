"""The frame grid, and how a film is cut into chunks."""

from dataclasses import replace
from fractions import Fraction

import pytest

from catalog.media import plan, rates
from catalog.media.facts import Facts, Picture

NTSC_FILM = Fraction(24000, 1001)


def even(rate: Fraction, seconds: float, rounding: int = 0) -> list[float]:
    times = [number / float(rate) for number in range(int(seconds * rate))]
    return [round(time, rounding) for time in times] if rounding else times


@pytest.mark.parametrize(
    ("times", "nominal", "expected"),
    [
        (even(Fraction(24), 10), 24, (24, False)),
        (even(NTSC_FILM, 10, 3), NTSC_FILM, (NTSC_FILM, False)),
        (even(Fraction(25), 10, 3), Fraction(1000, 1), (25, False)),
        (even(Fraction(120), 4), 120, (60, False)),
        (even(Fraction(5), 10), 5, (10, False)),
        (
            [time + (0.013 if index % 3 else 0.0) for index, time in enumerate(even(Fraction(27), 4))],
            90000,
            (30, True),
        ),
        (even(Fraction(30), 3) + [3 + time * 2 for time in even(Fraction(30), 3)], 30, (24, True)),
    ],
)
def test_frames_are_put_on_the_next_usual_grid(times, nominal, expected):
    average = Fraction(len(times) - 1) / Fraction(times[-1] - times[0]).limit_denominator(10**6)
    assert rates.grid(average=average, nominal=Fraction(nominal), times=times) == expected


def facts(*, seconds: Fraction, rate: Fraction = Fraction(24), **more: object) -> Facts:
    picture = Picture(
        index=0, codec="h264", profile="High", pixel_format="yuv420p", width=640, height=360,
        pixel_aspect=Fraction(1), rotation=0, rate=rate, variable=False, interlaced=False,
        primaries="", transfer="", matrix="", full_range=False, bits=8,
    )  # fmt: skip
    known = Facts(
        container="mov,mp4", demuxer="mov", bytes=1, start=Fraction(0), duration=seconds, frames=1,
        keyframe_gap=2.5, frame_gap=0.05, indexed=True, clock_jumps=False, picture=picture, sounds=(), words=(),
    )  # fmt: skip
    return replace(known, **more)


def made(known: Facts) -> plan.Plan:
    return plan.make(known, ladder_name="light", preset="veryfast", tool="test")


@pytest.mark.parametrize(
    ("seconds", "rate", "gop", "timescale", "frames"),
    [
        (Fraction(60), Fraction(24), 96, 24000, [576, 576, 288]),
        (Fraction(24), Fraction(25), 100, 25000, [600]),
        (Fraction(50), NTSC_FILM, 96, 24000, [576, 576, 47]),
        (Fraction(1, 2), Fraction(60), 240, 60000, [30]),
        (Fraction(49), Fraction(30000, 1001), 120, 30000, [720, 720, 29]),
    ],
)
def test_chunks_are_whole_segments_of_whole_frames(seconds, rate, gop, timescale, frames):
    cut = made(facts(seconds=seconds, rate=rate))
    assert (cut.gop, cut.timescale) == (gop, timescale)
    assert [chunk.frames for chunk in cut.chunks] == frames
    assert cut.ticks * rate == timescale
    assert [chunk.last for chunk in cut.chunks] == [False] * (len(frames) - 1) + [True]
    for chunk in cut.chunks:
        assert chunk.first % gop == 0
        assert chunk.segment == chunk.first // gop


def test_a_film_with_holes_is_made_in_one_piece():
    cut = made(facts(seconds=Fraction(600), frame_gap=30.0))
    assert len(cut.chunks) == 1


def test_containers_without_an_index_are_entered_early_enough():
    cut = made(facts(seconds=Fraction(60), indexed=False, keyframe_gap=10.4))
    assert cut.margin >= 11


def test_a_plan_is_named_by_everything_that_changes_the_bytes():
    known = facts(seconds=Fraction(60))
    names = {
        made(known).key,
        made(facts(seconds=Fraction(61))).key,
        plan.make(known, ladder_name="standard", preset="veryfast", tool="test").key,
        plan.make(known, ladder_name="light", preset="faster", tool="test").key,
        plan.make(known, ladder_name="light", preset="veryfast", tool="other").key,
    }
    assert len(names) == 5
    assert made(known).key == made(facts(seconds=Fraction(60))).key


def test_an_unknown_preset_is_an_error():
    with pytest.raises(ValueError, match="placebo"):
        plan.make(facts(seconds=Fraction(1)), ladder_name="light", preset="placebo", tool="")
