"""The site is frozen, then killed, while a film plays: the film goes on, and nothing that was watched is lost.

The real site, a real node, the real watch page. What the page could not say is said by the next page of the same
profile, though the browser was killed meanwhile.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from bench._stage import Stage
from tests.conftest import CALM, CHROMIUM_FLAGS, chromium_path, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(240)]

#: What the browser keeps for the next page: reports by session.
KEPT = """() => new Promise((resolve) => {
  const open = indexedDB.open("netflixlite.outbox", 1);
  open.onupgradeneeded = () => open.transaction.abort();
  open.onerror = () => resolve([]);
  open.onsuccess = () => {
    const all = open.result.transaction("sessions").objectStore("sessions").getAll();
    all.onsuccess = () => resolve(all.result);
  };
})"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(1, rate_bps=0, latency=0, film="short") as stage:
        yield stage


class Browser:
    """Chromium with a folder of its own, so that it can be killed and started again with what it had kept."""

    def __init__(self, chromium: Any, folder: Path, stage: Stage) -> None:
        self._type, self._folder, self._stage = chromium.browser_type, folder, stage
        self.start()

    def start(self) -> None:
        flags = [*CHROMIUM_FLAGS, "--autoplay-policy=no-user-gesture-required"]
        self.context = self._type.launch_persistent_context(
            self._folder, executable_path=chromium_path(), args=flags, reduced_motion=CALM
        )
        self.context.add_cookies(self._stage.cookies)
        self.page = self.context.pages[0]

    def kill(self) -> None:
        """kill -9, as a crash or an empty battery does it."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(self._folder).encode() in command and b"--type=" not in command:
                os.kill(int(entry.name), signal.SIGKILL)
        # Whether closing what is dead is an error depends on who hears of the death first.
        with suppress(Error):
            self.context.close()

    def play(self) -> dict[str, Any]:
        """Open the film; → the player's state once it moves."""
        self.page.goto(self._stage.pages.ours, wait_until="commit")
        return dict(wait_for(lambda: self.moves(beyond=1), seconds=60, what="a film that moves"))

    def moves(self, *, beyond: float) -> dict[str, Any] | None:
        state = self.page.evaluate("document.querySelector('nl-player')?.state ?? null")
        return state if state and state["position"] > beyond else None

    def do(self, what: str) -> None:
        self.page.evaluate(f"document.querySelector('nl-player').video.{what}")


@pytest.fixture
def browser(chromium: Any, stage: Stage, tmp_path: Path) -> Iterator[Browser]:
    one = Browser(chromium, tmp_path / "profile", stage)
    yield one
    # A test that failed half-way must not take the others' site with it.
    stage.thaw_site()
    with suppress(Error):
        one.context.close()


def bookmark(stage: Stage) -> float:
    """Seconds."""
    rows = stage.database("SELECT position FROM playback_bookmark")
    return rows[0][0] / 1e6 if rows else 0.0


def ending(stage: Stage, session: str) -> str:
    """Why a session is over; '' while it is not."""
    rows = stage.database("SELECT ended FROM playback_playbacksession WHERE id = ?", session.replace("-", ""))
    return str(rows[0][0])


def test_a_frozen_site_and_a_killed_browser_lose_no_position(browser: Browser, stage: Stage) -> None:
    before = browser.play()
    stage.freeze_site()
    browser.do("currentTime = 60")
    after = wait_for(lambda: browser.moves(beyond=62), seconds=30, what="the film goes on without the site")
    assert after["errors"] == []
    browser.do("pause()")
    kept = wait_for(lambda: browser.page.evaluate(KEPT), seconds=20, what="reports on the shelf")
    assert kept[0]["session"] == before["session"]
    wait_for(
        lambda: browser.page.evaluate(KEPT)[0]["reports"][-1]["event"] == "pause",
        seconds=10,
        what="the last word",
    )
    assert bookmark(stage) < 60
    browser.kill()
    stage.thaw_site()
    browser.start()
    browser.page.goto(stage.url)
    wait_for(lambda: bookmark(stage) >= 62, seconds=20, what="the place where it was left")
    wait_for(lambda: browser.page.evaluate(KEPT) == [], what="an empty shelf")


def test_a_page_closed_while_the_site_is_dead_says_goodbye_later(browser: Browser, stage: Stage) -> None:
    session = browser.play()["session"]
    assert stage.site is not None
    stage.site.kill()
    stage.site.wait(10)
    browser.do("currentTime = 80")
    wait_for(lambda: browser.moves(beyond=81), seconds=30, what="the film goes on without the site")
    browser.page.goto("about:blank")
    stage._start_site()
    browser.context.clear_cookies()
    browser.page.goto(stage.url)
    browser.page.wait_for_timeout(1000)
    assert ending(stage, session) != "closed", "a page without that profile must say nothing of it"
    browser.context.add_cookies(stage.cookies)
    browser.page.goto(stage.url)
    wait_for(lambda: ending(stage, session) == "closed", seconds=20, what="the goodbye")
    assert bookmark(stage) >= 81
