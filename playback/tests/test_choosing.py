"""What a profile chose to hear and read: one choice for each title, on every device, and how subtitles look."""

from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client

from accounts import services as accounts
from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import models, services
from playback.types import Session, TrackChoice

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]


def opened(profile: Profile, title: Title, **more: Any) -> Session:
    video = shop.services.first_video(title.id)
    return services.open_session(profile_id=profile.id, video_id=video, **more)


def say(session: Session, **body: Any) -> Any:
    return Client().post(urlsplit(session.choice_url).path, body, content_type="application/json")


def test_a_series_goes_on_as_it_was_chosen_on_another_device(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    here = opened(ada, lamplighters, device="phone")
    assert here.choice == TrackChoice()
    assert say(here, audio="de", text="foreign").json() == {"audio": "de", "text": "foreign", "second": ""}
    assert say(here, second="en:sdh#2").status_code == 200
    there = opened(ada, lamplighters, device="television")
    assert there.choice == TrackChoice(audio="de", text="foreign", second="en:sdh#2")


def test_a_title_where_nothing_was_chosen_begins_as_the_last_one(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    services.choose_tracks(opened(ada, lamplighters).id, audio="de")
    assert services.track_choice(ada.id, uuid4()).audio == "de"
    other = people.make_profile("Bo")
    assert services.track_choice(other.id, lamplighters.id) == TrackChoice(), "a choice is a profile's own"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("audio", "off"),
        ("text", "de:loud"),
        ("text", "<b>"),
        ("second", 7),
        ("audio", "x" * 60),
        ("look", "large"),
    ],
)
def test_what_is_no_choice_is_refused_by_name(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node], field: str, value: object
) -> None:
    answer = say(opened(ada, lamplighters), **{field: value})
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field
    assert not models.TrackChoice.objects.exists()


def test_a_look_is_the_profiles_from_then_on(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    session = opened(ada, lamplighters)
    assert say(session, look={"size": "huge"}).status_code == 200
    changed = accounts.profile(ada.id)
    assert changed is not None
    assert (changed.look.size, changed.look.color) == ("huge", ada.look.color)
    assert say(session, look={"size": "enormous"}).json()["error"]["field"] == "look.size"
    assert say(session, look={"shape": "round"}).json()["error"]["field"] == "look"


def test_nobody_chooses_for_a_session_that_is_over(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    session = opened(ada, lamplighters)
    services.close_session(session.id)
    assert say(session, audio="de").status_code == 403
    services.forget_profile(ada.id)
    assert not models.TrackChoice.objects.exists()


def test_choices_go_with_their_title_and_with_their_profile(
    ada: Profile, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    services.choose_tracks(opened(ada, lamplighters).id, audio="de")
    services.forget_title(uuid4())
    assert models.TrackChoice.objects.count() == 1
    services.forget_title(lamplighters.id)
    assert not models.TrackChoice.objects.exists()
