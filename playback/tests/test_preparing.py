"""Sessions that are ready before anybody presses Play: they hold nothing, leave nothing behind and evade nothing."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import concurrency, devices, models, preparing, services
from playback.tests.conftest import EVENING
from playback.tests.factories import make_bookmark, open_session
from playback.types import Session

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def later(seconds: float):
    return EVENING + timedelta(seconds=seconds)


def prepare(
    profile: Profile, video: UUID | None, *, device: str = "sofa", after: float = 0, **more: object
) -> Session:
    assert video
    wish = {"profile_id": profile.id, "video_id": video, "device": device, "now": later(after), **more}
    return services.prepare_session(**wish)  # type: ignore[arg-type]


def begin(session: Session, *, after: float = 0, leaves: UUID | None = None) -> Session:
    return services.begin_session(session.id, leaves=leaves, now=later(after))


def video_of(title: Title) -> UUID:
    assert title.video_id
    return title.video_id


# What it is -----------------------------------------------------------------------------------------------


def test_what_is_prepared_is_all_that_a_player_needs_for_the_beginning(
    ada: Profile, night_mail: Title, nodes: tuple[Node, Node]
) -> None:
    session = prepare(ada, night_mail.video_id)
    assert session.playlist.startswith("#EXTM3U")
    assert session.token in session.playlist
    assert {one.id for one in session.nodes} >= {"n1", "n2", "shield"}
    assert session.begin_url
    assert session.token_expires_at - EVENING <= timedelta(seconds=120)


def test_it_is_no_watching_and_takes_no_slot(ada: Profile, night_mail: Title) -> None:
    prepare(ada, night_mail.video_id)
    assert models.PlaybackSession.objects.count() == 0
    assert models.Viewing.objects.count() == models.Bookmark.objects.count() == 0
    assert services.active_sessions(ada.user_id, now=EVENING) == []
    assert services.continue_watching(ada.id) == []


def test_begun_it_is_a_session_like_any_other_under_the_same_id(ada: Profile, night_mail: Title) -> None:
    make_bookmark(profile_id=ada.id, video_id=video_of(night_mail), position=timedelta(seconds=6))
    prepared = prepare(ada, night_mail.video_id)
    begun = begin(prepared, after=300)
    assert (begun.id, begun.hls, begun.package_id) == (prepared.id, prepared.hls, prepared.package_id)
    assert begun.bookmark is not None
    assert begun.begin_url is None
    assert begun.token_expires_at > later(600)
    assert [one.id for one in services.active_sessions(ada.user_id, now=later(300))] == [prepared.id]
    with pytest.raises(services.NotFound):
        begin(prepared, after=301)


def test_before_that_its_token_is_not_renewed_and_its_playlist_not_given(
    ada: Profile, night_mail: Title
) -> None:
    session = prepare(ada, night_mail.video_id)
    with pytest.raises(services.NotFound):
        services.renew_token(session.id, now=EVENING)
    with pytest.raises(services.NotFound):
        services.playlist(session.id, now=EVENING)


def test_of_two_on_one_device_the_later_one_is_ready(
    ada: Profile, night_mail: Title, lamplighters: Title
) -> None:
    first = prepare(ada, night_mail.video_id)
    second = prepare(ada, shop.services.first_video(lamplighters.id), after=1)
    with pytest.raises(services.NotFound):
        begin(first, after=2)
    assert begin(second, after=2).id == second.id


def test_after_a_while_it_is_too_old_and_then_deleted(ada: Profile, night_mail: Title) -> None:
    session = prepare(ada, night_mail.video_id)
    age = preparing.KEPT_FOR.total_seconds()
    with pytest.raises(services.NotFound):
        begin(session, after=age)
    assert services.drop_prepared(now=later(age - 1)) == 0
    assert services.drop_prepared(now=later(age + 1)) == 1


# Who may --------------------------------------------------------------------------------------------------


def test_the_same_is_asked_as_for_playing(ada: Profile, ben: Profile, nosferatu: Title) -> None:
    with pytest.raises(services.AboveMaturity):
        prepare(ben, nosferatu.video_id)
    with pytest.raises(services.NotFound):
        prepare(ada, uuid4())
    with pytest.raises(services.NotAvailable):
        prepare(ada, shop.make_title(name="Draft", published=False).video_id)
    assert models.Prepared.objects.count() == 0


def test_and_asked_again_when_it_begins(ada: Profile, night_mail: Title, nosferatu: Title) -> None:
    session = prepare(ada, nosferatu.video_id)
    people.models.Profile.objects.filter(id=ada.id).update(maturity=7)
    with pytest.raises(services.AboveMaturity):
        begin(session, after=5)
    assert models.PlaybackSession.objects.count() == 0


def test_a_profile_that_is_gone_leaves_nothing(ada: Profile, night_mail: Title) -> None:
    prepare(ada, night_mail.video_id)
    services.forget_profile(ada.id)
    assert models.Prepared.objects.count() == 0


# The stream limit -----------------------------------------------------------------------------------------


def test_who_begins_when_all_streams_are_in_use_is_refused(
    ada: Profile, night_mail: Title, lamplighters: Title
) -> None:
    session = prepare(ada, night_mail.video_id)
    video = shop.services.first_video(lamplighters.id)
    for device in ("bed", "kitchen"):
        open_session(profile_id=ada.id, video_id=video, device=device, now=later(1))
    with pytest.raises(services.StreamLimit):
        begin(session, after=2)


def test_nothing_is_prepared_while_all_streams_are_in_use(
    ada: Profile, night_mail: Title, lamplighters: Title
) -> None:
    video = shop.services.first_video(lamplighters.id)
    for device in ("bed", "kitchen"):
        open_session(profile_id=ada.id, video_id=video, device=device, now=EVENING)
    with pytest.raises(services.NotPrepared):
        prepare(ada, night_mail.video_id, after=1)
    # The next episode on a device that leaves the one before needs no other slot.
    playing = models.PlaybackSession.objects.get(device=_device(ada, "bed"))
    following = prepare(ada, night_mail.video_id, device="bed", after=2, leaves=playing.id)
    assert begin(following, after=3, leaves=playing.id).id == following.id
    assert len(services.active_sessions(ada.user_id, now=later(3))) == 2


def test_devices_together_have_no_more_prepared_at_a_time_than_may_play(
    ada: Profile, night_mail: Title
) -> None:
    for device in ("sofa", "bed"):
        prepare(ada, night_mail.video_id, device=device)
    with pytest.raises(services.NotPrepared):
        prepare(ada, night_mail.video_id, device="kitchen", after=1)
    # What is prepared stands in no one's way, and does not once its token is over.
    open_session(profile_id=ada.id, video_id=video_of(night_mail), device="kitchen", now=later(1))
    prepare(ada, night_mail.video_id, device="hall", after=preparing.TOKEN_FOR.total_seconds() + 1)


def test_who_prepares_all_the_time_gets_no_more_than_one_stream_of_it(
    ada: Profile, night_mail: Title
) -> None:
    """For five minutes, every five seconds: one token lives at a time on average, a few in the burst at the start."""
    given = 0
    for second in range(0, 300, 5):
        try:
            prepare(ada, night_mail.video_id, after=second)
        except services.NotPrepared:
            continue
        given += 1
    life = preparing.TOKEN_FOR.total_seconds()
    assert given * life <= 300 + preparing.IN_A_ROW * life


def test_the_household_of_another_has_nothing_to_do_with_it(
    ada: Profile, olu: Profile, night_mail: Title
) -> None:
    for device in ("sofa", "bed"):
        prepare(ada, night_mail.video_id, device=device)
    assert prepare(olu, night_mail.video_id, device="kitchen").begin_url


@pytest.mark.parametrize(
    ("left", "passed", "expected"), [(0, 0, 0), (0, 20, 1), (0.5, 10, 1), (7, 3600, 8), (3, -5, 3)]
)
def test_an_allowance_grows_by_and_by(left: float, passed: float, expected: float) -> None:
    assert preparing.Allowance(left, EVENING).grown(later(passed)).left == expected


def test_streams_and_what_is_prepared_elsewhere_count_together() -> None:
    verdict = concurrency.Verdict(allowed=True, replaced=(), silent=(), holding=(uuid4(),))
    full = preparing.fresh(EVENING)
    assert preparing.allowed(verdict, [], full, limit=2, now=EVENING)
    assert not preparing.allowed(verdict, [later(-5)], full, limit=2, now=EVENING)
    assert preparing.allowed(verdict, [later(-25)], full, limit=2, now=EVENING)


# Over HTTP ------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(site: None, ada: Profile) -> Client:
    return people.client_of(ada)


def test_prepare_and_begin_over_http(browser: Client, night_mail: Title) -> None:
    said = browser.post(
        "/api/v1/playback/sessions",
        {"video": str(night_mail.video_id), "prepare": True},
        content_type="application/json",
    )
    assert said.status_code == 201, said.content
    prepared = said.json()
    assert prepared["playlist"].startswith("#EXTM3U")
    path = prepared["begin"]["url"].removeprefix("http://127.0.0.1:8000")
    renew = prepared["token"]["renew_url"].removeprefix("http://127.0.0.1:8000")
    assert browser.post(renew).status_code == 404
    begun = Client().post(path, "{}", content_type="text/plain")
    assert begun.status_code == 201, begun.content
    assert begun.json()["begin"] is None
    assert begun.json()["id"] == prepared["id"]
    assert browser.post(renew).status_code == 200
    assert Client().post(path, "", content_type="text/plain").status_code == 404
    assert Client().post(path, '{"leaves": 3}', content_type="text/plain").status_code == 400


def test_over_the_limit_who_begins_is_told_who_watches(
    browser: Client, ada: Profile, night_mail: Title, lamplighters: Title
) -> None:
    prepared = browser.post(
        "/api/v1/playback/sessions",
        {"video": str(night_mail.video_id), "prepare": True},
        content_type="application/json",
    ).json()
    video = shop.services.first_video(lamplighters.id)
    for device in ("bed", "kitchen"):
        open_session(profile_id=ada.id, video_id=video, device=device)
    path = prepared["begin"]["url"].removeprefix("http://127.0.0.1:8000")
    refused = browser.post(path, "", content_type="text/plain")
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "stream_limit"
    assert len(refused.json()["error"]["streams"]) == 2
    more = browser.post(
        "/api/v1/playback/sessions",
        {"video": str(night_mail.video_id), "prepare": True},
        content_type="application/json",
    )
    assert (more.status_code, more.json()["error"]["code"]) == (409, "not_prepared")


def test_the_playlist_comes_along_for_who_asks(browser: Client, night_mail: Title) -> None:
    wish = {"video": str(night_mail.video_id)}
    plain = browser.post("/api/v1/playback/sessions", wish, content_type="application/json").json()
    assert plain["playlist"] is None
    assert plain["begin"] is None
    asked = browser.post(
        "/api/v1/playback/sessions", wish | {"playlist": True}, content_type="application/json"
    ).json()
    given = browser.get(asked["hls"].removeprefix("http://127.0.0.1:8000")).content.decode()

    def without_tokens(text: str) -> str:
        return text.replace(asked["token"]["value"], "")

    assert len(asked["playlist"].splitlines()) == len(without_tokens(given).splitlines())


def _device(profile: Profile, name: str) -> str:
    return devices.fingerprint(name, profile.user_id.hex)
