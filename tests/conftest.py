"""What all tests share: one browser, and a helper that waits for facts instead of sleeping."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright keeps an event loop in the test's thread

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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
