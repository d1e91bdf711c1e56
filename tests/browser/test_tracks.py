"""What a viewer hears, reads and sees in the player, chosen by keys; and a browser that reads playlists itself."""

import json
from typing import Any

import pytest

from tests.browser.film import Film, begin
from tests.browser.rig.site import Site
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = pytest.mark.browser

CHAPTERS = [
    {"kind": "chapter", "name": name, "start": start, "end": start + 16.0}
    for name, start in (("Dawn", 0.0), ("Noon", 16.0), ("Night", 32.0))
]
FOCUSED = "document.activeElement?.textContent || document.activeElement?.getAttribute('aria-label')"


def lines(film: Film) -> list[str]:
    """The subtitles on the screen."""
    return list(film.element("[...it.captions.lines.children].map(one => one.textContent)"))


def told(site: Site, **expected: str) -> None:
    """Wait until the site has been told of a choice."""
    wait_for(lambda: site.choice | expected == site.choice, what=f"{expected}, not {site.choice}")


def test_a_series_goes_on_in_the_languages_that_were_chosen(film: Film, stage: Stage) -> None:
    stage.site.choice = {"audio": "de", "text": "de", "second": "en"}  # on another device
    begin(film, stage)
    wait_for(lambda: [one.split()[0] for one in lines(film)] == ["Zeile", "Line"], what="two languages")
    assert film.element("it.player.engine.audioTracks[it.player.engine.audioTrack].language") == "de"
    film.page.keyboard.press("c")
    wait_for(lambda: [one.split()[0] for one in lines(film)] == ["Line"], what="the second one alone")
    told(stage.site, text="off", second="en")
    film.element("it.viewer.chooseSecond(-1)")
    wait_for(lambda: lines(film) == [], what="none")
    film.element("it.viewer.chooseTextRule('foreign')")
    wait_for(lambda: lines(film), what="subtitles, for the sound is German")
    assert lines(film)[0].startswith("Line"), "in the viewer's own language"
    film.element("it.viewer.chooseAudio(0)")
    wait_for(lambda: lines(film) == [], what="none: the sound is understood")
    told(stage.site, audio="en", text="foreign", second="")
    assert film.problems == []


def test_subtitles_come_earlier_or_later(film: Film, stage: Stage) -> None:
    stage.site.choice["text"] = "en"
    begin(film, stage)
    wait_for(lambda: lines(film), what="a subtitle")
    film.element("(it.video.pause(), it.viewer.seek(3.5))")
    wait_for(lambda: lines(film) == [], what="the pause between two")
    press = film.page.keyboard.press
    for _ in range(3):
        press("h")
    wait_for(lambda: lines(film) == ["Line 1 of the film"], what="the line before, later")
    for _ in range(6):
        press("g")
    wait_for(lambda: lines(film) == ["Line 2 of the film"], what="the next line, earlier")
    assert film.element("it.viewer.offsetName").startswith("-0.75")


def test_menus_and_their_pages_by_keys(film: Film, stage: Stage) -> None:
    begin(film, stage)
    page, press = film.page, film.page.keyboard.press
    film.element("it.bar.menus[1].button.focus()")
    press("ArrowUp")
    assert page.evaluate(FOCUSED) == "Off", "what is chosen"
    press("End")
    assert page.evaluate(FOCUSED).startswith("Appearance")
    press("ArrowRight")
    assert page.evaluate(FOCUSED).startswith("Size")
    wait_for(lambda: lines(film), what="words to see a look on")
    press("Enter")
    assert page.evaluate(FOCUSED) == "Medium"
    press("v")
    press("Enter")
    assert film.element("it.captions.element.dataset.size") == "huge"
    wait_for(
        lambda: (
            [json.loads(one["body"]) for one in stage.site.seen("/choice")] == [{"look": {"size": "huge"}}]
        ),
        what="the site to be told",
    )
    press("ArrowLeft")
    assert page.evaluate(FOCUSED).startswith("Size")
    press("Escape")
    assert page.evaluate(FOCUSED).startswith("Appearance")
    press("Escape")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    assert lines(film) == []
    assert film.problems == []


def test_keys_walk_along_the_timeline_before_the_film_follows(film: Film, stage: Stage) -> None:
    stage.site.markers = CHAPTERS
    begin(film, stage)
    film.element("it.video.pause()")
    assert film.page.locator(".player-scrubber .mark").count() == 2
    film.element(
        "(globalThis.seeks = 0, it.screen.addEventListener('seeked', () => globalThis.seeks++), null)"
    )
    film.page.focus(".player-scrubber")
    for _ in range(3):
        film.page.keyboard.press("ArrowRight")
    value = film.page.get_attribute(".player-scrubber", "aria-valuetext")
    assert value is not None
    assert value.startswith("Noon, 3")
    assert film.page.inner_text(".player-scrubber .tip").startswith("Noon")
    wait_for(lambda: film.element("it.video.currentTime") > 29, what="the film to follow")
    wait_for(lambda: film.page.evaluate("globalThis.seeks"), what="a picture")
    assert film.page.evaluate("globalThis.seeks") == 1
    film.page.keyboard.press("ArrowLeft")
    film.page.keyboard.press("Escape")
    assert film.element("it.bar.scrubber.dragging") is False


@pytest.fixture
def phone(chromium: Any, stage: Stage) -> Any:
    """A window that has to do with Chromium's own HLS."""
    context = chromium.new_context(viewport={"width": 844, "height": 390})
    context.add_init_script("localStorage.setItem('netflixlite.engine', 'native')")
    yield Film(context.new_page())
    context.close()


def test_a_browser_that_reads_playlists_itself(phone: Film, stage: Stage) -> None:
    stage.site.choice["text"] = "de"
    begin(phone, stage)
    assert not phone.element("it.player.engine.adaptation")
    wait_for(lambda: lines(phone), what="a subtitle")
    assert lines(phone)[0].startswith("Zeile")
    phone.element("it.viewer.seek(20)")
    phone.playing(beyond=21)
    phone.element("it.viewer.chooseQuality(0)")
    phone.until(lambda now: now["level"] and now["level"]["height"] == 240 and now["position"] > 20.5)
    assert phone.element("it.player.engine.choice") == 0
    stage.nodes["n1"].mood(fault="503")
    phone.element("it.viewer.seek(40)")
    moved = phone.until(
        lambda now: now["position"] > 40.5 and not now["paused"], seconds=45, what="the other node"
    )
    assert moved["position"] > 40
    assert phone.problems == []
