"""What these tests share: a folder for media, the cast, and a small catalogue."""

from pathlib import Path

import pytest

from accounts import services as accounts
from accounts.tests.factories import make_operator, make_profile, make_user


@pytest.fixture(autouse=True)
def media_folder(settings, tmp_path: Path) -> Path:
    """Packages and pictures of one test, gone after it."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def ada(db):
    """A grown-up who watches."""
    make_operator("olu")
    return make_profile("Ada", user=make_user("ada"), maturity=18)


@pytest.fixture
def ben(ada):
    """A child of seven in the same household."""
    return make_profile("Ben", user=accounts.user(ada.user_id), is_kid=True, maturity=7)
