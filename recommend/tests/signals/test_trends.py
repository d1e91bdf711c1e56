"""What is trending: profiles, not plays; children apart; nobody makes a hit alone; taken back to the last bit."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services as accounts
from accounts.tests.factories import make_profile
from catalog import services as catalog
from catalog.tests.factories import make_title
from recommend.signals import hearing, models, reading, trends, writing
from recommend.signals.shapes import Switches

pytestmark = pytest.mark.django_db(databases="__all__")

HOUR = timedelta(minutes=100)


@pytest.fixture
def watch(viewing):
    def watched(profile, title, **more):
        hearing.take_in(viewing(profile, title, **more), duration=HOUR, finish_at=HOUR)

    return watched


def values(**more):
    return {each: round(value, 2) for each, value in reading.trend(18, kids=False, **more).items()}


def test_a_profile_counts_once_however_often_it_plays_and_its_newest_time_counts(ada, watch):
    film = make_title()
    watch(ada, film, ago=timedelta(days=7))
    assert values(days=7) == {film.id: 0.5}
    for _again in range(5):
        watch(ada, film)
    assert values(days=7) == {film.id: 1.0}
    watch(make_profile("Cy"), film)
    assert values(days=7) == {film.id: pytest.approx(2.0, abs=0.02)}
    assert reading.accounts_behind([film.id]) == {film.id: 2}
    assert reading.active() == 2


def test_a_hundred_thousand_scripted_plays_are_worth_one_viewer_of_a_few_titles(ada, settings, viewing):
    """The plays of one day, told as fast as a script can; two hundred of them here."""
    settings.RECOMMEND_VIEWINGS_A_DAY, settings.RECOMMEND_VOTES_A_DAY = 40, 5
    films = [make_title(name=f"Film {n}") for n in range(8)]
    noon = timezone.now().replace(hour=12) - timedelta(days=1)
    for number in range(200):
        one = viewing(ada, films[number % 8], ago=timezone.now() - noon - timedelta(seconds=number))
        hearing.take_in(one, duration=HOUR, finish_at=HOUR)
    assert models.Signal.objects.count() == 40
    assert len(values()) == 5
    assert max(values(days=1).values()) <= 1.0
    events = list(reading.events_for_training())
    assert len(events) == 8
    assert max(weight for _profile, _title, weight, _at in events) <= 1.5


def test_children_and_grown_ups_are_apart(ada, ben, watch):
    cartoon, thriller = make_title(name="Cartoon"), make_title(name="Thriller", maturity=16)
    watch(ben, cartoon)
    watch(ada, thriller)
    assert values() == {thriller.id: 1.0}
    assert reading.trend(7, kids=True) == {cartoon.id: pytest.approx(1.0, abs=0.02)}
    watch(ada, cartoon)
    assert reading.trend(7, kids=True)[cartoon.id] == pytest.approx(1.25, abs=0.02)


def test_what_is_above_the_age_or_withdrawn_is_in_no_trend(ada, watch):
    thriller, gone = make_title(name="Thriller", maturity=16), make_title(name="Gone")
    watch(ada, thriller)
    watch(ada, gone)
    catalog.unpublish(gone.id)
    assert set(reading.trend(12, kids=False)) == set()
    assert set(reading.trend(18, kids=False)) == {thriller.id}


def test_who_does_not_count_for_others_is_out_at_once_and_for_models_too(ada, watch):
    film = make_title()
    watch(ada, film, ago=timedelta(days=3))
    cy = make_profile("Cy")
    watch(cy, film, ago=timedelta(days=2))
    before = values(days=7)
    dee = make_profile("Dee")
    watch(dee, film)
    writing.set_switches(dee.id, Switches(shared=False))
    assert values(days=7) == before
    assert reading.withdrawn_at() is not None
    assert dee.id not in {event[0] for event in reading.events_for_training()}
    assert reading.taste(dee.id).entries, "its own pages know it as before"


def test_erasing_takes_a_profile_out_to_the_last_bit(ada, watch):
    films = [make_title(name=f"Film {n}") for n in range(3)]
    cy = make_profile("Cy")
    for number, film in enumerate(films):
        watch(cy, film, ago=timedelta(days=number))
    before = reading.trend(18, kids=False, days=30)
    for number, film in enumerate(films):
        watch(ada, film, ago=timedelta(hours=number))
    writing.erase(ada.id)
    after = reading.trend(18, kids=False, days=30)
    assert after == {each: pytest.approx(value, abs=1e-6) for each, value in before.items()}
    assert reading.taste(ada.id).entries == ()
    assert not models.Signal.objects.filter(profile_id=ada.id).exists()


def test_summing_anew_comes_to_the_same_and_drops_what_is_too_old(ada, watch):
    film, old = make_title(name="One"), make_title(name="Two")
    watch(ada, film, ago=timedelta(days=2))
    watch(make_profile("Cy"), film)
    watch(ada, old, ago=timedelta(days=400))
    before = values(days=7)
    assert trends.rebuild() == 1
    assert values(days=7)[film.id] == pytest.approx(before[film.id], abs=0.01)
    assert models.Vote.objects.count() == 2


def test_the_shortest_half_life_leads_for_which_enough_is_watched(ada, watch, monkeypatch):
    film = make_title()
    watch(ada, film, ago=timedelta(days=1))
    assert values()[film.id] == values(days=30)[film.id]
    monkeypatch.setattr(trends, "ENOUGH", 0.4)
    assert values()[film.id] == values(days=1)[film.id]
    with pytest.raises(ValueError, match="1, 7 and 30"):
        reading.trend(18, kids=False, days=2)


def test_a_profile_that_moves_counts_for_its_new_account(ada, watch):
    film = make_title()
    watch(ada, film)
    other = make_profile("Cy")
    watch(other, film)
    assert reading.accounts_behind([film.id]) == {film.id: 2}
    writing.move_profile(other.id, ada.user_id)
    assert reading.accounts_behind([film.id]) == {film.id: 1}


def test_asking_costs_three_queries_however_many_titles(ada, watch):
    for number in range(10):
        watch(ada, make_title(name=f"Film {number}"))
    with CaptureQueriesContext(connection) as asked:
        assert len(reading.trending(18, kids=False).values) == 10
    assert len(asked) <= 3


def test_an_unknown_profile_s_plays_count_for_nothing(viewing, ada):
    film = make_title()
    one = viewing(ada, film)
    accounts.delete_profile(ada.id)
    hearing.take_in(one, duration=HOUR, finish_at=HOUR)
    assert values() == {}
    assert reading.taste(uuid4()).entries == ()
