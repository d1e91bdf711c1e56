"""Two browsers of one account in real Chromium: what somebody says of titles changes what both suggest, at once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from accounts.tests.factories import make_operator, make_profile, make_user
from accounts.types import Profile
from catalog.tests.factories import make_title
from catalog.types import Title
from netflixlite.live.hub import HUB
from recommend import services as recommend
from recommend.learning import serving
from recommend.learning.serving import ModelState
from recommend.tests.page.worlds import model_of
from recommend.types import Thumb
from tests.browser import household
from tests.browser.axe import violations
from tests.browser.household import PHONE, Window
from tests.conftest import wait_for

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry", "cache"]),
]

#: Set before a page is changed: one that was loaded anew has lost it.
MARK = "document.body.dataset.mark = 'same'"


@pytest.fixture
def ada(db: None) -> Profile:
    make_operator("operator")
    return make_profile("Ada", user=make_user("household", email="ada@example.org"), maturity=18)


@pytest.fixture
def films(settings: Any, tmp_path: Path, ada: Profile, monkeypatch: pytest.MonkeyPatch) -> list[Title]:
    """Two kinds of films, a model in which those of a kind speak for one another, and somebody who likes one kind."""
    settings.MEDIA_ROOT = tmp_path / "media"
    made = [
        make_title(name=f"{name} {number}", genres=[genre])
        for name, genre in (("Night Mail", "Mystery"), ("Big Top", "Family"))
        for number in range(8)
    ]
    weights = np.zeros((16, 16), np.float32)
    for kind in (0, 8):
        for number in range(8):
            for step in range(1, 8):
                weights[kind + number, kind + (number + step) % 8] = 0.6 - 0.05 * step
    genres = [("mystery",)] * 8 + [("family",)] * 8
    model, state = (
        model_of([each.id for each in made], weights, genres=genres),
        ModelState(version="m1", source="live"),
    )
    monkeypatch.setattr(serving, "current_state", lambda: (model, state))
    monkeypatch.setattr(serving, "current", lambda: model)
    recommend.rate(profile_id=ada.id, title_id=made[7].id, thumb=Thumb.UP)
    return made


@pytest.fixture
def people(chromium: Any, settings: Any, ada: Profile, films: list[Title]) -> Iterator[Callable[..., Window]]:
    """Opens windows of a site that runs as in earnest."""
    with household.windows(chromium, settings) as open_window:
        yield open_window


def rows_of(page: Any) -> list[str]:
    """What the page suggests, in words: the rows' names and their cards."""
    said: list[str] = page.evaluate(
        "[...document.querySelectorAll('[data-row]')].map(row => row.textContent.replace(/\\s+/g, ' '))"
    )
    return said


def test_verdicts_change_the_rows_of_the_other_device_and_nothing_moves_under_a_finger(
    people: Callable[..., Window], films: list[Title], ada: Profile
) -> None:
    laptop, phone = people().enter(), people(agent=PHONE, size=(390, 844)).enter()
    wait_for(lambda: HUB.listening >= 2, seconds=60, what="two lines")
    other = phone.page
    other.evaluate(MARK)
    before = rows_of(other)

    # A thumb there: the rows here are others, also those in sight, since nobody has this page in hand.
    other.wait_for_timeout(3100)  # hands.js: who touched it so lately has it in hand
    here = laptop.go(f"/title/{films[9].slug}/")
    here.locator(".title-hero [data-thumb=double_up]").click()
    wait_for(lambda: rows_of(other) != before, seconds=60, what="other rows on the phone")

    # Not interested, on a card: it stays where it is, and can be undone there.
    here = laptop.go("/")
    shown = here.locator("[data-row=picks] .card").first.get_attribute("data-title")
    film = next(each for each in films if str(each.id) == shown)
    card = here.locator(f"[data-row=picks] .card[data-title='{film.id}']")
    card.scroll_into_view_if_needed()
    card.locator(".card__link").focus()
    stood = card.bounding_box()
    card.locator("nl-hide button").evaluate("button => button.click()")
    undo = card.locator(".card__gone button")
    undo.wait_for()
    assert card.bounding_box() == stood, "nothing moves"
    wait_for(
        lambda: other.locator(f".card[data-title='{film.id}']:not([data-hidden])").count() == 0,
        seconds=60,
        what="the title is gone from the phone, or says so",
    )
    assert film.id in recommend.taste(ada.id).hidden
    undo.click()
    card.locator(".card__gone").wait_for(state="detached")
    wait_for(lambda: film.id not in recommend.taste(ada.id).hidden, seconds=60, what="it is undone")
    assert other.evaluate("document.body.dataset.mark") == "same", "no page was loaded anew"

    # Why this? Over the page, and nothing is wrong with it; closed, one is where one was.
    card.locator(".card__link").focus()
    card.locator("a[data-why]").evaluate("link => link.click()")
    dialog = here.locator("dialog.why-dialog")
    dialog.locator(".why__cause").first.wait_for()
    assert film.name in dialog.text_content()
    assert violations(here) == []
    here.keyboard.press("Escape")
    dialog.wait_for(state="hidden")
    held = "document.activeElement.closest('.card')?.dataset.title"
    wait_for(lambda: here.evaluate(held) == str(film.id), seconds=30, what="the card has the focus again")
    assert here.url == f"{laptop.url}/"
