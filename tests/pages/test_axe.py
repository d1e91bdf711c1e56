"""Every page that has an address, looked at by axe-core in Chromium: nothing may be wrong with any of them.

The pages are found by asking every route of the site for HTML, so that a new page is among them by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts import services as accounts
from accounts.tests.factories import PASSWORD, client_of, make_operator, make_profile, make_user
from catalog import services as catalog
from playback.tests.factories import open_session
from tests.browser.axe import violations
from tests.pages.conftest import House
from tests.security import doors
from tests.security.matrix import May, Route, routes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

#: The pages that viewers see most: also looked at on a phone, and from right to left.
OFTEN = (
    "home",
    "title",
    "search",
    "browse",
    "my_list",
    "account",
    "profiles",
    "person",
    "history",
    "downloads",
    "why",
    "picks",
    "recommendations",
)
#: They are for machines, or lead elsewhere.
_NO_PAGES = ("api", "playback-", "cdn_", "admin/", "live")


@dataclass(frozen=True)
class Found:
    """A page: its route's name and where it is."""

    name: str
    address: str


@pytest.fixture
def arguments(house: House, settings: Any) -> dict[str, str]:
    """What addresses of this house name."""
    settings.PAYMENTS = "manual"  # else there are no pages about plans
    film = house.films[0]
    video = catalog.first_video(film.id)
    assert video is not None
    session = open_session(profile_id=house.ada.id, video_id=video)
    return {
        "profile_id": str(house.ben.id),
        "title_id": str(film.id),
        "video_id": str(video),
        "slug": film.slug,
        "genre": "documentary",
        **doors.things(user_id=house.ada.user_id, profile=house.ada, session=session),
    }


def found_by(client: Client, arguments: dict[str, str]) -> list[Found]:
    """All pages that this browser is shown when it asks for them."""
    pages, seen = [], set()
    for route in routes():
        if route.name.startswith(_NO_PAGES) or doors.TABLE.get(route.name) in (May.NODE, May.KEY):
            continue
        address = _address(route, arguments)
        if not address or address in seen:
            continue
        seen.add(address)
        answer = client.get(address)
        if answer.status_code == 200 and answer.headers.get("Content-Type", "").startswith("text/html"):
            pages.append(Found(route.name, address))
    return pages


def _address(route: Route, arguments: dict[str, str]) -> str:
    wanted = {name: doors.SPECIAL.get((route.name, name), arguments.get(name)) for name in route.wants}
    if "/" in route.name or None in wanted.values():
        return ""
    try:
        return reverse(route.name, kwargs=wanted)
    except NoReverseMatch:
        return ""


@pytest.fixture
def window(chromium: Any) -> Iterator[Any]:
    """A page in which nothing moves: what fades in is looked at when it is there."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def enter(page: Any, url: str, name: str) -> None:
    """Sign in and choose a profile, by the forms."""
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", "household")
    page.fill("[name=password]", PASSWORD)
    page.click(".entrance__panel .button--lamp")
    page.wait_for_url("**/profiles/**")
    page.click(f"button.person:has-text('{name}')")
    page.wait_for_url(f"{url}/")


def look(page: Any, url: str, pages: list[Found]) -> dict[str, list[str]]:
    """What is wrong with which page."""
    wrong = {}
    for each in pages:
        page.goto(url + each.address)
        if each.name in ("offline_shell", "kept_watch"):  # it shows itself when it knows what is kept here
            page.wait_for_selector("#shell:not([hidden])")
        if said := violations(page):
            wrong[each.address] = said
    return wrong


def test_nothing_is_wrong_with_pages_before_the_door(
    house: House, arguments: Any, window: Any, live_server: Any
) -> None:
    pages = found_by(Client(), arguments)
    assert {"account_login", "account_reset_password"} <= {each.name for each in pages}
    assert look(window, live_server.url, pages) == {}


def test_nothing_is_wrong_with_any_page_of_a_grown_up(
    house: House, arguments: Any, window: Any, live_server: Any
) -> None:
    pages = found_by(client_of(house.ada), arguments)
    assert {"home", "title", "search", "browse", "my_list", "account", "devices"} <= {
        each.name for each in pages
    }
    enter(window, live_server.url, "Ada")
    assert look(window, live_server.url, [each for each in pages if each.name != "account_logout"]) == {}


def test_nothing_is_wrong_on_a_phone_for_a_kid_and_from_right_to_left(
    house: House, arguments: Any, window: Any, live_server: Any
) -> None:
    pages = [each for each in found_by(client_of(house.ada), arguments) if each.name in OFTEN]
    enter(window, live_server.url, "Ada")
    window.set_viewport_size({"width": 390, "height": 844})
    assert look(window, live_server.url, pages) == {}
    accounts.update_profile(
        profile_id=house.ada.id, language="ar"
    )  # a profile's language is that of its pages
    assert look(window, live_server.url, pages) == {}
    window.context.clear_cookies()
    window.set_viewport_size({"width": 1440, "height": 900})
    for_kids = [each for each in found_by(client_of(house.ben), arguments) if each.name in OFTEN]
    enter(window, live_server.url, "Ben")
    assert look(window, live_server.url, for_kids) == {}


def test_nothing_is_wrong_with_a_house_in_which_there_is_nothing(window: Any, live_server: Any) -> None:
    make_operator()
    make_profile("Ada", user=make_user("household"))
    enter(window, live_server.url, "Ada")
    pages = [
        Found(name, address)
        for name, address in {"home": "/", "my list": "/my-list/", "search": "/search/"}.items()
    ]
    assert look(window, live_server.url, pages) == {}
