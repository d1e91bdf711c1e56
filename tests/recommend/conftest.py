"""What these tests share: folders of their own, and a town on the real site."""

import pytest

from bench._town.people import settle
from bench._town.served import Served
from bench._town.titles import make


@pytest.fixture(autouse=True)
def folders(settings, tmp_path):
    """Models, pictures and work of one test."""
    settings.MODELS_DIR = tmp_path / "models"
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WORK_DIR = tmp_path / "work"
    settings.PAGES_REMEMBER_SECONDS = 0
    return tmp_path


@pytest.fixture
def town(db):
    """A small town: 60 titles, those there from the first published; 8 people, and nobody has watched anything.

    Nothing is learnt by itself.
    """
    made = Served(make(60, days=21, seed=4), settle(8, seed=6, turn_day=10), learns=False)
    made.publish(0.0)
    return made
