"""Scoring is arithmetic: tables of cases, no database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from recommend import scoring
from recommend.scoring import Features, Signal

NOW = datetime(2026, 3, 1, 20, tzinfo=UTC)
SPACE = UUID("00000000-0000-0000-0000-000000000001")


def film(
    name: str, *genres: str, people: tuple[str, ...] = (), year: int = 2020, kind: str = "film"
) -> Features:
    return Features(uuid5(SPACE, name), kind, frozenset(genres), frozenset(people), year, NOW)


@pytest.mark.parametrize(
    ("fraction", "weight"),
    [(0.0, 0.0), (0.02, 0.0), (0.1, -0.1), (0.3, 0.5), (0.89, 0.5), (0.95, 1.0), (1.0, 1.0)],
)
def test_a_viewing_counts_by_how_far_it_went(fraction, weight):
    assert scoring.viewing_weight(fraction) == weight


def test_what_was_watched_a_half_life_ago_counts_half():
    assert scoring.decay(scoring.HALF_LIFE) == pytest.approx(0.5)
    assert scoring.decay(timedelta(days=-3)) == 1.0


def test_a_taste_leans_to_the_genres_of_what_was_finished_and_away_from_what_was_disliked():
    noir, romp = film("noir", "Mystery", people=("Kestrel Andrade",)), film("romp", "Comedy")
    taste = scoring.taste_of(
        [Signal(noir.id, 1.0, NOW), Signal(romp.id, -0.6, NOW)], {noir.id: noir, romp.id: romp}, now=NOW
    )
    mystery = scoring.affinity(film("another", "Mystery"), taste)
    comedy = scoring.affinity(film("funny", "Comedy"), taste)
    stranger = scoring.affinity(film("other", "Western"), taste)
    assert mystery > stranger == 0 > comedy
    assert scoring.affinity(film("hers", "Western", people=("Kestrel Andrade",)), taste) > 0


def test_old_viewings_lean_less_than_new_ones():
    one, other = film("one", "Mystery"), film("other", "Comedy")
    signals = [Signal(one.id, 1.0, NOW - timedelta(days=90)), Signal(other.id, 1.0, NOW)]
    taste = scoring.taste_of(signals, {one.id: one, other.id: other}, now=NOW)
    assert taste.genres["Comedy"] > 5 * taste.genres["Mystery"]


def test_a_signal_about_a_title_that_is_gone_changes_nothing():
    assert scoring.taste_of([Signal(SPACE, 1.0, NOW)], {}, now=NOW).genres == {}


def test_what_was_watched_today_trends_above_what_was_watched_more_often_last_month():
    today, old = film("today").id, film("old").id
    scores = scoring.trend([{today: 2}, {today: 2}, {today: 2, old: 9}])
    assert scores[today] > scores[old] > 0


def test_nothing_watched_is_no_trend():
    assert scoring.trend([{}, {}, {}]) == {}


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (film("a", "Drama", "Mystery"), film("b", "Drama", "Comedy")),
        (film("a", "Drama"), film("b", "Drama", "Comedy", "War")),
        (film("a", "Drama", people=("Ines",)), film("b", "Drama")),
        (film("a", "Drama", year=2019), film("b", "Drama", year=1950)),
        (film("a", "Drama"), film("b", "Drama", kind="series")),
    ],
)
def test_likeness_prefers(nearer, farther):
    seed = film("seed", "Drama", "Mystery", people=("Ines",))
    assert scoring.likeness(seed, nearer) > scoring.likeness(seed, farther)


def test_the_same_year_alone_makes_nothing_alike():
    assert scoring.likeness(film("a", "Drama"), film("b", "Comedy")) == 0


def test_a_draw_is_the_same_for_the_same_key_and_moves_with_it():
    ids = [film(str(n)).id for n in range(8)]
    assert scoring.draw("ada:2026-03-01", ids) == scoring.draw("ada:2026-03-01", reversed(ids))
    assert len({scoring.draw(f"ada:{day}", ids) for day in range(40)}) > 4
    assert scoring.draw("ada", []) is None


def test_a_draw_does_not_move_when_another_title_leaves():
    ids = [film(str(n)).id for n in range(8)]
    drawn = scoring.draw("ada:today", ids)
    other = next(each for each in ids if each != drawn)
    assert scoring.draw("ada:today", [each for each in ids if each != other]) == drawn
