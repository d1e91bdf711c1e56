"""Test databases of all apps: copies of ones that are migrated already (see `tests/migrated.py`)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from tests import migrated


def _files() -> dict[str, Path]:
    """Where the test databases are by their aliases; without those of another kind than SQLite."""
    from django.db import connections

    return {
        alias: Path(connections[alias].settings_dict["TEST"]["NAME"])
        for alias in settings.DATABASES
        if connections[alias].vendor == "sqlite" and connections[alias].settings_dict["TEST"]["NAME"]
    }


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Lay the copies where pytest-django is about to look for them."""
    from accounts.audit import triggers

    for alias, file in _files().items():
        migrated.lay_one(alias, file)
        # Tests empty their tables, and a site's audit log lets nothing go.
        with closing(sqlite3.connect(file)) as database:
            for name in triggers.NAMES:
                database.execute(f"DROP TRIGGER IF EXISTS {name}")


@pytest.fixture(scope="session")
def django_db_keepdb(request: pytest.FixtureRequest) -> bool:
    """What was laid is not to be made anew; it is brought up to date and, at the next start, replaced."""
    return bool(request.config.getoption("reuse_db")) or len(_files()) == len(settings.DATABASES)


@pytest.fixture(autouse=True)
def language_of_its_own() -> Iterator[None]:
    """A request in another language leaves it behind in the thread, where the next test would find it."""
    yield
    translation.deactivate()
