"""What the catalogue's tests share: a folder of their own for media, and the cast."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_operator, make_profile, make_user


@pytest.fixture(autouse=True)
def media_folder(settings, tmp_path: Path) -> Path:
    """Packages, pictures and sources of one test, gone after it."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    return tmp_path / "media"


@pytest.fixture
def ada(olu):
    """A grown-up who watches (a site without an operator answers nobody)."""
    return make_profile("Ada", user=make_user("ada"), maturity=18)


@pytest.fixture
def ben(olu):
    """A child of seven."""
    return make_profile("Ben", is_kid=True, maturity=7)


@pytest.fixture
def olu(db):
    """Who runs the site."""
    return make_operator("olu")


@pytest.fixture
def studio(olu) -> Client:
    """Olu's browser."""
    return client_of(olu)
