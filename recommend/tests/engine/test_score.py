"""Scores follow what a viewer did, at once; nothing that may not be shown comes out."""

from dataclasses import replace

import numpy as np
import pytest

from recommend.engine import score
from recommend.engine.model import Model
from recommend.engine.score import Entry, Knobs
from recommend.tests.engine.making import SMALL, small, sort_of


@pytest.fixture(scope="module")
def model() -> Model:
    return small()


def open_(model: Model, *closed: int) -> np.ndarray:
    eligible = np.ones(len(model), bool)
    eligible[list(closed)] = False
    return eligible


def still(model: Model) -> np.ndarray:
    return np.zeros(len(model), np.float32)


def test_one_title_watched_brings_its_sort_up(model: Model) -> None:
    for watched in range(6):
        scores = score.score(model, [Entry(watched, 1.0)], still(model), open_(model, watched))
        best = score.top(scores.blend, 10)
        assert sum(sort_of(model, int(each)) == sort_of(model, watched) for each in best) >= 9


def test_nothing_watched_leaves_the_trend(model: Model) -> None:
    trend = still(model)
    trend[[7, 3, 11]] = 5, 9, 2
    assert score.top(score.score(model, [], trend, open_(model)).blend, 3).tolist() == [3, 7, 11]


def test_what_is_not_eligible_has_no_score_anywhere(model: Model) -> None:
    draw = np.random.default_rng(3)
    for _ in range(300):
        eligible = draw.random(len(model)) < draw.random()
        entries = [Entry(int(each), float(draw.normal())) for each in draw.integers(0, len(model), 5)]
        trend = draw.random(len(model)).astype(np.float32) * 50
        scores = score.score(model, entries, trend, eligible)
        for each in (scores.blend, scores.taste, scores.following):
            assert eligible[score.top(each, len(model))].all()
            assert np.isneginf(each[~eligible]).all()
            assert np.isfinite(each[eligible]).all()


def test_a_dislike_lowers_what_is_like_it(model: Model) -> None:
    liked = [Entry(0, 1.0)]
    with_dislike = [Entry(2, -0.3), Entry(0, 1.0)]
    near = int(np.argmax(score.because(model, 2)))
    one = score.score(model, liked, still(model), open_(model), Knobs(memory=1e9, lately=0.0)).taste[near]
    assert (
        score.score(model, with_dislike, still(model), open_(model), Knobs(memory=1e9, lately=0.0)).taste[
            near
        ]
        < one
    )


def test_a_taste_that_turns_is_followed_and_the_old_one_not_forgotten(model: Model) -> None:
    sorts = [[each for each in range(len(model)) if sort_of(model, each) == sort] for sort in (0, 1)]
    old, new = ([Entry(each, 1.0) for each in mine[:12]] for mine in sorts)

    def leading(entries: list[Entry], knobs: Knobs = score.DEFAULT) -> list[int]:
        seen = [each.title for each in entries]
        found = score.score(model, entries, still(model), open_(model, *seen), knobs)
        return [sort_of(model, int(each)) for each in score.top(found.taste, 6)]

    assert set(leading(old)) == {0}
    assert sum(leading([*new[:6], *old])) >= 5
    # With the long memory alone so little has not turned it.
    assert sum(leading([*new[:6], *old], Knobs(lately=0.0))) < 5
    fades = score.fading(np.ones(40, np.float32), score.DEFAULT)
    assert fades[0] == 1
    assert (np.diff(fades) < 0).all()
    assert fades[30:].sum() > 0.01 * fades.sum()


def test_saying_what_one_does_not_want_brings_nothing_old_back(model: Model) -> None:
    liked = [Entry(each, 1.0) for each in range(20)]
    fades = score.fading(np.array([1.0] * 20, np.float32), score.DEFAULT)
    weights = np.array([-0.1] * 8 + [1.0] * 20, np.float32)
    assert score.fading(weights, score.DEFAULT)[8:] == pytest.approx(fades)
    wished = score.fading(np.array([0.3] * 10 + [1.0] * 20, np.float32), score.DEFAULT)[10:]
    assert wished[0] == pytest.approx(score.fading(np.ones(4, np.float32), score.DEFAULT)[3])
    # What is hidden takes from what is like it, and from nothing else.
    hidden = [Entry(each, -0.1) for each in range(30, 38)]
    of = score.score(model, [*hidden, *liked], still(model), open_(model))
    less = sum(score.score(model, [each], still(model), open_(model)).taste for each in hidden)
    plain = score.score(model, liked, still(model), open_(model))
    assert of.taste == pytest.approx(plain.taste + less, abs=1e-5)


def test_a_finish_raises_what_it_speaks_for(model: Model) -> None:
    for watched in range(0, len(model), 5):
        raised = score.because(model, watched) > 0
        before = score.score(model, [], still(model), open_(model)).taste
        after = score.score(model, [Entry(watched, 1.0)], still(model), open_(model)).taste
        assert (after[raised] > before[raised]).all()


def test_the_reason_is_what_gave_most(model: Model) -> None:
    entries = [Entry(1, 1.0), Entry(4, 1.0), Entry(9, 0.5)]
    scores = score.score(model, entries, still(model), open_(model, 1, 4, 9))
    for title in score.top(scores.blend, 5).tolist():
        found = score.why(model, entries, title)
        assert found is not None
        reason, share = found
        # Without what is given as the reason, the title loses more than without anything else.
        left = {
            each.title: score.score(
                model, [replace_(one, each.title) for one in entries], still(model), open_(model)
            )
            for each in entries
        }
        lost = {
            number: 0.3 * np.log(scores.taste[title] + 0.01)
            - 0.3 * np.log(max(0, one.taste[title]) + 0.01)
            + 0.3 * np.log(scores.following[title] + 0.002)
            - 0.3 * np.log(max(0, one.following[title]) + 0.002)
            for number, one in left.items()
        }
        assert reason == max(lost, key=lambda number: lost[number])
        assert 0 < share <= 1


def replace_(entry: Entry, taken: int) -> Entry:
    return Entry(entry.title, 0.0) if entry.title == taken else entry


def test_no_evidence_is_no_reason(model: Model) -> None:
    assert score.why(model, [], 3) is None
    assert score.why(model, [Entry(0, -1.0)], int(np.argmax(score.because(model, 0)))) is None


def test_top_gives_equals_in_order_of_their_numbers() -> None:
    scores = np.array([1, 5, 5, -np.inf, 5, 2], np.float32)
    assert score.top(scores, 2).tolist() == [1, 2]
    assert score.top(scores, 99).tolist() == [1, 2, 4, 5, 0]
    assert score.top(scores, 0).tolist() == []
    assert score.top(np.full(4, -np.inf, np.float32), 2).tolist() == []


def test_similar_titles_are_of_the_same_sort(model: Model) -> None:
    for title in range(6):
        found = score.top(score.similar(model, title), 8).tolist()
        assert title not in found
        assert sum(sort_of(model, each) == sort_of(model, title) for each in found) >= 7


def test_the_same_question_has_the_same_answer() -> None:
    one, other = small(), small()
    entries = [Entry(5, 1.0), Entry(8, 0.5)]
    first = score.score(one, entries, still(one), open_(one))
    second = score.score(other, entries, still(other), open_(other))
    assert one.titles == other.titles
    assert (first.blend == second.blend).all()


def test_several_scales_add_up() -> None:
    both = small(replace(SMALL, scales=(2.0, 20.0)))
    assert len(both.following) == 2
    entries = [Entry(0, 1.0), Entry(2, 1.0)]
    alone = [
        score.score(
            replace(both, following=(rows,), scales=(scale,)), entries, still(both), open_(both)
        ).following
        for rows, scale in zip(both.following, both.scales, strict=True)
    ]
    together = score.score(both, entries, still(both), open_(both)).following
    assert np.allclose(together, sum(alone), atol=1e-6)


def test_a_second_row_of_the_same_viewer_takes_the_same_sums(model: Model) -> None:
    entries, trend = [Entry(3, 1.0), Entry(6, 0.5)], still(model) + 1
    eligible = open_(model, 3, 6)
    sums = score.score(model, entries, still(model), open_(model))
    for knobs in (score.wider(score.DEFAULT), Knobs(prior=0.5, dim=0.1, a=0.0)):
        again = score.blended(model, sums.taste, sums.following, trend, eligible, knobs)
        assert np.allclose(again, score.score(model, entries, trend, eligible, knobs).blend, atol=1e-6)
    wider = score.wider(score.DEFAULT)
    assert wider.b / score.DEFAULT.b > wider.a / score.DEFAULT.a > 1
