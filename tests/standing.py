"""What a fixture has built once is laid down again as it was: rows and files, without the services that made them.

A house of a dozen titles takes a third of a second to build, and more than a hundred tests begin with it. Only where a
test's changes are rolled back, and only on SQLite; elsewhere it is built each time.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connections

Rows = dict[str, dict[str, set[tuple[Any, ...]]]]


@dataclass
class _Built:
    value: Any
    rows: Rows
    files: Path


class Standing:
    """Keeps what was built. One for each fixture, for as long as the process runs."""

    def __init__(self) -> None:
        self._built: dict[tuple[str, ...], _Built] = {}

    def lay(self, build: Callable[[], Any], *, media: Path, keep: Path) -> Any:
        """What `build` returns, with its rows in the databases and its files in `media`; `keep` outlasts the test."""
        aliases = tuple(one for one in connections if connections[one].in_atomic_block)
        if not aliases or any(connections[one].vendor != "sqlite" for one in aliases):
            return build()
        if aliases not in self._built:
            before = _rows(aliases)
            value = build()
            files = keep / "-".join(aliases)
            if media.exists():
                shutil.copytree(media, files)
            self._built[aliases] = _Built(value, _without(_rows(aliases), before), files)
            return value
        built = self._built[aliases]
        _put(built.rows)
        if built.files.exists():
            shutil.copytree(built.files, media, dirs_exist_ok=True)
        return built.value


def _rows(aliases: tuple[str, ...]) -> Rows:
    found: Rows = {}
    for alias in aliases:
        connection = connections[alias]
        with closing(connection.cursor()) as cursor:
            found[alias] = {}
            for table in connection.introspection.table_names(cursor):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[alias][table] = set(cursor.fetchall())
    return found


def _without(after: Rows, before: Rows) -> Rows:
    for alias, tables in after.items():
        for table, rows in tables.items():
            assert before[alias][table] <= rows, f"{table}: rows were changed"
            rows -= before[alias][table]
    return after


def _put(rows: Rows) -> None:
    """Rows that triggers write are written over: they come once more with the rows that caused them."""
    for alias, tables in rows.items():
        connection = connections[alias]
        with closing(connection.cursor()) as cursor:
            for table, lines in tables.items():
                if lines:
                    places = ", ".join(["%s"] * len(next(iter(lines))))
                    name = connection.ops.quote_name(table)
                    cursor.executemany(f"INSERT OR REPLACE INTO {name} VALUES ({places})", list(lines))
