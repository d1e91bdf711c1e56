"""What happens in the apps becomes taste: viewings that end or go on, thumbs, list, history taken back."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from catalog.tests.factories import make_series, make_title
from playback import services as playback
from playback.events import playback_ended, viewing_advanced
from playback.tests.factories import open_session
from playback.types import PlaybackEnded, Report, ViewingAdvanced
from recommend import events, services
from recommend.signals import hearing, models, reading, reconciling, writing
from recommend.signals.shapes import Kind, Switches
from recommend.types import Thumb

pytestmark = pytest.mark.django_db(databases="__all__")

HOUR = timedelta(minutes=100)


def ended(viewing):
    playback_ended.send(sender=PlaybackEnded, event=PlaybackEnded(viewing, HOUR, HOUR * 0.9))


def advanced(viewing):
    viewing_advanced.send(sender=ViewingAdvanced, event=ViewingAdvanced(viewing, HOUR, HOUR * 0.9))


def kinds(profile):
    return {each.title_id: each.kind for each in reading.taste(profile.id).entries}


def episodes(series):
    return [part.video_id for season in catalog.seasons(series.id) for part in season.episodes]


def test_a_film_counts_before_its_end_and_credits_do_not_count_as_film(ada, viewing):
    film = make_title()
    one = viewing(ada, film, fraction=0.2)
    advanced(one)
    assert kinds(ada) == {}
    assert models.Signal.objects.count() == 0, "what says nothing is not written"
    advanced(viewing(ada, film, fraction=0.3, ref=one.id, ago=timedelta(minutes=50)))
    assert kinds(ada) == {film.id: Kind.WATCHED}
    version = reading.version(ada.id)
    advanced(viewing(ada, film, fraction=0.5, ref=one.id, ago=timedelta(minutes=30)))
    assert reading.version(ada.id) == version, "that it goes on is no news"
    ended(viewing(ada, film, fraction=0.82, ref=one.id, ago=timedelta(minutes=1)))
    assert kinds(ada) == {film.id: Kind.FINISHED}, "0.82 of the film is 0.91 of what is not credits"


def test_what_is_left_early_counts_against_it_a_little_and_more_after_a_week(ada, viewing):
    film = make_title()
    ended(viewing(ada, film, fraction=0.15))
    assert [(each.kind, each.weight) for each in reading.taste(ada.id).entries] == [(Kind.LEFT, -0.05)]
    version = reading.version(ada.id)
    writing.rebuild(ada.id, now=timezone.now() + timedelta(days=8))
    assert [(each.kind, each.weight) for each in reading.taste(ada.id).entries] == [(Kind.ABANDONED, -0.1)]
    assert reading.version(ada.id) == version + 1


def test_episodes_make_a_series_and_each_makes_it_more(ada, viewing):
    series = make_series()
    before = 0.0
    for number, video_id in enumerate(episodes(series)):
        ended(viewing(ada, series, video_id=video_id, ago=timedelta(minutes=60 - number)))
        (entry,) = reading.taste(ada.id).entries
        assert entry.kind is Kind.SERIES
        assert entry.weight > before
        before = entry.weight
    (event,) = reading.events_for_training()
    assert event[:2] == (ada.id, series.id)


def test_a_real_player_s_milestones_reach_the_taste_while_it_plays(ada, django_capture_on_commit_callbacks):
    film = make_title()
    began = timezone.now() - timedelta(minutes=5)
    session = open_session(profile_id=ada.id, video_id=film.video_id, now=began)
    with django_capture_on_commit_callbacks(execute=True):
        for step in range(1, 6):
            told = Report(
                position=session.duration * step * 0.1,
                watched=session.duration * 0.1,
                duration=session.duration,
            )
            playback.beat(session.id, told, now=began + timedelta(seconds=10 * step))
    assert kinds(ada) == {film.id: Kind.WATCHED}
    with django_capture_on_commit_callbacks(execute=True):
        playback.beat(
            session.id,
            Report(position=session.duration, watched=session.duration, duration=session.duration),
            now=began + timedelta(seconds=80),
        )
    assert kinds(ada) == {film.id: Kind.FINISHED}


def test_an_episode_that_came_by_itself_counts_half_until_somebody_is_there(
    ada, django_capture_on_commit_callbacks
):
    series = make_series()
    video_id, began = episodes(series)[0], timezone.now() - timedelta(minutes=90)
    with django_capture_on_commit_callbacks(execute=True):
        session = open_session(profile_id=ada.id, video_id=video_id, now=began)
        whole = {"watched": session.duration, "duration": session.duration, "position": session.duration}
        over = began + session.duration + timedelta(seconds=9)
        playback.beat(session.id, Report(position=timedelta(), alone=True), now=began)
        playback.close_session(session.id, Report(**whole, alone=True), now=over)
    half = pytest.approx(1 - math.exp(-0.5 / 3), abs=1e-3)
    assert [each.weight for each in reading.taste(ada.id).entries] == [half]
    models.Signal.objects.all().delete()
    models.Mark.objects.all().delete()
    reconciling.catch_up()  # the history knows it, too
    assert models.Signal.objects.get().alone
    with django_capture_on_commit_callbacks(execute=True):  # it is told again, and somebody was there
        told = replace(playback.viewings_since(ada.id, began)[0], alone=False)
        hearing.take_in(told, duration=session.duration, finish_at=session.duration)
    once = pytest.approx(1 - math.exp(-1 / 3), abs=1e-3)
    assert [each.weight for each in reading.taste(ada.id).entries] == [once]


def test_thumbs_and_list_are_signals_in_the_same_transaction(ada):
    film = make_title()
    services.add_to_list(profile_id=ada.id, title_id=film.id)
    assert kinds(ada) == {film.id: Kind.LISTED}
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.DOUBLE_UP)
    assert kinds(ada) == {film.id: Kind.DOUBLE_UP}
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.DOWN)
    assert kinds(ada) == {film.id: Kind.DOWN}
    assert reading.taste(ada.id).hidden == {film.id}
    services.rate(profile_id=ada.id, title_id=film.id, thumb=None)
    assert reading.taste(ada.id).hidden == frozenset()
    services.remove_from_list(profile_id=ada.id, title_id=film.id)
    assert kinds(ada) == {}


def test_wishes_hold_where_nothing_is_learnt_and_say_nothing_else(ada):
    film, other = make_title(name="One"), make_title(name="Two")
    writing.set_switches(ada.id, Switches(learn=False))
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.DOWN)
    writing.hide(ada.id, other.id)
    taste = reading.taste(ada.id)
    assert (taste.hidden, taste.entries) == ({film.id, other.id}, ())
    assert list(reading.events_for_training()) == []
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.UP)
    writing.unhide(ada.id, other.id)
    taste = reading.taste(ada.id)
    assert (taste.hidden, taste.entries) == (frozenset(), ())


def test_what_is_taken_out_of_the_history_counts_no_more_for_taste_or_trends(
    ada, viewing, django_capture_on_commit_callbacks
):
    film = make_title()
    began = timezone.now() - timedelta(minutes=5)
    with django_capture_on_commit_callbacks(execute=True):
        session = open_session(profile_id=ada.id, video_id=film.video_id, now=began)
        whole = Report(position=session.duration, watched=session.duration, duration=session.duration)
        playback.close_session(session.id, whole, now=began + session.duration + timedelta(seconds=9))
    assert kinds(ada) == {film.id: Kind.FINISHED}
    assert reading.trend(18, kids=False)
    with django_capture_on_commit_callbacks(execute=True):
        playback.forget_watched(profile_id=ada.id, title_id=film.id)
    assert kinds(ada) == {}
    assert reading.taste(ada.id).seen == frozenset()
    assert reading.trend(18, kids=False) == {}
    assert models.Vote.objects.count() == 0


def test_news_follow_after_the_commit_with_the_version(ada, viewing, django_capture_on_commit_callbacks):
    told = []

    def hear(event, **_more):
        told.append((event.profile_id, event.version))

    events.taste_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            hearing.take_in(viewing(ada, make_title()), duration=HOUR, finish_at=HOUR)
            assert told == []
    finally:
        events.taste_changed.disconnect(hear)
    assert told == [(ada.id, reading.version(ada.id))]


def test_a_profile_that_is_gone_leaves_nothing_and_marks_models_as_old(
    ada, viewing, django_capture_on_commit_callbacks
):
    ended(viewing(ada, make_title()))
    assert reading.withdrawn_at() is None
    with django_capture_on_commit_callbacks(execute=True):
        accounts.delete_profile(ada.id)
    assert not models.Signal.objects.exists()
    assert not models.Taste.objects.exists()
    assert not models.Vote.objects.exists()
    assert reading.trend(18, kids=False) == {}
    assert reading.withdrawn_at() is not None


def test_a_title_that_is_gone_is_in_no_trend(ada, viewing, django_capture_on_commit_callbacks):
    film = make_title()
    ended(viewing(ada, film))
    with django_capture_on_commit_callbacks(execute=True):
        catalog.remove_title(film.id)
    assert not models.Signal.objects.exists()
    assert not models.TrendCell.objects.exists()


def test_taking_in_costs_the_same_however_much_a_profile_has_seen(ada, viewing):
    films = [make_title(name=f"Film {n}") for n in range(12)]
    ended(viewing(ada, films[0]))

    def queries(film):
        with CaptureQueriesContext(connection) as asked:
            hearing.take_in(viewing(ada, film), duration=HOUR, finish_at=HOUR)
        return len(asked)

    few = queries(films[1])
    for film in films[2:11]:
        ended(viewing(ada, film))
    assert queries(films[11]) == few
    assert few <= 18
    with CaptureQueriesContext(connection) as asked:
        reading.both(ada.id)
    assert len(asked) == 1
