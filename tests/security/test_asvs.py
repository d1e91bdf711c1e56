"""What docs/security.md says is so and no other test shows: headers, cookies, passwords, the log."""

import asyncio
import logging
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from channels.security.websocket import AllowedHostsOriginValidator
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.test import Client

from accounts import models
from accounts.hashers import SmallHostArgon2
from accounts.signing.factors import FactorAdapter
from accounts.signing.passwords import names_of_this_site
from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from accounts.types import User
from catalog import artwork
from netflixlite import health
from netflixlite.logs import OneLine

pytestmark = pytest.mark.django_db(databases=["default", "telemetry", "cache"])


@pytest.fixture(autouse=True)
def olu() -> User:
    """The site is set up."""
    cache.clear()
    return make_operator("Olu")


# Cookies ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_over_https_every_cookie_is_bound_to_this_host_and_secure(tmp_path: Path, repository: Path) -> None:
    program = """
import django; django.setup()
from django.conf import settings as s
from accounts.devices import binding
from accounts.tv import views
from netflixlite.notes import NoteCookie
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.LANGUAGE_COOKIE_NAME, binding.COOKIE, NoteCookie.cookie_name)
print(views.COOKIE)
print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_HSTS_SECONDS)
"""
    given = {key: value for key, value in os.environ.items() if not key.startswith("NETFLIXLITE_")}
    given |= {
        "NETFLIXLITE_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
        "NETFLIXLITE_SECRET_KEY": "y" * 50,
        "NETFLIXLITE_SITE_URL": "https://films.example.org",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=repository,
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    hosts, paths, flags = done.stdout.splitlines()
    assert all(name.startswith("__Host-") for name in hosts.split()), hosts
    assert paths == "__Secure-netflixlite_tv"
    assert flags.split() == ["True", "True", "31536000"]


def test_cookies_are_kept_from_scripts_and_from_other_sites() -> None:
    make_user("ada")
    client = Client()
    client.post("/accounts/login/", {"login": "ada", "password": "wrong"})
    client.post("/accounts/login/", {"login": "ada", "password": "correct horse battery"})
    client.get("/tv/")
    found = client.cookies
    assert found["netflixlite_session"]["httponly"]
    assert found["netflixlite_session"]["path"] == "/"
    assert not found["netflixlite_session"]["domain"]
    assert {found[name]["samesite"] for name in found if name != "netflixlite_tv"} == {"Lax"}


# Headers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/api/v1/titles", "/nowhere", "/api/v1/nowhere"])
def test_every_answer_says_how_browsers_may_take_it(path: str) -> None:
    for client in (Client(), client_of(make_profile("Ada"))):
        told = client.get(path).headers
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Referrer-Policy"] == "same-origin"
        assert told["Cross-Origin-Opener-Policy"] == "same-origin"
        assert told["X-Frame-Options"] == "DENY"
        for part in (
            *("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"),
            *("default-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "font-src 'self'"),
        ):
            assert part in told["Content-Security-Policy"]
        assert "Access-Control-Allow-Origin" not in told


def test_files_have_the_policy_too_and_health_has_no_type_but_its_own(client: Client, settings: Any) -> None:
    order = settings.MIDDLEWARE
    assert order.index("netflixlite.headers.SecurityHeadersMiddleware") < order.index(
        "netflixlite.static.WholeFileWhiteNoise"
    )
    for path in ("/livez", "/readyz"):
        assert client.get(path).headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/account/", "/account/data/", "/account/devices/", "/account/watching/", "/profiles/"),
        *("/accounts/2fa/", "/accounts/email/", "/admin/"),
        *("/api/v1/profiles", "/api/v1/devices"),
    ],
)
def test_what_is_of_one_account_is_kept_in_no_cache(path: str, olu: User) -> None:
    client = client_of(make_profile("Olu", user=olu))
    answer = client.get(path)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]


def test_trace_and_listings_of_folders_are_not_answered(client: Client) -> None:
    signed_in = client_of(make_profile("Ada"))
    for path in ("/", "/api/v1/titles", "/account/"):
        assert signed_in.generic("TRACE", path).status_code == 405
    for path in ("/static/", "/media/", "/media/artwork/", "/edge/", "/.git/config"):
        assert signed_in.get(path).status_code == 404, path
        assert client.get(path).status_code in (302, 404), path


def test_what_a_database_says_of_itself_is_not_told_to_strangers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone:
        def __getitem__(self, alias: str) -> Any:
            raise DatabaseError("no password for role netflix at 10.0.0.5")

    monkeypatch.setattr(health, "connections", Gone())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "10.0.0.5" not in answer.content.decode()
    assert "does not answer" in answer.content.decode()


# Who is in ----------------------------------------------------------------------------------------------


def test_an_account_that_was_switched_off_is_out_at_once() -> None:
    ada = make_profile("Ada")
    client = client_of(ada)
    assert client.get("/profiles/").status_code == 200
    models.User.objects.filter(id=ada.user_id).update(is_active=False)
    assert client.get("/profiles/").headers["Location"].startswith("/accounts/login/")
    assert client.get("/api/v1/profiles").status_code == 403


def test_an_operator_signs_an_account_out_everywhere(olu: User) -> None:
    ada, eve = make_profile("Ada"), make_profile("Eve")
    hers, others = [client_of(ada), client_of(ada)], client_of(eve)
    form = {"action": "sign_out_everywhere", "_selected_action": [str(ada.user_id)]}
    assert client_of(olu).post("/admin/accounts/user/", form).status_code == 302
    assert [client.get("/profiles/").status_code for client in hers] == [302, 302]
    assert others.get("/profiles/").status_code == 200
    assert others.post("/admin/accounts/user/", form).status_code == 302
    assert models.AuditEntry.objects.filter(verb="session.ended", actor=olu.id).count() == 1


def test_the_session_is_over_at_the_server_after_signing_out() -> None:
    client = client_of(make_profile("Ada"))
    kept = client.cookies["netflixlite_session"].value
    client.post("/accounts/logout/")
    client.cookies["netflixlite_session"] = kept
    assert client.get("/profiles/").status_code == 302


def test_fields_that_a_caller_may_not_write_are_not_written() -> None:
    ada, eve = make_profile("Ada"), make_user("eve")
    client = client_of(ada)
    body = {"name": "Ben", "user_id": str(eve.id), "id": str(eve.id), "is_staff": True, "locked": True}
    made = client.post("/api/v1/profiles", body, content_type="application/json")
    assert made.status_code in (201, 400)
    assert not models.Profile.objects.filter(user_id=eve.id, name="Ben").exists()
    assert not models.Profile.objects.filter(id=eve.id).exists()
    assert not models.User.objects.get(id=ada.user_id).is_staff


# Passwords ----------------------------------------------------------------------------------------------


def test_a_long_password_of_any_letters_is_taken_exactly_as_it_was_typed() -> None:
    password = " Überlänge ohne Ziffern, mit Leerzeichen und 🎬, weit mehr als vierundsechzig Zeichen lang "
    client = Client()
    client.post("/accounts/signup/", {"email": "ada@example.org", "password1": password})
    user = models.User.objects.get(email="ada@example.org")
    assert user.check_password(password)
    for other in (password.strip(), password.lower(), password[:64], password[:72]):
        assert not user.check_password(other)
    client.post("/accounts/logout/")
    client.post("/accounts/login/", {"login": "ada@example.org", "password": password})
    assert client.get("/profiles/").status_code == 200


@pytest.mark.parametrize("password", ["only letters", "8305172946051", "ÄÖÜäöüßéèêñ", "!!??..,,::;;--"])
def test_no_kind_of_letter_is_asked_for(password: str) -> None:
    validate_password(password)


@pytest.mark.parametrize(
    "password", ["tooshort9", "1234567890", "qwertyuiop", "netflixlite1!", "Netflix-2026!"]
)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password)


def test_names_of_the_site_may_stand_among_other_words(settings: Any) -> None:
    settings.SITE_URL, settings.SITE_NAME = "https://films.example.org", "Casa Lumière"
    assert {"netflix", "netflixlite", "films", "example", "casa", "lumière"} <= set(names_of_this_site())
    validate_password("netflix and a pair of barges")
    with pytest.raises(ValidationError, match="name of the site"):
        validate_password("CasaLumière99")


def test_passwords_are_hashed_by_argon2id_at_the_size_that_the_page_says() -> None:
    hashed = SmallHostArgon2().encode("correct horse battery", "saltsaltsalt")
    assert hashed.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_reset_goes_round_no_second_step() -> None:
    ada = make_user("ada", email="ada@example.org")
    sealed = FactorAdapter().encrypt("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    Authenticator.objects.create(user_id=ada.id, type="totp", data={"secret": sealed})
    client, new = Client(), "an entirely new one"
    client.post("/accounts/password/reset/", {"email": "ada@example.org"})
    (link,) = re.findall(r"/accounts/password/reset/key/\S+", str(mail.outbox[-1].body))
    form = client.get(link)["Location"]
    client.post(form, {"password1": new, "password2": new})
    assert models.User.objects.get(id=ada.id).check_password(new)
    assert client.get("/profiles/").status_code == 302
    answer = client.post("/accounts/login/", {"login": "ada", "password": new})
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert client.get("/profiles/").status_code == 302
    assert client.get(link).status_code == 200, "the link has been used: a page says so"


def test_a_drawing_that_can_hold_scripts_is_no_picture() -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    with pytest.raises(artwork.BadImage):
        artwork.draw(svg, kind="poster")


# The log ------------------------------------------------------------------------------------------------


def test_what_strangers_send_begins_no_line_of_the_log() -> None:
    form = OneLine("{asctime}Z {levelname} {name}: {message}", "%Y-%m-%dT%H:%M:%S", style="{")
    record = logging.LogRecord(
        "x", logging.WARNING, __file__, 1, "no %s", ("a\nERROR b\x1b[31m\u2028c",), None
    )
    record.created = 0.0
    assert form.format(record) == r"1970-01-01T00:00:00Z WARNING x: no a\x0aERROR b\x1b[31m\x2028c"
    try:
        raise ValueError("first\nERROR forged")
    except ValueError:
        record.exc_info = sys.exc_info()
    lines = form.format(record).splitlines()
    assert all(line.startswith("    ") for line in lines[1:])


def test_who_is_refused_is_in_the_log_without_what_was_sent(caplog: pytest.LogCaptureFixture) -> None:
    kid = make_profile("Ben", is_kid=True)
    client = client_of(kid)
    with caplog.at_level(logging.WARNING, "netflixlite.refused"):
        answer = client.post(
            "/api/v1/tv/approve",
            {"user_code": "SECR-ETXX", "approve": True},
            content_type="application/json",
            REMOTE_ADDR="203.0.113.9",
        )
        assert answer.status_code == 403
    (line,) = [record.getMessage() for record in caplog.records if record.name == "netflixlite.refused"]
    assert line == f"403 to {kid.user_id} at 203.0.113.9: POST /api/v1/tv/approve"


# Sockets ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("origin", "opens"), [("http://testserver", True), ("https://evil.example", False)])
def test_a_socket_is_opened_from_our_own_pages_only(origin: str, opens: bool, repository: Path) -> None:
    text = (repository / "netflixlite" / "asgi.py").read_text(encoding="utf-8")
    assert '"websocket": AllowedHostsOriginValidator(' in text
    reached: list[bool] = []

    async def inside(_scope: Any, _receive: Any, _send: Any) -> None:
        reached.append(True)

    said = iter(("connect", "disconnect"))

    async def receive() -> dict[str, Any]:
        return {"type": f"websocket.{next(said)}", "code": 1000}

    async def send(_message: dict[str, Any]) -> None:
        pass

    scope = {"type": "websocket", "path": "/ws", "headers": [(b"origin", origin.encode())]}
    asyncio.run(AllowedHostsOriginValidator(inside)(scope, receive, send))
    assert bool(reached) is opens


def test_the_host_of_a_request_is_one_of_ours() -> None:
    assert Client(raise_request_exception=False).get("/", headers={"host": "evil.example"}).status_code == 400
