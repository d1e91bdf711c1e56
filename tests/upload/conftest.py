"""One site for all slow tests of uploads."""

from collections.abc import Iterator

import pytest

from catalog.tests.conftest import ada, media_folder, olu
from tests.upload.site import Site

__all__ = ["ada", "media_folder", "olu", "site"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with an operator."""
    up = Site(tmp_path_factory.mktemp("upload-site"))
    up.prepare()
    up.start()
    up.sign_in()
    yield up
    up.stop()
