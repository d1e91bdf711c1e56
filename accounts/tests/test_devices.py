"""Devices: what a browser is called, signing out one or all, and that nobody else's can be touched."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts import models, places, services
from accounts.devices import binding, words
from accounts.events import device_ended
from accounts.services.devices import FORGOTTEN_AFTER
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from accounts.types import DeviceEnded, Profile

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
NAMES = {
    CHROME: ("Chrome on Windows", "computer"),
    CHROME + " Edg/141.0": ("Edge on Windows", "computer"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1": (
        "Safari on iPhone",
        "phone",
    ),
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/141.0 Mobile Safari/537.36": (
        "Chrome on Android",
        "phone",
    ),
    "Mozilla/5.0 (Linux; Android 14; SM-X910) Chrome/141.0 Safari/537.36": ("Chrome on Android", "tablet"),
    "Mozilla/5.0 (SMART-TV; LINUX; Tizen 8.0) Chrome/120.0 Safari/537.36": ("Chrome on Samsung TV", "tv"),
    "Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/108.0 Safari/537.36": ("Chrome on LG TV", "tv"),
    "VLC/3.0.21 LibVLC/3.0.21": ("VLC", "app"),
    "AppleCoreMedia/1.0.0.22A (Apple TV; U; CPU OS 18_0)": ("Apple player on Apple TV", "tv"),
    "": ("", "computer"),
    "<script>alert(1)</script>": ("", "computer"),
}


@pytest.fixture(autouse=True)
def _site() -> None:
    make_operator()


@pytest.fixture
def ada() -> Profile:
    return make_profile("Ada", user=make_user("ada"))


@pytest.mark.parametrize(("header", "called"), NAMES.items())
def test_a_device_is_called_by_words_of_ours(header: str, called: tuple[str, str]) -> None:
    found = words.describe(header)
    assert (found.player, found.kind) == called


def sign_in(browser: Client, name: str = "ada", **headers: str) -> None:
    answer = browser.post("/accounts/login/", {"login": name, "password": PASSWORD}, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 302


def test_a_browser_is_one_device_however_often_it_signs_in(ada: Profile) -> None:
    browser = Client()
    sign_in(browser, HTTP_USER_AGENT=CHROME)
    cookie = browser.cookies[binding.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    (device,) = services.devices(ada.user_id)
    assert (device.label, device.kind, device.place) == ("Chrome on Windows", "computer", "Home network")
    services.rename_device(user_id=ada.user_id, device_id=device.id, name="  The   study ")
    browser.post("/accounts/logout/")
    (out,) = services.devices(ada.user_id)
    assert (out.signed_in, out.label) == (False, "The study")
    sign_in(browser, HTTP_USER_AGENT=CHROME)
    (again,) = services.devices(ada.user_id)
    assert (again.id, again.sessions, again.label) == (device.id, 1, "The study")


def test_two_people_of_one_browser_have_a_device_each(ada: Profile) -> None:
    olu = make_user("olu")
    browser = Client()
    sign_in(browser)
    browser.post("/accounts/logout/")
    sign_in(browser, "olu")
    assert len(services.devices(ada.user_id)) == len(services.devices(olu.id)) == 1
    assert services.devices(ada.user_id)[0].id != services.devices(olu.id)[0].id


def test_a_forged_cookie_names_no_device(ada: Profile) -> None:
    known = Client()
    sign_in(known)
    value = known.cookies[binding.COOKIE].value
    forged = Client()
    forged.cookies[binding.COOKIE] = value[:-2] + "xx"
    sign_in(forged)
    assert len(services.devices(ada.user_id)) == 2


def test_a_session_keeps_its_device_when_the_password_changes(ada: Profile) -> None:
    browser = Client()
    sign_in(browser)
    before = browser.session.session_key
    new = "a new and longer passphrase"
    fields = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", fields).status_code == 302
    browser.get("/account/")
    assert browser.session.session_key != before
    assert models.DeviceSession.objects.filter(session_key=browser.session.session_key).exists()
    (device,) = services.devices(ada.user_id)
    assert device.sessions == 1
    services.end_device(user_id=ada.user_id, device_id=device.id)
    assert browser.get("/account/").status_code == 302


def test_signing_out_one_device_leaves_the_others(
    ada: Profile, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[DeviceEnded] = []

    def listen(sender: object, event: DeviceEnded, **_: object) -> None:
        heard.append(event)

    device_ended.connect(listen)
    here, there = client_of(ada), client_of(ada)
    target = services.device_of_session(there.session.session_key or "")
    with django_capture_on_commit_callbacks(execute=True):
        here.post(f"/account/devices/{target}/end/")
    assert here.get("/account/devices/").status_code == 200
    assert there.get("/account/devices/").status_code == 302
    assert [event.device_id for event in heard] == [target]
    assert models.AuditEntry.objects.filter(verb="device.ended").count() == 1


def test_signing_out_everywhere_leaves_only_here_and_wants_a_recent_proof(ada: Profile) -> None:
    here, others = client_of(ada), [client_of(ada) for _ in range(3)]
    stranger = client_of(make_profile("Olu"))
    answer = here.post("/account/devices/end-all/", follow=True)
    assert answer.status_code == 200
    assert [other.get("/account/").status_code for other in others] == [302] * 3
    assert (here.get("/account/").status_code, stranger.get("/account/").status_code) == (200, 200)
    assert [one.sessions for one in services.devices(ada.user_id)] == [1, 0, 0, 0]
    browser = Client()
    sign_in(browser)
    session = browser.session
    session["account_authentication_methods"] = []
    session.save()
    assert "/end-all/" not in browser.post("/account/devices/end-all/")["Location"]
    assert here.get("/account/").status_code == 200


def test_nobody_touches_anothers_devices(ada: Profile) -> None:
    client_of(ada)
    (device,) = services.devices(ada.user_id)
    stranger = client_of(make_profile("Olu"))
    assert stranger.post(f"/account/devices/{device.id}/end/").status_code == 404
    assert stranger.post(f"/account/devices/{device.id}/name/", {"name": "mine"}).status_code == 404
    assert stranger.delete(f"/api/v1/devices/{device.id}").status_code == 404
    renamed = stranger.patch(
        f"/api/v1/devices/{device.id}", {"name": "mine"}, content_type="application/json"
    )
    assert renamed.status_code == 404
    assert Client().get("/api/v1/devices").status_code == 403
    kid = client_of(make_profile("Ben", user=services.user(ada.user_id), is_kid=True))
    assert kid.get("/api/v1/devices").status_code == 403
    assert kid.get("/account/devices/").status_code == 302
    assert services.devices(ada.user_id)[-1].name == ""


def test_devices_over_the_api(ada: Profile) -> None:
    here, there = client_of(ada), client_of(ada)
    listed = here.get("/api/v1/devices").json()
    assert sorted(one["here"] for one in listed) == [False, True]
    other = next(one for one in listed if not one["here"])
    named = here.patch(
        f"/api/v1/devices/{other['id']}", {"name": "<b>Kitchen</b>"}, content_type="application/json"
    )
    assert named.json()["label"] == "<b>Kitchen</b>"
    assert "<b>Kitchen" not in here.get("/account/devices/").content.decode()
    too_long = here.patch(
        f"/api/v1/devices/{other['id']}", {"name": "x" * 41}, content_type="application/json"
    )
    assert too_long.status_code == 400
    assert here.delete(f"/api/v1/devices/{other['id']}").status_code == 204
    assert there.get("/api/v1/devices").status_code == 403
    assert here.delete("/api/v1/devices").json() == {"ended": 0}


def test_the_last_use_is_written_at_most_once_a_minute(
    ada: Profile, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = client_of(ada)
    browser.get("/account/devices/")
    (device,) = services.devices(ada.user_id)
    assert device.last_profile == "Ada"
    written: list[UUID] = []
    monkeypatch.setattr(services, "device_used", lambda device_id, **_: written.append(device_id))
    for _ in range(3):
        browser.get("/account/devices/")
    assert written == []


def test_what_nobody_uses_is_forgotten(ada: Profile) -> None:
    client_of(ada)
    later = timezone.now() + FORGOTTEN_AFTER + timedelta(days=60)
    assert services.prune_devices(now=timezone.now()) == 0
    assert services.prune_devices(now=later) == 2  # the session that is over, and then the device
    assert services.devices(ada.user_id) == ()


def test_an_address_is_kept_no_finer_than_its_network() -> None:
    assert places.find("203.0.113.77").network == "203.0.113.0/24"
    assert places.find("2001:db8:1:2::7").network == "2001:db8:1::/48"
    assert places.find("::ffff:203.0.113.77").network == "203.0.113.0/24"
    assert places.find("not an address") == places.Place()
    assert places.is_local("192.168.1.0/24")
    assert not places.is_local("8.8.8.0/24")


def test_a_device_shows_its_sessions_where_it_has_several(ada: Profile) -> None:
    first, again = Client(), Client()
    sign_in(first, HTTP_USER_AGENT=CHROME)
    again.cookies[binding.COOKIE] = first.cookies[binding.COOKIE].value
    sign_in(again, HTTP_USER_AGENT=CHROME)
    (device,) = services.devices(ada.user_id)
    assert device.sessions == 2
    answer = first.get("/account/devices/")
    here, other = answer.context["sessions"]
    assert (here.is_here, other.is_here, other.device_id) == (True, False, device.id)
    end = f"/accounts/sessions/{other.id}/end/"
    assert end in answer.content.decode()
    first.post(end)
    assert [one.sessions for one in services.devices(ada.user_id)] == [1]
    assert "device__sessions" not in first.get("/account/devices/").content.decode()
