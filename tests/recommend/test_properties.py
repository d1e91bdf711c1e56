"""What must hold of a model whatever it is trained on: the same each time, whatever titles are called, and monotone."""

from uuid import UUID

import numpy as np
import pytest

from recommend.engine import score, training
from recommend.engine.content import Features, content
from recommend.engine.training import NEAR, Events, Settings, train
from recommend.engine.trend import DAY

N, VIEWERS = 40, 30


def titles(seed=1):
    chance = np.random.default_rng(seed)
    return tuple(UUID(int=int(each)) for each in chance.choice(10**9, N, replace=False))


#: With what counts only where data is sparse and viewers are many.
SETTINGS = Settings(near=NEAR)


def features():
    return [
        Features(genres=[f"g{n % 4}"], people=[f"p{n % 7}"], year=1950 + n, kind="film") for n in range(N)
    ]


def watched(seed=2):
    """Events by (viewer, title): viewers keep to two of the four genres."""
    chance = np.random.default_rng(seed)
    rows = []
    for viewer in range(VIEWERS):
        mine = [n for n in range(N) if n % 4 in (viewer % 4, (viewer + 1) % 4)]
        for at, title in enumerate(chance.permutation(mine)[: int(chance.integers(4, 15))]):
            rows.append((viewer, int(title), DAY * (viewer * 7 + at * 2.5)))
    return sorted(rows, key=lambda row: row[2])


def events(rows):
    table = np.array(rows)
    return Events(
        table[:, 0].astype(np.int32),
        table[:, 1].astype(np.int32),
        np.ones(len(rows), np.float32),
        table[:, 2].astype(np.float64),
    )


def by_title(model, values):
    return {title: float(values[model.index[title]]) for title in model.titles}


def scored(model, *entries, trend=0.0):
    """Taste of all titles for who did this, newest first: (title, weight)."""
    told = [score.Entry(model.index[title], weight) for title, weight in entries]
    everything = np.ones(len(model), bool)
    return by_title(model, score.score(model, told, np.full(len(model), trend, np.float32), everything).taste)


@pytest.fixture(scope="module")
def model():
    return train(titles(), events(watched()), content(features()), SETTINGS)


def test_the_same_events_make_the_same_model_bit_by_bit(model):
    again = train(titles(), events(watched()), content(features()), SETTINGS)
    assert again.titles == model.titles
    for one, other in ((again.taste, model.taste), *zip(again.following, model.following, strict=True)):
        assert (one.targets == other.targets).all()
        assert (one.weights == other.weights).all()


def test_what_titles_are_called_and_in_which_order_they_come_changes_nothing(model):
    names, order = titles(), np.random.default_rng(5).permutation(N)
    place = np.argsort(order)
    rows = [(viewer, int(place[title]), at) for viewer, title, at in watched()]
    about = [features()[each] for each in order]
    other = train([names[each] for each in order], events(rows), content(about), SETTINGS)
    for title in (names[0], names[17]):
        one, two = scored(model, (title, 1.0)), scored(other, (title, 1.0))
        assert two == pytest.approx(one, rel=0.02, abs=1e-3)


def test_what_viewers_are_numbered_changes_nothing(model):
    rows = [(VIEWERS - 1 - viewer, title, at) for viewer, title, at in watched()]
    other = train(titles(), events(rows), content(features()), SETTINGS)
    title = titles()[3]
    assert scored(other, (title, 1.0)) == pytest.approx(scored(model, (title, 1.0)), rel=0.02, abs=1e-3)


def test_finishing_a_title_raises_what_goes_with_it_and_a_thumb_down_lowers_it(model):
    for title in titles()[:10]:
        nothing, liked, not_liked = scored(model), scored(model, (title, 1.0)), scored(model, (title, -0.3))
        targets, weights = model.taste.of(model.index[title])
        near = [model.titles[int(each)] for each, weight in zip(targets, weights, strict=True) if weight > 0]
        assert near
        for each in near:
            assert liked[each] > nothing[each] > not_liked[each]


def test_more_liking_is_more_score(model):
    title = titles()[0]
    strongest = model.titles[int(model.taste.of(model.index[title])[0][0])]
    values = [scored(model, (title, weight))[strongest] for weight in (-0.3, 0.0, 0.3, 0.5, 1.0, 1.5)]
    assert values == sorted(values)


def test_what_was_done_last_weighs_most(model):
    one, other = titles()[0], titles()[1]
    first = scored(model, (one, 1.0), (other, 1.0))
    last = scored(model, (other, 1.0), (one, 1.0))
    strongest = model.titles[int(model.taste.of(model.index[one])[0][0])]
    only = scored(model, (one, 1.0))[strongest]
    assert abs(first[strongest] - only) < abs(last[strongest] - only) or first[strongest] >= last[strongest]


def test_a_model_without_a_viewer_is_the_one_that_never_had_them():
    without = [row for row in watched() if row[0] != 7]
    gap = train(titles(), events(without), content(features()), SETTINGS)
    never = train(
        titles(), events([(v - (v > 7), t, at) for v, t, at in without]), content(features()), SETTINGS
    )
    assert (gap.taste.targets == never.taste.targets).all()
    assert (gap.taste.weights == never.taste.weights).all()
    whole = train(titles(), events(watched()), content(features()), SETTINGS)
    assert (gap.taste.weights != whole.taste.weights).any()


def test_a_pair_of_two_accounts_says_nothing_in_a_small_house():
    """Two viewers alone watched titles 0 and 2: they say nothing of each other when three are asked for."""
    rows = [(viewer, title, DAY * (viewer + 3 * title)) for viewer in range(2) for title in (0, 2)]
    rows += [(viewer, title, DAY * (viewer + 3 * title)) for viewer in range(2, 6) for title in (5, 7)]
    found = train(titles(), events(rows), content(features()), Settings(support=3, alpha=0.0, near=NEAR))
    names = titles()
    assert scored(found, (names[0], 1.0)).get(names[2], 0.0) == 0.0
    assert scored(found, (names[5], 1.0))[names[7]] > 0
    open_to_all = train(
        titles(), events(rows), content(features()), Settings(support=1, alpha=0.0, near=NEAR)
    )
    assert scored(open_to_all, (names[0], 1.0))[names[2]] > 0


def test_a_seed_helps_where_nobody_watched_and_fades(model):
    names = titles()

    class Pairs:
        rows = np.array([0, 1, 0, 1], np.int32)
        columns = np.array([0, 1, 1, 0], np.int32)
        values = np.array([50, 50, 40, 40], np.float32)

    none = events([(0, 20, 1.0), (0, 21, 2.0)])
    without = train(names, none, content(features()), SETTINGS)
    with_it = train(names, none, content(features()), Settings(beta=1.0), seed=Pairs())
    faded = train(names, none, content(features()), Settings(beta=0.001), seed=Pairs())
    values = [scored(each, (names[0], 1.0))[names[1]] for each in (without, faded, with_it)]
    assert values[0] <= values[1] < values[2]
    assert training.Settings().beta == 0.0
