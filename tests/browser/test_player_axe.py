"""The player looked at by axe-core in each of its states: nothing may be wrong with any of them."""

from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.film import Film, begin
from tests.browser.rig.stage import Stage
from tests.browser.test_player_controls import CHAPTERS, INTRO, SEASONS
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def film(chromium: Any) -> Any:
    """A window in which nothing moves but the film."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    film = Film(context.new_page())
    yield film
    context.close()


def test_nothing_is_wrong_with_the_player_in_any_state(film: Film, stage: Stage) -> None:
    page, wrong = film.page, {}

    def look(state: str) -> None:
        film.element("(it.presence.wake(), true)")
        if said := violations(page):
            wrong[state] = said

    stage.site.markers, stage.site.beside = [INTRO, *CHAPTERS], {"seasons": SEASONS}
    page.goto(stage.watch)
    look("starting")
    begin(film, stage)
    wait_for(lambda: page.is_visible(".player-skip"), what="the button to skip")
    look("playing, with something to skip")
    page.keyboard.press("k")
    wait_for(lambda: film.element("it.video.paused"), what="the pause")
    look("paused")
    for menu in film.page.locator(".player-bar button[aria-haspopup]:visible").all():
        name = menu.get_attribute("aria-label")
        menu.click()
        look(f"the menu {name}")
        page.keyboard.press("Escape")
    page.keyboard.press("Shift+Slash")
    wait_for(lambda: page.is_visible(".player-help"), what="the sheet of keys")
    look("the sheet of keys")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    wait_for(lambda: page.is_visible(".player-episodes"), what="the episodes")
    look("episodes")
    page.keyboard.press("Escape")
    film.element("it.statistics.toggle()")
    look("statistics")
    film.element("it.statistics.toggle(false)")
    film.element("(it.viewer.seek(46), it.player.play(), true)")
    wait_for(lambda: page.is_visible(".player-end"), seconds=30, what="the end")
    look("the end")
    stage.site.refusal = (
        409,
        {"error": {"code": "stream_limit", "message": "Two films play already.", "details": {}}},
    )
    page.goto(stage.watch)
    wait_for(lambda: page.is_visible(".player-error"), what="the refusal")
    look("refused")
    assert wrong == {}
