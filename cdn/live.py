"""What this process knows of the fleet right now: leases and loads, in memory. Rows change on transitions only.

A web process that has just started has heard nobody: it trusts the rows until the nodes had time to be heard. So a
restart of the web never empties the list of nodes.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, connections

from cdn import models, states
from cdn.reports import Heartbeat
from cdn.types import Node, NodeState

#: Rows are read again after this long, in seconds: how late a change made by another process is seen.
ROWS_SECONDS = 0.5
#: Reading them may take this share of a processor, and be that much rarer for it: at ten thousand nodes.
ROWS_SHARE, ROWS_SECONDS_MOST = 0.04, 1.5
#: How long the other nodes have to find a fresh process once the first one did, before silence counts against them.
GRACE = timedelta(seconds=15)
#: Nodes speak at least this often: one with no more than this left of its lease has missed a word.
WORDS = timedelta(seconds=2.4)
#: How long the last good picture is kept when too many nodes fall silent at once.
BRAKE = timedelta(seconds=60)


class Row(NamedTuple):
    """What a node's row says, as read; `plan` is the newest version made for it, 0 for none."""

    id: UUID
    slot: int
    name: str
    site: str
    region: str
    base_url: str
    public_key: str
    capacity_bps: int
    disk_bytes: int
    version: str
    state: NodeState
    reason: str
    wanted: str
    state_at: datetime
    serving_since: datetime | None
    domain: str
    latitude: float | None
    longitude: float | None
    plan: int


#: So many rows are read and compared at a time.
_PART = 256
_COLUMNS = (*Row._fields[:-1], "plan__version")


@dataclass(slots=True, kw_only=True)
class Beat(Heartbeat):
    """The last heartbeat of a node, all that it said, and what we made of it."""

    heard_at: datetime
    lease_until: datetime
    sequence: int
    skew_strikes: int = 0


class Leaving(NamedTuple):
    """How a node that drains sends its viewers away: `share` of its sessions by now, all of them after `seconds`.

    `grace_seconds` after its drain began it serves nobody any more.
    """

    share: float
    grace_seconds: int
    seconds: float


@dataclass(slots=True)
class Fleet:
    """The live picture of one process. Every method may be called from any thread."""

    #: Since when this process listens: its watch has begun, or a node has found it.
    first_heard_at: datetime | None = None
    beats: dict[UUID, Beat] = field(default_factory=dict)
    #: When a node began anew without having been silent: another life of its process, or a doubt that was cleared.
    well_since: dict[UUID, datetime] = field(default_factory=dict)
    #: Until when the last good picture is kept, by region; under "" that of the whole fleet.
    brakes: dict[str, datetime] = field(default_factory=dict)
    #: Nodes that a witness speaks against, with its words: viewers are not sent there while it lasts.
    doubts: dict[UUID, str] = field(default_factory=dict)
    #: Nodes that two witnesses call down though their leases are alive, with the words; being heard does not free them.
    held: dict[UUID, str] = field(default_factory=dict)
    leaving: dict[UUID, Leaving] = field(default_factory=dict)
    #: The bitrate to suggest to players, by region, in kbit/s, where capacity is short.
    suggested_kbps: dict[str, int] = field(default_factory=dict)
    #: Whether the beats were learnt from another process: then that one concludes, this one only looks.
    borrowed: bool = False
    #: When a watch of this process last concluded from silence, by the steady clock.
    watched_at: float = float("-inf")
    #: Set when rows have changed: wakes whoever keeps a copy.
    news: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rows: tuple[Row, ...] = ()
    _rows_at: float = float("-inf")
    _rows_for: float = ROWS_SECONDS
    _raw: list[list[tuple[object, ...]]] = field(default_factory=list)
    #: By row: what the node that others see was made of, and the node.
    _seen: dict[int, tuple[Row, tuple[object, ...], Node]] = field(default_factory=dict)

    def rows(self) -> tuple[Row, ...]:
        """Every registered node, by slot. At most ROWS_SECONDS old, a bit more in a large fleet; inside a transaction
        always read."""
        if not connection.in_atomic_block and time.monotonic() - self._rows_at < self._rows_for:
            return self._rows
        asked_at, begun = time.monotonic(), time.thread_time()
        query = models.EdgeNode.objects.values_list(*_COLUMNS)
        if connection.in_atomic_block:
            return tuple(_row(values) for values in query)
        # Mostly nothing has changed: then the values as they come are compared, not a thousand rows made anew; a part
        # at a time, for all other threads wait while two lists are compared, or given up.
        before, raw = self._raw, list[list[tuple[object, ...]]]()
        same = bool(self._rows)
        with connections[query.db].cursor() as cursor:
            cursor.execute(*query.query.sql_with_params())
            while part := cursor.fetchmany(_PART):
                was = before[len(raw)] if len(raw) < len(before) else None
                same = same and part == was
                raw.append(was if same and was is not None else part)
        if not same or len(raw) != len(before):
            self._rows, self._raw = self._renewed(query), raw
        self._rows_for = min(ROWS_SECONDS_MOST, max(ROWS_SECONDS, (time.thread_time() - begun) / ROWS_SHARE))
        self._rows_at = asked_at
        return self._rows

    def _renewed(self, query: Iterable[tuple[object, ...]]) -> tuple[Row, ...]:
        """The rows as read; those that have not changed are the same objects as before, by which others know that."""
        before = {row.slot: row for row in self._rows}
        read = (_row(values) for values in query)
        return tuple(was if (was := before.get(row.slot)) == row else row for row in read)

    def row(self, node_id: UUID) -> Row | None:
        """One registered node."""
        return next((row for row in self.rows() if row.id == node_id), None)

    def changed(self) -> None:
        """Rows have changed: read them at the next question."""
        self._rows_at = float("-inf")
        self.news.set()

    def forget(self) -> None:
        """As in a fresh process."""
        with self._lock:
            self.beats.clear()
            self.well_since.clear()
            self.brakes.clear()
            self.doubts.clear()
            self.held.clear()
            self.leaving.clear()
            self.suggested_kbps.clear()
            self.first_heard_at, self.borrowed, self.watched_at = None, False, float("-inf")
        self.changed()

    def hear(self, node_id: UUID, beat: Beat) -> bool:
        """Note a heartbeat. False when its sequence is not above the last one: a replay, or a late packet."""
        with self._lock:
            last = self.beats.get(node_id)
            if last is not None and beat.sequence <= last.sequence:
                return False
            if last is not None and last.boot != beat.boot:
                self.well_since[node_id] = beat.heard_at
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

    def silent(self, rows: Iterable[Row], now: datetime) -> list[Row]:
        """Nodes that the rows call alive and that are not: their lease has run out, or two other witnesses say so.

        The brake: when too many of a region or of the fleet fall silent at once, our own ears are the likelier fault,
        and the last good picture stays for BRAKE.
        """
        leased = [row for row in rows if row.state in states.LEASED]
        silent = [row for row in leased if self.lease(row, now) <= now or row.id in self.held]
        if not silent:
            return []
        # Who died together is silent one after the other, as far apart as their last words were: what looks like one
        # node's death is judged with those whose next word is overdue.
        soon = now + min(WORDS, timedelta(seconds=settings.NODE_LEASE_SECONDS) - WORDS)
        fading = [row for row in leased if self.lease(row, now) <= soon or row.id in self.held]
        with self._lock:
            if self._brakes("", leased, fading, now):
                return []
            if self._just_lifted("", now):  # what that brake kept back is believed now, in every region
                return silent
            stopped = {
                region
                for region in {row.region for row in silent}
                if self._brakes(
                    region,
                    [row for row in leased if row.region == region],
                    [row for row in fading if row.region == region],
                    now,
                )
            }
        return [row for row in silent if row.region not in stopped]

    def _brakes(self, region: str, leased: list[Row], silent: list[Row], now: datetime) -> bool:
        """Whether the picture of this region stays as it is; called with the lock held."""
        until = self.brakes.get(region)
        if until is not None and now < until:
            return True
        if self._just_lifted(region, now) or not states.braked(serving=len(leased), newly_silent=len(silent)):
            return False
        self.brakes[region] = now + BRAKE
        return True

    def _just_lifted(self, region: str, now: datetime) -> bool:
        until = self.brakes.get(region)
        return until is not None and until <= now < until + BRAKE

    def braked(self, region: str, now: datetime) -> datetime | None:
        """Until when the last good picture of this region is kept; None when no brake holds."""
        ends = [self.brakes[key] for key in ("", region) if key in self.brakes]
        return max((end for end in ends if now < end), default=None)

    def lease(self, row: Row, now: datetime) -> datetime:
        """Until when a node is taken to be alive without being heard again."""
        beat = self.beats.get(row.id)
        if beat is None and self.first_heard_at is None:
            # Nobody reports to this process: the rows are all it has.
            return now + timedelta(seconds=settings.NODE_LEASE_SECONDS)
        until = beat.lease_until if beat is not None else (self.first_heard_at or now) + GRACE
        # One that has just enrolled speaks next; what was heard or not heard of it before does not count.
        return max(until, row.state_at + GRACE) if row.state is NodeState.WARMING else until

    def serving(self, now: datetime) -> tuple[Node, ...]:
        """Every node that viewers could be sent to, as others see it, by slot.

        A node of which nothing has changed is the same object as before: who keeps a copy touches only the others.
        """
        before, seen, found = self._seen, {}, []
        ends = {region: self.braked(region, now) for region in self.brakes} if self.brakes else {}
        everywhere = ends.get("")
        doubts, held, leaving, well = self.doubts, self.held, self.leaving, self.well_since
        for row in self.rows():
            if row.state not in states.SERVING:
                continue
            beat = self.beats.get(row.id)
            made_of = (
                (beat.egress_bps, beat.sessions, beat.lease_until) if beat else now,
                ends and ends.get(row.region, everywhere),
                doubts and row.id in doubts,
                held and row.id in held,
                leaving and leaving.get(row.id),
                well and well.get(row.id),
                self.suggested_kbps.get(row.region, 0),
            )
            last = before.get(row.slot)
            if last is None or last[0] is not row or last[1] != made_of:
                last = (row, made_of, self.node(row, now))
            seen[row.slot] = last
            found.append(last[2])
        self._seen = seen
        return tuple(found)

    def node(self, row: Row, now: datetime) -> Node:
        """A node as others see it."""
        beat = self.beats.get(row.id)
        lease_until = self.lease(row, now)
        end = self.braked(row.region, now)
        if end:
            lease_until = max(lease_until, end)
        doubted = row.id in self.doubts and row.state in states.LEASED
        state = NodeState.SUSPECT if doubted else row.state
        leaving = self.leaving.get(row.id)
        return Node(
            id=row.id,
            slot=row.slot,
            name=row.name,
            base_url=row.base_url,
            site=row.site,
            region=row.region,
            state=state,
            capacity_bps=row.capacity_bps,
            egress_bps=beat.egress_bps if beat else 0,
            sessions=beat.sessions if beat else 0,
            lease_until=lease_until,
            serving_since=row.serving_since,
            leaving=leaving.share if leaving else 1.0,
            healthy_since=self._healthy_since(row, state),
            suggested_kbps=self.suggested_kbps.get(row.region, 0),
            domain=row.domain,
            latitude=row.latitude,
            longitude=row.longitude,
            frozen=end is not None,
        )

    def _healthy_since(self, row: Row, state: NodeState) -> datetime | None:
        if state not in states.RECEIVING or row.id in self.held:
            return None
        return max(row.state_at, self.well_since.get(row.id, row.state_at))


def _row(values: tuple[object, ...]) -> Row:
    fields = Row(*values)  # type: ignore[arg-type]
    return fields._replace(state=_STATES[fields.state], plan=fields.plan or 0)


_STATES = {str(state): state for state in NodeState}

fleet = Fleet()
