"""Play where one is: prepared while a title is open, over its page at a click, and the next episode without a gap."""

from collections.abc import Iterator

import pytest

from tests.browser.film import Film
from tests.browser.rig.site import FILM, SECOND
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.steady]

#: What a browser on a telephone says of its line: nothing is fetched ahead there.
METERED = """Object.defineProperty(navigator, "connection", {
  value: Object.assign(new EventTarget(), { type: "cellular" }) });"""
#: The darkest that the player was while another film came: how long no element on it had a picture, in ms.
DARKNESS = """() => {
  const dark = { longest: 0, since: 0 };
  globalThis.rigDark = dark;
  const look = () => {
    const lit = [...document.querySelectorAll("nl-player video:not(.spare)")].some(({ readyState }) => readyState >= 2);
    if (lit) dark.since = 0;
    else dark.longest = Math.max(dark.longest, performance.now() - (dark.since ||= performance.now()));
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def rig() -> Iterator[Stage]:
    with Stage() as stage:
        yield stage


@pytest.fixture
def stage(rig: Stage) -> Stage:
    site = rig.site
    with site.lock:
        site.requests.clear()
    site.prepared.clear()
    site.refusal, site.next = None, None
    return rig


#: Where the element is that first runs, and whether there is a player by then.
ENTRANCE = """() => addEventListener("play", ({ target }) => {
  globalThis.rigEntrance = [target.parentElement.className, Boolean(document.querySelector("nl-player"))];
}, { capture: true, once: true })"""


def segments(stage: Stage, node: str = "n1") -> list[str]:
    """The paths below the token of all media that a node was asked for."""
    return [
        one["path"].split("/v1/")[1].split("/", 1)[1]
        for one in stage.nodes[node].log()
        if "/v1/" in one["path"]
    ]


def opened(film: Film, stage: Stage) -> None:
    """The title's page, with its film ready."""
    before = len(segments(stage))
    film.page.goto(f"{stage.site.base}/title/")
    film.page.mouse.move(5, 5)  # somebody is there
    wait_for(lambda: stage.site.prepared, what="a prepared session")
    wait_for(lambda: len(segments(stage)) >= before + 6, what="the beginning of the film")
    film.page.wait_for_timeout(300)


def test_play_opens_what_was_prepared_over_the_page_and_back_leads_to_it(film: Film, stage: Stage) -> None:
    opened(film, stage)
    before = segments(stage)
    assert stage.site.seen("/beacon") == stage.site.seen("/begin") == []
    film.page.evaluate("globalThis.samePage = true")
    film.page.click("text=Play")
    film.playing(beyond=1)
    assert film.page.url == f"{stage.site.base}/watch/{FILM}/"
    assert film.page.evaluate("globalThis.samePage")
    assert len(stage.site.seen("/sessions")) == len(stage.site.seen("/begin")) == 1
    again = [path for path in segments(stage)[len(before) :] if path in before]
    assert again == [], "what was there was asked for again"
    film.page.go_back()
    wait_for(lambda: film.page.query_selector("nl-player") is None, what="the title's page")
    assert film.page.url == f"{stage.site.base}/title/"
    assert film.page.evaluate("document.activeElement.textContent") == "Play"
    wait_for(lambda: stage.site.seen("/close"), what="the end of the session")
    wait_for(lambda: "Seen 1 times" in film.page.inner_text("main"), what="the page as it is after that")
    film.page.go_forward()
    film.playing(beyond=0.5)
    assert film.page.evaluate("globalThis.samePage")
    assert film.problems == []


def test_the_picture_runs_before_there_are_controls_and_they_take_it_over(film: Film, stage: Stage) -> None:
    opened(film, stage)
    wait_for(lambda: film.page.evaluate("Boolean(customElements.get('nl-player'))"), what="the player's code")
    film.page.wait_for_timeout(500)  # its first picture, too
    film.page.evaluate(ENTRANCE)
    film.page.click("text=Play")
    film.playing(beyond=0.5)
    assert film.page.evaluate("globalThis.rigEntrance") == ["player-entrance", False]
    shown = film.page.evaluate(
        "[...document.querySelectorAll('video')].map((it) => it.parentElement.className)"
    )
    assert shown == ["player-screen"]
    assert film.page.query_selector(".player-entrance") is None
    assert film.page.evaluate("document.querySelector('main').inert || document.body.firstElementChild.inert")
    wait_for(lambda: stage.site.seen("/begin"), what="the session's begin")
    assert film.problems == []


def test_who_turns_back_at_once_is_left_with_the_page(film: Film, stage: Stage) -> None:
    opened(film, stage)
    film.page.click("text=Play")
    film.page.go_back()
    wait_for(lambda: film.page.url == f"{stage.site.base}/title/", what="the title's page")
    wait_for(
        lambda: film.page.query_selector(".player-entrance, nl-player") is None,
        what="the page without the film",
    )
    assert film.problems == []


def test_nothing_is_fetched_ahead_on_a_line_that_costs_and_play_works_all_the_same(
    film: Film, stage: Stage
) -> None:
    film.page.add_init_script(METERED)
    before = len(segments(stage))
    film.page.goto(f"{stage.site.base}/title/")
    film.page.mouse.move(5, 5)
    wait_for(lambda: film.page.evaluate("Boolean(customElements.get('nl-player'))"), what="the player's code")
    film.page.hover("text=Two Maps")
    film.page.wait_for_timeout(600)
    assert stage.site.seen("/sessions") == []
    assert len(segments(stage)) == before
    film.page.click("text=Play")
    film.playing(beyond=0.5)
    assert len(stage.site.seen("/sessions")) == 1
    assert stage.site.seen("/begin") == stage.site.seen("/multivariant.m3u8") == []
    assert film.problems == []


def test_who_may_not_begin_is_told_so_and_sees_no_film(film: Film, stage: Stage) -> None:
    opened(film, stage)
    streams = [{"profile": "Ben", "title": "Nanook", "device": "Firefox on Linux"}]
    words = "Your plan allows 1 stream."
    stage.site.refusal = (409, {"code": "stream_limit", "message": words, "streams": streams})
    film.page.click("text=Play")
    film.page.wait_for_selector(f"text={words}")
    assert "Ben" in film.page.inner_text("nl-player")
    assert film.element("it.player.engine") is None
    assert stage.site.seen("/beacon") == []
    film.page.go_back()
    wait_for(lambda: film.page.query_selector("nl-player") is None, what="the title's page")


def test_what_one_rests_on_is_prepared_instead(film: Film, stage: Stage) -> None:
    opened(film, stage)
    film.page.hover("text=Two Maps")
    wait_for(lambda: SECOND in stage.site.prepared.values(), what="the other one prepared")
    film.page.click("text=Two Maps")
    film.playing(beyond=0.3)
    assert film.page.url.endswith(f"/watch/{SECOND}/")
    assert len(stage.site.seen("/begin")) == 1
    assert film.problems == []


def test_the_next_episode_follows_without_black(film: Film, stage: Stage) -> None:
    stage.site.next = {"video": SECOND, "name": "Two Maps", "title": "The Long Meridian"}
    opened(film, stage)
    film.page.click("text=Play")
    film.playing(beyond=0.5)
    first = film.state["session"]
    film.element("it.viewer.seek(44)")
    film.playing(beyond=44.5)
    wait_for(lambda: SECOND in stage.site.prepared.values(), what="the next episode prepared")
    wait_for(lambda: film.element("it.following.ready"), what="its first picture")
    film.page.evaluate(DARKNESS)
    film.element("it.playNext()")
    film.until(
        lambda now: now["session"] not in (None, first) and now["position"] > 0.5, what="the next episode"
    )
    assert film.page.evaluate("globalThis.rigDark.longest") < 50
    assert len(stage.site.seen("/begin")) == 2
    assert film.page.url.endswith(f"/watch/{SECOND}/")
    wait_for(lambda: stage.site.seen("/close"), what="the end of the first session")
    film.page.go_back()
    wait_for(lambda: film.page.query_selector("nl-player") is None, what="the title's page")
    assert film.problems == []
