"""When to train, and what the gate lets through."""

from datetime import UTC, datetime, timedelta

import pytest

from recommend.learning import deciding
from recommend.learning.deciding import Against, Help, Occasion, Standing, Trial, Verdict

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def standing(**more):
    known = {
        "now": NOW,
        "titles": 100,
        "model_at": NOW - timedelta(hours=2),
        "signals": 5000,
        "learnt_titles": 100,
    }
    return Standing(**(known | more))


@pytest.mark.parametrize(
    ("more", "occasion"),
    [
        ({"titles": 0, "model_at": None}, None),
        ({"model_at": None, "signals": 0}, Occasion.FIRST),
        ({"new_signals": 199}, None),
        ({"titles": 120}, None),
        ({"titles": 121}, Occasion.NEW_TITLES),
        ({"titles": 149, "model_at": NOW - timedelta(minutes=9)}, None),
        ({"titles": 150, "model_at": NOW - timedelta(minutes=1)}, Occasion.NEW_TITLES),
        ({"titles": 500, "model_at": NOW - timedelta(seconds=59)}, None),
        ({"titles": 500, "learnt_titles": 0, "model_at": NOW - timedelta(minutes=9)}, None),
        ({"new_signals": 200}, Occasion.NEW_SIGNALS),
        ({"new_signals": 999, "signals": 50_000}, None),
        ({"new_signals": 1000, "signals": 50_000}, Occasion.NEW_SIGNALS),
        ({"new_signals": 5000, "model_at": NOW - timedelta(minutes=59)}, None),
        ({"new_signals": 1, "model_at": NOW - timedelta(days=1)}, Occasion.DAILY),
        ({"new_signals": 0, "model_at": NOW - timedelta(days=9)}, None),
        ({"new_signals": 5000, "trouble_at": NOW - timedelta(hours=5)}, None),
        ({"new_signals": 5000, "trouble_at": NOW - timedelta(hours=6)}, Occasion.NEW_SIGNALS),
        ({"withdrawn_at": NOW - timedelta(minutes=1)}, Occasion.WITHDRAWN),
        ({"withdrawn_at": NOW - timedelta(hours=3)}, None),
        ({"withdrawn_at": NOW, "model_at": NOW - timedelta(minutes=59)}, None),
        ({"withdrawn_at": NOW, "trouble_at": NOW - timedelta(minutes=59)}, None),
        ({"withdrawn_at": NOW, "trouble_at": NOW - timedelta(minutes=60)}, Occasion.WITHDRAWN),
    ],
)
def test_when_to_train(more, occasion):
    assert deciding.due(standing(**more)) == occasion


def trial(plays=500, viewers=50, **against):
    return Trial(plays, viewers, {name: Against(*found) for name, found in against.items()})


BETTER, A_LITTLE_WORSE = (1.3, 0.02, 0.01, 0.03), (0.97, -0.002, -0.006, 0.002)
WORSE, MUCH_WORSE = (0.9, -0.01, -0.03, 0.01), (0.5, -0.05, -0.07, -0.03)


@pytest.mark.parametrize(
    ("tried", "verdict"),
    [
        (Trial(), Verdict.UNDECIDED),
        (trial(9, 3, popular=MUCH_WORSE), Verdict.UNDECIDED),
        (trial(popular=BETTER), Verdict.PASSED),
        (trial(popular=BETTER, served=A_LITTLE_WORSE), Verdict.PASSED),
        (trial(popular=BETTER, served=WORSE), Verdict.WORSE_THAN_SERVED),
        (trial(popular=WORSE), Verdict.WORSE_THAN_POPULAR),
        (trial(50, 5, popular=WORSE), Verdict.UNDECIDED),
        (trial(50, 5, popular=MUCH_WORSE), Verdict.WORSE_THAN_POPULAR),
        (trial(50, 5, popular=BETTER, served=MUCH_WORSE), Verdict.WORSE_THAN_SERVED),
    ],
)
def test_the_gate(tried, verdict):
    assert deciding.gate(tried, []) == verdict


def test_faults_stop_everything_and_what_must_go_is_not_compared_with():
    assert deciding.gate(trial(popular=BETTER), ["weights that are not numbers"]) == Verdict.BROKEN
    tried = trial(popular=BETTER, served=MUCH_WORSE)
    assert deciding.gate(tried, [], withdrawn=True) == Verdict.PASSED


@pytest.mark.parametrize(
    ("tried", "back"),
    [
        (trial(before=MUCH_WORSE), True),
        (trial(199, before=MUCH_WORSE), False),
        (trial(before=WORSE), False),
        (trial(before=BETTER), False),
        (trial(), False),
    ],
)
def test_only_what_is_beyond_doubt_worse_is_gone_back_from(tried, back):
    assert deciding.to_go_back(tried) is back


@pytest.mark.parametrize(
    ("tried", "answer"),
    [
        (trial(popular=BETTER, trending=BETTER), Help.YES),
        (trial(popular=BETTER, trending=WORSE), Help.UNDECIDED),
        (trial(popular=BETTER, trending=MUCH_WORSE), Help.NO),
        (trial(9, popular=BETTER, trending=BETTER), Help.UNDECIDED),
    ],
)
def test_whether_it_helps_is_asked_of_the_harder_rival(tried, answer):
    assert deciding.helps(tried, beside=deciding.strongest_plain(tried)) == answer
