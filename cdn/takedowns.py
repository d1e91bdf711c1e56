"""Packages that nodes must drop: for ever (taken down) or only what they hold now (purged). Rows are the truth.

The rows are a log: what is lifted is a row of its own, so that "above the version that you know" is all that a node
must be told. This process keeps a copy; a node hears of a row within about 3 s of its being written.
"""

import threading
import time
from dataclasses import dataclass
from functools import partial

from django.db import connection, transaction
from django.utils import timezone

from cdn import models
from cdn.events import package_taken_down
from cdn.live import fleet
from cdn.types import PackageTakenDown

#: How late a takedown by another process is seen, in seconds.
RELOAD_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Entry:
    """What nodes are told of one package. `version` orders the log; `lifted` ends what forbade it before."""

    version: int
    package: str
    forbidden: bool
    lifted: bool


class Log:
    """The newest entries about each package, at most RELOAD_SECONDS old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._entries: tuple[Entry, ...] = ()
        self._forbidden: frozenset[str] = frozenset()

    def current(self) -> tuple[Entry, ...]:
        """The newest entries about each package, oldest first."""
        if connection.in_atomic_block or time.monotonic() - self._read_at >= RELOAD_SECONDS:
            asked_at = time.monotonic()
            entries, forbidden = _read()
            with self._lock:
                self._entries, self._forbidden, self._read_at = entries, forbidden, asked_at
        return self._entries

    def forbids(self, package: str) -> bool:
        """Whether nobody may have this package."""
        self.current()
        return package in self._forbidden

    def forget(self) -> None:
        """Read the rows at the next question."""
        self._read_at = float("-inf")


log = Log()


def above(entries: tuple[Entry, ...], version: int) -> tuple[Entry, ...]:
    """What a node that knows the log up to `version` has not heard yet.

    A version beyond the newest is of another time (the database was restored): such a node hears all.
    """
    if entries and version > entries[-1].version:
        return entries
    return tuple(entry for entry in entries if entry.version > version)


def forbid(package: str, *, actor: str, reason: str) -> bool:
    """Take a package down; → whether that is new. Written once: saying it again would make every node look again."""
    with transaction.atomic():
        if log.forbids(package):
            return False
        _write(package, forbidden=True, actor=actor, reason=reason)
    return True


def purge(package: str, *, actor: str, reason: str) -> bool:
    """Have nodes drop what they hold of a package; they may fetch it again. False when it is taken down anyway."""
    with transaction.atomic():
        if log.forbids(package):
            return False
        _write(package, forbidden=False, actor=actor, reason=reason)
    return True


def lift(package: str, *, actor: str, reason: str) -> bool:
    """Let a package be served again; → whether it was taken down."""
    with transaction.atomic():
        if not log.forbids(package):
            return False
        now = timezone.now()
        models.Takedown.objects.filter(package=package, forbidden=True, lifted_at=None).update(lifted_at=now)
        models.Takedown.objects.create(
            package=package, forbidden=False, actor=actor[:64], reason=reason[:255], at=now, lifted_at=now
        )
        transaction.on_commit(_written)
    return True


def _write(package: str, *, forbidden: bool, actor: str, reason: str) -> None:
    models.Takedown.objects.create(
        package=package, forbidden=forbidden, actor=actor[:64], reason=reason[:255]
    )
    transaction.on_commit(_written)
    if forbidden:
        news = PackageTakenDown(package_id=package, reason=reason)
        transaction.on_commit(partial(package_taken_down.send_robust, sender=PackageTakenDown, event=news))


def _written() -> None:
    log.forget()
    fleet.news.set()


def _read() -> tuple[tuple[Entry, ...], frozenset[str]]:
    """The entries that still matter, and what is forbidden by them.

    Of each package the last word on whether it may be had, and the last purge beside it: neither stands for the other.
    """
    newest: dict[tuple[str, bool], Entry] = {}
    columns = models.Takedown.objects.order_by("id").values_list("id", "package", "forbidden", "lifted_at")
    for version, package, forbidden, lifted_at in columns:
        entry = Entry(version, package, forbidden and lifted_at is None, lifted_at is not None)
        key = package, not (forbidden or entry.lifted)
        newest.pop(key, None)  # so that the order is that of the newest row
        newest[key] = entry
    entries = tuple(newest.values())
    return entries, frozenset(entry.package for entry in entries if entry.forbidden)
