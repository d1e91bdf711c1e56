"""A profile looks at what it watched, and takes it back."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import events, models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import make_bookmark, make_viewing, open_session
from playback.types import HistoryForgotten, Report

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def episodes(title: Title) -> list[UUID]:
    return [
        part.video_id for season in catalog.seasons(title.id) for part in season.episodes if part.video_id
    ]


def test_history_is_a_profiles_own_latest_first_and_without_slips(
    ada: Profile, olu: Profile, night_mail: Title, nosferatu: Title
) -> None:
    make_viewing(profile_id=ada.id, video_id=night_mail.video_id, ended_at=later(1))
    make_viewing(profile_id=ada.id, video_id=nosferatu.video_id, ended_at=later(2))
    make_viewing(profile_id=olu.id, video_id=nosferatu.video_id, ended_at=later(3))
    slip = {"watched": timedelta(seconds=3), "fraction": 0.01}
    make_viewing(profile_id=ada.id, video_id=nosferatu.video_id, ended_at=later(4), **slip)
    assert [one.video_id for one in services.watched(ada.id)] == [nosferatu.video_id, night_mail.video_id]
    assert [one.video_id for one in services.watched(ada.id, before=later(2))] == [night_mail.video_id]
    assert len(services.watched(ada.id, limit=1)) == 1


def test_what_is_taken_back_leaves_history_bookmarks_and_trends(
    ada: Profile, olu: Profile, night_mail: Title, nosferatu: Title, django_capture_on_commit_callbacks
) -> None:
    for who in (ada, olu):
        for film in (night_mail, nosferatu):
            make_viewing(profile_id=who.id, video_id=film.video_id, ended_at=later(1))
            make_bookmark(profile_id=who.id, video_id=film.video_id)
    heard: list[HistoryForgotten] = []

    def listen(event: HistoryForgotten, **_: object) -> None:
        heard.append(event)

    events.history_forgotten.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            gone = services.forget_watched(profile_id=ada.id, video_id=night_mail.video_id)
    finally:
        events.history_forgotten.disconnect(listen)
    assert gone == 1
    assert heard == [HistoryForgotten(ada.id, frozenset({night_mail.id}))]
    assert [one.title_id for one in services.watched(ada.id)] == [nosferatu.id]
    assert services.bookmarks(ada.id, [night_mail.video_id]) == {}
    assert {one.title_id: one.viewings for one in services.trending(EVENING)} == {
        nosferatu.id: 2,
        night_mail.id: 1,
    }
    assert len(services.watched(olu.id)) == 2
    assert services.forget_watched(profile_id=ada.id) == 1
    assert services.watched(ada.id) == []
    assert services.continue_watching(ada.id) == []


def test_all_of_a_series_goes_at_once(ada: Profile, lamplighters: Title, night_mail: Title) -> None:
    for video in (*episodes(lamplighters)[:3], night_mail.video_id):
        make_viewing(profile_id=ada.id, video_id=video)
    assert services.forget_watched(profile_id=ada.id, title_id=lamplighters.id) == 3
    assert [one.title_id for one in services.watched(ada.id)] == [night_mail.id]


def test_a_player_that_reports_late_brings_nothing_back(ada: Profile, night_mail: Title) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    services.beat(session.id, Report(position=timedelta(seconds=3)), now=later(10))
    services.close_session(session.id, now=later(20))
    assert models.Viewing.objects.count() == 1
    services.forget_watched(profile_id=ada.id, now=later(30))
    late = Report(position=timedelta(seconds=5), age=timedelta(seconds=25), kept=True)
    services.catch_up(session.id, [late], now=later(40))
    assert models.Viewing.objects.count() == models.Bookmark.objects.count() == 0


def test_what_goes_on_is_remembered_from_then_on(ada: Profile, night_mail: Title) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    services.beat(session.id, Report(position=timedelta(seconds=4)), now=later(10))
    services.forget_watched(profile_id=ada.id, now=later(11))
    assert services.beat(session.id, Report(position=timedelta(seconds=6)), now=later(20)).active
    services.close_session(session.id, now=later(21))
    [viewing] = services.watched(ada.id, limit=5) or models.Viewing.objects.all()
    assert viewing.watched <= timedelta(seconds=2)
    assert viewing.started_at == later(11)


def test_an_episode_that_is_gone_hides_no_series(ada: Profile, lamplighters: Title) -> None:
    first, *_ = episodes(lamplighters)
    make_bookmark(profile_id=ada.id, video_id=first, updated_at=later(1))
    make_bookmark(profile_id=ada.id, video_id=uuid4(), title_id=lamplighters.id, updated_at=later(2))
    assert [one.video_id for one in services.continue_watching(ada.id)] == [first]
