"""Draws: the same for the same seed, propensities that are what they say, and evidence that wins in the end."""

from collections import Counter

import pytest

from recommend.trials import drafting, thompson
from recommend.trials.thompson import Option


def test_a_seed_is_the_same_on_every_machine() -> None:
    assert thompson.seed_of("ada", 1) == thompson.seed_of("ada", 1)
    assert thompson.seed_of("ada", 1) != thompson.seed_of("ada1", "")


def test_propensities_are_how_often_each_is_drawn() -> None:
    options = [Option(0.03, 50, 100, 5), Option(0.03, 50), Option(0.02, 50, 40, 0)]
    said = thompson.chances(options)
    drawn = Counter(thompson.pick(options, seed=seed) for seed in range(4000))
    assert sum(said) == pytest.approx(1)
    for place, chance in enumerate(said):
        assert drawn[place] / 4000 == pytest.approx(chance, abs=0.08)
        assert chance > 0


def test_an_order_keeps_rows_of_one_kind_in_their_order_and_says_how_likely_places_are() -> None:
    options = [Option(0.03, 400), Option(0.03, 400), Option(0.03, 400)]
    groups, weights = [0, 1, 1, 2, 1], [0.93**place for place in range(5)]
    orders = [thompson.arrange(options, groups, weights, seed=seed) for seed in range(600)]
    for order, chances in orders:
        assert sorted(order) == list(range(5))
        assert [row for row in order if groups[row] == 1] == [1, 2, 4]
        assert all(0 < chance <= 1 for chance in chances)
    first = Counter(order[0] for order, _chances in orders)
    said = {order[0]: chances[0] for order, chances in orders}
    for row, chance in said.items():
        assert first[row] / 600 == pytest.approx(chance, abs=0.09)
    assert thompson.arrange([], [], [], seed=1) == ((), ())


def test_what_is_played_comes_first_in_the_end() -> None:
    options = [Option(0.03, 400, 3000, 30), Option(0.03, 400, 3000, 300)]
    orders = [thompson.arrange(options, [0, 1], [1, 0.93], seed=seed)[0] for seed in range(50)]
    assert all(order == (1, 0) for order in orders)


def test_more_plays_than_showings_are_no_error() -> None:
    assert 0 < Option(0.0, 10, 0, 5).mean < 1
    assert 0 < Option(1.0, 10, -3, 0).mean < 1


def test_a_draft_gives_both_sides_the_same_chance_and_loses_nothing() -> None:
    first, second = list(range(10)), [3, 0, 11, 12, 1, 2, 13, 14, 15, 16]
    wins: Counter[int] = Counter()
    for seed in range(400):
        order, sides = drafting.draft(first, second, seed=seed, length=10)
        assert len(set(order)) == len(order) == 10
        for title, side in zip(order, sides, strict=True):
            assert title in (first, second)[side]
        assert abs(sides.count(0) - sides.count(1)) <= 1
        wins[sides[0]] += 1
    assert 150 < wins[0] < 250


def test_a_beginning_that_both_share_is_on_no_side() -> None:
    order, sides = drafting.draft([1, 2, 3, 4], [1, 2, 4, 3], seed=7, length=4)
    assert order[:2] == (1, 2)
    assert sides[:2] == (-1, -1)
    assert drafting.draft([1, 2], [1, 2], seed=1, length=5) == ((1, 2), (-1, -1))
    assert drafting.draft([1], [], seed=1, length=5) == ((1,), (0,))
    assert drafting.draft([], [], seed=1, length=5) == ((), ())
