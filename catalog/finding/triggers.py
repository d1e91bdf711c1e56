"""Triggers that note changes for search, whoever makes them: a form, a bulk update, a person at the database's prompt.

Installed after every migration, as SQLite loses triggers when Django rebuilds a table.
"""

from typing import Any

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.finding.rows import SearchChange

_LOG = "catalog_searchchange"
#: By kind: the table, and the columns whose change matters.
_WATCHED = {
    "title": (
        "catalog_title",
        ("search_index", "maturity", "published_at", "available_from", "available_until"),
    ),
    "person": ("catalog_person", ("name",)),
}


def after_migrate(*, using: str, **_more: Any) -> None:
    """Receiver of `post_migrate`."""
    if using == router.db_for_write(SearchChange):
        connection = connections[using]
        present = set(connection.introspection.table_names())
        if {_LOG, *(table for table, _columns in _WATCHED.values())} <= present:
            install(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers in this database, new if they were there."""
    made = {"sqlite": _sqlite, "postgresql": _postgresql}[connection.vendor]()
    with connection.cursor() as cursor:
        for statement in made:
            cursor.execute(statement)


def _sqlite() -> list[str]:
    statements = []
    for kind, (table, columns) in _WATCHED.items():
        differs = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in columns)
        events = {
            "new": ("INSERT", "", "NEW"),
            "changed": (f"UPDATE OF {', '.join(columns)}", f"WHEN {differs}", "NEW"),
            "gone": ("DELETE", "", "OLD"),
        }
        for what, (event, when, row) in events.items():
            name = f"search_{kind}_{what}"
            note = (
                f"INSERT INTO {_LOG} (kind, subject, mark, at) "  # noqa: S608 (our own words)
                f"VALUES ('{kind}', {row}.id, random(), strftime('%Y-%m-%d %H:%M:%f', 'now'))"
            )
            statements.append(f"DROP TRIGGER IF EXISTS {name}")
            statements.append(f"CREATE TRIGGER {name} AFTER {event} ON {table} {when} BEGIN {note}; END")
    return statements


def _postgresql() -> list[str]:
    statements = [
        f"""
        CREATE OR REPLACE FUNCTION search_note() RETURNS trigger LANGUAGE plpgsql AS $note$
        BEGIN
            INSERT INTO {_LOG} (kind, subject, mark, at)
            VALUES (TG_ARGV[0], COALESCE(NEW.id, OLD.id), floor(random() * 9e18)::bigint, clock_timestamp());
            RETURN NULL;
        END $note$"""  # noqa: S608 (our own words)
    ]
    for kind, (table, columns) in _WATCHED.items():
        differs = " OR ".join(f"OLD.{name} IS DISTINCT FROM NEW.{name}" for name in columns)
        events = {
            "coming": ("INSERT OR DELETE", ""),
            "changed": (f"UPDATE OF {', '.join(columns)}", f"WHEN ({differs})"),
        }
        for what, (event, when) in events.items():
            name = f"search_{kind}_{what}"
            statements.append(f"DROP TRIGGER IF EXISTS {name} ON {table}")
            statements.append(
                f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when} "
                f"EXECUTE FUNCTION search_note('{kind}')"
            )
    return statements
