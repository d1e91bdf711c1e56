"""Triggers that keep the audit log append-only for everybody who speaks to the database, not for our code alone.

An update may do one thing: forget a personal part together with its salt. Numbers come one after the other. Installed
after every migration, as SQLite loses triggers when Django rebuilds a table. Who owns the database can drop them; then
the chain tells (`manage.py audit --verify`, which also looks whether they are there).
"""

from typing import Any

from django.conf import settings
from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.models import AuditEntry

_TABLE = "accounts_auditentry"
_SAID = "the audit log is append-only"
#: Columns that never change, and the personal parts: columns with what they are when forgotten.
_FIXED = ("number", "at", "verb", "actor_digest", "matter_digest", "address_digest", "chain")
_PARTS: tuple[dict[str, str], ...] = (
    {"actor": "NULL", "actor_salt": "''"},
    {"subject": "NULL", "target": "''", "detail": "''", "matter_salt": "''"},
    {"address": "''", "address_salt": "''"},
)
NAMES = frozenset({"audit_no_delete", "audit_no_update", "audit_in_order"})


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers in this database, new if they were there."""
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop them. For tests, which empty their tables."""
    with connection.cursor() as cursor:
        for name in (*NAMES, "audit_no_truncate"):
            on = f" ON {_TABLE}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")


def missing(connection: BaseDatabaseWrapper) -> frozenset[str]:
    """Which of the triggers are not in this database."""
    question = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')",
    }.get(connection.vendor)
    if question is None:
        return NAMES
    with connection.cursor() as cursor:
        cursor.execute(question)
        found = {row[0] for row in cursor.fetchall()}
    return NAMES - found


def after_migrate(*, using: str, **_more: Any) -> None:
    """Receiver of `post_migrate`. Test databases are left alone: their tables are emptied after each test."""
    if settings.TESTING or using != router.db_for_write(AuditEntry):
        return
    connection = connections[using]
    if _TABLE in connection.introspection.table_names():
        install(connection)


def _statements(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return _sqlite()
    return _postgresql() if vendor == "postgresql" else []


def _allowed(differs: str) -> str:
    """The condition under which an update is one that forgets; `differs` compares two values, NULLs too."""
    same = [f"NOT (NEW.{name} {differs} OLD.{name})" for name in _FIXED]
    parts = []
    for part in _PARTS:
        kept = " AND ".join(f"NOT (NEW.{name} {differs} OLD.{name})" for name in part)
        gone = " AND ".join(f"NOT (NEW.{name} {differs} {empty})" for name, empty in part.items())
        parts.append(f"(({kept}) OR ({gone}))")
    return " AND ".join([*same, *parts])


def _sqlite() -> list[str]:
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_SAID}'); END"
    # REPLACE removes a row without asking a DELETE trigger: the order of numbers forbids it.
    next_one = f"(SELECT COALESCE(MAX(number), 0) + 1 FROM {_TABLE})"  # noqa: S608 (our own words)
    made = {
        "audit_no_delete": f"BEFORE DELETE ON {_TABLE} {refuse}",
        "audit_no_update": f"BEFORE UPDATE ON {_TABLE} WHEN NOT ({_allowed('IS NOT')}) {refuse}",
        "audit_in_order": f"BEFORE INSERT ON {_TABLE} WHEN NEW.number <> {next_one} {refuse}",
    }
    return [
        statement
        for name, what in made.items()
        for statement in (f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} {what}")
    ]


def _postgresql() -> list[str]:
    refuse = f"RAISE EXCEPTION '{_SAID}';"
    body = f"""
        CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
        BEGIN
            IF TG_OP IN ('DELETE', 'TRUNCATE') THEN {refuse} END IF;
            IF TG_OP = 'UPDATE' THEN
                IF NOT ({_allowed("IS DISTINCT FROM")}) THEN {refuse} END IF;
            ELSIF NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM {_TABLE}) THEN {refuse}
            END IF;
            RETURN NEW;
        END $guard$"""  # noqa: S608 (our own words)
    made = {
        "audit_no_delete": "BEFORE DELETE",
        "audit_no_update": "BEFORE UPDATE",
        "audit_in_order": "BEFORE INSERT",
    }
    statements = [body]
    for name, when in made.items():
        statements.append(f"DROP TRIGGER IF EXISTS {name} ON {_TABLE}")
        statements.append(
            f"CREATE TRIGGER {name} {when} ON {_TABLE} FOR EACH ROW EXECUTE FUNCTION audit_guard()"
        )
    statements.append(f"DROP TRIGGER IF EXISTS audit_no_truncate ON {_TABLE}")
    statements.append(
        f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {_TABLE} "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()"
    )
    return statements
