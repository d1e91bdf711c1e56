"""Real films through the real job, and an operator's browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_operator
from catalog.media import sandbox
from netflixlite.jobs import process
from tests.media.conftest import clip, home, ingest  # noqa: F401 (fixtures)


@pytest.fixture
def studio(transactional_db: None) -> Client:
    """An operator's browser."""
    return client_of(make_operator("olu"))


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every command line of a confined program that runs in this test, without the launcher and its policy."""
    seen: list[list[str]] = []
    real: Callable[..., Any] = process.run

    def run(argv: list[str], **more: Any) -> process.Finished:
        seen.append([str(part) for part in argv][5:])
        return real(argv, **more)

    monkeypatch.setattr(sandbox.process, "run", run)
    return seen


@pytest.fixture
def somebody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody else."""
    return tmp_path_factory.mktemp("somebody")
