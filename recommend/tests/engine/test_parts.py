"""Content, new titles, files, trend, measures and variety."""

import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from recommend.engine import artefact, diversity, metrics, score
from recommend.engine.content import Features, content, cosine, joined, more
from recommend.engine.extend import extend
from recommend.engine.model import Content, Model, indexed
from recommend.engine.score import Entry
from recommend.engine.trend import DAY, Trend, added, forward, rising, steady
from recommend.tests.engine.making import facts, features, small, sort_of


@pytest.fixture(scope="module")
def model() -> Model:
    return small()


def new(count: int) -> dict[uuid.UUID, Features]:
    return {uuid.UUID(int=10_001 + number): features(number) for number in range(count)}


def test_content_has_length_one_and_knows_what_is_alike() -> None:
    made = facts()
    norms = [float(np.square(made.of(row)[1]).sum()) for row in range(len(made))]
    assert np.allclose(norms, 1, atol=1e-5)
    alike = cosine(made, *made.of(4))
    assert alike[4] == pytest.approx(1, abs=1e-5)
    assert alike[34] > alike[5]


def test_a_title_of_which_nothing_is_known_is_like_nothing() -> None:
    made = content([features(0), Features(), features(1), Features()])
    assert cosine(made, *made.of(0))[[1, 3]].tolist() == [0, 0]
    assert not cosine(made, *made.of(3)).any()


def test_later_content_lies_beside_what_was_there() -> None:
    made = facts()
    whole = joined(made, more(made, [features(3)]))
    assert cosine(whole, *whole.of(len(made)))[3] == pytest.approx(1, abs=1e-5)
    assert len(more(Content.empty(2), [features(3)])) == 1


def test_new_titles_borrow_and_are_found_and_give_reasons(model: Model) -> None:
    grown = extend(extend(model, new(4), neighbours=8), new(6), neighbours=8)
    assert len(grown) == len(model) + 6
    assert grown.taste is model.taste
    late = grown.index[uuid.UUID(int=10_001)]
    everything, still = np.ones(len(grown), bool), np.zeros(len(grown), np.float32)
    for watched in range(4):
        taste = score.score(grown, [Entry(watched, 1.0)], still, everything).taste
        mine = [grown.index[uuid.UUID(int=10_001 + each)] for each in range(6)]
        same = [taste[each] for each in mine if sort_of(grown, each) == sort_of(grown, watched)]
        others = [taste[each] for each in mine if sort_of(grown, each) != sort_of(grown, watched)]
        assert min(same) > max(others)
    # A new title that was watched speaks for its sort, and the reason for it can be a new title.
    scores = score.score(grown, [Entry(late, 1.0)], still, everything)
    best = int(score.top(scores.taste, 1)[0])
    assert sort_of(grown, best) == sort_of(grown, late)
    assert score.why(grown, [Entry(late, 1.0)], best) is not None
    other = next(number for number in range(40) if sort_of(grown, number) != sort_of(grown, best))
    found = score.why(grown, [Entry(other, 1.0), Entry(best, 1.0)], late)
    assert found is not None
    assert sort_of(grown, found[0]) == sort_of(grown, late)
    assert score.top(score.similar(grown, late), 5).tolist()


def test_known_titles_are_not_added_twice(model: Model) -> None:
    assert extend(model, {model.titles[0]: features(0)}) is model
    with pytest.raises(ValueError, match="twice"):
        indexed([model.titles[0]] * 2)


def test_sums_of_reasons_are_the_score(model: Model) -> None:
    grown = extend(model, new(3))
    entries = [Entry(number, 1.0) for number in (0, 5, 9, len(grown) - 1)]
    titles = np.array([each.title for each in entries])
    total = score._sum(grown, titles, [(None, np.ones(4, np.float32))])
    given = score._columns(grown, None, titles, list(range(len(grown))))
    assert np.allclose(given.sum(axis=1), total, atol=1e-5)


def test_a_model_read_is_the_model_written(model: Model, tmp_path: Path) -> None:
    grown = extend(model, new(3))
    artefact.write(grown, tmp_path / "one")
    found = artefact.read(tmp_path / "one")
    entries, everything = [Entry(1, 1.0), Entry(len(grown) - 1, 1.0)], np.ones(len(grown), bool)
    still = np.zeros(len(grown), np.float32)
    assert found.titles == grown.titles
    assert dict(found.about) == dict(grown.about)
    one = score.score(grown, entries, still, everything).blend
    assert (score.score(found, entries, still, everything).blend == one).all()
    with pytest.raises(FileExistsError):
        artefact.write(grown, tmp_path / "one")


@pytest.mark.parametrize("damage", ["flip", "cut", "missing", "manifest", "format", "unfinished", "lengths"])
def test_what_is_torn_says_so(model: Model, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "one"
    artefact.write(model, folder)
    array, manifest = folder / "taste.weights.npy", folder / artefact.MANIFEST
    told = json.loads(manifest.read_text())
    if damage == "flip":
        held = bytearray(array.read_bytes())
        held[-1] ^= 1
        array.write_bytes(held)
    elif damage == "cut":
        array.write_bytes(array.read_bytes()[:-10])
    elif damage == "missing":
        array.unlink()
    elif damage == "manifest":
        manifest.write_text("{")
    elif damage == "format":
        manifest.write_text(json.dumps({**told, "format": 99}))
    elif damage == "unfinished":
        manifest.unlink()
    else:
        np.save(folder / "popularity.npy", np.zeros(3, np.float32))
        del told["files"]["popularity.npy"]
        manifest.write_text(json.dumps(told))
    with pytest.raises(artefact.Torn):
        artefact.read(folder)


def test_counters_halve() -> None:
    values, at = np.array([8.0, 4.0]), np.array([0.0, DAY])
    assert forward(values, at, DAY, DAY).tolist() == [4, 4]
    assert forward(values, at, -5.0, DAY).tolist() == [8, 4]
    assert added(8.0, 0.0, DAY, DAY) == (5.0, DAY)
    assert added(8.0, DAY, 0.0, DAY) == (8.5, DAY)


def test_a_trend_goes_on_for_years() -> None:
    trend = Trend(2, DAY)
    for day in range(1_000):
        trend.add(day % 2, day * DAY)
    now = trend.now(999 * DAY)
    assert now[1] == pytest.approx(4 / 3, rel=1e-4)
    assert now[0] == pytest.approx(2 / 3, rel=1e-4)
    assert Trend(2, DAY).now(5.0).tolist() == [0, 0]


def test_what_rises_comes_before_what_has_been_there_all_week() -> None:
    day, week = np.array([5, 5, 0, 0], np.float32), np.array([6, 40, 40, 0], np.float32)
    hasty = rising(day, week)
    assert hasty.argsort()[::-1].tolist() == [0, 1, 3, 2]
    assert np.isfinite(np.log(hasty + score.DEFAULT.trend_floor)).all()
    assert steady(day, week).argsort()[::-1].tolist() == [1, 0, 2, 3]


def test_ranks_of_equals_are_their_mean() -> None:
    scores = np.array([3, 1, 1, 1, -np.inf], np.float32)
    assert [metrics.rank(scores, title) for title in range(4)] == [0, 2, 2, 2]
    assert metrics.rank(scores, 4) == float("inf")
    ranks = np.array([0, 2, np.inf])
    assert metrics.hits(ranks, 2).tolist() == [1, 0, 0]
    assert metrics.gains(ranks, 10).tolist() == [1, 0.5, 0]


def test_lists_are_judged_as_usual() -> None:
    assert metrics.ndcg([1, 2, 3], {1, 2}, 3) == 1
    assert metrics.ndcg([9, 1], {1}, 2) == pytest.approx(1 / np.log2(3))
    assert metrics.recall([1, 2, 3, 4], {1, 9}, 2) == 0.5
    assert metrics.recall([1], set(), 5) == 0
    assert metrics.coverage([np.array([0, 1]), np.array([1])], 4) == 0.5
    assert metrics.gini(np.array([1, 1, 1])) == pytest.approx(0)
    assert metrics.gini(np.array([0, 0, 9])) == pytest.approx(2 / 3)


def test_intervals_hold_the_truth_and_know_how_sure_they_are() -> None:
    draw = np.random.default_rng(4)
    values = draw.permutation(np.repeat([1.0, 0.0], [120, 280]))
    few, many = metrics.bootstrap(values[:40]), metrics.bootstrap(values)
    assert many.low < 0.3 < many.high
    assert few.high - few.low > many.high - many.low
    together = metrics.bootstrap(np.repeat(values[:40], 10), groups=np.repeat(np.arange(40), 10))
    assert together.high - together.low > many.high - many.low
    assert metrics.paired(values, values).mean == 0
    assert metrics.bootstrap(values * 2, over=values).mean == pytest.approx(2)
    assert metrics.bootstrap(np.zeros(0)).count == 0


def test_a_mixed_list_is_mixed_and_none_comes_twice(model: Model) -> None:
    scores = np.linspace(1, 0.5, len(model)).astype(np.float32)
    for number in range(len(model)):
        scores[number] -= 0.3 * sort_of(model, number)
    candidates = score.top(scores, 30)
    plain, mixed = candidates[:8], diversity.mmr(scores, candidates, model.content, 8, 0.6)
    assert sum(sort_of(model, int(each)) for each in mixed) > sum(sort_of(model, int(each)) for each in plain)
    assert len(set(mixed.tolist())) == 8
    assert mixed[0] == candidates[0]
    assert diversity.mmr(scores, candidates, model.content, 5, 0).tolist() == candidates[:5].tolist()
    assert (
        diversity.mmr(scores, candidates[:2], Content.empty(len(model)), 5).tolist()
        == candidates[:2].tolist()
    )


def test_a_calibrated_list_has_the_wanted_genres() -> None:
    scores = np.linspace(1, 0, 20).astype(np.float32)
    second = np.arange(20) >= 10
    shelved = np.stack((~second, second), axis=1)
    wanted = np.array([0.5, 0.5], np.float32)
    chosen = diversity.calibrated(scores, np.arange(20), shelved, wanted, 6, 0.9)
    assert 2 <= int(second[chosen].sum()) <= 4
    assert diversity.calibrated(scores, np.arange(20), shelved, wanted, 6, 0).tolist() == list(range(6))
