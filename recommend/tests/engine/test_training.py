"""Training does what the formulas say, refuses what does not fit, and keeps to what enough people support."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from recommend.engine import train_factors, train_matrix
from recommend.engine.model import Content, Rows
from recommend.engine.train_following import following
from recommend.engine.train_taste import by_time, taste, weighed
from recommend.engine.training import NEAR, Events, train
from recommend.engine.trend import DAY
from recommend.tests.engine.making import SMALL, TITLES, events, facts, ids, small, sort_of


def dense(rows: Rows) -> np.ndarray:
    made = np.zeros((len(rows), len(rows)))
    for number in range(len(rows)):
        targets, weights = rows.of(number)
        made[number, targets] = weights
    return made


def test_taste_is_what_the_closed_form_says() -> None:
    draw = np.random.default_rng(5)
    watched = (draw.random((50, 12)) < 0.3).astype(np.float32)
    counts = watched.sum(axis=1)
    weight = np.where(counts > 0, np.maximum(counts, 1) ** -0.5, 0)
    weight /= weight[counts > 0].mean()
    gram = watched.T @ (weight[:, None] * watched)
    inverse = np.linalg.inv(gram + np.diag(0.5 / 0.5 * np.diag(gram)) + 20 * np.eye(12))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    found = dense(taste(sparse.csr_matrix(watched), ridge=20, drop=0.5, width=11))
    assert np.allclose(found, expected, atol=1e-3)


def test_the_strongest_weights_are_kept() -> None:
    watched = sparse.csr_matrix((np.random.default_rng(5).random((80, 30)) < 0.3).astype(np.float32))
    whole = dense(taste(watched, ridge=20, drop=0.5, width=29))
    cut = taste(watched, ridge=20, drop=0.5, width=7)
    for row in range(30):
        targets, weights = cut.of(row)
        assert set(targets.tolist()) == set(np.argsort(-np.abs(whole[row]), kind="stable")[:7].tolist())
        assert (np.diff(np.abs(weights)) <= 0).all()


def test_following_is_what_the_closed_form_says() -> None:
    viewer = np.array([0, 0, 0, 0, 1, 1, 1, 2], np.int32)
    title = np.array([0, 1, 2, 3, 1, 2, 0, 3], np.int32)
    sources, targets = np.zeros((8, 4)), np.zeros((8, 4))
    for event in range(8):
        for back in range(1, 13):
            if event >= back and viewer[event - back] == viewer[event]:
                sources[event, title[event - back]] += np.exp(-(back - 1) / 2.0)
        targets[event, title[event]] = 1
    expected = np.linalg.inv(sources.T @ sources + 3 * np.eye(4)) @ (sources.T @ targets)
    np.fill_diagonal(expected, 0)
    weight = np.ones(8, np.float32)
    found = following(viewer, title, weight, titles=4, scales=(2.0,), ridge=3.0, width=3)
    assert np.allclose(dense(found[0]), expected, atol=1e-3)


def test_watching_the_same_again_is_no_step() -> None:
    viewer, weight = np.zeros(6, np.int32), np.ones(6, np.float32)
    once = np.array([0, 1, 2, 0, 1, 2], np.int32)
    again = np.array([0, 1, 1, 1, 1, 1], np.int32)
    settings = {"titles": 3, "scales": (2.0,), "ridge": 1.0, "width": 2}
    assert following(viewer, once, weight, **settings)[0].of(1)[0].tolist()[0] == 2
    targets, weights = following(viewer, again, weight, **settings)[0].of(1)
    assert not len(targets) or np.abs(weights).max() < 0.2


def test_viewers_of_much_weigh_less_each_time() -> None:
    watched = sparse.csr_matrix(np.array([[1, 1, 1, 1], [1, 0, 0, 0]], np.float32))
    rooted = weighed(watched).toarray() ** 2
    assert rooted[1, 0] == pytest.approx(2 * rooted[0, 0])
    assert (rooted[0, 0] + rooted[1, 0]) / 2 == pytest.approx(1)


def test_pairs_count_less_the_further_they_are_apart() -> None:
    draw = np.random.default_rng(6)
    many = sparse.random(30, 9, density=0.4, format="csr", random_state=draw, dtype=np.float32)
    when = 1.7e9 + draw.exponential(20 * DAY, many.nnz)
    stacked = by_time(many, when, NEAR)
    gram = (stacked.T @ stacked).toarray()
    # The same by the words of it: a half of a pair at any distance, a quarter within a day, a quarter within a week.
    expected = np.zeros((9, 9))
    for row in range(30):
        mine = slice(many.indptr[row], many.indptr[row + 1])
        columns, values, times = many.indices[mine], many.data[mine], when[mine]
        near = np.full((len(times), len(times)), 0.5)
        for span in (DAY, 7 * DAY):
            for begin in (0.0, 0.5):
                number = np.floor(times / span + begin)
                near += 0.125 * (number[:, None] == number)
        expected[np.ix_(columns, columns)] += near * np.outer(values, values)
    assert gram == pytest.approx(expected, abs=1e-5)
    whole = (many.T @ many).toarray()
    assert np.diag(gram) == pytest.approx(np.diag(whole), abs=1e-5)
    assert (gram - whole).sum() < -1
    assert np.linalg.eigvalsh(gram).min() > -1e-4


def test_one_evening_is_near_wherever_midnight_is() -> None:
    watched = sparse.csr_matrix(np.array([[1, 1, 1]], np.float32))
    for hour in range(0, 168, 5):
        at = np.array([hour / 24, hour / 24 + 0.1, hour / 24 + 100]) * DAY
        stacked = by_time(watched, at, NEAR)
        gram = (stacked.T @ stacked).toarray()
        assert gram[0, 1] >= 0.75 - 1e-6
        assert gram[0, 2] == pytest.approx(0.5)


def test_what_was_brought_along_at_once_is_all_near() -> None:
    watched = sparse.csr_matrix(np.array([[1, 1, 1, 2, 0], [0, 1, 0, 0, 1]], np.float32))
    stacked = by_time(watched, np.full(6, 5.0), NEAR)
    assert (stacked.T @ stacked).toarray() == pytest.approx((watched.T @ watched).toarray())
    assert stacked.nnz == watched.nnz


def test_what_was_watched_in_one_week_goes_together_more() -> None:
    draw = np.random.default_rng(4)
    # Everybody watches 0, 1 and 2; 0 and 1 within a day of each other, 2 at another time of the year.
    viewer, title, at = [], [], []
    for number in range(40):
        begin = float(draw.integers(0, 300)) * DAY
        for each, days in ((0, 0.1), (1, 0.3), (2, 150.0), (int(draw.integers(3, TITLES)), 70.0)):
            viewer.append(number)
            title.append(each)
            at.append(begin + days * DAY)
    mixed = draw.permutation(len(viewer))
    told = Events(
        np.array(viewer, np.int32)[mixed], np.array(title, np.int32)[mixed],
        np.ones(len(viewer), np.float32), np.array(at)[mixed],
    )  # fmt: skip
    model = train(ids(), told, facts(), replace(SMALL, alpha=0.0))
    of = dict(zip(*(each.tolist() for each in model.taste.of(model.index[ids()[0]])), strict=True))
    near, far = (of[model.index[ids()[number]]] for number in (1, 2))
    assert near > 1.3 * far > 0
    alike = train(ids(), told, facts(), replace(SMALL, alpha=0.0, near=()))
    of = dict(zip(*(each.tolist() for each in alike.taste.of(alike.index[ids()[0]])), strict=True))
    near, far = (of[alike.index[ids()[number]]] for number in (1, 2))
    assert near == pytest.approx(far, rel=0.05)


def test_in_place_inverse_is_the_inverse() -> None:
    draw = np.random.default_rng(1)
    root = draw.normal(size=(60, 60)).astype(np.float32)
    matrix = root @ root.T + 5 * np.eye(60, dtype=np.float32)
    kept = matrix.copy()
    train_matrix.invert(matrix, 1.0)
    assert np.allclose(matrix @ kept, np.eye(60), atol=1e-3)
    assert (matrix == matrix.T).all()


def test_an_indefinite_gram_is_made_firm_and_not_a_crash() -> None:
    matrix = np.eye(50, dtype=np.float32)
    matrix[0, 1] = matrix[1, 0] = 2.0
    kept = matrix.copy()
    train_matrix.invert(matrix, 1.0)
    assert np.allclose(matrix @ (kept + 10 * np.eye(50)), np.eye(50), atol=1e-3)


def test_what_does_not_fit_is_refused_before_anything_is_allocated() -> None:
    with pytest.raises(train_matrix.TooLarge, match="smaller head"):
        train_matrix.square(46_001)
    with pytest.raises(train_matrix.TooLarge, match="bytes"):
        train_matrix.square(30_000, memory=10**9)
    with pytest.raises(train_matrix.TooLarge):
        taste(sparse.csr_matrix((1, 50_000), dtype=np.float32), ridge=1, drop=0.3, width=5)
    assert train_matrix.needed(train_matrix.affordable(2 * 10**9)) <= 2 * 10**9


def test_a_small_budget_makes_a_small_head_and_a_tail() -> None:
    model = small(replace(SMALL, memory=64 * 2**20 + 2_300))
    assert model.trained == 22
    assert len(model.tail or ()) == 18
    assert len(model) == 40


def test_sorts_are_found_and_titles_nobody_watched_borrow() -> None:
    made = events()
    kept = made.title < 30
    few = Events(made.viewer[kept], made.title[kept], made.weight[kept], made.at[kept])
    model = train(ids(), few, facts(), replace(SMALL, fill=0))
    assert model.tail is not None
    assert len(model.tail) == 10
    for row in range(10):
        near = model.tail.neighbours[row]
        near = near[near >= 0]
        mine = sort_of(model, model.trained + row)
        assert np.mean([sort_of(model, int(each)) == mine for each in near[:8]]) > 0.8
    # They had their chance: half of what their neighbours have, but all of it where unwatched titles are trained too.
    assert model.tail.shares.sum(axis=1) == pytest.approx(0.5)
    beside = train(ids(), few, facts(), replace(SMALL, fill=35))
    assert beside.tail is not None
    assert beside.tail.shares.sum(axis=1) == pytest.approx(1.0)


def test_content_alone_makes_something_sensible() -> None:
    nobody = Events(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0))
    model = train(ids(), nobody, facts(), replace(SMALL, ridge=1.0))
    right = []
    for row in range(20):
        targets, weights = model.taste.of(row)
        right += [sort_of(model, int(each)) == sort_of(model, row) for each in targets[weights > 0][:5]]
    assert np.mean(right) > 0.65


def test_nothing_at_all_is_a_model_too() -> None:
    nobody = Events(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0))
    assert len(train([], nobody, Content.empty())) == 0
    assert len(train(ids(3), nobody, Content.empty(3))) == 3


def test_pairs_of_too_few_accounts_leave_no_trace() -> None:
    one = Events(
        np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4], np.int32),
        np.array([0, 1, 0, 1, 0, 1, 2, 3, 2, 3], np.int32),
        np.ones(10, np.float32),
        np.arange(10, dtype=np.float64),
    )
    settings = replace(SMALL, support=3, fill=10, least=1)
    model = train(ids(4), one, Content.empty(4), settings)
    zero, two = model.index[ids()[0]], model.index[ids()[2]]
    assert len(model.taste.of(zero)[0])
    assert not len(model.taste.of(two)[0])
    assert not len(model.following[0].of(two)[0])
    # Three profiles of one account are one account.
    same = replace(one, account=np.zeros(10, np.int32))
    assert not len(train(ids(4), same, Content.empty(4), settings).taste.of(zero)[0])


def test_who_is_left_out_leaves_no_trace() -> None:
    made = events()
    kept = made.viewer != 7
    without = Events(made.viewer[kept], made.title[kept], made.weight[kept], made.at[kept])
    muted = Events(made.viewer, made.title, np.where(kept, made.weight, 0).astype(np.float32), made.at)
    one, other = train(ids(), without, facts(), SMALL), train(ids(), muted, facts(), SMALL)
    assert one.about["near"] == "1 d 0.25, 7 d 0.25"
    assert one.titles == other.titles
    assert (one.taste.weights == other.taste.weights).all()
    assert (one.popularity == other.popularity).all()


def test_a_seed_speaks_where_nobody_has_watched() -> None:
    class Pair:
        rows = np.array([0, 1, 0, 1], np.int32)
        columns = np.array([0, 1, 1, 0], np.int32)
        values = np.array([5, 5, 4, 4], np.float32)

    nobody = Events(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0))
    model = train(ids(4), nobody, Content.empty(4), replace(SMALL, beta=1.0), seed=Pair())
    assert model.taste.of(model.index[ids()[0]])[0].tolist() == [model.index[ids()[1]]]


def test_factors_become_rows_of_one_strength() -> None:
    draw = np.random.default_rng(2)
    made = train_factors.rows(draw.normal(size=(50, 6)).astype(np.float32), width=9)
    assert made.targets.shape == (50, 9)
    assert np.abs(made.weights).max() <= 1.01
    head = Rows(made.targets[:20] % 20, made.weights[:20])
    both = train_factors.merged(head, made)
    assert set(both.of(0)[0].tolist()) <= set(head.of(0)[0].tolist()) | {
        int(each) for each in made.of(0)[0] if each >= 20
    }


def test_a_very_large_catalogue_goes_by_factors() -> None:
    pytest.importorskip("implicit")
    model = small(replace(SMALL, dense_to=10, wide_head=12, factors=8))
    assert model.about["way"] == "factors"
    assert model.trained == 40
    right = [
        sort_of(model, int(target)) == sort_of(model, row)
        for row in range(20)
        for target in model.taste.of(row)[0][:3]
    ]
    assert np.mean(right) > 0.7


def test_without_that_package_the_rest_borrows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recommend.engine.training.available", lambda: False)
    model = small(replace(SMALL, dense_to=10, head=30))
    assert model.about["way"] == "dense"
    assert len(model.tail or ()) == 10


def test_numbers_of_viewers_do_not_matter() -> None:
    made = events()
    turned = replace(made, viewer=(59 - made.viewer).astype(np.int32))
    one, other = train(ids(), made, facts(), SMALL), train(ids(), turned, facts(), SMALL)
    assert one.titles == other.titles
    assert np.allclose(dense(one.taste), dense(other.taste), atol=2e-3)
