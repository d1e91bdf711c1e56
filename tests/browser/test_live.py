"""Two browsers of one account in real Chromium: what changes on one shows on the other, and nobody is disturbed."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from accounts import services as accounts
from accounts.tests.factories import make_operator, make_profile, make_user
from accounts.types import Profile
from catalog.tests.factories import make_title
from catalog.types import Title
from netflixlite.live.hub import HUB
from playback import services as playback
from tests.browser import household
from tests.browser.household import PHONE, Window
from tests.conftest import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

ROW = "[data-row='{}']"
#: Set before the page is changed: a page that was loaded anew has lost it.
MARK = "document.body.dataset.mark = 'same'"


@pytest.fixture
def ada(db: None) -> Profile:
    make_operator("operator")
    user = make_user("household", email="ada@example.org")
    make_profile("Bea", user=user, maturity=18, avatar="meadow")
    return make_profile("Ada", user=user, maturity=18)


@pytest.fixture
def films(settings: Any, tmp_path: Path) -> list[Title]:
    settings.MEDIA_ROOT = tmp_path / "media"
    return [make_title(name=f"Night Mail {number}") for number in range(4)]


@pytest.fixture
def people(chromium: Any, settings: Any, ada: Profile, films: list[Title]) -> Iterator[Callable[..., Window]]:
    """Opens windows of a site that runs as in earnest."""
    with household.windows(chromium, settings) as open_window:
        yield open_window


def listens(window: Window, lines: int) -> Any:
    """The window's page, once so many browsers have a line."""
    wait_for(lambda: lines <= HUB.listening, seconds=60, what=f"{lines} lines")
    window.page.evaluate(MARK)
    return window.page


def is_same(page: Any) -> bool:
    return bool(page.evaluate("document.body.dataset.mark === 'same'"))


def test_the_list_of_one_device_changes_the_other_s_pages(
    people: Callable[..., Window], films: list[Title]
) -> None:
    laptop, phone = people().enter(), people(agent=PHONE, size=(390, 844)).enter()
    page = listens(phone, 2)
    assert page.locator(ROW.format("my-list")).count() == 0

    here = laptop.go(f"/title/{films[0].slug}/")
    here.locator(".title-hero nl-list-button button").click()
    card = page.locator(f"{ROW.format('my-list')} .card__link")
    card.wait_for()
    assert card.get_attribute("href") == f"/title/{films[0].slug}/"

    # Somebody is on a card of the row: it waits, and is brought up to date when they leave it.
    card.focus()
    here = laptop.go(f"/title/{films[1].slug}/")
    here.locator(".title-hero nl-list-button button").click()
    page.locator(f".card[data-title='{films[1].id}'][data-listed]").first.wait_for(state="attached")
    assert card.count() == 1
    assert card.evaluate("card => card === document.activeElement")
    card.evaluate("card => card.blur()")
    card.nth(1).wait_for()
    assert is_same(page)


def test_a_film_that_was_begun_there_can_be_gone_on_with_here(
    people: Callable[..., Window], ada: Profile, films: list[Title]
) -> None:
    home, title = people().enter(), people(agent=PHONE, size=(390, 844)).enter()
    title.go(f"/title/{films[2].slug}/")
    page, about = listens(home, 2), listens(title, 2)
    assert films[2].video_id
    where = {"profile_id": ada.id, "video_id": films[2].video_id}
    playback.save_bookmark(**where, position=timedelta(seconds=4))
    page.locator(f"{ROW.format('continue')} .card progress").wait_for()
    about.locator(".resume progress").wait_for()
    # The order of the page is kept: what the viewer goes on with stands first.
    assert page.locator("[data-row]").first.get_attribute("data-row") == "continue"
    playback.remove_bookmark(**where)
    page.locator(ROW.format("continue")).wait_for(state="detached")
    assert is_same(page)
    assert is_same(about)


def test_a_browser_has_one_line_and_its_tabs_follow_profile_and_session(
    people: Callable[..., Window], ada: Profile
) -> None:
    window = people().enter()
    first = listens(window, 1)
    second = window.context.new_page()
    second.goto(window.url)
    second.wait_for_load_state("networkidle")
    wait_for(lambda: HUB.listening == 1, what="one line of both")

    second.goto(f"{window.url}/profiles/")
    second.click("button.person:has-text('Bea')")
    second.wait_for_url(f"{window.url}/")
    first.bring_to_front()
    bea = next(each for each in accounts.profiles(ada.user_id) if each.name == "Bea")
    first.locator(f"body[data-profile='{bea.id}']").wait_for()

    (device,) = accounts.devices(ada.user_id)
    accounts.end_device(user_id=ada.user_id, device_id=device.id)
    # Both arrive before the browser is closed: Chromium may never answer to that in the middle of a navigation. A tab
    # that was on its way elsewhere breaks that off: what counts is where it stands in the end.
    for tab in (first, second):
        expect(tab).to_have_url(re.compile("/accounts/login/"), timeout=30_000)
        tab.wait_for_load_state()
    wait_for(lambda: HUB.listening == 0, seconds=60, what="no line is left")
