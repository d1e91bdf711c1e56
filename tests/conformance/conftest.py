"""One film, encoded once for all tests of a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.conformance import making, staging
from tests.conformance.making import Made, Studio

VIDEO = UUID("00000000-0000-4000-8000-000000000003")
KEY = bytes(range(100, 116))


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    """Where the film is encoded."""
    home = tmp_path_factory.mktemp("conformance")
    return Studio(making.film(home / "film.mkv"), home, VIDEO)


@pytest.fixture(scope="session")
def made(studio: Studio) -> Made:
    """The package of everything: two codecs, two languages, stereo and surround, text, small pictures."""
    return studio.pack("all", av1=True)


@pytest.fixture(scope="session")
def keyed(studio: Studio) -> Made:
    """The same in H.264, encrypted."""
    return studio.pack("keyed", key=KEY)


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to work in."""
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture
def stage(live_server: Any, settings: Any, tmp_path: Path) -> Iterator[staging.Stage]:
    """The test's own site with a real node; the test publishes what it wants to have played."""
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.SITE_URL = live_server.url
    settings.NODE_LEASE_SECONDS = 20.0
    with staging.standing(live_server.url, tmp_path) as stage:
        yield stage
