"""Pressing play: who may, what comes back, and what it costs."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import services
from playback.keys import read
from playback.tests.conftest import EVENING
from playback.tests.factories import make_bookmark, open_session
from playback.types import Ended, Report, Session

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def test_a_session_holds_everything_a_player_needs(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    assert (session.title, session.name, session.duration) == (
        "Night Mail",
        "Night Mail",
        timedelta(seconds=100),
    )
    assert {one.id for one in session.nodes} == {"n1", "n2", "shield"}
    assert [one.rank for one in session.nodes] == [1, 2, 3]
    assert all(one.reason for one in session.nodes)
    assert [one.name for one in session.audio] == ["a-en"]
    assert [one.name for one in session.text] == ["t-en"]
    assert [(one.name, one.height) for one in session.video] == [("v180", 180), ("v360", 360), ("v720", 720)]
    assert session.bookmark is None
    assert session.next is None
    assert session.hls.startswith("http://127.0.0.1:8000/api/v1/playback/s/")
    assert read(session.hls.split("/")[-2]).session_id == session.id


@pytest.mark.usefixtures("site")
def test_the_token_opens_what_the_plan_allows(ada: Profile, night_mail: Title, client: Client) -> None:
    def fetched(session: Session) -> list[int]:
        names = ("v180", "v360", "v720", "a-en", "t-en")
        urls = [f"/v1/{session.token}/{session.package_id}/{name}/index.m3u8" for name in names]
        return [client.get(url).status_code for url in urls]

    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    assert fetched(session) == [200] * 5
    people.make_plan(max_height=400, user=people.services.user(ada.user_id))
    small = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    assert [one.height for one in small.video] == [180, 360]
    assert fetched(small) == [200, 200, 403, 200, 200]


def test_who_is_too_young_is_told_nothing(ben: Profile, nosferatu: Title) -> None:
    with pytest.raises(services.AboveMaturity) as above:
        open_session(profile_id=ben.id, video_id=nosferatu.video_id)
    with pytest.raises(services.NotFound) as missing:
        open_session(profile_id=ben.id, video_id=uuid4())
    assert above.value.message == missing.value.message


def test_too_young_comes_before_every_other_reason(ben: Profile) -> None:
    hidden = shop.make_title(name="Draft", maturity=16, published=False)
    with pytest.raises(services.AboveMaturity):
        open_session(profile_id=ben.id, video_id=hidden.video_id)


def test_what_is_not_published_or_out_of_its_window_does_not_play(ada: Profile) -> None:
    for title in (
        shop.make_title(name="Draft", published=False),
        shop.make_title(name="Gone", available_until=shop.timezone.now() - timedelta(days=1)),
        shop.make_title(name="Soon", available_from=shop.timezone.now() + timedelta(days=1)),
    ):
        with pytest.raises(services.NotAvailable):
            open_session(profile_id=ada.id, video_id=title.video_id)


def test_a_video_without_a_package_says_so(ada: Profile) -> None:
    title = shop.make_title(name="Fresh", packaged=False)
    with pytest.raises(services.NoPackage):
        open_session(profile_id=ada.id, video_id=shop.make_video(title_id=title.id))


def test_a_profile_that_is_gone_cannot_play(night_mail: Title) -> None:
    with pytest.raises(services.NotFound):
        open_session(profile_id=uuid4(), video_id=night_mail.video_id)


def test_the_third_stream_is_refused_and_told_who_watches_what(
    ada: Profile, ben: Profile, night_mail: Title, lamplighters: Title
) -> None:
    first = shop.services.first_video(lamplighters.id)
    open_session(profile_id=ada.id, video_id=night_mail.video_id, device="sofa", now=EVENING)
    open_session(profile_id=ben.id, video_id=first, device="tablet", now=EVENING)
    with pytest.raises(services.StreamLimit) as refused:
        open_session(profile_id=ada.id, video_id=first, device="phone", now=later(5))
    assert {(one.profile_name, one.title_name) for one in refused.value.streams} == {
        ("Ada", "Night Mail"),
        ("Ben", "The Lamplighters · S1 E1 · Part 1"),
    }
    assert refused.value.limit == 2


def test_a_kid_is_not_told_the_name_of_a_film_it_may_not_see(
    ada: Profile, ben: Profile, night_mail: Title, nosferatu: Title
) -> None:
    for device in ("sofa", "bed"):
        open_session(profile_id=ada.id, video_id=nosferatu.video_id, device=device, now=EVENING)
    with pytest.raises(services.StreamLimit) as refused:
        open_session(profile_id=ben.id, video_id=night_mail.video_id, device="tablet", now=EVENING)
    assert [one.title_name for one in refused.value.streams] == ["", ""]


def test_another_household_has_streams_of_its_own(ada: Profile, olu: Profile, night_mail: Title) -> None:
    for device in ("a", "b"):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, device=device, now=EVENING)
    assert open_session(profile_id=olu.id, video_id=night_mail.video_id, device="a", now=EVENING)


def test_a_reload_takes_its_own_place(ada: Profile, night_mail: Title, nosferatu: Title) -> None:
    open_session(profile_id=ada.id, video_id=nosferatu.video_id, device="bed", now=EVENING)
    old = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="sofa", now=EVENING)
    for times in range(1, 5):
        new = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="sofa", now=later(times))
        told = services.beat(old.id, Report(position=timedelta(seconds=5)), now=later(times))
        assert (told.active, told.ended) == (False, Ended.REPLACED)
        assert told.message
        old = new
    assert len(services.active_sessions(ada.user_id, now=later(5))) == 2


def test_the_next_episode_takes_the_place_of_the_one_that_is_left(
    ada: Profile, lamplighters: Title, night_mail: Title
) -> None:
    open_session(profile_id=ada.id, video_id=night_mail.video_id, device="bed", now=EVENING)
    first = shop.services.first_video(lamplighters.id)
    episode = open_session(profile_id=ada.id, video_id=first, device="sofa", now=EVENING)
    assert episode.next is not None
    assert (episode.title, episode.name) == ("The Lamplighters", "The Lamplighters · S1 E1 · Part 1")
    assert (episode.next.title, episode.next.name) == ("The Lamplighters", "S1 E2 · Part 2")
    with pytest.raises(services.StreamLimit):
        open_session(profile_id=ada.id, video_id=episode.next.video_id, device="sofa", now=EVENING)
    following = open_session(
        profile_id=ada.id, video_id=episode.next.video_id, device="sofa", leaves=episode.id, now=EVENING
    )
    assert {one.id for one in services.active_sessions(ada.user_id, now=EVENING)} >= {following.id}
    assert not services.beat(episode.id, Report(position=timedelta(0)), now=EVENING).active


def test_silence_frees_the_slot_without_any_periodic_pass(ada: Profile, night_mail: Title) -> None:
    for device in ("a", "b"):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, device=device, now=EVENING)
    with pytest.raises(services.StreamLimit):
        open_session(profile_id=ada.id, video_id=night_mail.video_id, device="c", now=later(29))
    assert open_session(profile_id=ada.id, video_id=night_mail.video_id, device="c", now=later(30))
    assert len(services.active_sessions(ada.user_id, now=later(30))) == 1


def test_a_refusal_changes_nothing(ada: Profile, night_mail: Title, nosferatu: Title) -> None:
    """Not even the session that the refused one would have replaced."""
    people.make_plan(streams=1, user=people.services.user(ada.user_id))
    mine = open_session(profile_id=ada.id, video_id=night_mail.video_id, device="a", now=EVENING)
    with pytest.raises(services.StreamLimit):
        open_session(profile_id=ada.id, video_id=nosferatu.video_id, device="b", now=EVENING)
    assert services.beat(mine.id, Report(position=timedelta(0)), now=EVENING).active


def test_the_bookmark_comes_with_the_session(ada: Profile, night_mail: Title) -> None:
    make_bookmark(
        profile_id=ada.id,
        video_id=night_mail.video_id,
        position=timedelta(seconds=42),
        duration=timedelta(seconds=100),
    )
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    assert session.bookmark is not None
    assert session.bookmark.position == timedelta(seconds=42)


def test_without_any_node_the_site_itself_serves(ada: Profile, night_mail: Title) -> None:
    session = open_session(profile_id=ada.id, video_id=night_mail.video_id)
    assert [(one.id, one.base_url) for one in session.nodes] == [("shield", "http://127.0.0.1:8000")]


def test_pressing_play_costs_a_bounded_number_of_queries(
    ada: Profile, night_mail: Title, lamplighters: Title, nodes: tuple[Node, Node]
) -> None:
    def cost(video: object, device: str) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as queries:
            open_session(profile_id=ada.id, video_id=video, device=device)
        # Fleet and keys are read every now and then, not by every viewer.
        asked = [one["sql"] for one in queries.captured_queries if '"cdn_' not in one["sql"]]
        return len([sql for sql in asked if "SAVEPOINT" not in sql]), "\n".join(sql[:160] for sql in asked)

    cost(night_mail.video_id, "sofa")
    film, texts = cost(night_mail.video_id, "sofa")
    assert film <= 13, texts
    episode, texts = cost(shop.services.first_video(lamplighters.id), "bed")
    assert episode <= 24, texts
    for number in range(30):
        shop.make_title(name=f"Film {number}", packaged=False)
    again, texts = cost(night_mail.video_id, "sofa")
    assert again == film, texts


def test_devices_are_told_apart_by_what_the_browser_shows_when_nothing_better_is_known(
    ada: Profile, night_mail: Title
) -> None:
    more = {"profile_id": ada.id, "video_id": night_mail.video_id, "device": ""}
    one = open_session(**more, user_agent="Firefox on Linux", address="192.0.2.1")
    two = open_session(**more, user_agent="Firefox on Linux", address="192.0.2.2")
    three = open_session(**more, user_agent="Firefox on Linux", address="192.0.2.1")
    assert {each.id for each in services.active_sessions(ada.user_id)} == {two.id, three.id}
    assert one.id != three.id


def test_nobody_can_end_the_session_of_another_household(
    ada: Profile, olu: Profile, night_mail: Title
) -> None:
    theirs = open_session(profile_id=olu.id, video_id=night_mail.video_id, device="sofa", now=EVENING)
    open_session(
        profile_id=ada.id, video_id=night_mail.video_id, device="sofa", leaves=theirs.id, now=EVENING
    )
    assert services.beat(theirs.id, Report(position=timedelta(0)), now=later(1)).active
