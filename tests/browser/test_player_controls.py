"""What a viewer meets in the player beside the picture: skipping, episodes, the end, touch, and what is said aloud."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.film import Film, begin
from tests.browser.rig.site import FILM, SECOND
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = pytest.mark.browser

INTRO = {"kind": "intro", "name": "", "start": 2.0, "end": 20.0}
CHAPTERS = [
    {"kind": "chapter", "name": name, "start": start, "end": start + 16.0}
    for name, start in (("Dawn", 0.0), ("Noon", 16.0), ("Night", 32.0))
]


def part(number: int, video: str, name: str, **more: Any) -> dict[str, Any]:
    told = {"synopsis": "", "duration": 48, "still": None, "progress": 0, "finished": False}
    return {"video": video, "number": number, "name": name, **told, **more}


SEASONS = [
    {"number": 1, "name": "Season 1", "episodes": [part(1, FILM, "One Map"), part(2, SECOND, "Two Maps")]}
]


def focused(film: Film) -> str:
    return str(film.page.evaluate("document.activeElement.className"))


def said(film: Film, words: str) -> None:
    """Wait until it is said to who listens to the page."""
    film.page.evaluate(
        """() => {
          globalThis.rigSaid ??= [];
          const region = document.querySelector("nl-player > .player-said");
          new MutationObserver(() => rigSaid.push(region.textContent)).observe(region, { childList: true });
        }"""
    )
    wait_for(
        lambda: (
            words
            in film.page.evaluate(
                "[...rigSaid, document.querySelector('nl-player > .player-said').textContent]"
            )
        ),
        what=f"{words!r} in the live region",
    )


def test_the_opening_is_skipped_by_enter_and_the_focus_is_taken_from_nobody(film: Film, stage: Stage) -> None:
    stage.site.markers = [INTRO]
    begin(film, stage)
    wait_for(lambda: "player-skip" in focused(film), what="the button with the focus")
    film.page.keyboard.press("Space")
    wait_for(lambda: film.element("it.video.paused"), what="Space still pauses")
    film.page.keyboard.press("Space")
    film.page.keyboard.press("Enter")
    film.until(lambda now: now["position"] >= 20, what="the film behind the opening")
    assert "Skipped the intro" in film.page.inner_text(".player-notice")
    assert "player-surface" in focused(film)
    film.page.focus(".player-bar button[aria-label='Full screen']")
    film.element("it.viewer.seek(3)")
    wait_for(lambda: film.page.is_visible(".player-skip"), what="the button again")
    assert film.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Full screen"
    film.page.keyboard.press("s")
    film.until(lambda now: now["position"] >= 20, what="the key does it as well")
    assert film.problems == []


def test_a_profile_may_have_it_skipped_by_itself(film: Film, stage: Stage) -> None:
    stage.site.markers, stage.site.taste = [INTRO], {"skips": "auto"}
    begin(film, stage)
    film.until(lambda now: now["position"] >= 20, what="the film behind the opening")
    film.page.click(".player-notice button")
    film.until(lambda now: 2 <= now["position"] < 19, what="back in it, to be watched")
    wait_for(lambda: film.page.is_visible(".player-skip"), what="the button for who changes their mind")
    assert film.problems == []


def test_an_address_with_a_moment_begins_there_once(film: Film, stage: Stage) -> None:
    stage.site.bookmark = {"video": FILM, "position": 10.0, "duration": 48.0, "finished": False}
    film.page.goto(f"{stage.watch}?t=24")
    wait_for(
        lambda: film.element("it?.start && (!it.start.hidden || it.video.currentTime > 0)"), what="a start"
    )
    if not film.element("it.start.hidden"):
        film.page.click(".player-start")
    film.playing()
    assert 24 <= film.state["position"] < 40
    assert film.page.url == stage.watch, "a reload goes on where the viewer is by then"
    assert film.page.is_hidden(".player-notice")


def test_episodes_are_chosen_inside_the_player_by_keys(film: Film, stage: Stage) -> None:
    stage.site.beside = {"seasons": SEASONS}
    begin(film, stage)
    page = film.page
    wait_for(lambda: page.is_visible("button[aria-label='Episodes']"), what="the button")
    page.keyboard.press("e")
    wait_for(lambda: page.is_visible(".player-episodes"), what="the list")
    assert "One Map" in page.inner_text(".player-episodes [aria-current]")
    assert page.evaluate("document.activeElement.hasAttribute('aria-current')")
    page.keyboard.press("Escape")
    assert page.is_hidden(".player-episodes")
    # A dialog says that it has closed in a task of its own, after it is gone.
    wait_for(lambda: "player-surface" in focused(film), what="the focus on the picture")
    page.keyboard.press("e")
    wait_for(lambda: page.is_visible(".player-episodes"), what="the list")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    film.until(lambda now: now["video"] == SECOND and now["position"] > 0.3, what="the second episode")
    assert page.url.endswith(f"/watch/{SECOND}/")
    assert film.problems == []


def test_chapters_the_sheet_of_keys_and_what_is_said(film: Film, stage: Stage) -> None:
    stage.site.markers = CHAPTERS
    begin(film, stage)
    press = film.page.keyboard.press
    press("PageUp")
    said(film, "Noon")
    assert film.element("it.video.currentTime") == pytest.approx(16, abs=2)
    press("PageDown")
    assert film.element("it.video.currentTime") < 3
    press("k")
    said(film, "Paused")
    press("k")
    said(film, "Playing")
    press("Shift+Slash")
    assert film.page.is_visible(".player-help kbd:has-text('Page up')")
    press("k")
    assert not film.element("it.video.paused"), "the sheet has the keys"
    press("Escape")
    assert film.page.is_hidden(".player-help")


def test_the_end_takes_a_verdict(film: Film, stage: Stage) -> None:
    begin(film, stage)
    wait_for(lambda: film.element("it.known"), what="what stands beside the film")
    film.element("it.viewer.seek(46)")
    film.until(lambda now: now["ended"], seconds=30, what="the end")
    film.page.click(".player-end button[aria-label='I like this']")
    wait_for(lambda: "Thanks" in film.page.inner_text(".player-end .said"), what="thanks")
    assert json.loads(stage.site.seen("/thumbs/meridian")[-1]["body"]) == {"thumb": "up"}
    assert film.page.get_attribute(".player-end button[aria-label='I like this']", "aria-pressed") == "true"
    assert film.problems == []


@pytest.fixture
def phone(chromium: Any) -> Iterator[Film]:
    """A phone on its side."""
    context = chromium.new_context(
        viewport={"width": 844, "height": 390}, has_touch=True, is_mobile=True, device_scale_factor=2
    )
    yield Film(context.new_page())
    context.close()


def test_fingers_have_play_once_jump_by_two_taps_and_lock_the_screen(phone: Film, stage: Stage) -> None:
    begin(phone, stage)
    page = phone.page
    wait_for(lambda: phone.element("it.presence.idle"), what="controls that hide")
    page.touchscreen.tap(420, 60)
    wait_for(lambda: not phone.element("it.presence.idle"), what="a tap shows them")
    assert page.locator("button[aria-label='Pause']:visible").count() == 1, "one button to pause"
    at = phone.element("it.video.currentTime")
    for _ in range(2):
        page.touchscreen.tap(780, 150)
    wait_for(lambda: phone.element("it.video.currentTime") >= at + 9.5, what="a jump")
    box = page.locator(".player-button.lock").bounding_box()
    phone.element("it.presence.wake()")
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    wait_for(lambda: page.is_hidden(".player-bar"), what="a picture alone")
    page.touchscreen.tap(420, 195)
    assert not phone.element("it.video.paused"), "a touch does nothing"
    for _ in range(2):
        phone.element("it.lock.pill.click()")
    wait_for(lambda: page.is_visible(".player-bar"), what="controls again")
