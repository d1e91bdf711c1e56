"""Intervals that are right at every look, estimates that find the truth, and knobs that cannot be turned too far."""

import numpy as np
import pytest

from recommend.trials import intervals, knobs, offpolicy, tallies
from recommend.trials.offpolicy import Drawing


def test_a_ratio_is_of_profiles_not_of_visits() -> None:
    found = intervals.ratio([3, 0, 1], [4, 1, 5])
    assert found is not None
    assert found.value == pytest.approx(0.4)
    assert intervals.ratio([], []) is None
    assert intervals.ratio([0, 0], [0, 0]) is None
    once = intervals.ratio([1.0, 0.0] * 50, [1.0] * 100)
    assert once.error == pytest.approx(0.5 / 10, rel=0.02)


def test_nothing_is_decided_between_equals_however_often_one_looks() -> None:
    """At most one in twenty experiments between equal arms is ever decided, though each is looked at 40 times."""
    random, wrong = np.random.default_rng(8), 0
    for _experiment in range(120):
        first, second = random.poisson(1.0, (2, 800)).astype(float)
        looks = range(20, 801, 20)
        gaps = (
            intervals.difference(
                intervals.ratio(first[:n], np.ones(n)), intervals.ratio(second[:n], np.ones(n))
            )
            for n in looks
        )
        wrong += any(gap.decided for gap in gaps)
    assert wrong <= 12


def test_a_real_difference_is_decided_in_the_end() -> None:
    random = np.random.default_rng(9)
    first, second = random.poisson(1.0, 800), random.poisson(1.4, 800)
    gap = intervals.difference(intervals.ratio(first, np.ones(800)), intervals.ratio(second, np.ones(800)))
    assert gap.decided
    assert gap.low < 0.4 < gap.high
    few = intervals.difference(intervals.ratio([1] * 19, [1] * 19), intervals.ratio([9] * 19, [1] * 19))
    assert not few.decided
    same = intervals.difference(intervals.ratio([1] * 90, [1] * 90), intervals.ratio([2] * 90, [1] * 90))
    assert not same.decided, "without any spread there is no error to judge by"


def test_a_preference_needs_judges() -> None:
    assert not intervals.preference([(0, 1)] * 19).decided
    assert intervals.preference([(0, 1)] * 60).decided
    assert intervals.preference([(0, 1)] * 60).value == 0.5
    assert not intervals.preference([(0, 1), (1, 0)] * 60 + [(1, 1)] * 500).decided
    assert intervals.preference([]).low is None


def test_arms_of_wrong_sizes_are_noticed() -> None:
    assert intervals.mismatch([500, 510], [1, 1]) > 0.5
    assert intervals.mismatch([500, 700], [1, 1]) < 0.001
    assert intervals.mismatch([330, 670], [1, 2]) > 0.5
    assert intervals.mismatch([0, 0], [1, 1]) == 1


def test_an_estimate_finds_what_another_policy_brings() -> None:
    """Three options played at .1, .2 and .5, drawn at .6, .3 and .1: always the third would bring .5."""
    random = np.random.default_rng(10)
    rates, logged = np.array([0.1, 0.2, 0.5]), np.array([0.6, 0.3, 0.1])
    drawn = random.choice(3, size=6000, p=logged)
    drawings = [
        Drawing(str(n % 300), (float(logged[k]),), (float(k == 2),), (float(random.random() < rates[k]),))
        for n, k in enumerate(drawn)
    ]
    value = offpolicy.estimate(drawings)
    assert value.enough
    assert value.low < 0.5 < value.high
    assert value.snips == pytest.approx(0.5, abs=0.06)
    assert value.ips == pytest.approx(0.5, abs=0.06)
    assert value.logged == pytest.approx(0.17, abs=0.03)
    assert offpolicy.estimate([]) is None
    assert not offpolicy.estimate(drawings[:40]).enough


def test_orders_are_estimated_place_by_place() -> None:
    """Row b is played at the first place at .4, at the second at .2; row a at .2 and .1. Logged: a first at .5."""
    random, drawings = np.random.default_rng(11), []
    rates = {("a", 0): 0.2, ("a", 1): 0.1, ("b", 0): 0.4, ("b", 1): 0.2}
    for n in range(4000):
        order = ["a", "b"] if random.random() < 0.5 else ["b", "a"]
        rewards = tuple(float(random.random() < rates[key, place]) for place, key in enumerate(order))
        other = tuple(float(want == got) for want, got in zip(["b", "a"], order, strict=True))
        drawings.append(Drawing(str(n % 200), (0.5, 0.5), other, rewards))
    value = offpolicy.estimate(drawings)
    assert value.snips == pytest.approx(0.5, abs=0.04)
    assert value.logged == pytest.approx(0.45, abs=0.03)


def test_policies_are_chances() -> None:
    options = [("a", 0.02, 0.0, 0.0), ("b", 0.02, 40.0, 8.0), ("c", 0.03, 10.0, 0.0)]
    for policy in offpolicy.CHOOSING.values():
        assert sum(policy(options)) == pytest.approx(1)
    assert offpolicy.expected(options) == [0.0, 1.0, 0.0]
    order = offpolicy.ordered(
        ["new", "genre-x", "because-y", "genre-z"], ["because", "genre"], lambda k: k.split("-")[0]
    )
    assert order == ["because-y", "genre-x", "genre-z", "new"]


@pytest.mark.parametrize(
    ("given", "words"),
    [([], "names and numbers"), ({"nonsense": 1}, "no knob"), ({"mmr": "x"}, "number"), ({"mmr": True}, "number"),
     ({"mmr": 2}, "from 0 to 1"), ({"a": float("nan")}, "number"), ({"tried_share": 0.5}, "0.05")],
)  # fmt: skip
def test_knobs_are_checked(given, words) -> None:
    with pytest.raises(knobs.BadKnobs, match=words):
        knobs.checked(given)
    assert knobs.checked({"mmr": 0.3, "a": 1}) == {"mmr": 0.3, "a": 1.0}


def test_names_that_a_browser_makes_up_are_one_kind() -> None:
    assert tallies.kind_of("because-night-mail") == "because"
    assert tallies.kind_of("my-list") == "my-list"
    assert {tallies.kind_of(f"made-up-{n}") for n in range(9)} == {tallies.OTHER}
