"""While it plays: beacons, silence, tokens, stopping."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, connections
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.tests.factories import make_holding
from cdn.types import Node
from playback import events, models, services, tasks
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.types import Ended, PlaybackEnded, Report, Sample, Session

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


def test_a_beacon_becomes_a_bookmark_at_once(ada: Profile, night_mail: Title, session: Session) -> None:
    assert services.beat(session.id, at(12.5), now=later(10)).active
    mark = services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id]
    assert (mark.position, mark.duration, mark.finished) == (
        timedelta(seconds=12.5),
        timedelta(seconds=100),
        False,
    )
    assert mark.updated_at == later(10)


def test_a_beacon_is_kept_in_the_telemetry_database(session: Session) -> None:
    report = at(
        12,
        paused=True,
        buffer=timedelta(seconds=20),
        rendition="v720",
        height=720,
        stalls=2,
        stall_time=timedelta(milliseconds=1500),
        dropped=7,
        node="n1",
        event="pause",
        samples=(Sample("n1", ok=3, ttfb_ms=20.5, bps=5e6),),
    )
    services.beat(session.id, report, now=later(10))
    row = models.Beacon.objects.using("telemetry").get()
    assert (row.session_id, row.position, row.paused, row.buffer, row.height) == (
        session.id,
        12,
        True,
        20,
        720,
    )
    assert (row.stalls, row.stall_ms, row.dropped, row.node, row.event) == (2, 1500, 7, "n1", "pause")
    assert row.samples == [{"node": "n1", "ok": 3, "failures": 0, "ttfb_ms": 20.5, "bps": 5e6}]
    figures = models.PlaybackSession.objects.get()
    assert (figures.node, figures.height, figures.stalls, figures.dropped) == ("n1", 720, 2, 7)


def test_a_full_telemetry_database_costs_no_bookmark(
    ada: Profile, night_mail: Title, session: Session, monkeypatch
) -> None:
    def broken(**_) -> None:
        raise DatabaseError("disk is full")

    monkeypatch.setattr(models.Beacon.objects, "create", broken)
    assert services.beat(session.id, at(12), now=later(10)).active
    assert services.bookmarks(ada.id, [night_mail.video_id])


def test_time_watched_is_time_that_the_picture_moved(session: Session) -> None:
    for second, position, paused in [
        (10, 10, False),
        (20, 20, False),
        (30, 90, False),
        (40, 90, True),
        (50, 60, False),
    ]:
        services.beat(session.id, at(position, paused=paused), now=later(second))
    services.close_session(session.id, at(65), now=later(55))
    viewing = models.Viewing.objects.get()
    assert viewing.watched == timedelta(seconds=10 + 10 + 10 + 0 + 0 + 5)
    assert viewing.fraction == 0.65
    assert (viewing.started_at, viewing.ended_at) == (EVENING, later(55))


def test_seconds_of_replay_never_clear_finished(ada: Profile, night_mail: Title, session: Session) -> None:
    services.beat(session.id, at(97), now=later(10))
    for second, position in [(20, 3), (25, 8), (29, 12)]:
        services.beat(session.id, at(position), now=later(second))
    assert _mark(ada, night_mail).finished
    for second, position in [(39, 22), (49, 32)]:
        services.beat(session.id, at(position), now=later(second))
    mark = _mark(ada, night_mail)
    assert not mark.finished
    assert mark.position == timedelta(seconds=32)


def test_a_report_of_zero_before_the_jump_to_the_bookmark_loses_nothing(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(60), now=later(10))
    again = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="phone", now=later(100))
    services.beat(again.id, at(0), now=later(100.2))
    assert _mark(ada, night_mail).position == timedelta(seconds=60)
    services.beat(again.id, at(61), now=later(101))
    assert _mark(ada, night_mail).position == timedelta(seconds=61)


def test_a_position_beyond_the_end_is_the_end(ada: Profile, night_mail: Title, session: Session) -> None:
    services.beat(session.id, at(5000), now=later(10))
    assert _mark(ada, night_mail).position == timedelta(seconds=100)


def test_closing_frees_the_slot_tells_the_news_and_may_be_said_twice(
    ada: Profile, session: Session, heard: list[PlaybackEnded], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.beat(session.id, at(10), now=later(10))
        told = services.close_session(session.id, now=later(12))
        again = services.close_session(session.id, now=later(13))
    assert (told.active, told.ended) == (again.active, again.ended) == (False, Ended.CLOSED)
    assert services.active_sessions(ada.user_id, now=later(13)) == []
    assert [one.viewing.id for one in heard] == [session.id]
    assert heard[0].viewing.ended_at == later(12)


def test_a_session_whose_picture_never_came_up_is_no_viewing(
    session: Session, heard: list, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.close_session(session.id, now=later(12))
    assert not heard
    assert not models.Viewing.objects.exists()


def test_a_beacon_after_the_end_is_told_so_and_changes_nothing(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    services.close_session(session.id, now=later(12))
    told = services.beat(session.id, at(50), now=later(20))
    assert (told.active, told.ended) == (False, Ended.CLOSED)
    assert _mark(ada, night_mail).position == timedelta(seconds=10)


def test_the_periodic_pass_makes_history_of_silence(
    session: Session, heard: list, django_capture_on_commit_callbacks
) -> None:
    services.beat(session.id, at(10), now=later(10))
    assert services.close_silent(now=later(39)) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert services.close_silent(now=later(41)) == 1
    assert services.close_silent(now=later(42)) == 0
    row = models.PlaybackSession.objects.get()
    assert (row.ended, row.ended_at) == (Ended.SILENT, later(10))
    assert [one.viewing.watched for one in heard] == [timedelta(seconds=10)]


def test_a_laptop_that_wakes_up_goes_on_with_one_and_the_same_viewing(session: Session) -> None:
    services.beat(session.id, at(10), now=later(10))
    services.close_silent(now=later(3600))
    assert services.beat(session.id, at(10), now=later(3600)).active
    services.beat(session.id, at(20), now=later(3610))
    services.close_session(session.id, now=later(3611))
    viewing = models.Viewing.objects.get()
    assert (viewing.id, viewing.watched, viewing.ended_at) == (session.id, timedelta(seconds=20), later(3611))


def test_a_laptop_that_wakes_up_finds_its_stream_taken(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    for device in ("phone", "tablet"):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, device=device, now=later(60))
    told = services.beat(session.id, at(10), now=later(61))
    assert (told.active, told.ended) == (False, Ended.SILENT)
    assert "others are using the streams" in told.message
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=later(62))


def test_a_paused_film_that_reports_keeps_its_slot(ada: Profile, session: Session) -> None:
    for minute in range(1, 30):
        for second in (0, 20, 40):
            assert services.beat(session.id, at(10, paused=True), now=later(minute * 60 + second)).active
    assert len(services.active_sessions(ada.user_id, now=later(1800))) == 1
    assert models.PlaybackSession.objects.get().watched <= timedelta(seconds=10)


def test_a_token_is_renewed_with_the_nodes_of_now(session: Session) -> None:
    token, nodes = services.renew_token(session.id, now=later(20))
    assert token.value != session.token
    assert token.expires_at > session.token_expires_at
    assert nodes[-1].id == "shield"
    services.close_session(session.id, now=later(25))
    with pytest.raises(services.SessionOver) as over:
        services.renew_token(session.id, now=later(26))
    assert over.value.ended is Ended.CLOSED


def test_a_day_is_the_longest_session(session: Session) -> None:
    services.beat(session.id, at(10), now=later(10))
    models.PlaybackSession.objects.update(last_seen_at=later(24 * 3600))
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=later(24 * 3600 + 5))


def test_an_operator_stops_a_playback_everywhere(session: Session, denied: list[UUID]) -> None:
    services.stop_session(session.id, now=later(10))
    told = services.beat(session.id, at(10), now=later(11))
    assert (told.active, told.ended) == (False, Ended.STOPPED)
    assert "stopped by the operator" in told.message
    assert denied == [session.id]
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=later(12))
    with pytest.raises(services.SessionOver):
        services.playlist(session.id, now=later(12))


def test_unknown_sessions_are_not_found() -> None:
    for ask in (
        lambda: services.beat(uuid4(), at(1)),
        lambda: services.close_session(uuid4()),
        lambda: services.stop_session(uuid4()),
        lambda: services.renew_token(uuid4()),
        lambda: services.playlist(uuid4()),
        lambda: services.decisions(uuid4()),
    ):
        with pytest.raises(services.NotFound):
            ask()


def test_why_it_was_sent_where_can_be_asked_afterwards(session: Session, nodes: tuple[Node, Node]) -> None:
    first = session.nodes[0].id
    services.steer(session.id, current=first, samples=[Sample(first, failures=1)], now=later(5))
    services.steer(session.id, current=first, now=later(6))  # says nothing new
    services.beat(session.id, at(10), now=later(10))
    opened, asked = services.decisions(session.id)
    assert (opened.why, asked.why, asked.at) == ("opened", "asked", later(5))
    assert [one.node for one in opened.order] == [one.id for one in session.nodes]
    assert [(one.node, one.reason) for one in asked.passed] == [(first, "failed for you 0 s ago")]


def test_the_last_twenty_decisions_are_kept(session: Session) -> None:
    for number in range(40):
        services.renew_token(session.id, now=later(number))
        if number % 7 == 0:
            services.beat(session.id, at(number), now=later(number))
    services.close_session(session.id, now=later(41))
    kept = services.decisions(session.id)
    assert len(kept) == 20
    assert kept[-1].at == later(39)


def test_a_beacon_costs_a_bounded_number_of_queries(session: Session) -> None:
    services.beat(session.id, at(10), now=later(10))
    with (
        CaptureQueriesContext(connection) as main,
        CaptureQueriesContext(connections["telemetry"]) as telemetry,
    ):
        services.beat(session.id, at(20), now=later(20))
    assert len(main) <= 7, "\n".join(one["sql"][:160] for one in main.captured_queries)
    assert len(telemetry) == 1


def test_an_episode_is_followed_by_the_next_one(ada: Profile, lamplighters: Title) -> None:
    first = shop.services.first_video(lamplighters.id)
    session = open_session(profile_id=ada.id, video_id=first, now=EVENING)
    services.beat(session.id, at(9.6), now=later(10))
    (card,) = services.continue_watching(ada.id)
    assert session.next is not None
    assert (card.video_id, card.position, card.finished) == (session.next.video_id, timedelta(0), False)


def _mark(profile: Profile, title: Title):
    return services.bookmarks(profile.id, [title.video_id])[title.video_id]


def test_asking_before_the_picture_is_up_sends_nobody_elsewhere(
    ada: Profile, night_mail: Title, nodes: tuple
) -> None:
    for number in range(20):
        session = open_session(
            profile_id=ada.id, video_id=night_mail.video_id, device="sofa", now=later(number)
        )
        first = session.nodes[0].id
        assert services.renew_token(session.id, now=later(number + 0.1))[1][0].id == first
        assert services.steer(session.id, now=later(number + 0.2)).nodes[0].id == first


def test_a_failure_that_is_told_twice_counts_once(session: Session) -> None:
    first = session.nodes[0].id
    services.steer(session.id, current="shield", samples=[Sample(first, failures=1)], now=later(1))
    services.beat(session.id, at(9, samples=(Sample(first, failures=1),)), now=later(9))
    assert first in [one.id for one in services.steer(session.id, now=later(12)).nodes]


def test_a_session_that_fell_silent_cannot_be_woken_after_a_day(session: Session) -> None:
    services.close_silent(now=later(60))
    assert services.renew_token(session.id, now=later(120))
    services.close_silent(now=later(300))
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=later(25 * 3600))
    assert not services.beat(session.id, at(1), now=later(25 * 3600)).active


def test_a_profile_whose_age_was_lowered_gets_no_more_tokens(ada: Profile, nodes: tuple[Node, Node]) -> None:
    film = shop.make_title(name="For the old", maturity=16)
    playing = open_session(profile_id=ada.id, video_id=film.video_id, now=EVENING)
    services.renew_token(playing.id, now=later(10))
    accounts.update_profile(profile_id=ada.id, maturity=13)
    with pytest.raises(services.SessionOver) as over:
        services.renew_token(playing.id, now=later(20))
    assert over.value.ended is Ended.FORGOTTEN
    assert models.PlaybackSession.objects.get(id=playing.id).ended_at == later(20)


def test_a_blocked_user_gets_no_more_tokens(ada: Profile, session: Session) -> None:
    get_user_model().objects.filter(id=ada.user_id).update(is_active=False)
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id, now=later(10))


def test_the_package_of_a_laptop_that_sleeps_is_kept(session: Session) -> None:
    ours = [session.package_id, "f" * 64]
    with time_machine.travel(later(7200), tick=False):
        services.close_silent()
        assert models.PlaybackSession.objects.get().ended == Ended.SILENT
        assert tasks.held_packages(ours) == {session.package_id}, "it goes on when the lid is opened"
        assert services.beat(session.id, at(100)).active
        services.close_session(session.id)
        assert tasks.held_packages(ours) == set()
    with time_machine.travel(later(25 * 3600), tick=False):
        models.PlaybackSession.objects.update(ended=Ended.SILENT)
        assert tasks.held_packages(ours) == set(), "nobody goes on after a day"


def test_viewers_are_sent_to_the_node_that_holds_their_film(
    ada: Profile, olu: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    package = shop.services.current_package_id(night_mail.video_id)
    for here, there in (nodes, nodes[::-1]):
        make_holding(here, package)
        make_holding(there, package, "none")
        for profile in (ada, olu):
            session = open_session(profile_id=profile.id, video_id=night_mail.video_id, now=EVENING)
            assert session.nodes[0].base_url == here.base_url
            assert "holds all of it" in session.nodes[0].reason
            # The player asks again, and says nothing of the film: what was remembered counts.
            assert services.steer(session.id, now=later(30)).nodes[0].base_url == here.base_url
            services.close_session(session.id, now=later(31))
