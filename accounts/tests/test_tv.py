"""Signing in on a television, over HTTP: as its browser, and as an app by the API."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import models, services
from accounts.models.tv import TvCode
from accounts.signing.factors import has_factor
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from accounts.tv import codes

pytestmark = pytest.mark.django_db
NEW = "quiet copper lantern 7"


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    cache.clear()
    make_operator("Olu")


def shown(tv: Client) -> str:
    """The code on the screen."""
    page = tv.get("/tv/")
    assert page.status_code == 200
    return str(page.context["asked"].user_code)


def poll(tv: Client) -> dict[str, Any]:
    """What the screen's script hears. Each time as if it had waited."""
    TvCode.objects.update(polled_at=None)
    return dict(tv.post("/tv/poll/", headers={"accept": "application/json"}).json())


def test_a_television_is_signed_in_by_who_says_that_it_is_them() -> None:
    ada = make_profile("Ada")
    tv, phone = Client(headers={"user-agent": "Mozilla/5.0 (Web0S; Linux/SmartTV) Chrome/94"}), client_of(ada)
    code = shown(tv)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code)
    assert poll(tv)["state"] == "authorization_pending"
    page = phone.get("/tv/approve/", {"code": code})
    assert "Chrome on LG TV" in page.content.decode()
    answer = phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    assert "is signed in" in answer.content.decode()
    assert poll(tv) == {"state": "approved", "interval": 3, "next": "/profiles/"}
    assert "Ada" in tv.get("/profiles/").content.decode()
    kinds = {device.kind for device in services.devices(ada.user_id) if device.signed_in}
    assert "tv" in kinds
    assert "A television was signed in" in mail.outbox[-1].subject
    assert models.AuditEntry.objects.filter(verb="tv.approved").count() == 1


def test_the_television_may_change_nothing_of_the_account_without_the_password() -> None:
    ada = make_profile("Ada")
    tv = Client()
    code = shown(tv)
    phone = client_of(ada)
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    poll(tv)
    assert tv.get("/accounts/2fa/totp/activate/")["Location"].startswith("/accounts/reauthenticate/")


def test_a_no_is_told_to_the_television() -> None:
    tv, phone = Client(), client_of(make_profile("Ada"))
    code = shown(tv)
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "no"})
    assert poll(tv)["state"] == "access_denied"
    assert tv.get("/profiles/").status_code == 302
    assert shown(tv) != code


def test_a_code_opens_once_and_only_for_the_browser_that_shows_it() -> None:
    tv, thief, phone = Client(), Client(), client_of(make_profile("Ada"))
    code = shown(tv)
    shown(thief)
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    assert poll(thief)["state"] == "authorization_pending"
    cookie = tv.cookies["netflixlite_tv"].value
    assert poll(tv)["state"] == "approved"
    thief.cookies["netflixlite_tv"] = cookie
    assert poll(thief)["state"] == "expired_token"
    assert phone.get("/tv/approve/", {"code": code}).status_code == 404
    assert phone.post("/tv/answer/", {"code": code, "answer": "yes"}).status_code == 302


def test_what_nobody_looked_at_nobody_lets_in() -> None:
    tv, phone = Client(), client_of(make_profile("Ada"))
    code = shown(tv)
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    assert poll(tv)["state"] == "authorization_pending"


def test_a_code_ends_after_ten_minutes() -> None:
    asked = codes.ask()
    assert asked.expires_in == 600
    later = timezone.now() + timedelta(minutes=10)
    assert codes.redeem(asked.device_code, now=later).state is codes.State.EXPIRED
    TvCode.objects.update(expires_at=timezone.now())
    assert codes.look(asked.user_code) is None


def test_reloading_the_screen_keeps_its_code_and_a_key_takes_a_new_one() -> None:
    tv = Client()
    first = shown(tv)
    assert shown(tv) == first
    tv.post("/tv/")
    assert shown(tv) != first


def test_who_asks_too_often_is_slowed_down() -> None:
    asked, now = codes.ask(), timezone.now()
    assert codes.redeem(asked.device_code, now=now).state is codes.State.PENDING
    slower = codes.redeem(asked.device_code, now=now + timedelta(seconds=1))
    assert (slower.state, slower.interval) == (codes.State.SLOW_DOWN, 8)
    assert codes.redeem(asked.device_code, now=now + timedelta(seconds=9)).state is codes.State.PENDING


def test_neither_code_is_kept_as_it_is() -> None:
    asked = codes.ask()
    kept = " ".join(str(value) for value in TvCode.objects.values().get().values())
    assert asked.device_code not in kept
    assert asked.user_code.replace("-", "") not in kept
    assert codes.look(asked.user_code.lower().replace("-", " ")) is not None


def test_guessing_is_stopped_for_the_account_that_guesses_and_for_nobody_else() -> None:
    tv = Client()
    code = shown(tv)
    guesser, ada = client_of(make_profile("Mallory")), client_of(make_profile("Ada"))
    tried = [
        guesser.get("/tv/approve/", {"code": f"BBBB-BBB{letter}"}).status_code for letter in codes.ALPHABET
    ]
    assert set(tried[:10]) == {404}
    assert set(tried[10:]) == {429}
    assert guesser.get("/tv/approve/", {"code": code}).status_code == 429, "not even the right one"
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert ada.get("/tv/approve/", {"code": code}, **elsewhere).status_code == 200
    assert models.AuditEntry.objects.filter(verb="tv.code_wrong").count() == 10


def test_one_address_takes_no_more_than_twelve_codes_in_ten_minutes() -> None:
    answers = [Client().get("/tv/").status_code for _number in range(14)]
    assert answers == [200] * 12 + [429] * 2


def test_only_so_many_televisions_wait_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codes, "MOST_WAITING", 2)
    assert [Client().get("/tv/").status_code for _number in range(3)] == [200, 200, 503]


def test_a_kids_profile_lets_no_television_in() -> None:
    ben = make_profile("Ben", is_kid=True)
    kid = client_of(ben)
    assert kid.get("/tv/approve/")["Location"] == "/profiles/"
    assert kid.get("/api/v1/tv/approve?user_code=BBBB-BBBB").status_code == 403
    body = {"user_code": "BBBB-BBBB", "approve": True}
    assert kid.post("/api/v1/tv/approve", body, content_type="application/json").status_code == 403


def ask(app: Client, name: str = "Living room") -> dict[str, Any]:
    """An app asks for a code."""
    answer = app.post("/api/v1/tv/codes", {"name": name}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def token(app: Client, device_code: str) -> Any:
    """An app asks how its code stands, as if it had waited."""
    TvCode.objects.update(polled_at=None)
    return app.post("/api/v1/tv/token", {"device_code": device_code}, content_type="application/json")


def test_an_app_is_signed_in_over_the_api() -> None:
    ada = make_profile("Ada")
    app, phone = Client(enforce_csrf_checks=True), client_of(ada)
    asked = ask(app)
    assert asked["verification_uri_complete"].endswith(f"/tv/approve/?code={asked['user_code']}")
    waiting = token(app, asked["device_code"])
    assert (waiting.status_code, waiting.json()["error"]["code"]) == (400, "authorization_pending")
    body = {"user_code": asked["user_code"], "approve": True}
    seen = phone.get("/api/v1/tv/approve", {"user_code": asked["user_code"]}).json()
    assert seen["name"] == "Living room"
    assert phone.post("/api/v1/tv/approve", body, content_type="application/json").status_code == 200
    entered = token(app, asked["device_code"]).json()
    assert entered["signed_in"] is True
    (profile,) = app.get("/api/v1/profiles").json()
    assert profile["name"] == "Ada"
    assert "Living room" in {device.label for device in services.devices(ada.user_id)}
    assert token(Client(), asked["device_code"]).json()["error"]["code"] == "expired_token"


def test_what_an_app_says_of_itself_is_shown_as_text() -> None:
    app, phone = Client(), client_of(make_profile("Ada"))
    asked = ask(app, "<script>alert(1)</script>")
    page = phone.get("/tv/approve/", {"code": asked["user_code"]}).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_an_account_that_was_switched_off_signs_no_television_in() -> None:
    ada = make_user("ada")
    asked = codes.ask()
    asking = codes.look(asked.user_code)
    assert asking is not None
    assert codes.answer(asking.id, user_id=ada.id, yes=True)
    models.User.objects.filter(id=ada.id).update(is_active=False)
    assert token(Client(), asked.device_code).json()["error"]["code"] == "access_denied"


def test_old_requests_are_forgotten() -> None:
    codes.ask()
    TvCode.objects.update(expires_at=timezone.now() - timedelta(days=2))
    assert codes.prune() == 1


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/accounts/sessions/end-others/", {}),
        ("/account/devices/end-all/", {}),
        ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}),
    ],
)
def test_a_yes_of_before_lets_nobody_in_after_signing_out_everywhere(
    address: str, form: dict[str, str]
) -> None:
    ada = make_profile("Ada")
    tv, phone = Client(), client_of(ada)
    code = shown(tv)
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    assert phone.post(address, form).status_code == 302
    assert poll(tv)["state"] == "access_denied"
    assert "_auth_user_id" not in tv.session


def test_a_television_needs_the_second_factor_where_there_is_one(settings: Any) -> None:
    ada = make_profile("Ada")
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(models.User.objects.get(id=ada.user_id), secret)
    tv, phone = Client(), client_of(ada)
    code = shown(tv)
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    assert poll(tv)["state"] == "approved"
    tv.post("/accounts/reauthenticate/", {"password": PASSWORD})
    by_api = tv.post("/api/v1/account/proof", {"password": PASSWORD}, content_type="application/json")
    assert by_api.status_code == 400
    tv.post("/accounts/2fa/totp/deactivate/")
    assert has_factor(ada.user_id), "the password alone took the second step away"
    assert tv.get("/account/erase/").status_code == 302
    digits = format_hotp_value(hotp_value(secret, yield_hotp_counters_from_time().__next__()))
    tv.post("/accounts/2fa/reauthenticate/", {"code": digits})
    assert tv.get("/account/erase/").status_code == 200


def test_others_behind_the_same_address_do_not_end_a_code() -> None:
    ada = make_profile("Ada")
    tv, phone, other = Client(), client_of(ada), Client()
    code = shown(tv)
    shown(other)
    for _time in range(120):
        other.post("/tv/poll/", headers={"accept": "application/json"})
    assert poll(tv)["state"] == "slow_down"
    phone.get("/tv/approve/", {"code": code})
    phone.post("/tv/answer/", {"code": code, "answer": "yes"})
    cache.clear()  # the minute is over
    assert poll(tv)["state"] == "approved"
