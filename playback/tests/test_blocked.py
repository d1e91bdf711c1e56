"""What is blocked on a profile does not play, and a profile that moves takes along what it watched."""

from datetime import timedelta

import pytest

from accounts import services as accounts
from accounts.tests.factories import client_of, make_operator, make_user
from accounts.types import Profile
from catalog.types import Title
from cdn.types import Node
from playback import models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import make_bookmark, make_viewing, open_session
from playback.types import Ended

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def test_a_blocked_title_is_refused_by_its_name(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    accounts.block_title(profile_id=ada.id, title_id=night_mail.id)
    with pytest.raises(services.Blocked):
        services.open_session(profile_id=ada.id, video_id=night_mail.video_id)
    with pytest.raises(services.Blocked):
        services.prepare_session(profile_id=ada.id, video_id=night_mail.video_id)
    with pytest.raises(services.NotFound):
        services.save_bookmark(profile_id=ada.id, video_id=night_mail.video_id, position=timedelta(seconds=5))
    make_operator("Olu")  # the site is set up
    answer = client_of(ada).post(
        "/api/v1/playback/sessions", {"video": str(night_mail.video_id)}, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "blocked")
    accounts.allow_title(profile_id=ada.id, title_id=night_mail.id)
    assert services.open_session(profile_id=ada.id, video_id=night_mail.video_id)


def test_blocking_ends_what_plays(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node], django_capture_on_commit_callbacks
) -> None:
    session = services.open_session(profile_id=ada.id, video_id=night_mail.video_id)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.block_title(profile_id=ada.id, title_id=night_mail.id)
    assert models.PlaybackSession.objects.get(id=session.id).ended == Ended.FORGOTTEN
    with pytest.raises(services.SessionOver):
        services.renew_token(session.id)


def test_a_lower_age_ends_what_plays_and_nothing_else(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node], django_capture_on_commit_callbacks
) -> None:
    session = services.open_session(profile_id=ada.id, video_id=night_mail.video_id)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.update_profile(profile_id=ada.id, maturity=16)
    assert models.PlaybackSession.objects.get(id=session.id).ended == ""


def test_a_profile_that_moves_takes_its_history_along(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node], django_capture_on_commit_callbacks
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id, now=EVENING)
    make_bookmark(profile_id=ada.id, video_id=night_mail.video_id, position=timedelta(seconds=7))
    make_viewing(profile_id=ada.id, video_id=night_mail.video_id)
    newcomer = make_user()
    _transfer, secret = accounts.offer_profile(profile_id=ada.id)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.take_profile(secret=secret, user_id=newcomer.id)
    assert models.PlaybackSession.objects.get(id=session.id).ended == Ended.FORGOTTEN
    for rows in (models.PlaybackSession, models.Viewing):
        assert set(rows.objects.values_list("user_id", flat=True)) == {newcomer.id}
    assert services.bookmarks(ada.id, [night_mail.video_id])


def test_who_is_watching_does_not_name_what_is_blocked(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    open_session(profile_id=ada.id, video_id=night_mail.video_id)
    (shown,) = services.streams(ada.user_id, maturity=18)
    (hidden,) = services.streams(ada.user_id, maturity=18, without={night_mail.id})
    assert (shown.title_name, hidden.title_name) == (night_mail.name, "")
