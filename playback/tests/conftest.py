"""The cast: Ada (18) and Ben (7, a kid) of one household, Olu of another; two nodes; films and a series."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache

from accounts.tests import factories as people
from accounts.types import Profile
from catalog.tests import factories as shop
from catalog.types import Title
from cdn import services as cdn
from cdn.tests import factories as fleet
from cdn.types import Node
from playback.known import KNOWN
from playback.live import LIVE

#: When these stories begin. The clock is given to services where time matters.
EVENING = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_memory(settings: Any, tmp_path: Path) -> Iterator[None]:
    """No test plays from another's memory or files."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path
    LIVE.clear()
    KNOWN.forget()
    cache.clear()
    yield
    LIVE.clear()
    KNOWN.forget()


@pytest.fixture
def ada(db: None) -> Profile:
    return people.make_profile("Ada", maturity=18)


@pytest.fixture
def ben(ada: Profile) -> Profile:
    """Ada's child."""
    owner = people.services.user(ada.user_id)
    return people.make_profile("Ben", user=owner, is_kid=True)


@pytest.fixture
def olu(db: None) -> Profile:
    """Somebody of another household."""
    return people.make_profile("Olu", maturity=18)


@pytest.fixture
def night_mail(db: None) -> Title:
    """A film for everyone, of 100 s."""
    title = shop.make_title(name="Night Mail", packaged=False)
    shop.make_package(shop.make_video(title_id=title.id), duration=100.0, text=("en",))
    return shop.services.title(title.id) or title


@pytest.fixture
def nosferatu(db: None) -> Title:
    """A film from 16."""
    return shop.make_title(name="Nosferatu", maturity=16)


@pytest.fixture
def lamplighters(db: None) -> Title:
    """A series of two seasons of two episodes, 10 s each."""
    return shop.make_series(name="The Lamplighters")


@pytest.fixture
def nodes(db: None) -> tuple[Node, Node]:
    """Two healthy nodes at two sites."""
    return fleet.make_node(site="north"), fleet.make_node(site="south")


@pytest.fixture
def site(db: None) -> None:
    """A site whose first run is over: before, it shows only the page that says so."""
    people.make_operator("operator")


@pytest.fixture
def denied(monkeypatch: pytest.MonkeyPatch) -> list[UUID]:
    """The sessions whose tokens nodes were told to refuse."""
    told: list[UUID] = []
    deny = cdn.deny

    def listen(session_id: UUID, until: datetime) -> None:
        told.append(session_id)
        deny(session_id, until)

    monkeypatch.setattr(cdn, "deny", listen)
    return told
