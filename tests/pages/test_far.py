"""The ten-foot house: everything by four arrows and Enter, in a real browser at 1920 pixels."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.pages.conftest import House
from tests.pages.test_browser import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, databases=["default", "telemetry"]),
]

#: Walk from place to place with every arrow until nothing new is found; answers the places that no arrow leads to.
WALK = """() => {
  const all = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const not = "[disabled], [tabindex='-1'], .card__panel *, .skip-link, [inert] *";
  const box = (each) => {
    const own = each.getBoundingClientRect();
    return own.width > 8 && own.height > 8 ? each : (each.labels?.[0] ?? each);
  };
  const stands = (each) => box(each).getClientRects().length && box(each).checkVisibility({ visibilityProperty: true });
  const places = [...document.querySelectorAll(all)].filter((each) => !each.matches(not) && stands(each));
  const seen = new Set();
  const queue = [document.activeElement];
  const hidden = [];
  while (queue.length) {
    const here = queue.shift();
    if (seen.has(here)) continue;
    seen.add(here);
    for (const key of ["ArrowDown", "ArrowRight", "ArrowUp", "ArrowLeft"]) {
      document.querySelectorAll("details.menu").forEach((each) => (each.open = false));
      here.focus({ preventScroll: true });
      box(here).scrollIntoView({ block: "center", inline: "nearest" });
      const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
      here.dispatchEvent(event);
      const at = document.activeElement;
      if (at === document.body || seen.has(at)) continue;
      if (!at.matches(":focus-visible")) hidden.push(at.outerHTML.slice(0, 90));
      queue.push(at);
    }
  }
  // A choice is one place: its buttons are walked over inside.
  const missed = places.filter((each) => !seen.has(each) && !each.closest(".menu__list"));
  return { missed: missed.map((each) => each.outerHTML.slice(0, 120)), hidden, found: seen.size };
}"""


@pytest.fixture
def sofa(chromium: Any, live_server: Any, house: House) -> Iterator[Visit]:
    """Ada at 1920 pixels, with less motion: scrolling is at once, so that a place stands where it is asked for."""
    visit = Visit(chromium, live_server.url, width=1920)
    visit.page.set_default_timeout(60_000)
    visit.page.emulate_media(reduced_motion="reduce")
    visit.enter()
    yield visit
    visit.context.close()


def _focus(page: Any) -> str:
    text: str = page.evaluate(
        "(({ innerText, ariaLabel, tagName }) => (ariaLabel || innerText || tagName).trim())(document.activeElement)"
    )
    return text


def test_every_place_of_every_page_is_reached_by_arrows(sofa: Visit, house: House) -> None:
    pages = [
        "/",
        f"/title/{house.series.slug}/",
        "/browse/",
        f"/profiles/{house.ada.id}/edit/",
    ]
    trouble = {}
    for address in pages:
        sofa.page.goto(sofa.url + address, wait_until="domcontentloaded", timeout=60_000)
        sofa.page.wait_for_function("Boolean(customElements.get('nl-row'))")  # the arrows come with it
        sofa.page.keyboard.press("ArrowRight")
        sofa.page.wait_for_function("document.activeElement !== document.body")
        walked = sofa.page.evaluate(WALK)
        if walked["missed"] or walked["hidden"]:
            trouble[address] = walked
    assert not trouble


def test_from_the_billboard_to_a_title_and_onto_the_list_by_remote_control(sofa: Visit, house: House) -> None:
    page = sofa.page
    sofa.go("/")
    page.keyboard.press("ArrowDown")
    assert "Play" in _focus(page), "the first arrow takes up what the page is about"
    page.keyboard.press("ArrowDown")
    assert page.evaluate("Boolean(document.activeElement.closest('nl-row'))")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert page.evaluate("Boolean(document.activeElement.closest('.header'))")
    sofa.go(f"/title/{house.films[5].slug}/")
    page.keyboard.press("ArrowRight")
    while _focus(page) != "My list":
        before = _focus(page)
        page.keyboard.press("ArrowRight")
        assert _focus(page) != before, "the list button stands on the line of Play"
    page.keyboard.press("Enter")
    page.get_by_text("Added to my list").wait_for()


def test_search_is_typed_with_letters_on_the_screen(sofa: Visit, house: House) -> None:
    page = sofa.page
    sofa.go("/search/")
    # What a remote control sends: no letter has been typed on this page.
    page.locator("#q").evaluate("each => each.blur()")
    page.keyboard.press("ArrowDown")
    for _step in range(8):
        if page.evaluate("document.activeElement.id") == "q":
            break
        page.keyboard.press("ArrowUp")
    for _step in range(8):
        if page.evaluate("document.activeElement.id") == "q":
            break
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Enter")
    page.locator("dialog.letters").wait_for()
    page.keyboard.press("ArrowDown")
    written = page.evaluate("document.activeElement.value")
    assert written.isalpha()
    page.keyboard.press("Enter")
    assert page.locator("#q").input_value() == written
    page.keyboard.press("Escape")
    page.locator("dialog.letters").wait_for(state="detached")
    assert page.evaluate("document.activeElement.id") == "q"
