"""Bookmarks, continue watching, trending, history, and forgetting."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.types import Profile
from catalog import services as catalog
from catalog.tests import factories as shop
from catalog.types import Title
from playback import models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import make_bookmark, make_viewing, open_session
from playback.types import Ended, Report

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def episodes(title: Title) -> list[UUID]:
    return [
        part.video_id for season in catalog.seasons(title.id) for part in season.episodes if part.video_id
    ]


def watching(profile: Profile) -> list[tuple[UUID, float]]:
    return [(one.video_id, one.position.total_seconds()) for one in services.continue_watching(profile.id)]


def test_continue_watching_has_one_place_for_each_title_latest_first(
    ada: Profile, olu: Profile, night_mail: Title, lamplighters: Title
) -> None:
    first, second, *_ = episodes(lamplighters)
    make_bookmark(profile_id=ada.id, video_id=first, updated_at=later(1))
    make_bookmark(profile_id=ada.id, video_id=second, updated_at=later(2))
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id, updated_at=later(3))
    make_bookmark(profile_id=olu.id, video_id=first, updated_at=later(9))
    assert watching(ada) == [(night_mail.video_id, 4), (second, 4)]
    assert services.continue_watching(ada.id, 1)[0].title_id == night_mail.id
    assert services.continue_watching(ada.id, 0) == []


def test_a_finished_film_is_left_out(ada: Profile, night_mail: Title) -> None:
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id, finished=True)
    assert watching(ada) == []


def test_after_the_last_episode_of_a_season_comes_the_next_season_and_then_nothing(
    ada: Profile, lamplighters: Title
) -> None:
    parts = episodes(lamplighters)
    for number, part in enumerate(parts):
        make_bookmark(profile_id=ada.id, video_id=part, finished=True, updated_at=later(number))
        expected = [(parts[number + 1], 0.0)] if number + 1 < len(parts) else []
        assert watching(ada) == expected


def test_the_next_episode_keeps_its_own_place_when_it_was_begun(ada: Profile, lamplighters: Title) -> None:
    first, second, *_ = episodes(lamplighters)
    make_bookmark(profile_id=ada.id, video_id=second, updated_at=later(1))
    make_bookmark(profile_id=ada.id, video_id=first, finished=True, updated_at=later(2))
    assert watching(ada) == [(second, 4)]


def test_a_title_that_is_taken_off_stays_off_until_it_is_watched_again(
    ada: Profile, lamplighters: Title
) -> None:
    first, second, third, _ = episodes(lamplighters)
    make_bookmark(profile_id=ada.id, video_id=first, finished=True, updated_at=later(1))
    make_bookmark(profile_id=ada.id, video_id=second, finished=True, updated_at=later(2))
    assert watching(ada) == [(third, 0)]
    assert services.remove_bookmark(
        profile_id=ada.id, video_id=third
    )  # the card's video, which has no bookmark
    assert watching(ada) == []
    assert not services.remove_bookmark(profile_id=ada.id, video_id=third)
    session = open_session(profile_id=ada.id, video_id=first, now=later(10))
    services.beat(session.id, Report(position=timedelta(seconds=9.9)), now=later(20))
    assert watching(ada) == [(second, 0)]


def test_taking_off_an_unknown_video_is_no_error(ada: Profile) -> None:
    assert not services.remove_bookmark(profile_id=ada.id, video_id=uuid4())


def test_a_bookmark_set_by_hand(ada: Profile, night_mail: Title) -> None:
    def put(position: float):
        return services.save_bookmark(
            profile_id=ada.id, video_id=night_mail.video_id, position=timedelta(seconds=position)
        )

    assert put(30).position == timedelta(seconds=30)
    assert put(10).position == timedelta(seconds=10)
    assert put(2).position == timedelta(seconds=2)
    assert put(99).finished
    assert put(5).finished  # a word about the beginning does not undo it
    assert not put(50).finished
    assert put(4000).position == timedelta(seconds=100)
    with pytest.raises(services.NotFound):
        services.save_bookmark(profile_id=ada.id, video_id=uuid4(), position=timedelta(0))


def test_continue_watching_costs_the_same_for_many_films(ada: Profile) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            services.continue_watching(ada.id)
        return len(queries)

    titles = [shop.make_title(name=f"Film {number}", packaged=False) for number in range(12)]
    videos = [shop.make_video(title_id=title.id) for title in titles]
    for number in range(2):
        make_bookmark(profile_id=ada.id, video_id=videos[number], finished=number % 2 == 0)
    few = asked()
    for number in range(2, 12):
        make_bookmark(profile_id=ada.id, video_id=videos[number], finished=number % 2 == 0)
    assert asked() == few <= 3


def test_trending_counts_viewings_but_no_glances(
    ada: Profile, olu: Profile, night_mail: Title, nosferatu: Title
) -> None:
    for profile in (ada, olu):
        make_viewing(profile_id=profile.id, video_id=night_mail.video_id, ended_at=later(10))
    make_viewing(profile_id=ada.id, video_id=nosferatu.video_id, ended_at=later(10))
    glance = {"watched": timedelta(seconds=20), "fraction": 0.1}
    for _ in range(5):
        make_viewing(profile_id=ada.id, video_id=nosferatu.video_id, ended_at=later(10), **glance)
    make_viewing(profile_id=ada.id, video_id=nosferatu.video_id, ended_at=later(-10))
    counts = [(one.title_id, one.viewings) for one in services.trending(EVENING, 10)]
    assert counts == [(night_mail.id, 2), (nosferatu.id, 1)]
    assert len(services.trending(EVENING, 1)) == 1
    make_viewing(
        profile_id=ada.id,
        video_id=nosferatu.video_id,
        ended_at=later(10),
        watched=timedelta(seconds=6),
        fraction=0.6,
    )
    assert services.trending(EVENING, 10)[1].viewings == 2  # a short film, seen for the most part


def test_history_is_of_one_profile_and_since_a_moment(ada: Profile, olu: Profile, night_mail: Title) -> None:
    old = make_viewing(profile_id=ada.id, video_id=night_mail.video_id, ended_at=later(-5))
    new = make_viewing(profile_id=ada.id, video_id=night_mail.video_id, ended_at=later(5))
    make_viewing(profile_id=olu.id, video_id=night_mail.video_id, ended_at=later(5))
    assert services.viewings_since(ada.id, EVENING) == [new]
    assert services.viewings_since(ada.id, later(-60)) == [new, old]


def test_a_removed_title_leaves_continue_watching_and_stops_playing(
    ada: Profile, night_mail: Title, nosferatu: Title, denied: list[UUID], django_capture_on_commit_callbacks
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id)
    make_bookmark(profile_id=ada.id, video_id=nosferatu.video_id)
    make_viewing(profile_id=ada.id, video_id=night_mail.video_id)
    with django_capture_on_commit_callbacks(execute=True):
        catalog.remove_title(night_mail.id)
    assert [video for video, _ in watching(ada)] == [nosferatu.video_id]
    assert services.trending(later(-1e6), 10) == []
    told = services.beat(session.id, Report(position=timedelta(seconds=3)), now=later(5))
    assert (told.active, told.ended) == (False, Ended.FORGOTTEN)
    assert denied == [session.id]


def test_nothing_is_kept_of_a_deleted_profile(
    ada: Profile, ben: Profile, night_mail: Title, django_capture_on_commit_callbacks
) -> None:
    session = open_session(profile_id=ben.id, video_id=night_mail.video_id, now=EVENING)
    services.beat(session.id, Report(position=timedelta(seconds=3)), now=later(5))
    make_viewing(profile_id=ben.id, video_id=night_mail.video_id)
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.delete_profile(ben.id)
    for model in (models.PlaybackSession, models.Viewing, models.Beacon):
        assert not model.objects.exists()
    assert [one.profile_id for one in models.Bookmark.objects.all()] == [ada.id]
    services.forget_profile(ben.id)  # hearing it twice is no error


def test_old_beacons_are_pruned(ada: Profile, night_mail: Title) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    services.beat(session.id, Report(position=timedelta(seconds=3)), now=later(5))
    services.beat(session.id, Report(position=timedelta(seconds=13)), now=later(15))
    assert services.prune(now=later(10) + timedelta(days=14)) == 1
    assert models.Beacon.objects.get().position == 13


def test_continue_watching_costs_the_same_however_many_series_are_in_it(ada: Profile) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert services.continue_watching(ada.id)
        return len(queries)

    counts = []
    for number in range(4):
        series = shop.make_series(name=f"Harbour {number}", seasons=(2,))
        make_bookmark(profile_id=ada.id, video_id=episodes(series)[0], finished=True)
        counts.append(cost())
    assert len(watching(ada)) == 4
    assert len(set(counts)) == 1, counts


def test_nobody_can_set_a_place_in_what_is_hidden(ada: Profile, night_mail: Title) -> None:
    catalog.unpublish(night_mail.id)
    with pytest.raises(services.NotFound):
        services.save_bookmark(
            profile_id=ada.id, video_id=night_mail.video_id, position=timedelta(seconds=70), now=EVENING
        )
    assert services.bookmarks(ada.id, [night_mail.video_id]) == {}
