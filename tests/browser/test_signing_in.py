"""Signing in, in a real Chromium with an authenticator: passkeys, codes by mail, second steps, televisions."""

import hashlib
import hmac
import re
import struct
import time
from base64 import b32decode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import services
from accounts.models import User
from accounts.tests.factories import PASSWORD, make_operator, make_profile, make_user
from tests.conftest import CALM, wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]

_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def code_of(secret: str, *, step: int = 0) -> str:
    """What an authenticator app shows (RFC 6238), `step` times 30 s from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(b32decode(secret), counter, hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Any, url: str) -> None:
        self.url = url
        self.context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion=CALM)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.url + path)

    def press(self, words: str) -> None:
        """Press the button or link of these words."""
        self.page.locator("main").get_by_role("button", name=words).or_(
            self.page.locator("main").get_by_role("link", name=words)
        ).first.click()

    def has_device(self) -> None:
        """This browser's device keeps passkeys, and its owner shows a finger whenever it asks."""
        client = self.context.new_cdp_session(self.page)
        client.send("WebAuthn.enable")
        client.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})

    def is_in(self) -> None:
        """The gate is shown: somebody is signed in."""
        self.page.wait_for_url(re.compile(r"/profiles/"))

    def signs_in(self, login: str, password: str = PASSWORD) -> None:
        """By password."""
        self.go("/accounts/login/")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        self.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()

    def signs_out(self) -> None:
        """From the gate."""
        self.go("/profiles/")
        self.page.locator("header form[action*=logout] button").first.click()
        self.page.wait_for_url(re.compile("/accounts/login/"))


@pytest.fixture
def people(chromium: Any, live_server: Any, settings: Any) -> Iterator[Callable[[], Person]]:
    """Makes browsers, at a site that has a mail relay."""
    settings.MAIL_RELAY = settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
    settings.MFA_PASSKEY_SIGNUP_ENABLED = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    cache.clear()
    make_operator("Olu")
    there: list[Person] = []

    def somebody() -> Person:
        there.append(Person(chromium, live_server.url))
        return there[-1]

    yield somebody
    for each in there:
        each.context.close()
    assert [each.complaints for each in there if each.complaints] == []


def mailed_code() -> str:
    """The code in the newest mail."""
    wait_for(lambda: mail.outbox, what="a mail")
    found = re.search(r"^([A-Z]{4}-[A-Z]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    assert found, mail.outbox[-1].body
    return found[1]


def test_signing_up_with_a_passkey_and_in_again_with_nothing_else(people: Callable[[], Person]) -> None:
    ada = people()
    ada.has_device()
    ada.go("/accounts/signup/")
    ada.press("Sign up with a passkey")
    ada.page.fill("[name=email]", "ada@example.org")
    ada.press("Go on")
    ada.page.fill("[name=code]", mailed_code())
    ada.press("Confirm")
    ada.page.wait_for_url(re.compile("webauthn/signup"))
    ada.page.fill("[name=name]", "Ada's telephone")
    ada.press("Make a passkey")
    ada.page.wait_for_url(re.compile("recovery-codes"))
    assert ada.page.locator(".codes li").count() == 10
    user = User.objects.get(email="ada@example.org")
    assert not user.has_usable_password()
    ada.signs_out()
    ada.press("Sign in with a passkey")
    ada.is_in()
    ada.go("/accounts/2fa/")
    assert "Ada's telephone" in ada.page.locator("main").inner_text()


def test_a_password_a_passkey_a_second_step_and_a_lost_telephone(people: Callable[[], Person]) -> None:
    ada = people()
    ada.has_device()
    ada.go("/accounts/signup/")
    ada.page.fill("[name=email]", "ada@example.org")
    ada.page.fill("[name=password1]", PASSWORD)
    ada.press("Sign up")
    ada.page.fill("[name=code]", mailed_code())
    ada.press("Confirm")
    ada.is_in()
    # A second step: the key is typed into the app, and the first code shows that it works.
    ada.go("/accounts/2fa/totp/activate/")
    secret = ada.page.locator("#authenticator_secret").inner_text().replace(" ", "")
    ada.page.fill("[name=code]", code_of(secret))
    ada.press("Switch on")
    ada.page.wait_for_url(re.compile("recovery-codes"))
    codes = ada.page.locator(".codes li").all_inner_texts()
    with ada.page.expect_download() as download:
        ada.press("Download")
    assert download.value.path().read_text().split() == codes
    ada.go("/accounts/2fa/recovery-codes/")
    assert ada.page.locator(".codes li").count() == 0, "shown once"
    # Signing in asks for it; a code opens once.
    ada.signs_out()
    ada.signs_in("ada@example.org")
    ada.page.fill("[name=code]", "000000")
    ada.press("Sign in")
    ada.page.get_by_text("That is not the code").wait_for()
    ada.page.fill("[name=code]", code_of(secret, step=1))
    ada.press("Sign in")
    ada.is_in()
    # A passkey beside the password signs in alone.
    ada.go("/accounts/2fa/webauthn/add/")
    ada.press("Make a passkey")
    ada.page.wait_for_url(re.compile("/accounts/2fa/$"))
    ada.signs_out()
    # Nor does it help to guess at the password until that is not taken any more: the passkey is.
    for number in range(8):
        wrong = {"login": "ada@example.org", "password": "wrong"}
        Client().post("/accounts/login/", wrong, REMOTE_ADDR=f"198.51.100.{number}")
    stranger = people()
    stranger.signs_in("ada@example.org")
    stranger.page.get_by_text("Too many wrong tries").wait_for()
    ada.press("Sign in with a passkey")
    ada.is_in()
    # The telephone is gone and the password forgotten: the mail gives a new one, a recovery code the second step.
    ada.signs_out()
    ada.press("Forgotten?")
    ada.page.fill("[name=email]", "ada@example.org")
    ada.press("Send the link")
    wait_for(lambda: "password/reset/key" in str(mail.outbox[-1].body), what="the mail with the link")
    link = re.search(r"https?://\S+(/accounts/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert link
    other = people()
    other.go(link[1])
    for field in ("password1", "password2"):
        other.page.fill(f"[name={field}]", "an entirely new one")
    other.press("Save password")
    other.page.get_by_text("Sign in with the new one").wait_for()
    other.go("/profiles/")
    assert "/accounts/login/" in other.page.url, "a new password alone lets nobody in"
    other.signs_in("ada@example.org", "an entirely new one")
    other.page.fill("[name=code]", codes[0])
    other.press("Sign in")
    other.is_in()


def test_a_television_is_signed_in_from_a_telephone(people: Callable[[], Person]) -> None:
    user = make_user("ada", email="ada@example.org")
    make_profile("Ada", user=user)
    tv, phone = people(), people()
    User.objects.get(id=user.id).emailaddress_set.create(email=user.email, verified=True, primary=True)
    tv.go("/accounts/login/")
    tv.press("Sign in on a television")
    code = tv.page.locator(".tv__code").inner_text()
    address = tv.page.evaluate(
        "document.querySelector('.tv__qr').complete && document.querySelector('.tv__qr').naturalWidth"
    )
    assert address > 100, "the picture is there"
    # The picture's address, opened by somebody who first has to sign in.
    phone.go(f"/tv/approve/?code={code}")
    phone.page.fill("[name=login]", "ada")
    phone.page.fill("[name=password]", PASSWORD)
    phone.page.locator("main").get_by_role("button", name="Sign in", exact=True).click()
    phone.page.get_by_text("Is this you?").wait_for()
    assert code in phone.page.locator(".asking").inner_text()
    phone.press("It is me")
    phone.page.get_by_text("The television is signed in").wait_for()
    tv.is_in()
    assert "Ada" in tv.page.locator(".gate").inner_text()
    # And out again, from the telephone.
    assert len([each for each in services.devices(user.id) if each.signed_in]) == 2
    phone.go("/accounts/sessions/")
    phone.press("Sign out all but this one")
    phone.page.get_by_text("1 other session is ended.").wait_for()
    tv.go("/profiles/")
    assert "/accounts/login/" in tv.page.url
