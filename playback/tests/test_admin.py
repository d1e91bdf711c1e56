"""What operators see of playback, and how they stop one."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.types import Title
from playback import services
from playback.tests.factories import make_viewing, open_session
from playback.types import Ended, Report

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]
LIST = "/admin/playback/playbacksession/"


@pytest.fixture
def operator() -> Client:
    return people.client_of(people.make_profile("Root", user=people.make_operator("root"), maturity=18))


def test_an_operator_sees_who_plays_what_now(
    operator: Client, ada: Profile, night_mail: Title, nosferatu: Title
) -> None:
    now = timezone.now()
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    services.beat(session.id, Report(position=timedelta(seconds=3), node="n1"))
    open_session(profile_id=ada.id, video_id=nosferatu.video_id, device="old", now=now - timedelta(minutes=5))
    page = operator.get(LIST).content.decode()
    assert "Night Mail" in page
    assert "Nosferatu" not in page
    assert "Nosferatu" in operator.get(LIST + "?playing=over").content.decode()
    assert operator.get(LIST + "?playing=all").content.decode().count("Ada") >= 2


def test_an_operator_stops_a_playback(operator: Client, ada: Profile, night_mail: Title) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    answer = operator.post(LIST, {"action": "stop", "_selected_action": [str(session.id)]}, follow=True)
    assert "1 playback was stopped." in answer.content.decode()
    assert services.beat(session.id, Report(position=timedelta(0))).ended is Ended.STOPPED


def test_an_operator_can_read_why_but_change_nothing(
    operator: Client, ada: Profile, night_mail: Title
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    services.close_session(session.id, Report(position=timedelta(seconds=5)))
    page = operator.get(f"{LIST}{session.id}/change/")
    assert page.status_code == 200
    assert "the site itself: no node can serve now" in page.content.decode()
    assert operator.get(LIST + "add/").status_code == 403
    assert operator.post(f"{LIST}{session.id}/delete/", {"post": "yes"}).status_code == 403


def test_viewings_are_listed(operator: Client, ada: Profile, night_mail: Title) -> None:
    viewing = make_viewing(profile_id=ada.id, video_id=night_mail.video_id)
    assert "90%" in operator.get("/admin/playback/viewing/").content.decode()
    assert operator.get(f"/admin/playback/viewing/{viewing.id}/change/").status_code == 200


def test_playback_in_the_admin_is_for_operators(ada: Profile) -> None:
    assert people.client_of(ada).get(LIST).status_code in (302, 403)
