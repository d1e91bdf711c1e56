"""Devices and streams in real Chromium: signing out everywhere, and 'stop that one' on two screens."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.tests.factories import make_operator, make_plan, make_profile, make_user
from catalog.tests.factories import make_title
from catalog.types import Title
from playback import services as playback
from tests.browser import household
from tests.browser.household import PHONE, TV, Window
from tests.conftest import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

#: Where pictures of the pages go when somebody wants to look at them.
LOOK = os.environ.get("NETFLIXLITE_LOOK", "")


@pytest.fixture
def people(chromium: Any, settings: Any, tmp_path: Path) -> Iterator[Callable[..., Window]]:
    """Opens windows of a site that runs as in earnest."""
    settings.MEDIA_ROOT = tmp_path / "media"
    make_operator("operator")
    user = make_user("household", email="ada@example.org")
    make_profile("Ada", user=user, maturity=18)
    make_profile("Ben", user=user, is_kid=True, avatar="meadow")
    make_plan("Family", streams=1, user=user)
    with household.windows(chromium, settings) as open_window:
        yield open_window


@pytest.fixture
def night_mail(people: Callable[..., Window]) -> Title:
    return make_title(name="Night Mail")


def look(page: Any, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png", full_page=True)


def test_signing_out_everywhere_and_naming_a_device(people: Callable[..., Window]) -> None:
    tv, phone, here = people(agent=TV).enter(), people(agent=PHONE, size=(390, 844)).enter(), people().enter()
    page = here.go("/account/devices/")
    assert page.locator(".device").count() == 3
    line = page.locator(".device", has_text="Chrome on Samsung TV")
    line.get_by_role("link", name="Name").click()
    page.fill("input[name=name]", "Living room")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector(".device:has-text('Living room')")
    look(page, "devices-1440")
    look(phone.go("/account/devices/"), "devices-390")
    look(tv.go("/account/"), "account-1440")
    page.get_by_role("button", name="Sign out all but this one").click()
    page.wait_for_selector("text=2 other sessions are ended")
    for other in (tv, phone):
        other.page.wait_for_url("**/accounts/login/**")  # the news takes them there, without a touch
        assert "/accounts/login/" in other.go("/account/").url
    assert "/account/" in here.go("/account/").url


def test_the_limit_says_who_watches_and_stop_that_one_frees_the_stream(
    people: Callable[..., Window], night_mail: Title
) -> None:
    tv, phone = people(agent=TV, size=(1920, 1080)).enter(), people(agent=PHONE, size=(390, 844)).enter()
    watch = f"/watch/{night_mail.video_id}/"
    first = tv.go(watch)
    wait_for(lambda: len(playback.active_sessions()) == 1, seconds=30, what="the TV plays")
    second = phone.go(watch)
    panel = second.locator(".player-error")
    panel.get_by_text("Chrome on Samsung TV").wait_for()
    look(second, "limit-390")
    panel.get_by_role("button", name="Stop Ada").click()
    first.locator(".player-error").get_by_text("Stopped by the account's owner at").wait_for()
    look(first, "stopped-1920")
    wait_for(
        lambda: [one.device_name for one in playback.active_sessions()] == ["Safari on iPhone"],
        seconds=30,
        what="the phone plays",
    )
    owner = people().enter()
    page = owner.go("/account/watching/")
    look(page, "watching-1440")
    page.get_by_role("button", name="Stop Night Mail").click()
    page.wait_for_selector("text=Nobody is watching now")
    panel.get_by_text("Stopped by the account's owner at").wait_for()


def test_a_kid_sees_who_watches_but_may_stop_nobody(people: Callable[..., Window], night_mail: Title) -> None:
    tv, tablet = people(agent=TV).enter(), people().enter("Ben")
    tv.go(f"/watch/{night_mail.video_id}/")
    wait_for(lambda: len(playback.active_sessions()) == 1, seconds=30, what="the TV plays")
    page = tablet.go(f"/watch/{night_mail.video_id}/")
    page.locator(".player-error").get_by_text("Chrome on Samsung TV").wait_for()
    assert page.locator(".player-error li button").count() == 0
    assert "/profiles/" in tablet.go("/account/watching/").url
