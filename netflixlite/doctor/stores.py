"""Where data lies: databases, cache, packages."""

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from netflixlite.doctor.findings import Finding, bad, good, look, warn

_LARGE_WAL = 1_000_000_000


@look("databases")
def databases_answer() -> Iterator[Finding]:
    """Each can be reached, is whole, and has every table that this version needs."""
    for alias in settings.DATABASES:
        connection = connections[alias]
        try:
            executor = MigrationExecutor(connection)
            waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            yield bad(f"The database '{alias}' does not answer: {error}", "Start it, or correct its URL.")
            continue
        if waiting:
            names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in waiting[:3])
            yield bad(
                f"The database '{alias}' is older than this program: {len(waiting)} changes wait ({names} …).",
                "Run `manage.py prepare`.",
            )
        elif connection.vendor == "sqlite":
            yield from _sqlite(alias)
        else:
            yield good(f"The database '{alias}' ({connection.vendor}) answers and is up to date.")


def _sqlite(alias: str) -> Iterator[Finding]:
    with connections[alias].cursor() as cursor:
        cursor.execute("PRAGMA quick_check(3)")
        said = [str(row[0]) for row in cursor.fetchall()]
        cursor.execute("PRAGMA journal_mode")
        mode = str(cursor.fetchone()[0])
    if said != ["ok"]:
        yield bad(
            f"The database '{alias}' is damaged: {'; '.join(said)}",
            "Stop the site, keep a copy of the file, and restore the newest backup (docs/operations.md).",
        )
    elif mode not in ("wal", "memory"):
        yield warn(
            f"The database '{alias}' is in journal mode {mode}, not WAL.",
            "Viewers and jobs will wait for each other. Move it to a local disk and start again.",
        )
    else:
        wal = Path(f"{settings.DATABASES[alias]['NAME']}-wal")
        size = wal.stat().st_size if wal.exists() else 0
        if size > _LARGE_WAL:
            yield warn(
                f"The log beside the database '{alias}' has {size / 1e9:.1f} GB.",
                "A process holds an old read open. Restart the site and its workers.",
            )
        yield good(f"The database '{alias}' is whole and up to date.")


@look("cache")
def the_cache_keeps() -> Iterator[Finding]:
    """Rate limits count in it: without it guessing is not slowed down."""
    name, value = f"doctor-{uuid4().hex}", os.urandom(8).hex()
    cache.set(name, value, 30)
    kept = cache.get(name)
    cache.delete(name)
    if kept != value:
        yield bad(
            "The cache forgets what it is given: limits on guessing passwords and PINs do not hold.",
            "Run `manage.py prepare`, or correct NETFLIXLITE_CACHE_URL.",
        )
    elif str(settings.CACHES["default"]["BACKEND"]).endswith("LocMemCache") and not settings.TESTING:
        yield warn(
            "Each process has a cache of its own: limits count for each.",
            "Unset the cache's backend, or name a Valkey server in NETFLIXLITE_CACHE_URL.",
        )
    else:
        yield good("The cache keeps what it is given.")


@look("storage")
def packages_can_be_kept() -> Iterator[Finding]:
    """Packages and artwork can be written, read and removed."""
    content = os.urandom(64)
    name = default_storage.save(f"doctor/{uuid4().hex}", ContentFile(content))
    try:
        with default_storage.open(name) as file:
            same = file.read() == content
    finally:
        default_storage.delete(name)
    if same:
        yield good("The storage of packages keeps, gives and removes.")
    else:
        yield bad(
            "The storage of packages gives other bytes than it was given.",
            "Do not encode anything more; look at NETFLIXLITE_STORAGE and the disk below it.",
        )


@look("library")
def libraries_can_be_read() -> Iterator[Finding]:
    """Watched folders exist and may be read."""
    for folder in settings.LIBRARY:
        if not os.path.isdir(folder):
            yield bad(f"{folder} is not there.", "Mount it, or take it out of NETFLIXLITE_LIBRARY.")
        elif not os.access(folder, os.R_OK | os.X_OK):
            yield bad(
                f"{folder} may not be read by this user.",
                f"chmod o+rx {folder}, or add the user to its group.",
            )
        else:
            yield good(f"{folder} can be read.")
