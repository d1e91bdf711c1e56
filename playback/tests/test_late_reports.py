"""Reports that waited: the site was away, or the page that made them is gone."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.types import Profile
from catalog.types import Title
from cdn.types import Node
from playback import models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.types import Ended, Report, Session

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def at(position: float, *, age: float = 0, watched: float = 10, **more) -> Report:
    return Report(
        position=timedelta(seconds=position),
        age=timedelta(seconds=age),
        watched=timedelta(seconds=watched),
        **more,
    )


@pytest.fixture
def session(ada: Profile, night_mail: Title, nodes: tuple[Node, Node]) -> Session:
    return open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)


def place(ada: Profile, night_mail: Title) -> float:
    return services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id].position.total_seconds()


def row_of(session: Session) -> models.PlaybackSession:
    return models.PlaybackSession.objects.get(id=session.id)


def test_an_outage_costs_neither_position_nor_time_watched(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    # The site was away from second 11 to 79; all that was said meanwhile comes at 80.
    for second in range(20, 90, 10):
        heard = services.beat(session.id, at(second, age=80 - second), now=later(80))
    assert heard.active
    row = row_of(session)
    assert (row.position, row.watched) == (timedelta(seconds=80), timedelta(seconds=80))
    assert place(ada, night_mail) == 80


def test_what_waited_costs_the_same_however_much_it_is(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    costs = []
    for begin, count in ((10, 2), (20, 12)):
        reports = [at(begin + n * 5, age=90 - begin - n * 5, watched=5) for n in range(count)]
        with CaptureQueriesContext(connection) as queries:
            services.catch_up(session.id, reports, now=later(90))
        costs.append(len(queries))
    assert costs[1] <= costs[0]  # the first made the bookmark
    assert place(ada, night_mail) == 75
    assert row_of(session).watched == timedelta(seconds=10 + 60)


def test_merged_reports_of_a_long_outage_keep_the_time_watched(session: Session) -> None:
    services.beat(session.id, at(95, age=300, watched=90, kept=True), now=later(395))
    assert row_of(session).watched == timedelta(seconds=90)


def test_a_report_of_a_page_that_is_gone_wakes_no_session(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    services.close_silent(now=later(120))
    viewing = models.Viewing.objects.get()
    assert viewing.watched == timedelta(seconds=10)
    assert not services.beat(session.id, at(60, age=60, watched=50, kept=True), now=later(120)).active
    assert row_of(session).ended == Ended.SILENT
    assert services.active_sessions(ada.user_id, now=later(120)) == []
    assert place(ada, night_mail) == 60
    viewing.refresh_from_db()
    assert viewing.watched == timedelta(seconds=60)
    assert viewing.ended_at == later(60)


def test_a_late_goodbye_ends_the_session_when_it_was_said(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(10), now=later(10))
    services.close_session(session.id, at(30, age=100, watched=20, kept=True), now=later(130))
    row = row_of(session)
    assert (row.ended, row.ended_at) == (Ended.CLOSED, later(30))
    assert models.Viewing.objects.get().watched == timedelta(seconds=30)


def test_saying_it_twice_changes_nothing(ada: Profile, night_mail: Title, session: Session) -> None:
    services.close_session(session.id, at(30, watched=30), now=later(30))
    before = (row_of(session).watched, models.Viewing.objects.get().watched)
    for again in (50, 500):
        services.close_session(
            session.id, at(30, age=again - 30, watched=30, kept=True), now=later(again) + timedelta(seconds=1)
        )
    assert (row_of(session).watched, models.Viewing.objects.get().watched) == before
    assert place(ada, night_mail) == 30


def test_what_was_watched_elsewhere_since_counts_more(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(40), now=later(40))
    phone = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="phone", now=later(100))
    services.beat(phone.id, at(70), now=later(130))
    services.close_session(session.id, at(50, age=85, kept=True), now=later(140))
    assert place(ada, night_mail) == 70


def test_a_newer_report_of_a_session_that_was_replaced_still_moves_the_bookmark(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(40), now=later(40))
    open_session(profile_id=ada.id, video_id=night_mail.video_id, now=later(100))
    assert row_of(session).ended == Ended.REPLACED
    services.beat(session.id, at(60, age=45, kept=True), now=later(105))
    assert place(ada, night_mail) == 60


def test_what_was_taken_off_continue_watching_stays_off(
    ada: Profile, night_mail: Title, session: Session
) -> None:
    services.beat(session.id, at(40), now=later(40))
    services.remove_bookmark(profile_id=ada.id, video_id=night_mail.video_id)
    services.beat(session.id, at(50, age=60, kept=True), now=later(110))
    assert services.continue_watching(ada.id) == []


def test_no_report_is_older_than_its_session(ada: Profile, night_mail: Title, session: Session) -> None:
    services.beat(session.id, at(40, age=86_000, watched=9e4, kept=True), now=later(50))
    assert row_of(session).last_seen_at >= EVENING
    assert row_of(session).watched == timedelta(0)


def test_a_report_that_waited_a_moment_is_still_a_sign_of_life(session: Session) -> None:
    services.close_silent(now=later(60))
    assert row_of(session).ended == Ended.SILENT
    assert services.beat(session.id, at(55, age=5), now=later(60)).active


@pytest.mark.usefixtures("site")
@time_machine.travel(EVENING + timedelta(seconds=90), tick=False)
def test_several_reports_come_in_one_body(ada: Profile, night_mail: Title, session: Session) -> None:
    door = session.beacon_url.removeprefix("http://testserver").split("/", 3)[-1]
    many = [{"position": second, "age": 90 - second, "watched": 10} for second in (70, 80, 90)]
    answer = Client().post(f"/{door}", {"reports": many}, content_type="application/json")
    assert answer.json()["ok"]
    assert place(ada, night_mail) == 90
    for bad in ([], "x", [1], many * 6):
        answer = Client().post(f"/{door}", {"reports": bad}, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["field"]) == (400, "reports")
    answer = Client().post(f"/{door}", {"reports": [{"age": 5}]}, content_type="application/json")
    assert answer.json()["error"]["field"] == "position"


@pytest.mark.usefixtures("site")
@time_machine.travel(EVENING + timedelta(seconds=90), tick=False)
def test_a_goodbye_may_bring_what_waited(ada: Profile, night_mail: Title, session: Session) -> None:
    door = session.close_url.removeprefix("http://testserver").split("/", 3)[-1]
    many = [{"position": second, "age": 90 - second, "kept": True} for second in (70, 80)]
    assert (
        Client().post(f"/{door}", {"reports": many}, content_type="application/json").json()["reason"]
        == "closed"
    )
    assert row_of(session).ended == Ended.CLOSED
