"""Who gets in, how often one may try, how long it lasts, and what has to be shown again."""

import hashlib
import hmac
import struct
import time
from base64 import b32decode
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from rest_framework.request import Request

from accounts import doors, hashers, letters, models
from accounts.signing import factors, middleware, sessions, tasks
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_site_that_is_set_up() -> None:
    cache.clear()
    make_operator("Olu")


def sign_in(client: Client, login: str, password: str = PASSWORD, **more: Any) -> Any:
    """By the form."""
    return client.post("/accounts/login/", {"login": login, "password": password}, **more)


def is_in(client: Client) -> bool:
    """Whether the gate is shown."""
    return client.get("/profiles/").status_code == 200


def with_app(user_id: Any) -> str:
    """Give an account an authenticator app; returns the secret."""
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    Authenticator.objects.create(
        user_id=user_id, type="totp", data={"secret": factors.FactorAdapter().encrypt(secret)}
    )
    return secret


def code_of(secret: str, *, step: int = 0) -> str:
    """What the app shows (RFC 6238), `step` times 30 s from now."""
    digest = hmac.new(
        b32decode(secret), struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1
    ).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6:06d}"


# Guessing -----------------------------------------------------------------------------------------------


def test_guessing_a_password_is_stopped_wherever_the_guesser_comes_from() -> None:
    make_user("ada", email="ada@example.org")
    said = []
    for number in range(9):
        login = "ada" if number % 2 else "Ada@example.org"  # one account, whatever it is called
        answer = sign_in(Client(), login, f"wrong {number}", REMOTE_ADDR=f"198.51.100.{number}")
        said.append("Too many wrong tries" in answer.content.decode())
    assert said == [False] * 6 + [True] * 3
    right = sign_in(Client(), "ada", REMOTE_ADDR="198.51.100.77")
    assert "Too many wrong tries" in right.content.decode(), "not even the right one, for ten minutes"


def test_a_stranger_who_fails_on_purpose_does_not_lock_the_owners_own_browser() -> None:
    make_user("ada", email="ada@example.org")
    home = Client()
    sign_in(home, "ada")
    home.post("/accounts/logout/")
    for number in range(8):
        sign_in(Client(), "ada", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    assert "Too many wrong tries" in sign_in(Client(), "ada", REMOTE_ADDR="203.0.113.1").content.decode()
    sign_in(home, "ada")
    assert is_in(home)
    home.post("/accounts/logout/")
    said = [sign_in(home, "ada", "wrong").content.decode() for _number in range(8)]
    assert "Too many wrong tries" in said[-1], "a known browser may not guess either"


def test_spraying_one_password_over_many_names_is_stopped_by_address() -> None:
    for number in range(24):
        make_user(f"user-{number}")
    answers = [sign_in(Client(), f"user-{number}", "summer") for number in range(24)]
    said = ["Too many wrong tries" in answer.content.decode() for answer in answers]
    assert said == [False] * 20 + [True] * 4


def test_the_cache_has_room_for_more_counts_than_a_guesser_can_make(settings: Any) -> None:
    text = (Path(settings.BASE_DIR) / "netflixlite" / "settings.py").read_text()
    assert '"MAX_ENTRIES": 20_000' in text


def test_a_locked_password_does_not_lock_the_passkey() -> None:
    make_user("ada")
    for number in range(8):
        sign_in(Client(), "ada", "wrong", REMOTE_ADDR=f"198.51.100.{number}")
    # What a passkey asks for, and the refusal of one that is none, are answered as ever (the whole way with a real
    # one is in tests/browser/test_signing_in.py).
    owner = Client(headers={"accept": "application/json", "host": "localhost"})
    asked = owner.get("/accounts/2fa/webauthn/login/")
    assert asked.json()["request_options"]["publicKey"]["challenge"]
    answer = owner.post("/accounts/2fa/webauthn/login/", {"credential": "{}"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/")


def test_nobody_learns_from_the_form_who_has_an_account() -> None:
    make_user("ada", email="ada@example.org")
    pages = {
        name: sign_in(Client(), name, "wrong").content.decode().replace(name, "…")
        for name in ("ada@example.org", "eve@example.org")
    }
    scrubbed = {
        "\n".join(line for line in page.splitlines() if "csrf" not in line and "nonce" not in line)
        for page in pages.values()
    }
    assert len(scrubbed) == 1


@pytest.mark.parametrize("name", ["ada@example.org", "ada"])
def test_a_wrong_password_costs_as_many_hashes_as_a_wrong_name(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.contrib.auth.hashers import MD5PasswordHasher

    make_user("ada", email="ada@example.org")
    made: list[int] = []
    original = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, *given: made.append(1) or original(self, *given)
    )
    sign_in(Client(), name, "wrong")
    sign_in(Client(), f"no-{name}", "wrong")
    assert made == [1, 1]


def test_signing_up_with_a_known_address_looks_like_any_other(settings: Any) -> None:
    settings.MAIL_RELAY = settings.ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    make_user("ada", email="ada@example.org")
    for address in ("ada@example.org", "eve@example.org"):
        answer = Client().post("/accounts/signup/", {"email": address, "password1": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/confirm-email/"), address
    assert [message.subject for message in mail.outbox] == [
        "[netflixlite] You have an account already",
        "[netflixlite] Welcome to netflixlite: confirm your address",
    ]


def test_asking_for_a_reset_looks_the_same_and_sends_one_mail_either_way() -> None:
    make_user("ada", email="ada@example.org")
    for address in ("ada@example.org", "eve@example.org"):
        answer = Client().post("/accounts/password/reset/", {"email": address})
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/password/reset/done/")
    assert [message.to for message in mail.outbox] == [["ada@example.org"], ["eve@example.org"]]


def test_at_most_two_passwords_are_hashed_at_once() -> None:
    assert hashers.AT_ONCE == 2
    assert hashers._turn.acquire(blocking=False)
    assert hashers._turn.acquire(blocking=False)
    try:
        assert not hashers._turn.acquire(blocking=False)
    finally:
        hashers._turn.release()
        hashers._turn.release()
    hasher = hashers.SmallHostArgon2()
    assert hasher.verify(PASSWORD, hasher.encode(PASSWORD, "saltsaltsalt"))


# The second step ----------------------------------------------------------------------------------------


def test_a_password_alone_does_not_open_an_account_with_a_second_step() -> None:
    user = make_user("ada")
    secret = with_app(user.id)
    client = Client()
    assert sign_in(client, "ada")["Location"] == "/accounts/2fa/authenticate/"
    assert not is_in(client)
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert is_in(client)


def test_a_code_opens_once_even_for_who_has_seen_it() -> None:
    user = make_user("ada")
    secret = with_app(user.id)
    code = code_of(secret)
    for client, opens in ((Client(), True), (Client(), False)):
        sign_in(client, "ada")
        client.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_in(client) is opens


def test_guessing_the_second_step_is_stopped() -> None:
    user = make_user("ada")
    secret = with_app(user.id)
    client = Client()
    sign_in(client, "ada")
    for _number in range(6):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert not is_in(client)


def test_secrets_of_second_steps_are_sealed_and_open_with_an_older_key(settings: Any) -> None:
    user = make_user("ada")
    secret = with_app(user.id)
    kept = Authenticator.objects.get(user_id=user.id).data["secret"]
    assert secret not in kept
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-everybody"
    assert factors.FactorAdapter().decrypt(kept) == secret


def test_recovery_codes_are_shown_once() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    with_app(ada.user_id)
    shown = client.post("/accounts/2fa/recovery-codes/generate/", follow=True)
    codes = shown.context["unused_codes"]
    assert len(set(codes)) == 10
    assert f"data:text/plain;charset=utf-8,{codes[0]}%0A" in shown.content.decode()
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not any(code in again for code in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403


@pytest.mark.parametrize(
    ("host", "secure", "possible"),
    [
        ("localhost:8000", False, True),
        ("127.0.0.1:8000", False, False),
        ("127.0.0.1", True, False),
        ("[::1]:8000", True, False),
        ("films.example.org", False, False),
        ("films.example.org", True, True),
    ],
)
def test_passkeys_are_offered_only_where_browsers_allow_them(
    host: str, secure: bool, possible: bool, settings: Any
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert (
        factors.passkeys_possible(RequestFactory().get("/", headers={"host": host}, secure=secure))
        is possible
    )


# Operators ----------------------------------------------------------------------------------------------


def test_an_operator_without_a_second_step_is_led_to_set_one_up(settings: Any) -> None:
    settings.STAFF_MFA = "required"
    operator = make_operator("Ola")
    client = client_of(operator)
    answer = client.get("/admin/accounts/user/")
    assert answer["Location"] == "/accounts/operators/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    page = client.get(answer["Location"])
    assert "Use an authenticator app" in page.content.decode()
    with_app(operator.id)
    assert client.get(answer["Location"])["Location"].startswith("/accounts/2fa/reauthenticate/"), "give it"
    body = client.get("/api/v1/schema")
    assert body.status_code in (200, 403)


def test_an_operator_who_gave_a_second_step_gets_in(settings: Any) -> None:
    settings.STAFF_MFA = "required"
    operator = make_operator("Ola")
    secret = with_app(operator.id)
    client = Client()
    sign_in(client, "Ola")
    client.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})
    assert client.get("/admin/").status_code == 200


def test_an_installation_on_this_machine_only_recommends_it(settings: Any) -> None:
    assert settings.STAFF_MFA == "recommended"
    assert client_of(make_operator("Ola")).get("/admin/").status_code == 200


def test_an_operators_api_names_what_is_missing(settings: Any) -> None:
    settings.STAFF_MFA = "required"
    request = RequestFactory().get("/")
    request.user = models.User.objects.get(username="Olu")
    request.session = Client().session  # type: ignore[assignment]
    asked = Request(request)
    asked.user = request.user
    door = doors.IsOperator()
    assert not door.has_permission(asked, None)  # type: ignore[arg-type]
    assert door.code == "second_factor_required"


def test_the_admin_has_no_sign_in_of_its_own() -> None:
    client = Client()
    answer = client.post("/admin/login/", {"username": "Olu", "password": PASSWORD})
    assert answer["Location"].startswith("/accounts/login/")
    assert not is_in(client)
    assert client.get("/admin/login/?next=//evil.example/")["Location"] == "/accounts/login/?next=%2Fadmin%2F"


# Once more ----------------------------------------------------------------------------------------------


@doors.recent_sign_in_required
def _secret_page(_request: Any) -> HttpResponse:
    return HttpResponse("in")


def test_changes_to_the_account_ask_for_the_password_again() -> None:
    ada = make_profile("Ada")
    client = client_of(ada, recent=False)
    asked = client.get("/accounts/2fa/totp/activate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/?next=")
    before = client.cookies["netflixlite_session"].value
    back = client.post(asked["Location"], {"password": PASSWORD})
    assert back["Location"] == "/accounts/2fa/totp/activate/"
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    assert client.cookies["netflixlite_session"].value != before, "who may do more has a new session key"


def test_signing_in_is_a_proof_for_ten_minutes(settings: Any) -> None:
    make_user("ada")
    client = Client()
    sign_in(client, "ada")
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 0
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302


def test_an_app_proves_it_over_the_api() -> None:
    ada = make_profile("Ada")
    secret = with_app(ada.user_id)

    def prove(client: Client, **body: str) -> Any:
        return client.post("/api/v1/account/proof", body, content_type="application/json")

    for body in ({"password": PASSWORD}, {"code": code_of(secret)}):
        client = client_of(ada, recent=False)
        session = client.session  # which gave the second step when it began, an hour ago
        session["account_authentication_methods"] = [{"method": "mfa", "at": time.time() - 3600}]
        session["account_authentication_methods_user"] = str(ada.user_id)
        session.save()
        assert client.get("/accounts/2fa/totp/deactivate/").status_code == 302
        wrong = prove(client, **dict.fromkeys(body, "000000"))
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, next(iter(body)))
        assert prove(client, **body).status_code == 204
        assert client.get("/accounts/2fa/totp/deactivate/").status_code == 200
    assert prove(client).status_code == 400
    assert prove(Client(), password=PASSWORD).status_code == 403
    assert (
        "Too many wrong tries" in [prove(client, password="wrong").content.decode() for _try in range(8)][-1]
    )


def test_the_guard_leads_back_to_the_page_of_the_form(rf: RequestFactory) -> None:
    from django.contrib.messages.storage.fallback import FallbackStorage

    user = models.User.objects.get(username="Olu")
    for request, back in (
        (rf.get("/x/?a=1"), "%2Fx%2F%3Fa%3D1"),
        (rf.post("/x/do", headers={"referer": "http://testserver/x/?a=1"}), "%2Fx%2F%3Fa%3D1"),
        (rf.post("/x/do", headers={"referer": "https://evil.example/"}), "%2Fx%2Fdo"),
    ):
        request.user = user
        request.session = Client().session  # type: ignore[assignment]
        request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
        assert _secret_page(request)["Location"] == f"/accounts/prove/?next={back}"


# Sessions -----------------------------------------------------------------------------------------------


def test_a_session_ends_after_ninety_days_however_much_it_is_used() -> None:
    client = client_of(make_profile("Ada"))
    assert is_in(client)
    session = client.session
    session[middleware.BEGAN] = time.time() - 91 * 24 * 3600
    session.save()
    assert not is_in(client)


def test_the_thirty_idle_days_begin_again_with_each_use() -> None:
    client = client_of(make_profile("Ada"))
    session = client.session
    session[middleware.USED] = time.time() - 7200
    session.save()
    key = client.cookies["netflixlite_session"].value
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() + timezone.timedelta(days=1))
    assert is_in(client)
    left = Session.objects.get(session_key=key).expire_date - timezone.now()
    assert left.days >= 29


def test_signing_in_gives_a_new_session_key() -> None:
    make_user("ada")
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["kept"] = True
    session.save()
    client.cookies["netflixlite_session"] = session.session_key
    sign_in(client, "ada")
    assert client.cookies["netflixlite_session"].value != session.session_key


def test_a_new_password_signs_everybody_else_out() -> None:
    make_user("ada")
    here, there = Client(), Client()
    sign_in(here, "ada")
    sign_in(there, "ada")
    fields = {"oldpassword": PASSWORD, "password1": "an entirely new one", "password2": "an entirely new one"}
    assert here.post("/accounts/password/change/", fields)["Location"] == "/account/"
    assert is_in(here)
    assert not is_in(there)


def test_one_session_is_ended_and_nobody_elses() -> None:
    make_user("ada")
    make_user("eve")
    here, there, eve = Client(), Client(), Client()
    sign_in(here, "ada")
    sign_in(there, "ada")
    sign_in(eve, "eve")
    rows = here.get("/accounts/sessions/", follow=True).context["sessions"]
    assert [row.is_here for row in rows] == [True, False]
    assert eve.post(reverse("end_session", args=[rows[1].id])).status_code == 404
    assert is_in(there)
    here.post(reverse("end_session", args=[rows[1].id]))
    assert not is_in(there)
    assert is_in(here)


def test_signing_out_elsewhere_is_offered_after_a_change_and_done_when_wanted() -> None:
    user = make_user("ada")
    here, there = Client(), Client()
    sign_in(here, "ada")
    sign_in(there, "ada")
    assert "Sign out everywhere else?" not in here.get("/accounts/2fa/").content.decode()
    with_app(user.id)
    here.post("/accounts/2fa/totp/deactivate/")
    assert not Authenticator.objects.filter(user_id=user.id).exists()
    assert "Sign out everywhere else?" in here.get("/accounts/2fa/").content.decode()
    here.post("/accounts/sessions/end-others/", {"next": "/accounts/2fa/"})
    assert not is_in(there)
    assert is_in(here)
    assert "Sign out everywhere else?" not in here.get("/accounts/2fa/").content.decode()


def test_what_is_over_is_forgotten() -> None:
    user = make_user("ada")
    client = Client()
    sign_in(client, "ada")
    assert UserSession.objects.filter(user_id=user.id).count() == 1
    Session.objects.update(expire_date=timezone.now())
    tasks.prune_signing_in()
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


def test_a_session_that_is_read_before_a_proof_is_worth_nothing_after_it() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    assert is_in(client)
    rows = UserSession.objects.filter(user_id=ada.user_id)
    request = RequestFactory().get("/")
    request.session = client.session  # type: ignore[assignment]
    before = request.session.session_key
    sessions.rotate(request)
    assert not Session.objects.filter(session_key=before).exists()
    assert not rows.filter(session_key=before).exists()


# Letters ------------------------------------------------------------------------------------------------


def test_a_letter_has_two_faces_from_one_text() -> None:
    Client().post("/accounts/password/reset/", {"email": "Olu@example.org"})
    (message,) = mail.outbox
    assert isinstance(message, mail.EmailMultiAlternatives)
    (html,) = message.alternatives
    assert "<h1" in str(html[0])
    assert "# " not in str(message.body)


def test_a_letter_reads_paragraphs_buttons_codes_and_small_print() -> None:
    parts = letters.read(
        "Hello\n\nSome words,\nand more.\n\nGo on: https://x.example/a?b=c\n\n# AB-CD\n\n-- Why\nThis."
    )
    assert [part.kind for part in parts] == ["heading", "text", "button", "code", "small"]
    assert parts[2].address == "https://x.example/a?b=c"
    assert parts[4].lines == ("Why", "This.")


def test_what_strangers_write_is_text_in_a_letter() -> None:
    make_user("ada", email="ada@example.org")
    client = Client(headers={"user-agent": "<b>Evil</b>\nGo: https://evil.example"})
    sign_in(client, "ada")
    fields = {"oldpassword": PASSWORD, "password1": "an entirely new one", "password2": "an entirely new one"}
    client.post("/accounts/password/change/", fields)
    message = mail.outbox[-1]
    assert isinstance(message, mail.EmailMultiAlternatives)
    html = str(message.alternatives[0][0])
    assert "<b>Evil" not in html
    assert 'href="https://evil.example' not in html


def test_an_operator_lets_somebody_in_again_who_has_lost_everything() -> None:
    user = make_user("ada", email="ada@example.org")
    with_app(user.id)
    there = client_of(user)
    assert is_in(there)
    call_command("forgetfactors", "Ada@example.org", stdout=StringIO())
    assert not is_in(there)
    client = Client()
    sign_in(client, "ada")
    assert is_in(client)
    assert models.AuditEntry.objects.filter(verb="mfa.removed").exists()
    with pytest.raises(CommandError, match="no user 'eve'"):
        call_command("forgetfactors", "eve")
