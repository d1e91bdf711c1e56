"""A small house to look at: an operator, Ada (grown up), Ben (a kid), films and a series in several genres."""

import io
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from accounts.types import Profile
from catalog import services as catalog
from catalog.tests.factories import make_series, make_title
from catalog.types import Credit, Title
from playback.tests.factories import make_bookmark
from recommend import services as recommend
from tests.standing import Standing

HOUSE = Standing()
PEOPLE = (Credit("Basil Wright", "director"), Credit("Ines Okafor", "cast", "The guard"))


@dataclass(frozen=True)
class House:
    """Who lives here and what there is to watch."""

    ada: Profile
    ben: Profile
    films: tuple[Title, ...]
    grown_up: Title
    series: Title
    hidden: Title

    def client(self, who: Profile) -> Client:
        """A browser in which this profile watches."""
        return client_of(who)


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def _picture(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "#0f8fa8").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def house(db: None, settings: Any, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Nine films for all, one for adults only, a series, and one that is not published."""
    keep = tmp_path_factory.getbasetemp() / "house"
    return HOUSE.lay(_build, media=Path(settings.MEDIA_ROOT), keep=keep)


def _build() -> House:
    make_operator()
    household = make_user("household")
    ada = make_profile("Ada", user=household)
    ben = make_profile("Ben", user=household, is_kid=True)
    films = tuple(
        make_title(
            name=f"Night Mail {number}",
            genres=["Documentary", "Drama"] if number % 2 else ["Family"],
            people=PEOPLE,
            year=1936 + number,
            tagline="This is the night mail crossing the border.",
            synopsis="Letters go north.",
            credit="Footage: the General Post Office" if number == 1 else "",
        )
        for number in range(9)
    )
    grown_up = make_title(name="Forbidden Waters", maturity=18, genres=["Drama", "Family"], people=PEOPLE)
    series = make_series(name="The Lamplighters", genres=["Drama"], seasons=(2, 2))
    hidden = make_title(name="Unready Reel", genres=["Drama"], published=False)
    for pictured in films[:1]:
        catalog.set_artwork(title_id=pictured.id, kind="backdrop", data=_picture(320, 180))
        catalog.set_artwork(title_id=pictured.id, kind="poster", data=_picture(240, 360))
    film = catalog.title(films[0].id)
    assert film is not None
    assert film.video_id is not None
    make_bookmark(profile_id=ada.id, video_id=film.video_id, position=timedelta(seconds=4))
    recommend.add_to_list(profile_id=ada.id, title_id=films[3].id)
    return House(ada, ben, films, grown_up, series, hidden)
