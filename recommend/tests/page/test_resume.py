"""What is gone on with, and in which order: times in, an order out."""

from datetime import UTC, datetime, timedelta

from recommend.page.resume import Begun, chance, order

NOW = datetime(2026, 3, 1, 20, tzinfo=UTC)


def begun(key: str, *, ago: timedelta = timedelta(days=2), fraction: float = 0.5, series: bool = False):
    return Begun(key, NOW - ago, fraction, series)


def test_what_was_in_hand_just_now_leads_the_latest_first():
    rows = [
        begun("series", series=True),
        begun("hours", ago=timedelta(hours=2), fraction=0.05),
        begun("minutes", ago=timedelta(minutes=2), fraction=0.02),
    ]
    assert order(rows, now=NOW) == ["minutes", "hours", "series"]


def test_what_is_done_or_long_forgotten_is_left_out():
    rows = [
        begun("done", fraction=0.97),
        begun("old", ago=timedelta(days=61)),
        begun("kept", ago=timedelta(days=59)),
    ]
    assert order(rows, now=NOW) == ["kept"]


def test_a_series_is_likelier_than_a_film_and_half_a_film_than_a_peek():
    assert chance(begun("one", series=True), now=NOW) > chance(begun("one"), now=NOW)
    assert chance(begun("half"), now=NOW) > chance(begun("peek", fraction=0.03), now=NOW)
    assert chance(begun("half"), now=NOW) > chance(begun("half", ago=timedelta(days=20)), now=NOW)
    assert 0 < chance(begun("any"), now=NOW) < 1


def test_the_same_time_of_day_counts_a_little_over_midnight_too():
    evening, morning = begun("e", ago=timedelta(days=2)), begun("m", ago=timedelta(days=1, hours=14))
    assert order([morning, evening], now=NOW)[0] == "e"
    late = Begun("late", NOW.replace(hour=23, minute=30) - timedelta(days=2), 0.5, False)
    after = NOW.replace(hour=0, minute=30)
    same = chance(late, now=after)
    apart = chance(Begun("x", late.at - timedelta(hours=8), 0.5, False), now=after)
    assert same > apart
