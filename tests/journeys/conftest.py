"""Whole stories over HTTP, with two healthy nodes and a small catalogue. Browsers are Django's test clients."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.tests import factories as people
from catalog.tests import factories as shop
from catalog.types import Title
from cdn.tests import factories as fleet
from cdn.types import Node
from tests.journeys.viewer import Viewer

EVENING = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _small_world(settings: Any, tmp_path: Path, db: None) -> None:
    """A site whose first run is over, with files of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    people.make_operator("operator")


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock stands at eight in the evening until the story moves it on."""
    with time_machine.travel(EVENING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def nodes(clock: time_machine.Traveller) -> tuple[Node, Node]:
    lease = timedelta(hours=6)
    return fleet.make_node(site="north", lease=lease), fleet.make_node(site="south", lease=lease)


@pytest.fixture
def night_mail(clock: time_machine.Traveller) -> Title:
    """A film of 100 s for everyone."""
    title = shop.make_title(name="Night Mail", packaged=False)
    shop.make_package(shop.make_video(title_id=title.id), duration=100.0)
    return shop.services.title(title.id) or title


@pytest.fixture
def nosferatu(clock: time_machine.Traveller) -> Title:
    """A film from 16."""
    return shop.make_title(name="Nosferatu", maturity=16)


@pytest.fixture
def lamplighters(clock: time_machine.Traveller) -> Title:
    """A series: two seasons of two episodes of 10 s."""
    return shop.make_series(name="The Lamplighters")


@pytest.fixture
def ada(clock: time_machine.Traveller) -> Viewer:
    """A grown-up in front of the television."""
    return Viewer(people.client_of(people.make_profile("Ada", maturity=18)), clock)


@pytest.fixture
def stranger(clock: time_machine.Traveller) -> Viewer:
    """Somebody who has never been here."""
    return Viewer(Client(), clock)
