"""Pages made by pure arithmetic: what may be seen, what is said of it, and in which order."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from recommend.engine import score
from recommend.engine.score import Entry
from recommend.page import planning
from recommend.page.compose import AGAIN_AFTER, Composer, Opinion, Viewer
from recommend.page.field import best, bound, made
from recommend.page.lines import Line
from recommend.tests.page.worlds import NOW, Glimpse, ids, model_of, world


def viewer_of(field, chance: Random, *, maturity: int = 18, watched: int = 12, **more) -> Viewer:
    opinions = tuple(
        Opinion(chance.randrange(len(field)), chance.choice((1.5, 1.0, 0.5, 0.2, -0.3)), NOW - age * 86_400.0)
        for age in range(watched)
    )
    seen = np.zeros(len(field), np.bool_)
    seen[[one.place for one in opinions if one.weight >= 0.5]] = True
    trend = np.zeros(len(field), np.float32)
    for _each in range(min(15, len(field))):
        trend[chance.randrange(len(field))] += chance.random() * 9
    given = {"eligible": field.open_to(maturity, NOW), "seen": seen, "trend": trend, "now": NOW, **more}
    return Viewer(opinions, **given)


def composed(field, model, viewer):
    made = Composer(field, bound(model, field), viewer)
    return made, made.ordered(made.candidates())


def test_shares_say_for_many_titles_what_why_says_for_each():
    _field, model = world(60, seed=4)
    entries = [
        Entry(number, weight) for number, weight in ((3, 1.0), (9, 0.5), (3, 0.3), (40, -0.3), (8, 1.5))
    ]
    found = score.shares(model, entries, range(len(model)))
    for title in range(len(model)):
        said = score.why(model, entries, title)
        together = {}
        for entry, share in zip(entries, found[title], strict=True):
            together[entry.title] = together.get(entry.title, 0.0) + share
        if said is None:
            assert max(together.values()) <= 0
        else:
            assert together[said[0]] == pytest.approx(said[1], abs=1e-6)
            assert max(together.values()) == pytest.approx(said[1], abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_nothing_that_may_not_be_seen_is_in_any_candidate_row(seed):
    chance = Random(seed)
    field, model = world(chance.randint(4, 260), seed=seed)
    age = chance.choice((0, 6, 7, 12, 16, 18))
    hidden = {field.ids[chance.randrange(len(field))] for _each in range(3)}
    viewer = viewer_of(field, chance, maturity=age, eligible=field.open_to(age, NOW, without=hidden))
    made = Composer(field, bound(model, field), viewer)
    for row in made.candidates():
        for place in row.places:
            assert field.maturity[place] <= age
            assert field.playable[place]
            assert field.published[place] > 0
            assert field.opens[place] <= NOW < field.closes[place]
            assert field.ids[place] not in hidden
        if row.because >= 0:
            assert viewer.eligible[row.because], "the reason itself may be seen"
        if row.kind not in ("trending", "again") and not (row.kind == "genre" and made.tiny):
            assert not viewer.seen[row.places].any()
    assert viewer.eligible[made.billboard(24)].all()


def test_a_because_row_holds_only_what_its_title_speaks_for():
    field, model = world(200, seed=3)
    made, rows = composed(field, model, viewer_of(field, Random(5)))
    because = [row for row in rows if row.kind == "because"]
    assert because
    for row in because:
        spoken = score.because(model, model.index[field.ids[row.because]])
        assert (spoken[[model.index[field.ids[place]] for place in row.places]] > 0).all()
    assert len({row.because for row in because}) == len(because) <= 3
    assert made.personal


def test_the_order_of_titles_in_the_model_changes_nothing():
    field, model = world(120, seed=8)
    shuffled = list(range(len(model)))
    Random(2).shuffle(shuffled)
    weights = np.zeros((len(model), len(model)), np.float32)
    for row in range(len(model)):
        numbers, given = model.taste.of(row)
        weights[row, numbers] = given
    other = model_of(
        [model.titles[each] for each in shuffled],
        weights[np.ix_(shuffled, shuffled)],
        popularity=model.popularity[shuffled],
    )
    plain = model_of(model.titles, weights, popularity=model.popularity)
    viewer = viewer_of(field, Random(1))
    _one, first = composed(field, plain, viewer)
    _other, second = composed(field, other, viewer)
    assert [row.key for row in first] == [row.key for row in second]
    for one, two in zip(first, second, strict=True):
        if one.kind != "picks":  # titles that score alike may change places in what is chosen greedily
            assert one.places.tolist() == two.places.tolist()


def test_a_stranger_gets_what_is_watched_here_and_no_row_about_a_taste():
    field, model = world(150, seed=6)
    viewer = Viewer((), field.open_to(18, NOW), np.zeros(150, np.bool_), np.zeros(150, np.float32), NOW)
    made, rows = composed(field, model, viewer)
    kinds = {row.kind for row in rows}
    assert not kinds & {"picks", "next", "taste", "because", "gems", "again", "trending"}
    assert {"new", "popular", "genre"} <= kinds
    assert not made.personal


def test_what_was_just_liked_leads_to_what_goes_with_it():
    titles = ids(80)
    weights = np.zeros((80, 80))
    weights[5, 60:72] = 0.5
    weights[6, 40:52] = 0.5
    field = made([Glimpse(each, published=NOW - number) for number, each in enumerate(titles)])
    model = model_of(titles, weights)
    nothing = np.zeros(80, np.float32)
    before = Viewer((Opinion(5, 1.0, NOW),), field.open_to(18, NOW), field.flags([titles[5]]), nothing, NOW)
    after = Viewer(
        (Opinion(6, 1.0, NOW), *before.opinions), before.eligible, field.flags(titles[5:7]), nothing, NOW
    )
    heads = []
    for each in (before, after):
        composer = Composer(field, bound(model, field), each)
        heads.append(set(composer.picks()[:12].tolist()))
    assert heads[0] == set(range(60, 72))
    assert heads[1] == set(range(40, 52))


def test_rows_add_something_and_no_three_of_a_kind_follow_each_other():
    field, model = world(500, seed=2, grim=0)
    made, rows = composed(field, model, viewer_of(field, Random(9), watched=30))
    assert len(rows) > 8
    assert {"picks", "next", "taste", "because", "gems"} <= {row.kind for row in made.candidates()}
    assert len({row.key for row in rows}) == len(rows)
    kinds = [row.kind for row in rows]
    others = len({row.kind for row in made.candidates()})
    assert others > 3
    assert all(len(set(kinds[at : at + 3])) > 1 for at in range(6)), kinds


def test_what_was_loved_long_ago_is_offered_again_and_what_is_fresh_is_not():
    field, model = world(100, seed=7, grim=0)
    eligible = np.flatnonzero(field.open_to(18, NOW))[:8].tolist()
    long_ago = NOW - AGAIN_AFTER - 86_400
    opinions = tuple(
        Opinion(place, 1.0, NOW if number < 3 else long_ago) for number, place in enumerate(eligible)
    )
    viewer = Viewer(
        opinions, field.open_to(18, NOW), field.flags([field.ids[each] for each in eligible]),
        np.zeros(100, np.float32), NOW,
    )  # fmt: skip
    again = next(
        row for row in Composer(field, bound(model, field), viewer).candidates() if row.kind == "again"
    )
    assert set(again.places.tolist()) == set(eligible[3:])


def test_the_best_are_found_and_what_is_never_is_not():
    scores = np.array([1, -np.inf, 3, 3, 2, -np.inf], np.float32)
    assert best(scores, 3).tolist() == [2, 3, 4]
    assert best(scores, 9).tolist() == [2, 3, 4, 0]
    assert best(np.full(50, -np.inf, np.float32), 4).tolist() == []
    many = np.tile(scores, 20)
    assert best(many, 40).tolist() == sorted(np.flatnonzero(many == 3).tolist())
    assert best(np.zeros(0, np.float32), 4).tolist() == []


def test_a_falling_trend_under_an_experiments_low_floor_is_still_a_number():
    field, model = world(60, seed=4)
    fallen = np.full(len(field), -0.09, np.float32)
    viewer = viewer_of(field, Random(1), common=fallen, knobs={"trend_floor": 0.001})
    made = Composer(field, bound(model, field), viewer)
    assert not np.isnan(made.blend).any()
    assert len(made.leading)


def test_once_it_is_late_the_page_is_made_of_what_is_quickly_said():
    chance = Random(4)
    field, model = world(240, seed=4)
    viewer = viewer_of(field, chance)
    whole = Composer(field, bound(model, field), viewer)
    every = {row.kind for row in whole.candidates()}
    cut = Composer(field, bound(model, field), viewer)
    left = {row.kind for row in cut.candidates(lambda: True)}
    assert (whole.whole, cut.whole) == (True, False)
    assert every - left == {"because", "taste", "gems"} & every
    assert {"picks", "trending", "new", "genre"} <= left
    assert cut.ordered(cut.candidates(lambda: True))


def test_more_to_your_taste_is_the_list_that_looks_further():
    field, model = world(600, seed=4, grim=0.0)
    viewer = viewer_of(field, Random(6), knobs={"calibration": 0.0})
    made = Composer(field, bound(model, field), viewer)
    rows = {row.kind: row.places for row in made.candidates()}
    knobs = score.wider(made.knobs)
    sums = score.score(
        model, made.entries, np.zeros(len(model), np.float32), np.ones(len(model), bool), knobs
    )
    spoken = made.bound.to_field(sums.taste, 0)
    assert (spoken[rows["taste"]] > 0).all()
    order = made.wide[rows["taste"]]
    assert (np.diff(order) <= 0).all()
    assert not viewer.seen[rows["taste"]].any()
    # What the blend ranked is told from what the wider list did: reasons go by the sums that ranked.
    picks = rows["picks"].tolist()
    assert made.head == set(picks[:20])
    assert (
        picks[20:]
        == [each for each in best(made.wide, 60).tolist() if each not in made.head][: len(picks) - 20]
    )


def test_a_reason_is_of_the_sums_that_ranked_its_title():
    field, model = world(600, seed=4, grim=0.0)
    # What follows says something else than what goes with what, so that it matters how they are weighed.
    turned = model.following[0].targets[::-1].copy()
    model = replace(model, following=(replace(model.following[0], targets=turned),))
    made = Composer(field, bound(model, field), viewer_of(field, Random(6)))
    picks = made.picks()[:40].tolist()
    page = object.__new__(planning._Page)
    page.composer, page.field, page.bound = made, field, made.bound
    page.causes = page.praised = set(field.ids)
    line = Line("picks", "picks", tuple(field.ids[place] for place in picks))
    leads = page._leads([line], [])
    differing = 0
    for place in picks:
        told = {}
        for knobs in (made.knobs, score.wider(made.knobs)):
            row = score.shares(model, made.entries, [int(made.bound.number[place])], knobs)[0]
            told[knobs] = (int(np.argmax(row)), float(row.max()))
        _which, share = told[made.knobs if place in made.head else score.wider(made.knobs)]
        lead = leads.get(field.ids[place])
        if lead is not None:
            assert lead.share == pytest.approx(share)
        differing += len(set(told.values())) > 1 and lead is not None and place not in made.head
    assert differing > 3
