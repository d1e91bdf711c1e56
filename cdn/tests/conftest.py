"""A fleet without memory of other tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdn import bundles, inventory, keys, plans
from cdn.denials import deny_list
from cdn.live import fleet


@pytest.fixture(autouse=True)
def forgetful(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Each test starts with nobody heard, nothing denied and keys of its own."""
    settings.KEYS_DIR = tmp_path / "keys"
    fleet.forget()
    deny_list.forget()
    keys.ring.forget()
    yield
    fleet.forget()
    deny_list.forget()
    keys.ring.forget()


@pytest.fixture(autouse=True)
def empty_nodes() -> Iterator[None]:
    """Each test starts with nodes that have reported nothing and plan nothing."""
    yield
    bundles.index.clear()
    inventory.holdings.clear()
    plans.versions.forget()
