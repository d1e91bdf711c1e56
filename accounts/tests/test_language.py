"""The pages speak the profile's language everywhere, and the browser's where nobody is watching."""

import pytest
from django.conf import settings
from django.test import Client

from accounts import services
from accounts.tests.factories import make_operator, make_profile
from accounts.tests.test_pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _open_house(db: None) -> None:
    make_operator()  # until there is one, every page but the first is shut


def _speaks(client: Client, path: str = "/") -> str:
    page = client.get(path, HTTP_ACCEPT_LANGUAGE="fr").content.decode()
    return page.partition('<html lang="')[2].partition('"')[0]


def test_a_stranger_is_asked_in_the_browsers_language_until_another_is_chosen() -> None:
    client = Client()
    assert _speaks(client, "/accounts/login/") == "fr"
    answer = client.post("/language/", {"language": "de", "next": "/accounts/login/?next=/"})
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/")
    assert _speaks(client, "/accounts/login/") == "de"


def test_who_is_watching_has_it_on_every_device() -> None:
    ada = make_profile("Ada", language="en")
    here, elsewhere = client_of(ada), client_of(ada)
    assert _speaks(elsewhere) == "en"
    here.post("/language/", {"language": "ar"})
    changed = services.profile(ada.id)
    assert changed is not None
    assert changed.language == "ar"
    assert (_speaks(here), _speaks(elsewhere)) == ("ar", "ar")
    assert '<html lang="ar" dir="rtl">' in elsewhere.get("/").content.decode()
    assert elsewhere.get("/")["Content-Language"] == "ar"


def test_a_child_may_choose_its_language() -> None:
    ben = make_profile("Ben", is_kid=True)
    client = client_of(ben)
    assert client.post("/language/", {"language": "hi"}).status_code == 302
    assert _speaks(client) == "hi"


@pytest.mark.parametrize("language", ["", "xx", "de\n", "../de"])
def test_no_other_word_is_taken_for_a_language(language: str) -> None:
    client = Client()
    assert client.post("/language/", {"language": language}).status_code == 400
    assert settings.LANGUAGE_COOKIE_NAME not in client.cookies


def test_it_never_leads_off_the_site() -> None:
    answer = Client().post("/language/", {"language": "de", "next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_it_needs_the_pages_own_token() -> None:
    assert Client(enforce_csrf_checks=True).post("/language/", {"language": "de"}).status_code == 403
