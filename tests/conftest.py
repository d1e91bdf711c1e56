"""What all tests share: one browser, and a helper that waits for facts instead of sleeping."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop in the test's thread

#: The files that take longest, longest first. They are begun first where files are shared out, so that at the end no
#: process waits for another's long one.
LONGEST = (
    "tests/media/test_kills.py",
    "tests/media/corpus/test_corpus.py",
    "tests/media/test_ingest.py",
    "tests/upload/test_browser.py",
    "tests/conformance/test_players.py",
    "tests/conformance/test_programs.py",
    "tests/pages/test_browser.py",
    "tests/jobs/test_workers_die.py",
    "tests/edge/test_survival.py",
    "tests/demo/test_build.py",
    "tests/browser/test_fleet.py",
    "tests/browser/test_encrypted.py",
    "tests/media/test_encoders.py",
    "tests/media/test_av1.py",
    "tests/library/test_while_people_watch.py",
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
    """Ask `fact` until it answers something true, and return that; fail with `what` when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := fact():
            return answer
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or fact}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
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
