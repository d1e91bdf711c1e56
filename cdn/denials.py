"""The deny list: sessions whose tokens nodes must refuse at once. Rows are the truth; this process keeps a copy."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.utils import timezone

from cdn import models

#: How late a denial by another process is seen, in seconds. With a heartbeat of 2 s a node knows within 3 s.
RELOAD_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Denial:
    """One refused session. `version` orders the list: a node asks for what is above the last it knows."""

    version: int
    session_id: UUID
    until: datetime


class DenyList:
    """The current denials, at most RELOAD_SECONDS old."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._denials: tuple[Denial, ...] = ()
        self._ids: frozenset[UUID] = frozenset()

    def current(self) -> tuple[Denial, ...]:
        """Every denial that still matters, oldest first."""
        if connection.in_atomic_block or time.monotonic() - self._read_at >= RELOAD_SECONDS:
            rows = models.DeniedSession.objects.filter(until__gt=timezone.now()).order_by("id")
            denials = tuple(Denial(row.id, row.session_id, row.until) for row in rows)
            with self._lock:
                self._denials, self._ids = denials, frozenset(denial.session_id for denial in denials)
                self._read_at = time.monotonic()
        return self._denials

    def above(self, version: int) -> tuple[Denial, ...]:
        """What a node that knows the list up to `version` has not heard yet."""
        return above(self.current(), version)

    def holds(self, session_id: UUID) -> bool:
        """Whether this session is denied."""
        self.current()
        return session_id in self._ids

    def forget(self) -> None:
        """Read the rows at the next question."""
        self._read_at = float("-inf")


def above(denials: tuple[Denial, ...], version: int) -> tuple[Denial, ...]:
    """What a node that knows the list up to `version` has not heard yet.

    A version beyond the newest is of another time (the database was restored): such a node hears all.
    """
    if denials and version > denials[-1].version:
        return denials
    return tuple(denial for denial in denials if denial.version > version)


deny_list = DenyList()
