"""Plans in real Chromium: choosing one, more at once, less from the next period on, cancelling and going on."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accounts import models
from accounts.billing import invoicing
from accounts.tests.factories import make_operator, make_profile, make_user
from tests.browser.household import Window

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]

LOOK = os.environ.get("NETFLIXLITE_LOOK", "")


@pytest.fixture
def ada(chromium: Any, live_server: Any, settings: Any) -> Iterator[Callable[..., Window]]:
    """Ada's windows, of a site that sends invoices."""
    settings.PAYMENTS, settings.SITE_URL = "manual", live_server.url
    settings.BILL_FROM = "Lamplight Films\n4 Harbour Row\nLeith"
    settings.BILL_PAY = "IBAN GB00 LAMP 0000 0000 1234\nLamplight Films"
    make_operator("operator")
    make_profile("Ada", user=make_user("household", email="ada@example.org"), maturity=18)
    for position, (name, price, streams, height, about) in enumerate(
        [
            ("Solo", 499, 1, 720, "For one pair of eyes."),
            ("Duo", 899, 2, 1080, "For two rooms."),
            ("Family", 1399, 4, None, "For a full house, in the best picture."),
        ]
    ):
        models.Plan.objects.create(
            name=name,
            price=price,
            streams=streams,
            max_height=height,
            about=about,
            is_public=True,
            position=position,
        )
    opened: list[Window] = []

    def open_window(**how: Any) -> Window:
        opened.append(Window(chromium, live_server.url, **how).enter())
        return opened[-1]

    yield open_window
    for each in opened:
        each.close()


def look(page: Any, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png", full_page=True)


def test_choosing_changing_and_cancelling_a_plan(ada: Callable[..., Window]) -> None:
    window = ada()
    page = window.go("/account/")
    page.get_by_role("link", name="See plans").click()
    look(page, "plans-1440")
    page.locator(".offer", has_text="Duo").get_by_role("link", name="Choose").click()
    page.get_by_text("To pay now").wait_for()
    look(page, "plan-change-1440")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("waiting for the payment").wait_for()
    page.get_by_role("link", name="0001").click()
    page.get_by_text("IBAN GB00").wait_for()
    look(page, "invoice-1440")
    invoicing.mark_paid(models.Invoice.objects.get().id)

    page = window.go("/account/plan/")
    page.locator(".offer", has_text="Family").get_by_role("link", name="Change to this").click()
    page.get_by_text("Not used of Duo").wait_for()
    look(page, "plan-up-1440")
    page.get_by_role("button", name="Confirm").click()
    page.locator(".offer--mine", has_text="Family").wait_for()

    page.locator(".offer", has_text="Solo").get_by_role("link", name="Change to this").click()
    page.get_by_text("Nothing to pay now").wait_for()
    page.get_by_role("button", name="Confirm").click()
    page.get_by_text("it becomes “Solo”").wait_for()
    look(page, "plan-mine-1440")
    page.get_by_role("button", name="Stay with").click()
    page.get_by_text("Goes on by itself on").wait_for()

    page.get_by_role("link", name="Cancel plan").click()
    look(page, "plan-cancel-1440")
    page.get_by_role("button", name="Cancel plan").click()
    page.get_by_text("nothing more is charged").wait_for()
    page.get_by_role("button", name="Go on with this plan").click()
    page.get_by_text("Goes on by itself on").wait_for()
    phone = ada(size=(390, 844))
    for address, name in (("/account/plan/", "plans"), ("/account/", "account")):
        shown = phone.go(address)
        assert shown.evaluate("document.documentElement.scrollWidth") <= 390
        look(shown, f"{name}-390")
