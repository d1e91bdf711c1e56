"""The player alone, in a real Chromium, against nodes that are killed, frozen and broken while it plays."""

import json
from typing import Any

import pytest

from tests.browser.film import PAUSE_MAX, Film, beats, begin, narrow
from tests.browser.rig.site import FILM, SECOND
from tests.browser.rig.stage import Stage
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.steady]


def test_the_film_plays_to_its_end_with_one_node_and_no_preflight(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.meter()
    film.element("it.viewer.seek(40)")
    ended = film.until(lambda now: now["ended"], seconds=30, what="the end")
    assert ended["decoded"] > 100
    assert ended["switches"] == []
    assert film.longest_pause < PAUSE_MAX
    assert len(stage.nodes["n2"].log()) <= ended["hedges"], (
        "but for hedges, which a busy machine brings about"
    )
    assert not [one for one in stage.nodes["n1"].log() if one["method"] == "OPTIONS"]
    assert film.page.is_visible(".player-end")
    assert film.problems == []


@pytest.mark.parametrize("fault", ["kill", "freeze", "stall", "503"])
def test_a_node_that_fails_in_the_middle_costs_no_picture(film: Film, stage: Stage, fault: str) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.meter()
    before = film.playing(beyond=3)
    assert before["node"] == "n1"
    node = stage.nodes["n1"]
    if fault == "kill":
        node.kill()
    elif fault == "freeze":
        node.freeze()
    else:
        node.mood(fault=fault)
    moved = film.until(lambda now: now["node"] == "n2", seconds=20, what=f"the other node after {fault}")
    assert moved["switches"][0]["from"] == "n1"
    film.until(lambda now: now["position"] > before["position"] + 6, seconds=30, what="going on")
    film.element("it.viewer.seek(44)")
    film.until(lambda now: now["ended"], seconds=30, what="the end")
    assert film.longest_pause < PAUSE_MAX
    assert film.state["stalls"] == 0
    assert [text for text in film.problems if "hls" not in text] == []


def test_a_segment_cut_off_in_the_middle_is_continued_not_repeated(film: Film, stage: Stage) -> None:
    narrow(stage, 500_000)
    begin(film, stage)
    film.playing(beyond=2)
    stage.nodes["n1"].mood(fault="stall")
    film.until(lambda now: now["resumes"] > 0, seconds=20, what="a resumed segment")
    ranges = [one["range"] for one in stage.nodes["n2"].log() if one["method"] == "GET" and one["range"]]
    assert any(text.startswith("bytes=") and not text.startswith("bytes=0-") for text in ranges), ranges
    assert not [one for one in stage.nodes["n2"].log() if one["method"] == "OPTIONS"], (
        "a range needs no preflight"
    )


def test_a_node_that_recovers_is_probed_and_forgiven(film: Film, stage: Stage) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.playing(beyond=2)
    stage.nodes["n1"].mood(fault="503")
    film.until(lambda now: now["node"] == "n2", seconds=20)
    stage.nodes["n1"].mood(fault="")
    healthy = film.until(lambda now: now["nodes"][0]["state"] == "healthy", seconds=25, what="forgiveness")
    assert healthy["nodes"][0]["id"] == "n1"
    assert any(one["range"] == "bytes=0-65535" for one in stage.nodes["n1"].log())


def test_an_expired_token_is_renewed_in_the_path_without_a_new_playlist(film: Film, stage: Stage) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.playing(beyond=2)
    stage.site.token = "token-2"
    for node in stage.nodes.values():
        node.mood(refuse="token-1")
    renewed = film.until(lambda now: now["renewals"] > 0, seconds=20, what="a renewal")
    assert renewed["switches"] == [], "a refused token is not the node's fault"
    film.until(lambda now: now["position"] > 12, seconds=30)
    paths = [one["path"].split("?")[0] for one in stage.nodes["n1"].log() if "/token-2/" in one["path"]]
    assert any(path.endswith(".m4s") for path in paths)
    assert len(stage.site.seen("/multivariant.m3u8")) <= 1


def test_when_every_node_is_down_it_says_so_and_goes_on_by_itself(film: Film, stage: Stage) -> None:
    narrow(stage, 900_000)
    begin(film, stage)
    film.playing(beyond=1)
    for node in stage.nodes.values():
        node.mood(fault="503", rate=0)
    film.element("it.viewer.seek(30)")
    words = wait_for(lambda: film.element("it.spinner.element.textContent"), seconds=20, what="words")
    assert words in ("Switching to another server …", "No server answers. Trying again …")
    wait_for(lambda: film.page.is_visible(".player-error"), seconds=20, what="words and a button")
    assert "can't reach any of our servers" in film.page.inner_text(".player-error")
    stage.nodes["n2"].mood(fault="")
    film.page.click(".player-error button")
    film.playing(beyond=31, seconds=25)
    wait_for(
        lambda: film.element("it.spinner.element.hidden && it.error.element.hidden"), what="a clear picture"
    )


def test_the_control_plane_may_go_away_while_a_film_plays(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.meter()
    stage.site.down = True
    film.element("it.viewer.seek(20)")
    film.playing(beyond=24)
    film.element("it.video.pause()")
    wait_for(lambda: len(beats(stage, "seek")) > 1, what="a beacon that is sent again")
    stage.site.down = False
    film.element("it.player.play()")
    wait_for(lambda: beats(stage, "pause") and beats(stage, "play")[1:], what="all that waited")
    told = [one["event"] for event in ("seek", "pause", "play") for one in beats(stage, event)[-1:]]
    assert told == ["seek", "pause", "play"]
    assert film.longest_pause < PAUSE_MAX


def test_keys_do_what_viewers_expect(film: Film, stage: Stage) -> None:
    begin(film, stage)
    press = film.page.keyboard.press
    press("Space")
    assert film.element("it.video.paused")
    press("k")
    wait_for(lambda: not film.element("it.video.paused"), what="play")
    press("5")
    assert film.element("it.video.currentTime") == pytest.approx(24, abs=1.5)
    press("ArrowRight")
    assert film.element("it.video.currentTime") == pytest.approx(34, abs=2)
    press("j")
    assert film.element("it.video.currentTime") == pytest.approx(24, abs=2.5)
    press("Home")
    assert film.element("it.video.currentTime") < 2
    press("ArrowDown")
    assert film.element("it.video.volume") == pytest.approx(0.9)
    press("m")
    assert film.element("it.video.muted")
    press("m")
    press("Shift+Period")
    assert film.element("it.video.playbackRate") == 1.25
    press("Shift+Comma")
    press("c")
    wait_for(lambda: film.element("it.captions.element.textContent"), what="a subtitle")
    press("Control+k")
    assert not film.element("it.video.paused"), "with Ctrl it is the browser's key"
    press("f")
    wait_for(lambda: film.page.evaluate("Boolean(document.fullscreenElement)"), what="full screen")
    press("f")
    wait_for(lambda: not film.page.evaluate("Boolean(document.fullscreenElement)"), what="the window")
    press("Shift+Slash")
    assert film.page.is_visible(".player-help")
    press("Escape")
    assert not film.page.is_visible(".player-help")
    press("Control+Shift+S")
    assert film.page.is_visible(".player-statistics")
    assert film.problems == []


def test_controls_can_be_used_and_hide_when_left_alone(film: Film, stage: Stage) -> None:
    begin(film, stage)
    page = film.page
    page.mouse.move(400, 300)
    page.mouse.move(420, 310)
    page.click(".player-bar button[aria-label='Pause']")
    assert film.element("it.video.paused")
    page.click(".player-bar button[aria-label='Forward 10 seconds']")
    assert film.element("it.video.currentTime") > 9
    page.click("button[aria-label='Quality']")
    page.click("[role=menuitemradio]:has-text('240p')")
    page.click(".player-bar button[aria-label='Play']")
    film.until(
        lambda now: now["level"] and now["level"]["height"] == 240, seconds=20, what="240p on the screen"
    )
    box = page.locator(".player-scrubber").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert film.element("it.video.currentTime") == pytest.approx(24, abs=2)
    page.mouse.move(640, 300)
    wait_for(lambda: film.element("it.classList.contains('idle')"), seconds=6, what="controls that hide")
    page.mouse.move(600, 280)
    page.mouse.move(610, 285)
    assert not film.element("it.classList.contains('idle')")
    assert film.problems == []


def test_everything_can_be_reached_with_arrow_keys(film: Film, stage: Stage) -> None:
    begin(film, stage)
    press = film.page.keyboard.press
    focused = "document.activeElement.getAttribute('aria-label')"
    press("Enter")
    assert film.page.evaluate(focused) == "Pause"
    seen = set()
    for _ in range(12):
        press("ArrowRight")
        seen.add(film.page.evaluate(focused))
    assert seen >= {"Forward 10 seconds", "Mute", "Subtitles", "Audio", "Speed", "Quality", "Full screen"}
    press("ArrowUp")
    assert film.page.evaluate(focused) == "Position"
    press("ArrowUp")
    assert film.page.evaluate(focused) == "Back"


def test_it_resumes_and_can_start_over(film: Film, stage: Stage) -> None:
    stage.site.bookmark = {"video": FILM, "position": 24.0, "duration": 48.0, "finished": False}
    begin(film, stage)
    assert film.element("it.video.currentTime") >= 24
    assert "Resuming from 0:24" in film.page.inner_text(".player-notice")
    film.page.click(".player-notice button")
    assert film.element("it.video.currentTime") < 3


def test_the_next_episode_plays_in_place(film: Film, stage: Stage) -> None:
    stage.site.next = {"video": SECOND, "name": "Two Maps", "title": "The Long Meridian"}
    begin(film, stage)
    film.element("it.viewer.seek(42)")
    wait_for(lambda: film.page.is_visible(".player-next"), what="the card")
    film.page.click(".player-next .main")
    film.until(lambda now: now["video"] == SECOND and now["position"] > 0.3, what="the next episode")
    assert film.page.url.endswith(f"/watch/{SECOND}/")
    assert len(stage.site.seen("/close")) == 1
    opened = json.loads(stage.site.seen("/sessions")[-1]["body"])
    assert opened["leaves"], "the site is told which session ends for this one"


def test_a_refusal_says_who_is_watching(film: Film, stage: Stage) -> None:
    streams = [{"profile": "Ada", "title": "Night Mail", "device": "Chrome on Windows", "since": ""}]
    words = "Two people are watching already."
    stage.site.refusal = (409, {"code": "stream_limit", "message": words, "streams": streams, "limit": 2})
    film.page.goto(stage.watch)
    wait_for(lambda: film.page.is_visible(".player-error"), what="the refusal")
    text = film.page.inner_text(".player-error")
    assert words in text
    assert "Ada" in text
    assert "Chrome on Windows" in text
    stage.site.refusal = None
    film.page.click(".player-error button")
    wait_for(lambda: film.element("!it.start.hidden || it.video.currentTime > 0"), what="a second try")


def test_beacons_tell_where_the_viewer_is_and_leaving_closes_the_session(film: Film, stage: Stage) -> None:
    begin(film, stage)
    film.playing(beyond=2)
    film.element("it.video.pause()")
    beat = wait_for(lambda: beats(stage, "pause"), what="a beacon")[-1]
    assert beat["position"] > 1.9
    assert beat["paused"] is True
    assert beat["node"] == "n1"
    assert beat["watched"] > 0
    assert beat["height"] in (240, 360, 720)
    film.page.goto(f"{stage.site.base}/title/")
    wait_for(lambda: stage.site.seen("/close"), what="a closed session")


def test_without_a_gesture_it_offers_play_instead_of_starting_muted(film: Film, stage: Stage) -> None:
    # Playwright's own `evaluate` counts as a gesture and would let the film start: ask by the bare protocol.
    bare = film.page.context.new_cdp_session(film.page)

    def asked(expression: str) -> Any:
        question = f"(it => {expression})(document.querySelector('nl-player'))"
        return bare.send("Runtime.evaluate", {"expression": question, "returnByValue": True})["result"].get(
            "value"
        )

    film.page.goto(stage.watch)
    wait_for(lambda: asked("it?.start && !it.start.hidden"), seconds=20, what="the Play button")
    assert asked("it.video.paused && !it.video.muted")
