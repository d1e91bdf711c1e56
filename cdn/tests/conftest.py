"""A fleet without memory of other tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cdn import keys
from cdn.denials import deny_list
from cdn.live import fleet


@pytest.fixture(autouse=True)
def forgetful(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Each test starts with nobody heard, nothing denied and keys of its own."""
    settings.KEYS_DIR = tmp_path / "keys"
    fleet.beats.clear()
    fleet.braked_until = fleet.first_heard_at = None
    fleet.changed()
    deny_list.forget()
    keys.ring.forget()
    yield
    fleet.beats.clear()
    fleet.changed()
    deny_list.forget()
    keys.ring.forget()
