"""A session that is handed over to the next one, as a growing film's is: one watching stays one viewing."""

from datetime import timedelta

import pytest

from accounts.types import Profile
from catalog.types import Title
from cdn.types import Node
from playback import events, services
from playback.models import PlaybackSession
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.types import Ended, PlaybackEnded, Report, Session

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def at(position: float, **more) -> Report:
    return Report(position=timedelta(seconds=position), **more)


@pytest.fixture
def session(ada: Profile, night_mail: Title, nodes: tuple[Node, Node]) -> Session:
    return open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)


@pytest.fixture
def heard(django_capture_on_commit_callbacks):
    """The events that were sent; ask it after running something in its `during`."""
    news: list[PlaybackEnded] = []

    def listen(sender, event: PlaybackEnded, **_) -> None:
        news.append(event)

    events.playback_ended.connect(listen)
    yield news
    events.playback_ended.disconnect(listen)


def test_one_watching_that_was_handed_over_is_one_viewing(
    ada: Profile,
    night_mail: Title,
    session: Session,
    heard: list[PlaybackEnded],
    django_capture_on_commit_callbacks,
) -> None:
    def hand_over(before: Session, second: float) -> Session:
        return open_session(
            profile_id=ada.id, video_id=night_mail.video_id, leaves=before.id, now=later(second)
        )

    with django_capture_on_commit_callbacks(execute=True):
        services.beat(session.id, at(10), now=later(10))
        second = hand_over(session, 10)
        assert not services.viewings_since(ada.id, EVENING)
        services.beat(second.id, at(20), now=later(20))
        third = hand_over(second, 20)
        fourth = hand_over(third, 21)  # it was never heard of: another package came at once
        late = services.beat(third.id, at(21), now=later(22))
        assert (late.active, late.ended) == (False, Ended.REPLACED)
        services.close_session(fourth.id, at(25), now=later(25))
    (viewing,) = services.viewings_since(ada.id, EVENING)
    assert (viewing.id, viewing.watched, viewing.fraction) == (session.id, timedelta(seconds=24), 0.25)
    assert (viewing.started_at, viewing.ended_at) == (EVENING, later(25))
    assert [one.viewing for one in heard] == [viewing]


def test_what_was_handed_over_is_kept_though_the_next_session_is_never_heard_of(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    open_session(profile_id=ada.id, video_id=night_mail.video_id, leaves=session.id, now=later(10))
    assert services.close_silent(now=later(60)) == 1
    (viewing,) = services.viewings_since(ada.id, EVENING)
    assert (viewing.watched, viewing.fraction) == (timedelta(seconds=10), 0.1)


def test_who_was_silent_before_the_hand_over_has_one_viewing_too(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    services.close_silent(now=later(60))
    services.beat(session.id, at(20), now=later(70))
    after = open_session(profile_id=ada.id, video_id=night_mail.video_id, leaves=session.id, now=later(70))
    services.close_session(after.id, at(25), now=later(75))
    (viewing,) = services.viewings_since(ada.id, EVENING)
    assert (viewing.id, viewing.watched) == (session.id, timedelta(seconds=25))


def test_a_session_that_took_over_reports_zero_before_its_jump_and_loses_nothing(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    for second in (10, 20, 30):
        services.beat(session.id, at(second), now=later(second))
    after = open_session(profile_id=ada.id, video_id=night_mail.video_id, leaves=session.id, now=later(30))
    services.beat(after.id, at(0), now=later(31))
    mark = services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id]
    assert mark.position == timedelta(seconds=30)


def test_another_video_on_the_same_device_is_another_viewing(
    ada: Profile, night_mail: Title, nosferatu: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    after = open_session(profile_id=ada.id, video_id=nosferatu.video_id, leaves=session.id, now=later(10))
    services.close_session(after.id, at(4), now=later(14))
    assert {one.video_id for one in services.viewings_since(ada.id, EVENING)} == {
        night_mail.video_id,
        nosferatu.video_id,
    }


def test_whoever_touched_something_was_there_whatever_comes_later(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    def alone(one: Session) -> bool:
        return PlaybackSession.objects.get(id=one.id).alone

    services.beat(session.id, at(10, alone=True), now=later(10))
    assert alone(session)
    after = open_session(profile_id=ada.id, video_id=night_mail.video_id, leaves=session.id, now=later(10))
    assert alone(after)
    services.beat(after.id, at(20, alone=True), now=later(20))
    assert alone(after)
    services.beat(after.id, at(30), now=later(30))
    services.beat(after.id, at(29, alone=True), now=later(31))  # it was overtaken
    assert not alone(after)
    third = open_session(profile_id=ada.id, video_id=night_mail.video_id, leaves=after.id, now=later(31))
    services.close_session(third.id, at(40, alone=True), now=later(40))
    assert [one.alone for one in services.viewings_since(ada.id, EVENING)] == [False]
