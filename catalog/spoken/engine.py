"""The database's own index over spoken lines: FTS5 on SQLite, a GIN index over `tsvector` on PostgreSQL.

Both hold the words as we made them (catalog/search/text.py), with their places, so both find the same phrases in every
language: nothing is left to the database's dictionaries. Triggers keep it right, whoever adds or removes lines.
Installed after every migration; where SQLite was built without FTS5, spoken words are not searchable, and all else is.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import OperationalError, connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from catalog.spoken.rows import SpokenLine

logger = logging.getLogger(__name__)

_TABLE, _INDEX = "catalog_spokenline", "catalog_spokenindex"
#: Words that are shorter are not taken for the beginning of another: half the language begins with an a.
BEGINNING = 3
#: SQLite databases in which the index was seen.
_there: set[str] = set()


def after_migrate(*, using: str, **_more: Any) -> None:
    """Receiver of `post_migrate`."""
    if using == router.db_for_write(SpokenLine):
        connection = connections[using]
        if _TABLE in connection.introspection.table_names():
            install(connection)


def install(connection: BaseDatabaseWrapper) -> None:
    """Make the index and its triggers, if they are not there."""
    try:
        with connection.cursor() as cursor:
            for statement in _sqlite() if connection.vendor == "sqlite" else _postgresql():
                cursor.execute(statement)
    except OperationalError as error:
        logger.warning("spoken words cannot be searched with this database: %s", error)


def is_there(connection: BaseDatabaseWrapper) -> bool:
    """Whether spoken words can be searched. What is there is asked for once."""
    if connection.vendor != "sqlite" or connection.alias in _there:
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE name = %s", [_INDEX])
        if cursor.fetchone() is not None:
            _there.add(connection.alias)
    return connection.alias in _there


def matching(vendor: str, words: Sequence[str], *, phrase: bool) -> tuple[str, str, list[str]]:
    """A table (or join) of lines called `line` whose words are these, a condition, and its parameters.

    As a `phrase` they stand side by side and in order, otherwise anywhere in the line. The last may be half typed.
    """
    half = len(words[-1]) >= BEGINNING
    if vendor == "sqlite":
        asked = f'"{" ".join(words)}"' if phrase else " AND ".join(f'"{word}"' for word in words)
        table = f"{_INDEX} JOIN {_TABLE} line ON line.id = {_INDEX}.rowid"
        return table, f"{_INDEX} MATCH %s", [asked + ("*" if half else "")]
    between = " <-> " if phrase else " & "
    asked = between.join(f"'{word}'" for word in words)
    return f"{_TABLE} line", "line.lexemes @@ %s::tsquery", [asked + (":*" if half else "")]


def _sqlite() -> list[str]:
    # Words are plain already: whatever is not a space belongs to one. Three letters are looked up at once.
    made = [
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {_INDEX} USING fts5(words, content='{_TABLE}', content_rowid='id', "
        "tokenize='ascii', prefix='3')"
    ]
    into = f"INSERT INTO {_INDEX}"
    new = f"{into} (rowid, words) VALUES (NEW.id, NEW.words)"
    gone = f"{into} ({_INDEX}, rowid, words) VALUES ('delete', OLD.id, OLD.words)"
    triggers = {
        "spoken_line_new": f"AFTER INSERT ON {_TABLE} BEGIN {new}; END",
        "spoken_line_gone": f"AFTER DELETE ON {_TABLE} BEGIN {gone}; END",
    }
    for name, what in triggers.items():
        made += [f"DROP TRIGGER IF EXISTS {name}", f"CREATE TRIGGER {name} {what}"]
    return made


def _postgresql() -> list[str]:
    return [
        f"ALTER TABLE {_TABLE} ADD COLUMN IF NOT EXISTS lexemes tsvector",
        f"CREATE INDEX IF NOT EXISTS {_INDEX} ON {_TABLE} USING gin (lexemes)",
        """
        CREATE OR REPLACE FUNCTION spoken_lexemes() RETURNS trigger LANGUAGE plpgsql AS $lexemes$
        BEGIN
            NEW.lexemes := (
                SELECT string_agg(quote_literal(word) || ':' || least(place, 16383), ' ')::tsvector
                FROM unnest(string_to_array(NEW.words, ' ')) WITH ORDINALITY AS said(word, place)
            );
            RETURN NEW;
        END $lexemes$""",
        f"DROP TRIGGER IF EXISTS spoken_line_words ON {_TABLE}",
        f"CREATE TRIGGER spoken_line_words BEFORE INSERT ON {_TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION spoken_lexemes()",
    ]
