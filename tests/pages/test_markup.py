"""Every page obeys the strict content security policy and can be read by everybody."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from netflixlite.setup import one_time_token
from tests.pages.conftest import House
from tests.pages.markup import Page
from tests.pages.test_pages import addresses

pytestmark = pytest.mark.django_db

ENTRANCE = (
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
)
OWN = ("/profiles/", "/profiles/new/", "/account/", "/accounts/logout/", "/accounts/password/change/")


def _pages(house: House) -> dict[str, str]:
    """The HTML of every page, for a grown-up, a kid and a stranger."""
    found = {}
    for who in (house.ada, house.ben):
        client = house.client(who)
        for address in [*addresses(house), *(OWN if who is house.ada else ("/profiles/",)), "/no-such-page/"]:
            if "partial=1" not in address:
                found[f"{who.name}: {address}"] = client.get(address).content.decode()
    ada = house.client(house.ada)
    for extra in (
        f"/profiles/{house.ben.id}/edit/",
        f"/profiles/{house.ben.id}/delete/",
        f"/profiles/{house.ben.id}/recommendations/",
    ):
        found[f"Ada: {extra}"] = ada.get(extra, follow=True).content.decode()
    newcomer = Client()
    newcomer.post("/accounts/signup/", {"email": "wren@example.org", "password1": "a-long-enough-secret"})
    found["newcomer: /accounts/email/"] = newcomer.get("/accounts/email/", follow=True).content.decode()
    assert "wren@example.org" in found["newcomer: /accounts/email/"]
    for address in ENTRANCE:
        found[f"stranger: {address}"] = Client().get(address).content.decode()
    for name in ("500.html", "503.html"):
        found[name] = render_to_string(name)
    return found


def test_every_page_obeys(house: House) -> None:
    """No inline script, style or handlers, all closed that is opened; one first heading, no id twice; labels."""
    wrong: dict[str, list[object]] = {}
    for name, html in _pages(house).items():
        page = Page(html)
        found: list[object] = list(page.faults)
        if page.headings.count("h1") != 1:
            found.append(f"{page.headings.count('h1')} first headings")
        found += [f"id {one} twice" for one in sorted(set(page.ids)) if page.ids.count(one) > 1]
        found += [
            f"field {field.get('name')} without a label"
            for field in page.fields
            if field.get("id") not in page.labels and not {"aria-label", "aria-labelledby"} & field.keys()
        ]
        if found:
            wrong[name] = found
    assert wrong == {}


def test_the_first_run_pages_obey_too() -> None:
    page = Client().get("/")
    assert page.status_code == 503, "nobody runs this installation yet"
    assert Page(page.content.decode()).faults == []
    assert "make up" in page.content.decode()


def test_the_wizard_obeys_too() -> None:
    page = Client().get(reverse("setup", args=[one_time_token()]))
    assert page.status_code == 200
    html = page.content.decode()
    assert Page(html).faults == []
    for field in ("language", "name", "email", "password1", "password2"):
        assert f'name="{field}"' in html


def test_pages_say_their_language_and_direction(house: House) -> None:
    client = house.client(house.ada)
    client.post("/language/", {"language": "ar"})
    assert '<html lang="ar" dir="rtl">' in client.get("/").content.decode()
