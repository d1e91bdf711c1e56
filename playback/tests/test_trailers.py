"""Playing a trailer: no stream of the plan, no bookmark, no history, nothing to recommend by."""

from datetime import timedelta
from uuid import UUID

import pytest

from accounts.types import Profile
from catalog.tests.factories import make_trailer
from catalog.types import Title
from playback import models, services
from playback.tests.conftest import EVENING
from playback.tests.factories import open_session
from playback.types import Report

pytestmark = [pytest.mark.django_db(databases=["default", "telemetry"]), pytest.mark.usefixtures("site")]


@pytest.fixture
def trailer(night_mail: Title) -> UUID:
    return make_trailer(night_mail.id)


def test_nothing_is_remembered_of_it(ada: Profile, trailer: UUID) -> None:
    session = open_session(profile_id=ada.id, video_id=trailer, now=EVENING)
    assert (session.trailer, session.bookmark, session.next) == (True, None, None)
    later = EVENING + timedelta(seconds=9)
    assert services.beat(session.id, Report(position=timedelta(seconds=9)), now=later).active
    services.close_session(session.id, now=later)
    assert models.PlaybackSession.objects.get().ended
    assert (models.Bookmark.objects.count(), models.Viewing.objects.count()) == (0, 0)
    assert services.continue_watching(ada.id) == []
    with pytest.raises(services.NotFound):
        services.save_bookmark(profile_id=ada.id, video_id=trailer, position=timedelta(seconds=5))


def test_it_takes_no_stream_and_needs_none(
    ada: Profile, trailer: UUID, night_mail: Title, nosferatu: Title
) -> None:
    assert night_mail.video_id
    assert nosferatu.video_id
    watching = [
        open_session(profile_id=ada.id, video_id=video, device=f"screen {number}", now=EVENING)
        for number, video in enumerate((night_mail.video_id, nosferatu.video_id))
    ]
    shown = open_session(profile_id=ada.id, video_id=trailer, device="phone", now=EVENING)
    with pytest.raises(services.StreamLimit):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, device="phone", now=EVENING)
    assert {one.id for one in services.active_sessions(ada.user_id, now=EVENING)} == {
        one.id for one in watching
    }
    late = EVENING + timedelta(minutes=1)  # it was silent, and goes on while all streams are in use
    for one in watching:
        services.beat(one.id, Report(position=timedelta(seconds=60)), now=late)
    assert services.beat(shown.id, Report(position=timedelta(seconds=3)), now=late).active


def test_another_trailer_of_the_same_screen_is_no_second_one(ada: Profile, trailer: UUID) -> None:
    first = open_session(profile_id=ada.id, video_id=trailer, now=EVENING)
    open_session(profile_id=ada.id, video_id=trailer, now=EVENING)
    assert models.PlaybackSession.objects.open().count() == 1
    assert models.PlaybackSession.objects.get(id=first.id).ended == "replaced"


def test_who_is_too_young_for_the_film_is_for_its_trailer(ben: Profile, nosferatu: Title) -> None:
    with pytest.raises(services.AboveMaturity):
        open_session(profile_id=ben.id, video_id=make_trailer(nosferatu.id))
