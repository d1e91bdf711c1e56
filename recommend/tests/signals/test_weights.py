"""What acts are worth: tables of cases."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from recommend.signals.shapes import Did, Kind
from recommend.signals.weights import BadWeight, Fact, Weights, Worth, opinion, weights

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FILM, OTHER = UUID(int=1), UUID(int=2)
LONG = 6000.0


def seen(share, *, ago=HOUR, video=FILM, watched=None, **more):
    """A viewing of a film of 100 minutes."""
    return Fact(
        Did.WATCHED,
        share,
        NOW - ago,
        video,
        watched=share * LONG if watched is None else watched,
        length=LONG,
        **more,
    )


def thumb(value, *, ago=HOUR):
    return Fact(Did.THUMB, value, NOW - ago)


def did(what, *, ago=HOUR):
    return Fact(what, 1.0, NOW - ago)


WEEK = timedelta(days=8)


@pytest.mark.parametrize(
    ("facts", "kind", "train", "score"),
    [
        ([seen(0.95)], Kind.FINISHED, 1.0, 1.0),
        ([seen(0.5)], Kind.WATCHED, 0.5, 0.5),
        ([seen(0.4), seen(0.95, watched=0.55 * LONG)], Kind.FINISHED, 1.0, 1.0),
        ([seen(0.15)], Kind.LEFT, 0.0, -0.05),
        ([seen(0.15, ago=WEEK)], Kind.ABANDONED, 0.0, -0.1),
        ([seen(0.15, over=False)], None, 0.0, 0.0),
        ([seen(0.01)], None, 0.0, 0.0),
        ([seen(0.95, watched=20)], None, 0.0, 0.0),
        ([seen(0.95, watched=0.5 * LONG)], Kind.FINISHED, 1.0, 1.0),
        ([seen(0.95), seen(0.95, ago=WEEK)], Kind.AGAIN, 1.25, 1.25),
        ([seen(0.95, ago=n * HOUR) for n in range(1, 9)], Kind.AGAIN, 1.5, 1.5),
        ([thumb(1)], Kind.UP, 1.0, 1.0),
        ([thumb(2)], Kind.DOUBLE_UP, 1.3, 1.5),
        ([thumb(-1)], Kind.DOWN, 0.1, -0.3),
        ([thumb(-1), seen(0.95)], Kind.DOWN, 0.1, -0.3),
        ([thumb(1), seen(0.95), seen(0.95, ago=WEEK)], Kind.UP, 1.25, 1.25),
        ([did(Did.PICKED)], Kind.PICKED, 1.0, 1.0),
        ([did(Did.LISTED)], Kind.LISTED, 0.2, 0.3),
        ([did(Did.LISTED), seen(0.15)], Kind.LEFT, 0.0, -0.05),
        ([did(Did.LISTED), seen(0.5)], Kind.WATCHED, 0.5, 0.5),
        ([did(Did.HIDDEN)], Kind.HIDDEN, 0.0, -0.1),
        ([did(Did.HIDDEN), seen(0.95)], Kind.FINISHED, 1.0, 1.0),
        ([did(Did.HIDDEN), seen(0.15)], Kind.HIDDEN, 0.0, -0.1),
    ],
)
def test_what_acts_come_to(facts, kind, train, score):
    said = opinion(facts, Weights(), now=NOW)
    assert said is not None
    assert (said.kind, said.worth) == (kind, Worth(train, score))


def test_a_series_counts_more_with_every_episode_and_never_more_than_a_film():
    told = []
    before = 0.0
    for number in range(1, 12):
        told.append(seen(0.95, video=UUID(int=number), part=True))
        said = opinion(told, Weights(), now=NOW)
        assert said.kind is Kind.SERIES
        assert before < said.worth.score < 1.0
        before = said.worth.score
    assert before > 0.97
    assert opinion(told[:1], Weights(), now=NOW).worth.score == pytest.approx(0.2835, abs=1e-4)


def test_two_thumbs_down_and_not_interested_hide_and_what_was_watched_is_seen():
    assert opinion([thumb(-1)], Weights(), now=NOW).hidden
    assert opinion([did(Did.HIDDEN)], Weights(), now=NOW).hidden
    assert not opinion([thumb(1)], Weights(), now=NOW).hidden
    assert opinion([seen(0.3)], Weights(), now=NOW).seen
    assert not opinion([seen(0.2)], Weights(), now=NOW).seen


def test_what_was_taken_back_counts_no_more_and_what_comes_after_does():
    old, new = seen(0.95, ago=5 * HOUR), seen(0.5, ago=HOUR)
    back = did(Did.FORGOTTEN, ago=3 * HOUR)
    assert opinion([old, back], Weights(), now=NOW) is None
    assert opinion([old, back, new], Weights(), now=NOW).kind is Kind.WATCHED


def test_who_starts_anew_keeps_what_was_seen_and_what_was_thumbed_down_hidden():
    since = NOW - 2 * HOUR
    said = opinion([seen(0.95, ago=5 * HOUR)], Weights(), now=NOW, since=since)
    assert (said.kind, said.seen, said.hidden) == (None, True, False)
    assert opinion([thumb(-1, ago=5 * HOUR)], Weights(), now=NOW, since=since).hidden
    assert not opinion([did(Did.HIDDEN, ago=5 * HOUR)], Weights(), now=NOW, since=since).hidden
    again = opinion([seen(0.95, ago=5 * HOUR), seen(0.5)], Weights(), now=NOW, since=since)
    assert again.kind is Kind.WATCHED


def test_more_watching_never_lowers_what_a_title_counts():
    before = -1.0
    for percent in range(0, 101, 5):
        said = opinion([seen(percent / 100, over=False)], Weights(), now=NOW)
        assert said.worth.score >= before
        before = said.worth.score


def test_settings_change_weights_and_say_what_is_wrong():
    assert weights({"down": "0.2/-0.5"}).down == Worth(0.2, -0.5)
    for wrong, told in (
        ({"downn": "1/1"}, "there is no weight 'downn'"),
        ({"down": "1"}, "like 0.1/-0.3"),
        ({"down": "-1/0"}, "train is 0 to 10"),
        ({"up": "nan/1"}, "train is 0 to 10"),
    ):
        with pytest.raises(BadWeight, match=told):
            weights(wrong)
