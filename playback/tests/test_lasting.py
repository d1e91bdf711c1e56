"""Tokens of stock players last as long as the film; nobody plays more with them, or for longer, than they may."""

from datetime import timedelta
from threading import Barrier, Thread
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connections

from accounts.types import Profile
from catalog.types import Title
from playback import models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.types import Ended, Session

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def stock(profile: Profile, title: Title, device: str, *, after: float) -> Session:
    """A session that a stock player has read the playlist of, and that nothing more is heard of."""
    assert title.video_id
    session = open_session(profile_id=profile.id, video_id=title.video_id, device=device, now=later(after))
    services.playlist(session.id, now=later(after))
    return session


def test_opened_one_after_the_other_they_play_no_more_than_the_plan(
    ada: Profile, night_mail: Title, denied: list[UUID]
) -> None:
    first, second, third = (stock(ada, night_mail, f"box {number}", after=40 * number) for number in range(3))
    assert set(denied) == {first.id}, "of two streams the latest two stay"
    row = models.PlaybackSession.objects.get(id=first.id)
    assert row.ended == Ended.CLOSED
    with pytest.raises(services.SessionOver):
        services.playlist(first.id, now=later(100))
    services.playlist(second.id, now=later(100))
    assert set(denied) == {first.id}
    assert third.id != second.id


def test_who_wakes_takes_the_room_of_a_silent_stock_player(
    ada: Profile, night_mail: Title, denied: list[UUID]
) -> None:
    assert night_mail.video_id
    asleep = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="laptop", now=EVENING)
    first = stock(ada, night_mail, "box 1", after=40)
    second = stock(ada, night_mail, "box 2", after=80)
    assert not denied
    services.renew_token(asleep.id, now=later(120))
    assert set(denied) == {first.id}
    assert second.id not in denied


def test_what_is_closed_takes_the_token_with_it(ada: Profile, night_mail: Title, denied: list[UUID]) -> None:
    session = stock(ada, night_mail, "box", after=0)
    services.close_session(session.id, now=later(5))
    assert set(denied) == {session.id}


def test_what_was_only_silent_is_revoked_with_its_title_and_its_profile(
    ada: Profile, night_mail: Title, denied: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("playback.services.history.timezone.now", lambda: later(90))
    first = stock(ada, night_mail, "box 1", after=0)
    services.close_silent(now=later(60))
    services.forget_title(night_mail.id, now=later(90))
    assert set(denied) == {first.id}
    second = stock(ada, night_mail, "box 2", after=0)
    services.close_silent(now=later(60))
    services.forget_profile(ada.id)
    assert set(denied) == {first.id, second.id}


@pytest.mark.parametrize("silent", [False, True])
def test_a_blocked_user_is_cut_off_though_nobody_renews(
    ada: Profile, night_mail: Title, denied: list[UUID], silent: bool
) -> None:
    session = stock(ada, night_mail, "box", after=0)
    if silent:
        services.close_silent(now=later(60))
    assert services.end_forbidden(now=later(60)) == 0
    get_user_model().objects.filter(id=ada.user_id).update(is_active=False)
    assert services.end_forbidden(now=later(60)) == 1
    assert set(denied) == {session.id}
    assert services.end_forbidden(now=later(70)) == 0
    assert models.PlaybackSession.objects.get(id=session.id).ended == Ended.FORGOTTEN


def test_our_own_player_wakes_as_before(ada: Profile, night_mail: Title, denied: list[UUID]) -> None:
    assert night_mail.video_id
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    services.playlist(session.id, by_loader=True, now=EVENING)
    assert models.PlaybackSession.objects.get(id=session.id).open_until is None
    services.close_silent(now=later(60))
    services.renew_token(session.id, now=later(70))
    assert not denied


def test_a_blocked_user_begins_nothing_that_was_prepared(ada: Profile, night_mail: Title) -> None:
    assert night_mail.video_id
    session = services.prepare_session(
        profile_id=ada.id, video_id=night_mail.video_id, device="sofa", now=EVENING
    )
    get_user_model().objects.filter(id=ada.user_id).update(is_active=False)
    with pytest.raises(services.NotFound):
        services.begin_session(session.id, now=later(5))


@pytest.mark.django_db(transaction=True, databases=["default", "telemetry"])
def test_two_presses_at_once_begin_one_session(ada: Profile, night_mail: Title) -> None:
    assert night_mail.video_id
    session = services.prepare_session(profile_id=ada.id, video_id=night_mail.video_id, device="sofa")
    together, said = Barrier(4), []

    def press() -> None:
        try:
            together.wait(timeout=10)
            said.append(str(services.begin_session(session.id).id))
        except Exception as error:
            said.append(type(error).__name__)
        finally:
            connections.close_all()

    threads = [Thread(target=press) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == sorted([str(session.id), *["NotFound"] * 3])
    assert len(services.active_sessions(ada.user_id)) == 1
