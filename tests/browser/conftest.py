"""What the player's tests share: a site and two nodes of the rig, and a page with the film."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.film import Film
from tests.browser.rig.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Two nodes in good health, and the film in full. A file that wants it otherwise has a stage of its own."""
    with Stage() as stage:
        yield stage


@pytest.fixture
def film(chromium: Any, stage: Stage) -> Iterator[Film]:
    """A window for the film; `tests.browser.film.begin` opens the page and starts it."""
    context = chromium.new_context(viewport={"width": 1280, "height": 720})
    film = Film(context.new_page())
    yield film
    context.close()
