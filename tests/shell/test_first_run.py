"""First run: one link, one administrator, no default password."""

import stat

import pytest
from django.conf import settings
from django.test import Client

from accounts import services as accounts
from netflixlite import setup

pytestmark = pytest.mark.django_db

ANSWERS = {
    "language": "de",
    "name": "Olu",
    "email": "",
    "password1": "a-long-enough-passphrase",
    "password2": "a-long-enough-passphrase",
}


@pytest.fixture(autouse=True)
def _keys(tmp_path, settings):
    settings.KEYS_DIR = tmp_path / "keys"


def test_before_the_first_administrator_every_page_says_what_to_do(client: Client) -> None:
    for path in ("/", "/accounts/login/", "/admin/", "/search/?q=x"):
        response = client.get(path)
        assert response.status_code == 503, path
        assert b"make up" in response.content
    assert client.get("/livez").status_code == 200
    assert client.get("/static/nothing.css").status_code == 404


def test_the_link_makes_the_administrator_and_signs_in(client: Client) -> None:
    link = f"/setup/{setup.one_time_token()}/"
    assert client.get(link).status_code == 200
    response = client.post(link, ANSWERS)
    assert response.status_code == 302
    assert accounts.operator_exists()
    assert client.get("/admin/").status_code == 200
    assert [one.is_here for one in client.get("/account/devices/").context["sessions"]] == [True]
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME].value == "de"
    assert not (settings.KEYS_DIR / "first-run").exists()


def test_who_has_just_made_the_password_is_not_asked_for_it_again(client: Client) -> None:
    client.post(f"/setup/{setup.one_time_token()}/", ANSWERS)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200


def test_the_wizard_is_closed_for_good_afterwards(client: Client) -> None:
    link = f"/setup/{setup.one_time_token()}/"
    client.post(link, ANSWERS)
    assert client.get(link).status_code == 404
    assert client.get(f"/setup/{setup.one_time_token()}/").status_code == 404


def test_of_two_who_fill_the_wizard_in_at_once_one_becomes_administrator(client: Client, monkeypatch) -> None:
    link = f"/setup/{setup.one_time_token()}/"
    monkeypatch.setattr(
        setup, "has_operator", lambda: False
    )  # both passed this check before either was saved
    assert client.post(link, ANSWERS).status_code == 302
    (setup._token_file()).write_text(link.split("/")[2], encoding="ascii")
    assert client.post(link, ANSWERS | {"name": "Eve"}).status_code == 404
    assert accounts.operator_exists()


def test_a_guessed_link_is_refused(client: Client) -> None:
    setup.one_time_token()
    response = client.get("/setup/guess/")
    assert response.status_code == 403
    assert client.post("/setup/guess/", ANSWERS).status_code == 403
    assert not accounts.operator_exists()


def test_the_token_is_the_same_until_used_and_only_its_owner_can_read_it() -> None:
    assert setup.one_time_token() == setup.one_time_token()
    mode = (settings.KEYS_DIR / "first-run").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password2": "something-else-entirely"}, "not the same"),
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"name": ""}, "required"),
        ({"email": "not-an-address"}, "valid email"),
        ({"language": "xx"}, "xx"),
    ],
)
def test_a_wrong_answer_is_explained_and_nothing_is_lost(
    client: Client, change: dict[str, str], words: str
) -> None:
    response = client.post(f"/setup/{setup.one_time_token()}/", ANSWERS | change)
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    assert change.get("name", "Olu") in page
    assert not accounts.operator_exists()
