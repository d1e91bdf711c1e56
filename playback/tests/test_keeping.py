"""Films that are kept on devices: leave to keep one, renewing and ending it, and what was watched without the site."""

import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts import services as accounts
from accounts.tests.factories import change_default_plan as plan
from accounts.tests.factories import client_of
from accounts.types import Profile
from catalog import services as catalog
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.types import Node
from playback import licence_keys, models, offline, services, tasks
from playback.tests.conftest import EVENING
from playback.types import Download, KeepWish, LicenceEnd

pytestmark = pytest.mark.django_db(databases=["default", "telemetry", "cache"])

DOWNLOADS = "/api/v1/playback/downloads"


@pytest.fixture(autouse=True)
def _fleet(site: None, nodes: tuple[Node, Node]) -> None:
    """A site that is set up, and where films come from."""


@pytest.fixture
def phone(ada: Profile) -> Client:
    """A browser where Ada is signed in."""
    return client_of(ada)


def device_of(client: Client) -> UUID:
    found = accounts.device_of_session(str(client.session.session_key))
    assert found
    return found


def kept(profile: Profile, title: Title, client: Client, **more: Any) -> Download:
    return services.keep(profile_id=profile.id, video_id=title.video_id, device_id=device_of(client), **more)


def ask(client: Client, title: Title, **more: Any) -> Any:
    return client.post(DOWNLOADS, {"video": str(title.video_id), **more}, content_type="application/json")


def standing(*given: str) -> dict[str, Any]:
    answer = Client().post(
        reverse("playback-kept-standing"), json.dumps({"keys": list(given)}), content_type="text/plain"
    )
    assert answer.status_code == 200
    return dict(answer.json()["licences"])


def key_of(download: Download) -> str:
    return download.token_url.split("/")[-2]


def test_the_token_of_a_download_opens_the_chosen_tracks_alone(
    ada: Profile, night_mail: Title, phone: Client
) -> None:
    download = kept(ada, night_mail, phone, wish=KeepWish(height=360))
    package = catalog.package(download.session.package_id)
    assert package
    token = base64.urlsafe_b64decode(download.session.token)  # cdn/signing.py says what stands where
    session, mask = token[3:19], int.from_bytes(token[39:43], "big")
    begins, ends = int.from_bytes(token[43:47], "big"), int.from_bytes(token[47:51], "big")
    chosen = {one.index for one in package.renditions if one.name in download.tracks}
    assert session == download.terms.id.bytes
    assert {index for index in range(32) if mask >> index & 1} == chosen
    assert next(one.height for one in package.renditions if one.name in download.tracks and one.height) <= 360
    assert ends - begins == offline.TOKEN_FOR.total_seconds()
    assert download.bytes == sum(one.bytes for one in package.renditions if one.name in download.tracks)
    assert not models.PlaybackSession.objects.exists()  # it takes no stream


def test_over_http_with_the_site_s_own_words(ada: Profile, night_mail: Title, phone: Client) -> None:
    offer = phone.get(f"{DOWNLOADS}/offers/{night_mail.video_id}").json()
    assert offer["refused"] == ""
    assert offer["devices"] == 4
    assert offer["days"] == 30
    assert offer["pictures"]
    assert all(one["bytes"] > 0 for one in offer["pictures"])
    answer = ask(phone, night_mail)
    assert answer.status_code == 201
    body = answer.json()
    assert len(base64.b64decode(body["licence"]["secret"])) == 32
    assert body["profile"] == {
        "id": str(ada.id), "name": "Ada", "avatar": ada.avatar, "kid": False, "locked": False,
    }  # fmt: skip
    (listed,) = phone.get(DOWNLOADS).json()["downloads"]
    assert (listed["id"], listed["here"], listed["complete"]) == (body["licence"]["id"], True, False)


def test_a_key_renews_and_gives_tokens_without_a_cookie(
    ada: Profile, night_mail: Title, phone: Client
) -> None:
    with time_machine.travel(EVENING, tick=False):
        download = kept(ada, night_mail, phone)
    key = key_of(download)
    with time_machine.travel(EVENING + timedelta(days=10), tick=False):
        said = standing(key)[key]
    assert said["ended"] is None
    assert base64.b64decode(said["secret"]) == download.terms.secret
    row = models.Licence.objects.get()
    assert row.expires_at == EVENING + timedelta(days=40)
    token_url = reverse("playback-kept-token", args=[key])
    with time_machine.travel(EVENING + timedelta(days=1), tick=False):
        assert Client().post(token_url).json()["nodes"]
    with time_machine.travel(EVENING + timedelta(days=8), tick=False):
        assert Client().post(token_url).status_code == 404  # begun too long ago
    assert Client().get(reverse("playback-kept-segments", args=[key, "v360"])).json()["sizes"]
    assert Client().post(reverse("playback-kept-token", args=["x.y"])).status_code == 403


def test_once_all_has_come_there_is_no_token_any_more(
    ada: Profile, night_mail: Title, phone: Client, denied: list[UUID]
) -> None:
    download = kept(ada, night_mail, phone)
    key = key_of(download)
    for _ in range(2):
        done = Client().post(reverse("playback-kept-done", args=[key]), "{}", content_type="text/plain")
        assert done.status_code == 200
    assert denied == [download.terms.id]
    assert Client().post(reverse("playback-kept-token", args=[key])).status_code == 404
    assert standing(key)[key]["ended"] is None


def test_a_plan_says_on_how_many_devices(
    ada: Profile, ben: Profile, night_mail: Title, phone: Client
) -> None:
    plan(downloads=1)
    kept(ada, night_mail, phone)
    kept(ben, night_mail, phone)  # the same device, whosever profile it is
    tablet = client_of(ada)
    refused = ask(tablet, night_mail)
    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "download_limit"
    offer = tablet.get(f"{DOWNLOADS}/offers/{night_mail.video_id}").json()
    assert offer["refused"] == "devices"
    assert len(offer["keeping"]) == 1
    plan(downloads=0)
    assert ask(tablet, night_mail).json()["error"]["code"] == "no_downloads"
    plan(downloads=2)
    assert ask(tablet, night_mail).status_code == 201


def test_keeping_it_again_takes_the_place_of_what_was_kept(
    ada: Profile, night_mail: Title, phone: Client
) -> None:
    first, second = kept(ada, night_mail, phone), kept(ada, night_mail, phone)
    said = standing(key_of(first), key_of(second), "nonsense")
    assert said[key_of(first)]["ended"] == "replaced"
    assert said[key_of(first)]["secret"] == ""
    assert said[key_of(second)]["ended"] is None
    assert len(said) == 2


def test_a_licence_ends_with_what_it_hangs_on(
    ada: Profile, ben: Profile, night_mail: Title, phone: Client, denied: list[UUID]
) -> None:
    for change, why in (
        (lambda: accounts.block_title(profile_id=ben.id, title_id=night_mail.id), LicenceEnd.PROFILE),
        (lambda: accounts.allow_title(profile_id=ben.id, title_id=night_mail.id), None),
        (lambda: plan(downloads=0), LicenceEnd.PLAN),
        (lambda: plan(downloads=4), None),
        (lambda: catalog.unpublish(night_mail.id), LicenceEnd.WITHDRAWN),
        (lambda: catalog.publish(night_mail.id), None),
        (lambda: services.end_licences_of_device(device_of(phone)), LicenceEnd.SIGNED_OUT),
    ):
        if why is None:
            change()
            continue
        download = kept(ben, night_mail, phone)
        change()
        services.look_at_licences()
        said = standing(key_of(download))[key_of(download)]
        assert (said["ended"], said["secret"]) == (why, "")
        assert download.terms.id in denied
        assert Client().post(reverse("playback-kept-token", args=[key_of(download)])).status_code == 404


def test_signing_out_ends_what_is_kept_there(
    ada: Profile, night_mail: Title, phone: Client, django_capture_on_commit_callbacks: Any
) -> None:
    elsewhere = client_of(ada)
    here, there = kept(ada, night_mail, phone), kept(ada, night_mail, elsewhere)
    with django_capture_on_commit_callbacks(execute=True):
        phone.post(reverse("account_logout"))
    said = standing(key_of(here), key_of(there))
    assert said[key_of(here)]["ended"] == "signed_out"
    assert said[key_of(there)]["ended"] is None


def test_a_smaller_plan_lets_the_devices_go_that_were_heard_of_longest_ago(
    ada: Profile, night_mail: Title, phone: Client
) -> None:
    tablet = client_of(ada)
    with time_machine.travel(EVENING, tick=False):
        old = kept(ada, night_mail, phone)
    with time_machine.travel(EVENING + timedelta(days=1), tick=False):
        new = kept(ada, night_mail, tablet)
        plan(downloads=1)
        said = standing(key_of(old), key_of(new))
    assert said[key_of(old)]["ended"] == "plan"
    assert said[key_of(new)]["ended"] is None


def test_what_was_watched_away_is_history_like_any_other(
    ada: Profile, olu: Profile, night_mail: Title, phone: Client
) -> None:
    with time_machine.travel(EVENING, tick=False):
        download = kept(ada, night_mail, phone)
    viewing = uuid4()
    path = reverse("playback-kept-report", args=[key_of(download), viewing])
    reports = [
        {"position": 20.0, "watched": 20.0, "age": 7200, "event": "interval", "kept": True},
        {"position": 40.0, "watched": 20.0, "age": 7180, "event": "pause", "kept": True},
    ]
    with time_machine.travel(EVENING + timedelta(days=2), tick=False):
        for _ in range(2):  # told twice, it counts once
            answer = Client().post(path, json.dumps({"reports": reports}), content_type="text/plain")
            assert answer.status_code == 200
        mark = services.bookmarks(ada.id, [night_mail.video_id])[night_mail.video_id]
        assert mark.position == timedelta(seconds=40)
        assert mark.updated_at == EVENING + timedelta(days=2, seconds=-7180)
        (seen,) = services.viewings_since(ada.id, EVENING)
    assert seen.id == viewing
    assert seen.watched == timedelta(seconds=40)
    assert services.active_sessions(ada.user_id) == []
    assert standing(key_of(download))  # and the licence goes on
    assert Client().post(path, json.dumps({"position": -1}), content_type="text/plain").status_code == 400


def test_a_household_ends_its_own_downloads_only(
    ada: Profile, ben: Profile, olu: Profile, night_mail: Title, phone: Client
) -> None:
    download = kept(ada, night_mail, phone)
    path = f"{DOWNLOADS}/{download.terms.id}"
    assert client_of(olu).delete(path).status_code == 404
    assert client_of(ben).delete(path).status_code == 404  # another profile's
    assert phone.delete(path).status_code == 204
    assert standing(key_of(download))[key_of(download)]["ended"] == "removed"


def test_a_kid_keeps_what_a_kid_may_see(ben: Profile, nosferatu: Title) -> None:
    child = client_of(ben)
    assert ask(child, nosferatu).status_code == 404
    assert child.get(f"{DOWNLOADS}/offers/{nosferatu.video_id}").status_code == 404


def test_packages_are_held_while_they_are_fetched(ada: Profile, night_mail: Title, phone: Client) -> None:
    download = kept(ada, night_mail, phone)
    package = download.session.package_id
    assert tasks.held_packages([package]) == {package}
    services.complete_licence(download.terms.id)
    assert tasks.held_packages([package]) == set()


def test_a_film_that_is_still_being_prepared_cannot_be_kept(ada: Profile, phone: Client) -> None:
    early = shop.make_title(name="Early", packaged=False)
    shop.make_package(shop.make_video(title_id=early.id), complete=False)
    assert ask(phone, shop.services.title(early.id) or early).json()["error"]["code"] == "no_package"


def test_what_is_long_over_is_forgotten(ada: Profile, night_mail: Title, phone: Client) -> None:
    with time_machine.travel(EVENING, tick=False):
        kept(ada, night_mail, phone)
        services.look_at_licences()
    assert models.Licence.objects.count() == 1
    services.look_at_licences(now=EVENING + timedelta(days=61))
    assert models.Licence.objects.count() == 0


def test_a_plan_that_ends_bounds_the_licence() -> None:
    ends = EVENING + timedelta(days=5)
    assert offline.until(EVENING, days=30, plan_ends_at=None) == EVENING + timedelta(days=30)
    assert offline.until(EVENING, days=30, plan_ends_at=ends) == ends
    assert offline.until(EVENING, days=30, plan_ends_at=EVENING - timedelta(days=1)) == EVENING


def test_keys_of_licences_and_of_sessions_open_nothing_of_each_other() -> None:
    key = licence_keys.make(uuid4(), "ab" * 16)
    assert Client().post(reverse("playback-token", args=[key])).status_code == 403
    assert licence_keys.secret(uuid4()) != licence_keys.secret(uuid4())
