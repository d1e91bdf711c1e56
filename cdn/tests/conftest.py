"""A fleet without memory of other tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cdn import bundles, faults, inventory, keys, knowledge, planning, services, takedowns, witnesses
from cdn.denials import deny_list
from cdn.live import fleet
from cdn.networks import atlas
from cdn.tests.nodes import FakeNode


@pytest.fixture(autouse=True)
def forgetful(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Each test starts with nobody heard, nothing denied and keys of its own."""
    settings.KEYS_DIR = tmp_path / "keys"
    forget()
    yield
    forget()


def forget() -> None:
    """Make this process know nothing of any fleet, as when it was started."""
    fleet.forget()
    deny_list.forget()
    keys.ring.forget()
    knowledge.forget()
    takedowns.log.forget()
    faults.seen.forget()
    witnesses.forget()
    atlas.forget()
    bundles.index.clear()
    inventory.holdings.clear()
    planning.pulse.forget()


@pytest.fixture
def node(client: Client) -> Iterator[FakeNode]:
    """A node that has enrolled as paris-1, was heard once and can be looked at."""
    with FakeNode().listening() as found:
        found.enrol(client, services.enrolment_code(name="paris-1"))
        found.beat(client)
        yield found
