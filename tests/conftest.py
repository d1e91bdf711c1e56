"""What all tests share: one browser, and a helper that waits for facts instead of sleeping."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop in the test's thread

#: The files that take longest: begun first where files are shared out, so that at the end no process waits for
#: another's long one. First those that only calculate: they can wait for a processor, as they have to while the tests
#: that measure the picture run beside them. Then those in which somebody sits before a browser.
LONGEST = (
    "tests/media/corpus/test_corpus.py",
    "tests/media/test_ingest.py",
    "tests/media/test_kills.py",
    "tests/demo/test_build.py",
    "tests/security/test_schema.py",
    "tests/media/test_av1.py",
    "tests/security/test_media_cves.py",
    "tests/media/test_encoders.py",
    "tests/jobs/test_workers_die.py",
    "tests/media/test_failures.py",
    "tests/library/test_while_people_watch.py",
    "tests/edge/test_survival.py",
    "tests/demo/test_art.py",
    "tests/conformance/test_programs.py",
    "tests/pages/test_axe.py",
    "tests/pages/test_browser.py",
    "tests/browser/test_devices.py",
    "tests/browser/test_signing_in.py",
    "tests/upload/test_browser.py",
    "tests/browser/test_offline.py",
    "tests/browser/test_fleet.py",
    "tests/browser/test_control_plane_gone.py",
    "tests/conformance/test_players.py",
    "tests/browser/test_profiles.py",
    "tests/browser/test_live.py",
    "tests/pages/test_far.py",
    "tests/browser/test_player_controls.py",
    "tests/browser/test_encrypted.py",
)

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: How windows are opened whose subject is not how things move: what fades and turns without end (the beam of light on
#: the pages before the door) takes a whole core from a machine that has no graphics card.
CALM = "reduce"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; all else stays in its order."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.split("::")[0], len(place)))


def chromium_path() -> str | None:
    """The installed Chromium or Chrome, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    return None


def wait_for(fact: Callable[[], Any], *, seconds: float = 10.0, what: str = "") -> Any:
    """Ask `fact` until it answers something true, and return that; fail with `what` when time is up.

    What is slow to answer is asked less often, up to four times a second: waiting takes little from others.
    """
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        if answer := fact():
            return answer
        now = time.monotonic()
        assert now < deadline, f"not within {seconds:g} s: {what or fact}"
        time.sleep(min(0.25, max(0.05, 4 * (now - asked))))


@pytest.fixture(scope="session")
def remembered_files() -> Iterator[None]:
    """Static files may be kept by a window, as on a real site: else each page of a test asks for two hundred anew."""
    from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin

    def serve(handler: Any, request: Any) -> Any:
        answer = plain(handler, request)
        answer.headers.setdefault("Cache-Control", "max-age=3600")
        return answer

    with pytest.MonkeyPatch.context() as patch:
        plain = StaticFilesHandlerMixin.serve
        patch.setattr(StaticFilesHandlerMixin, "serve", serve)
        yield


@pytest.fixture(scope="session")
def chromium(remembered_files: None) -> Iterator[Any]:
    """A running Chromium; the test is skipped, and says so in the summary, when none is installed."""
    path = chromium_path()
    if path is None:
        pytest.skip("NO CHROMIUM OR CHROME IS INSTALLED: browser tests did not run")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The top of this checkout."""
    return Path(__file__).resolve().parent.parent
