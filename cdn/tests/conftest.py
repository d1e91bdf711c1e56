"""A fleet without memory of other tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdn import bundles, faults, inventory, keys, knowledge, planning, takedowns, witnesses
from cdn.denials import deny_list
from cdn.live import fleet


@pytest.fixture(autouse=True)
def forgetful(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Each test starts with nobody heard, nothing denied and keys of its own."""
    settings.KEYS_DIR = tmp_path / "keys"
    _forget()
    yield
    _forget()


def _forget() -> None:
    fleet.forget()
    deny_list.forget()
    keys.ring.forget()
    knowledge.forget()
    takedowns.log.forget()
    faults.seen.forget()
    witnesses.forget()


@pytest.fixture(autouse=True)
def empty_nodes() -> Iterator[None]:
    """Each test starts with nodes that have reported nothing and plan nothing."""
    yield
    bundles.index.clear()
    inventory.holdings.clear()
    planning.pulse.forget()
