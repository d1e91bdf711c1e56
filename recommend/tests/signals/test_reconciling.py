"""What was there before, what was missed, and what time does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.tests.factories import make_profile
from catalog.tests.factories import make_series, make_title, make_trailer
from netflixlite import personal
from netflixlite.jobs import registry
from playback.tests.factories import make_viewing
from recommend import models as said
from recommend.signals import models, reading, reconciling, writing
from recommend.signals import privacy as signals_privacy
from recommend.signals.shapes import Kind, Switches

pytestmark = pytest.mark.django_db(databases="__all__")


def watched(profile, title, *, ago=timedelta(days=2), **more):
    return make_viewing(
        profile_id=profile.id,
        video_id=more.pop("video_id", title.video_id),
        title_id=title.id,
        ended_at=timezone.now() - ago,
        **more,
    )


def kinds(profile):
    return {each.title_id: each.kind for each in reading.taste(profile.id).entries}


def test_what_was_watched_liked_and_kept_before_this_existed_is_taken_in(ada):
    film, liked, kept = make_title(name="One"), make_title(name="Two"), make_title(name="Three")
    watched(ada, film, fraction=0.95)
    said.Thumb.objects.create(profile_id=ada.id, title_id=liked.id, value="up")
    said.ListEntry.objects.create(profile_id=ada.id, title_id=kept.id)
    assert reconciling.catch_up() == 3
    assert kinds(ada) == {film.id: Kind.FINISHED, liked.id: Kind.UP, kept.id: Kind.LISTED}
    assert set(reading.trend(18, kids=False)) == {film.id}
    version = reading.version(ada.id)
    assert reconciling.catch_up() == 0
    assert reconciling.look_back() == 0
    assert reading.version(ada.id) == version


def test_it_goes_on_where_it_was_and_takes_what_came_since(ada, monkeypatch):
    monkeypatch.setattr(reconciling, "BATCH", 2)
    monkeypatch.setattr(reconciling, "BATCHES", 2)
    films = [make_title(name=f"Film {n}") for n in range(9)]
    moment = timedelta(days=2)
    for film in films:
        watched(ada, film, ago=moment)  # at nearly, and some at wholly, the same time
    turns = [reconciling.catch_up() for _turn in range(5)]
    assert sum(turns) == 9
    assert set(kinds(ada)) == {film.id for film in films}
    late = watched(ada, make_title(name="Late"), ago=timedelta(days=1, hours=12))
    newest = watched(ada, make_title(name="Newest"), ago=timedelta(hours=1))
    reconciling.catch_up()
    assert {late.title_id, newest.title_id} <= set(kinds(ada))


def test_a_trailer_is_no_taste_and_episodes_are_a_series(ada):
    film, series = make_title(), make_series()
    watched(ada, film, video_id=make_trailer(film.id))
    from catalog import services as catalog

    for part in catalog.seasons(series.id)[0].episodes:
        watched(ada, series, video_id=part.video_id, fraction=0.95)
    reconciling.catch_up()
    assert kinds(ada) == {series.id: Kind.SERIES}


def test_what_was_erased_forgotten_or_not_to_be_learnt_is_not_taken_in_again(ada):
    film, other = make_title(name="One"), make_title(name="Two")
    watched(ada, film)
    watched(ada, other)
    reconciling.catch_up()
    writing.forget_title_of(ada.id, film.id)
    models.Mark.objects.filter(name="history").delete()
    reconciling.catch_up()
    assert set(kinds(ada)) == {other.id}
    writing.erase(ada.id)
    models.Mark.objects.filter(name="history").delete()
    reconciling.catch_up()
    assert kinds(ada) == {}
    cy = make_profile("Cy")
    writing.set_switches(cy.id, Switches(learn=False))
    watched(cy, film)
    models.Mark.objects.filter(name="history").delete()
    reconciling.catch_up()
    assert kinds(cy) == {}
    assert list(reading.events_for_training()) == []


def test_a_taste_is_made_anew_from_its_signals_and_comes_to_the_same(ada):
    films = [make_title(name=f"Film {n}") for n in range(5)]
    for number, film in enumerate(films):
        watched(ada, film, ago=timedelta(days=number + 1))
    reconciling.catch_up()
    writing.hide(ada.id, films[0].id)
    before = reading.taste(ada.id)
    assert writing.rebuild(ada.id) is False
    models.Taste.objects.update(entries=b"", seen=b"", hidden=b"", checked_at=None)
    assert reconciling.look_after_tastes() == 1
    after = reading.taste(ada.id)
    assert (after.entries, after.seen, after.hidden) == (before.entries, before.seen, before.hidden)
    assert reconciling.look_after_tastes() == 0, "not again for a while"


def test_what_a_profile_that_is_gone_left_behind_goes(ada):
    film = make_title()
    ghost = uuid4()
    writing.hide(ghost, film.id)
    assert reading.taste(ghost).hidden == {film.id}
    reconciling.look_after_tastes()
    assert not models.Taste.objects.exists()
    assert not models.Signal.objects.exists()


def test_old_signals_go_and_wishes_stay(ada, settings):
    settings.RECOMMEND_SIGNAL_DAYS = 30
    film, other = make_title(name="One"), make_title(name="Two")
    watched(ada, film, ago=timedelta(days=40))
    reconciling.catch_up()
    writing.hide(ada.id, other.id, now=timezone.now() - timedelta(days=40))
    assert reconciling.prune() == 1
    writing.rebuild(ada.id)
    assert kinds(ada) == {other.id: Kind.HIDDEN}
    settings.RECOMMEND_SIGNAL_DAYS = 0
    assert reconciling.prune() == 0


def test_a_flood_of_old_plays_is_taken_in_bounded(ada, settings):
    settings.RECOMMEND_VIEWINGS_A_DAY, settings.RECOMMEND_VOTES_A_DAY = 3, 2
    films = [make_title(name=f"Film {n}") for n in range(6)]
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=3)
    for number, film in enumerate(films):
        watched(ada, film, ago=timezone.now() - noon - timedelta(minutes=number))
    assert reconciling.catch_up() == 3
    assert len(reading.trend(18, kids=False)) == 2


def test_the_periodic_work_is_registered():
    names = {one.name for one in registry.periodics()}
    assert {"recommend.signals_catch_up", "recommend.signals_look_back", "recommend.signals_tastes"} <= names
    assert {"recommend.signals_trends", "recommend.signals_prune"} <= names


def test_a_copy_has_what_was_done_meant_and_switched_and_an_erasure_leaves_nothing(ada):
    film = make_title(name="Night Mail")
    watched(ada, film)
    reconciling.catch_up()
    writing.set_switches(ada.id, Switches(steady=True))
    handed_out = dict(signals_privacy.export(ada.user_id))
    (signal,) = handed_out[f"profiles/{ada.id}/signals"]
    assert (signal["title"], signal["did"]) == ("Night Mail", "watched")
    taste = handed_out[f"profiles/{ada.id}/taste"]
    assert taste["switches"]["steady"] is True
    assert (taste["entries"][0]["title"], taste["entries"][0]["kind"]) == ("Night Mail", "finished")
    counts = signals_privacy.erase(ada.user_id)
    assert counts == {"recommend.Vote": 1, "recommend.Signal": 1, "recommend.Taste": 1}
    assert dict(signals_privacy.erase(ada.user_id)) == {}
    assert personal.classes()["recommend.Signal"] is personal.Kind.PERSONAL


def test_thumbs_and_lists_are_taken_in_by_pieces_even_those_of_one_moment(monkeypatch):
    """One thread does all that is periodic: what others said for years must not hold it."""
    people, film, then = [make_profile(f"Profile {n}") for n in range(5)], make_title(), timezone.now()
    for one in people:
        said.Thumb.objects.create(profile_id=one.id, title_id=film.id, value="up", rated_at=then)
        said.ListEntry.objects.create(profile_id=one.id, title_id=film.id, added_at=then)
    monkeypatch.setattr(reconciling, "BATCH", 2)
    monkeypatch.setattr(reconciling, "BATCHES", 2)
    assert reconciling.catch_up() == 8
    monkeypatch.setattr(reconciling, "BATCHES", 3)
    assert reconciling.catch_up() == 2
    assert reconciling.catch_up() == 0
    assert {each.kind for one in people for each in reading.taste(one.id).entries} == {Kind.UP}
