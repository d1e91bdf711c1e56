"""All that answering a heartbeat needs, in one snapshot: so that a beat asks no database and takes no lock.

A thread of the web process makes a new one every half second, and at once when this process changed something. What has
no such thread (a test, a command) reads through the same caches when it needs to.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from cdn import keys, neighbours, states, takedowns
from cdn.denials import Denial, deny_list
from cdn.live import Row, fleet
from cdn.networks import atlas
from cdn.takedowns import Entry
from cdn.types import PublicKey

log = logging.getLogger(__name__)

#: How often a new snapshot is made, in seconds (at once when this process changed something), and how long is then
#: waited for more of the same.
REFRESH_SECONDS, SETTLE_SECONDS = 0.5, 0.05
#: How long a starting process waits for the first snapshot, in seconds.
FIRST_SECONDS = 3.0
#: A snapshot older than this is not answered from, in seconds. Long enough that a machine out of breath is not given
#: ten times the work just then.
STALE_SECONDS = 10.0


class Neighbourhood:
    """Whom each node is told of; worked out when a node asks and kept for as long as the rows stay the same."""

    def __init__(self, rows: tuple[Row, ...]) -> None:
        self.rows = rows
        members = [row for row in rows if row.state in states.SERVING]
        self._ring = neighbours.Ring(members)
        self._described = {row.slot: _described(row) for row in members}
        self._told: dict[UUID, tuple[int, list[dict[str, Any]]]] = {}

    def told(self, row: Row) -> tuple[int, list[dict[str, Any]]]:
        """The version and the list for one node."""
        found = self._told.get(row.id)
        if found is None:
            around = [self._described[one.slot] for one in self._ring.around(row)]
            found = self._told[row.id] = (neighbours.version(around), around)
        return found


def _described(row: Row) -> dict[str, Any]:
    return {
        "node_id": str(row.id),
        "slot": row.slot,
        "base_url": row.base_url,
        "public_key": row.public_key,
        "site": row.site,
        "region": row.region,
        "capacity_bps": row.capacity_bps,
        "state": row.state.value,
    }


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What was true at one moment."""

    read_at: float
    rows: dict[UUID, Row]
    keys: tuple[PublicKey, ...]
    keys_version: int
    denials: tuple[Denial, ...]
    takedowns: tuple[Entry, ...]
    neighbourhood: Neighbourhood
    #: Whether plans are made in this fleet at all.
    planned: bool = False


@dataclass(slots=True)
class _Kept:
    """The newest snapshot of this process."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    newest: Knowledge | None = None


_kept = _Kept()


def read(now: datetime | None = None) -> Knowledge:
    """What is true now, as far as the caches allow; kept as the newest snapshot."""
    read_at = time.monotonic()
    rows = fleet.rows()
    published = keys.ring.published(now or timezone.now())
    before = _kept.newest
    same = before is not None and before.neighbourhood.rows == rows
    found = Knowledge(
        read_at=read_at,
        rows=before.rows if same and before else {row.id: row for row in rows},
        keys=published,
        keys_version=keys.version(published),
        denials=deny_list.current(),
        takedowns=takedowns.log.current(),
        neighbourhood=before.neighbourhood if same and before else Neighbourhood(rows),
        planned=any(row.plan for row in rows),
    )
    with _kept.lock:
        _kept.newest = found
    return found


def current(now: datetime) -> Knowledge:
    """The newest snapshot if it is as fresh as the caches behind it, else a new one; in a transaction always new."""
    found = _kept.newest
    fresh = (
        found is not None and time.monotonic() - found.read_at < REFRESH_SECONDS and not fleet.news.is_set()
    )
    return found if found is not None and fresh and not connection.in_atomic_block else read(now)


def start() -> None:
    """Keep snapshots in a thread for as long as this process lives, and wait a moment for the first.

    Else all nodes would take the slow way at once, just when the process has the most to do.
    """
    threading.Thread(target=keep, args=(threading.Event(),), name="node-knowledge", daemon=True).start()
    begun = time.monotonic()
    while newest() is None and time.monotonic() - begun < FIRST_SECONDS:
        time.sleep(0.02)


def keep(until: threading.Event) -> None:
    """Make snapshots until told to end."""
    while True:
        fleet.news.clear()
        try:
            read()
            atlas.refresh()
        except DatabaseError:
            log.warning("What nodes are to be told could not be read; the last is kept.", exc_info=True)
        except Exception:  # without fresh snapshots every heartbeat would take the slow way
            log.exception("Making the snapshot for heartbeats stumbled.")
        finally:
            close_old_connections()
        if until.wait(SETTLE_SECONDS):  # what changes together is read together
            return
        fleet.news.wait(REFRESH_SECONDS)


def forget() -> None:
    """As in a fresh process."""
    with _kept.lock:
        _kept.newest = None


def newest() -> Knowledge | None:
    """The newest snapshot without asking anybody; None when it is stale."""
    found = _kept.newest
    return found if found is not None and time.monotonic() - found.read_at < STALE_SECONDS else None
