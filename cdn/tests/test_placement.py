"""Whose a thing is: the same answer everywhere, little moves, weight counts."""

from collections import Counter

import pytest

from cdn.placement import Place, owners, spread

PLACES = [Place(f"n{number}", site=f"s{number % 3}") for number in range(9)]
FIRST_SAID = ["n1", "n0", "n2"]


def test_the_order_of_the_places_does_not_matter() -> None:
    assert owners(b"film", PLACES, 4) == owners(b"film", PLACES[::-1], 4)
    assert len(owners(b"film", PLACES, 99)) == 9
    assert owners(b"film", [], 2) == owners(b"film", PLACES, 0) == []


def test_the_answer_is_the_same_for_ever() -> None:
    # Sites and nodes of different versions must agree: these are what the first version said.
    assert [place.id for place in owners(b"0" * 32, PLACES, 3)] == FIRST_SAID


def test_a_place_that_goes_takes_only_its_own_share_with_it() -> None:
    for number in range(300):
        key = f"film {number}".encode()
        before = owners(key, PLACES, 3)
        after = owners(key, [place for place in PLACES if place.id != "n4"], 3)
        assert [place for place in before if place.id != "n4"] == after[: 3 - (PLACES[4] in before)]


def test_a_place_of_twice_the_weight_owns_twice_as_much() -> None:
    places = [Place("a"), Place("b"), Place("heavy", weight=2.0), Place("none", weight=0.0)]
    owned = Counter(owners(f"{number}".encode(), places, 1)[0].id for number in range(8000))
    assert owned["none"] == 0
    assert owned["heavy"] / 8000 == pytest.approx(0.5, abs=0.02)
    assert owned["a"] / 8000 == pytest.approx(0.25, abs=0.02)


def test_what_fails_together_is_kept_apart() -> None:
    ranked = [Place("a1", "a"), Place("a2", "a"), Place("b1", "b"), Place("a3", "a"), Place("c1", "c")]
    assert [place.id for place in spread(ranked, 3)] == ["a1", "b1", "c1"]
    assert [place.id for place in spread(ranked, 5)] == ["a1", "b1", "c1", "a2", "a3"]
    assert spread(ranked, 0) == []
