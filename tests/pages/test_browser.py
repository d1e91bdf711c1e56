"""What the elements add in a real browser, and that nothing is missing without them."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.tests.factories import PASSWORD
from recommend import services as recommend
from tests.conftest import CALM, wait_for
from tests.pages.conftest import House
from tests.pages.test_pages import addresses

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

WIDTHS = {390: 844, 1440: 900, 1920: 1080}


class Visit:
    """A browser window in which Ada watches; keeps what its console complains of."""

    def __init__(
        self, browser: Any, url: str, *, width: int = 1440, script: bool = True, moving: bool = False
    ) -> None:
        self.url = url
        self.complaints: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            java_script_enabled=script,
            reduced_motion="no-preference" if moving else CALM,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self._note(str(error)))

    def _said(self, message: Any) -> None:
        # These films have rows but no bytes: what the page would have at hand for Play is not there.
        if message.type in ("error", "warning") and "/v1/" not in message.location.get("url", ""):
            self._note(message.text)

    def _note(self, text: str) -> None:
        # A cross-fade that the next navigation overtakes is no fault.
        if "Transition was" not in text:
            self.complaints.append(text)

    def enter(self, name: str = "Ada") -> None:
        """Sign in and choose a profile, by the forms."""
        self.page.goto(f"{self.url}/accounts/login/")
        self.page.fill("[name=login]", "household")
        self.page.fill("[name=password]", PASSWORD)
        self.page.click(".entrance__panel .button--lamp")
        self.page.wait_for_url(f"{self.url}/profiles/**")
        self.page.click(f"button.person:has-text('{name}')")
        self.page.wait_for_url(f"{self.url}/")

    def go(self, address: str) -> None:
        """Open a page."""
        self.page.goto(self.url + address)


@pytest.fixture
def visit(chromium: Any, live_server: Any, house: House) -> Iterator[Any]:
    """Opens windows, and closes them all at the end."""
    opened: list[Visit] = []

    def open_window(**how: Any) -> Visit:
        opened.append(Visit(chromium, live_server.url, **how))
        return opened[-1]

    yield open_window
    for each in opened:
        each.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_its_window_or_breaks_the_policy(visit: Any, house: House, width: int) -> None:
    window = visit(width=width, moving=width == 1440)
    window.enter()
    for address in [*addresses(house), "/account/", "/profiles/", "/profiles/new/"]:
        if "partial" in address or address.startswith("/watch/"):
            continue
        window.go(address)
        wider = window.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider <= 0, (address, width)
    assert window.complaints == []


def test_the_list_button_works_in_place_and_is_kept(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    film = house.films[2]
    window.go(f"/title/{film.slug}/")
    button = window.page.locator("nl-list-button button").first
    button.click()
    window.page.get_by_text("Added to my list").wait_for()
    assert button.get_attribute("aria-pressed") == "true"
    assert window.page.url.endswith(f"/title/{film.slug}/")
    assert recommend.about(house.ada.id, [film.id])[film.id].listed


def test_a_thumb_works_in_place_and_is_taken_back_by_a_second_press(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    film = house.films[2]
    window.go(f"/title/{film.slug}/")
    button = window.page.get_by_role("button", name="Love this")
    button.click()
    wait_for(lambda: recommend.about(house.ada.id, [film.id])[film.id].thumb, what="the thumb is kept")
    button.click()
    wait_for(lambda: not recommend.about(house.ada.id, [film.id])[film.id].thumb, what="the thumb is gone")
    assert button.get_attribute("aria-pressed") == "false"


def test_a_row_is_walked_with_arrow_keys(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    page = window.page
    row = page.locator("nl-row").nth(2)
    row.locator(".card__link").first.focus()
    focused = "document.activeElement.closest('.card')"
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"[...{focused}.parentNode.children].indexOf({focused})") == 1
    page.keyboard.press("End")
    assert page.evaluate(f"{focused}.nextElementSibling === null")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    above = page.evaluate(
        "[...document.querySelectorAll('nl-row')].indexOf(document.activeElement.closest('nl-row'))"
    )
    assert above == 1


def test_a_card_opens_under_the_keyboard_and_its_buttons_can_be_reached(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    page = window.page
    card = page.locator("nl-row .card").first
    card.locator(".card__link").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    card.locator(".card__panel").wait_for(state="visible")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.card__panel') !== null")


def test_search_answers_while_one_types_and_is_walked_with_keys(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    page = window.page
    page.keyboard.press("/")
    page.keyboard.type("lampl")
    page.locator(".search__sheet .card__link").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/title/{house.series.slug}/")
    page.keyboard.press("/")
    page.keyboard.type("lampl")
    page.locator(".search__sheet").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".search__sheet").count() == 0
    assert window.complaints == []


def test_the_search_page_changes_its_results_and_its_address(visit: Any, house: House) -> None:
    window = visit()
    window.enter()
    window.go("/search/")
    window.page.fill("#q", "forbidden")
    window.page.locator("#results").get_by_text("1 title for").wait_for()
    assert window.page.locator("#results .card__link").count() == 1
    assert window.page.evaluate("location.search") == "?q=forbidden"


def test_the_house_works_without_script(visit: Any, house: House) -> None:
    window = visit(script=False)
    window.enter()
    film = house.films[2]
    window.go(f"/title/{film.slug}/")
    window.page.locator("nl-list-button button").first.click()
    assert window.page.url.endswith(f"/title/{film.slug}/"), "the form leads back"
    assert recommend.about(house.ada.id, [film.id])[film.id].listed
    window.page.locator(".header .menu > summary").click()
    window.page.get_by_role("button", name="Sign out").click()
    window.page.wait_for_url("**/accounts/login/**")
