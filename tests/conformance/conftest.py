"""One film, encoded once for all tests of a run."""

from pathlib import Path
from uuid import UUID

import pytest

from tests.conformance import making
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
