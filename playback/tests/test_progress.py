"""Bookmarks move by rules; each of these lost somebody's place somewhere."""

from datetime import timedelta

import pytest

from catalog.types import Marker
from playback.progress import Place, finish_at, move, watched

HOUR = timedelta(hours=1)


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def credits_at(start: float) -> Marker:
    return Marker("credits", seconds(start), HOUR)


@pytest.mark.parametrize(
    ("markers", "expected"),
    [
        ([], 3420),
        ([credits_at(3300)], 3300),
        ([credits_at(3500)], 3420),
        ([credits_at(1)], 3420),  # an editor's slip
        ([Marker("intro", seconds(3000), seconds(3060))], 3420),
        ([credits_at(3500), credits_at(2000)], 2000),
    ],
)
def test_finished_is_at_95_percent_or_in_the_credits(markers: list[Marker], expected: float) -> None:
    assert finish_at(HOUR, markers) == seconds(expected)


@pytest.mark.parametrize(
    ("old", "position", "watched_so_far", "replayed", "expected"),
    [
        pytest.param(None, 5, 0, 0, (5, False), id="first"),
        pytest.param(None, 3500, 0, 0, (3500, True), id="first, in the credits"),
        pytest.param((1800, False), 1810, 10, 10, (1810, False), id="on"),
        pytest.param((1800, False), 600, 0, 0, (600, False), id="sought back"),
        pytest.param((1800, False), 0, 0, 0, (1800, False), id="reported before it jumped to the bookmark"),
        pytest.param((1800, False), 9, 9, 9, (1800, False), id="just looked at the start"),
        pytest.param((1800, False), 9, 10, 10, (9, False), id="begun again in earnest"),
        pytest.param((4, False), 0, 0, 0, (4, False), id="no way back by a report of nothing"),
        pytest.param((1800, False), 3420, 0, 0, (3420, True), id="finished"),
        pytest.param((3420, True), 3600, 0, 0, (3600, True), id="to the very end"),
        pytest.param((3420, True), 3, 3, 3, (3420, True), id="seconds of replay"),
        pytest.param((3420, True), 1000, 500, 59, (3420, True), id="not yet a minute of replay"),
        pytest.param((3420, True), 1000, 500, 60, (1000, False), id="watched again"),
        pytest.param((1800, False), 9999, 0, 0, (3600, True), id="beyond the end"),
        pytest.param((1800, False), -5, 20, 0, (0, False), id="before the start"),
    ],
)
def test_a_report_moves_the_bookmark(
    old: tuple[float, bool] | None, position: float, watched_so_far: float, replayed: float, expected: tuple
) -> None:
    place = move(
        Place(seconds(old[0]), old[1]) if old else None,
        seconds(position),
        finish=seconds(3420),
        duration=HOUR,
        watched=seconds(watched_so_far),
        replayed=seconds(replayed),
    )
    assert (place.position.total_seconds(), place.finished) == expected


def test_a_short_film_is_watched_again_after_a_fifth_of_it() -> None:
    short = {"finish": seconds(9.5), "duration": seconds(10), "watched": seconds(3)}
    done = Place(seconds(10), True)
    assert move(done, seconds(1), replayed=seconds(1.9), **short).finished
    assert not move(done, seconds(2), replayed=seconds(2), **short).finished


@pytest.mark.parametrize(
    ("before", "now", "wall", "paused", "said", "expected"),
    [
        (100, 110, 10, False, None, 10),
        (100, 120, 10, False, None, 10),  # at double speed ten seconds were watched
        (100, 105, 10, False, None, 5),  # stalled for half of it
        (100, 900, 10, False, None, 10),  # jumped: at most the time that went by
        (100, 900, 10, True, None, 0),  # dragged while paused
        (100, 104, 10, True, None, 4),  # paused at the end of it
        (900, 100, 10, False, None, 0),  # jumped back
        (100, 400, 300, False, None, 30),  # slept in between
        (100, 110, -3, False, None, 0),  # clocks
        (100, 900, 10, False, 7, 7),  # the player kept count
        (100, 220, 120, False, 118, 118),  # … also while it could not tell us
        (100, 110, 10, False, 5000, 10),  # … and cannot invent time
        (100, 110, 10, False, -4, 0),
    ],
)
def test_only_moving_pictures_count_as_watched(
    before: float, now: float, wall: float, paused: bool, said: float | None, expected: float
) -> None:
    counted = watched(
        before=seconds(before),
        now=seconds(now),
        wall=seconds(wall),
        paused=paused,
        said=None if said is None else seconds(said),
    )
    assert counted == seconds(expected)
