"""What this process knows of the fleet right now: leases and loads, in memory. Rows change on transitions only.

A web process that has just started has heard nobody: it trusts the rows until the nodes had time to be heard. So a
restart of the web never empties the list of nodes.
"""

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from cdn import models, states
from cdn.types import Node, NodeState

#: Rows are read again after this long, in seconds: how late a change made by another process is seen.
ROWS_SECONDS = 0.5
#: How long the other nodes have to find a fresh process once the first one did, before silence counts against them.
GRACE = timedelta(seconds=15)
#: How long the last good picture is kept when too many nodes fall silent at once.
BRAKE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Row:
    """What a node's row says, as read."""

    id: UUID
    slot: int
    name: str
    site: str
    base_url: str
    public_key: str
    capacity_bps: int
    version: str
    state: NodeState
    reason: str
    wanted: str
    disk_bytes: int = 0


@dataclass(slots=True)
class Beat:
    """The last heartbeat of a node. Bytes, bits per second, sessions as the node reports them."""

    heard_at: datetime
    lease_until: datetime
    sequence: int
    egress_bps: int = 0
    sessions: int = 0
    cache_bytes: int = 0
    cache_limit: int = 0
    disk_free: int = 0
    hits: int = 0
    misses: int = 0
    skew_strikes: int = 0


@dataclass(slots=True)
class Fleet:
    """The live picture of one process. Every method may be called from any thread."""

    #: Since when this process listens: its watch has begun, or a node has found it.
    first_heard_at: datetime | None = None
    beats: dict[UUID, Beat] = field(default_factory=dict)
    braked_until: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rows: tuple[Row, ...] = ()
    _rows_at: float = float("-inf")

    def rows(self) -> tuple[Row, ...]:
        """Every registered node, by slot. At most ROWS_SECONDS old; inside a transaction always read."""
        if not connection.in_atomic_block and time.monotonic() - self._rows_at < ROWS_SECONDS:
            return self._rows
        rows = tuple(
            Row(
                id=node.id,
                slot=node.slot,
                name=node.name,
                site=node.site,
                base_url=node.base_url,
                public_key=node.public_key,
                capacity_bps=node.capacity_bps,
                version=node.version,
                state=NodeState(node.state),
                reason=node.reason,
                wanted=node.wanted,
                disk_bytes=node.disk_bytes,
            )
            for node in models.EdgeNode.objects.all()
        )
        if not connection.in_atomic_block:
            self._rows, self._rows_at = rows, time.monotonic()
        return rows

    def row(self, node_id: UUID) -> Row | None:
        """One registered node."""
        return next((row for row in self.rows() if row.id == node_id), None)

    def changed(self) -> None:
        """Rows have changed: read them at the next question."""
        self._rows_at = float("-inf")

    def hear(self, node_id: UUID, beat: Beat) -> bool:
        """Note a heartbeat. False when its sequence is not above the last one: a replay, or a late packet."""
        with self._lock:
            last = self.beats.get(node_id)
            if last is not None and beat.sequence <= last.sequence:
                return False
            self.beats[node_id] = beat
            self.first_heard_at = self.first_heard_at or beat.heard_at
        return True

    def listen(self, now: datetime) -> None:
        """This process is the one that nodes report to: from here on silence counts, after GRACE."""
        with self._lock:
            self.first_heard_at = self.first_heard_at or now

    def last_sequence(self, node_id: UUID) -> int:
        """The highest sequence heard of a node by this process, 0 when none."""
        beat = self.beats.get(node_id)
        return beat.sequence if beat else 0

    def end_lease(self, node_id: UUID, now: datetime) -> None:
        """The node said goodbye: its silence from here on is no news."""
        if beat := self.beats.get(node_id):
            beat.lease_until = now

    def silent(self, rows: tuple[Row, ...], now: datetime) -> list[Row]:
        """Nodes that the rows call alive and whose lease has run out, unless the brake holds.

        The brake: when too many fall silent at once, our own ears are the likelier fault, and the last good picture
        stays for BRAKE.
        """
        leased = [
            row for row in rows if row.state in (NodeState.ACTIVE, NodeState.DEGRADED, NodeState.WARMING)
        ]
        silent = [row for row in leased if self.lease(row, now) <= now]
        if not silent:
            return []
        with self._lock:
            if self.braked_until is not None and now < self.braked_until:
                return []
            just_lifted = self.braked_until is not None and now < self.braked_until + BRAKE
            if not just_lifted and states.braked(serving=len(leased), newly_silent=len(silent)):
                self.braked_until = now + BRAKE
                return []
        return silent

    def lease(self, row: Row, now: datetime) -> datetime:
        """Until when a node is taken to be alive without being heard again."""
        beat = self.beats.get(row.id)
        if beat is not None:
            return beat.lease_until
        lease = timedelta(seconds=settings.NODE_LEASE_SECONDS)
        if self.first_heard_at is None:  # nobody reports to this process: the rows are all it has
            return now + lease
        return self.first_heard_at + GRACE

    def node(self, row: Row, now: datetime) -> Node:
        """A node as others see it."""
        beat = self.beats.get(row.id)
        lease_until = self.lease(row, now)
        if self.braked_until is not None and now < self.braked_until:
            lease_until = max(lease_until, self.braked_until)
        return Node(
            id=row.id,
            slot=row.slot,
            name=row.name,
            base_url=row.base_url,
            site=row.site,
            state=row.state,
            capacity_bps=row.capacity_bps,
            egress_bps=beat.egress_bps if beat else 0,
            sessions=beat.sessions if beat else 0,
            lease_until=lease_until,
        )


fleet = Fleet()
