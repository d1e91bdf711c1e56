"""What this process remembers of sessions between requests: who failed for whom, how fast nodes were, what was offered.

Steering answers from here and from the fleet's snapshot, without a database. It is a help, not truth: a restart forgets
it and the next reports bring it back. Bounded: the sessions not heard from for longest go first.
"""

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cdn.types import Location
from playback.appointments import LONGEST, Appointments
from playback.steering import Failure
from playback.types import Sample

#: Sessions remembered; about 1 KB each.
SESSIONS_MAX = 50_000
#: How long an assignment is added to a node's reported load: after that its heartbeats show it.
ASSIGNED_FOR = timedelta(seconds=8)
#: A failure this old starts the count anew.
FORGIVEN = timedelta(minutes=10)
#: Pathways remembered for one session, and reports for one pathway.
PATHWAYS_MAX, REPORTS_MAX = 16, 4
#: Decisions kept until the session's next beacon writes them down.
PENDING_MAX = 20
#: Networks of viewers whose round trips are remembered, and for how long: viewers of one network are equally far.
NETWORKS_MAX, MEASURED_FOR = 20_000, timedelta(minutes=30)
#: Bytes that were not what they must be weigh as so many failures running.
CORRUPT_WEIGHS = 3
NOWHERE = Location()


@dataclass(slots=True)
class _Given:
    """What a session was sent to lately; `bps` is 0 once that is taken back."""

    at: datetime
    pathway: str
    bps: int
    session: UUID | None


@dataclass(slots=True)
class Memory:
    """One session's."""

    current: str | None = None
    package_id: str = ""
    moved_at: datetime | None = None
    failures: dict[str, Failure] = field(default_factory=dict)
    goodput: dict[str, deque[float]] = field(default_factory=dict)
    offered: tuple[tuple[str, str], ...] = ()
    #: Its network, by which it shares round trips with others, and where that is. The address is not kept.
    network: str = ""
    location: Location = NOWHERE
    bps: int = 0
    #: In which second of the steady clock its player is to ask again.
    due: int | None = None
    pending: list[dict[str, Any]] = field(default_factory=list)


class Live:
    """All sessions' memories and the loads given out; safe to use from several threads."""

    def __init__(self, limit: int = SESSIONS_MAX) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._sessions: OrderedDict[UUID, Memory] = OrderedDict()
        self._assigned: deque[_Given] = deque()
        self._sent: dict[UUID, _Given] = {}
        self._given: dict[str, int] = {}
        self._appointments = Appointments()
        #: By network and pathway: the smallest round trip in ms, and when it was last told.
        self._measured: OrderedDict[str, dict[str, tuple[float, datetime]]] = OrderedDict()

    def recall(self, session_id: UUID) -> Memory:
        """The session's memory as it stands, copied: other threads go on writing to theirs."""
        with self._lock:
            memory = self._memory(session_id)
            return Memory(
                current=memory.current,
                package_id=memory.package_id,
                moved_at=memory.moved_at,
                failures=dict(memory.failures),
                goodput={pathway: deque(rates, REPORTS_MAX) for pathway, rates in memory.goodput.items()},
                offered=memory.offered,
                network=memory.network,
                location=memory.location,
                bps=memory.bps,
            )

    def arrive(self, session_id: UUID, *, network: str, location: Location) -> None:
        """A session is asked for from a network that is there."""
        with self._lock:
            memory = self._memory(session_id)
            memory.network, memory.location = network, location

    def round_trips(self, network: str, now: datetime) -> dict[str, float]:
        """What viewers of a network measured lately, in ms by pathway."""
        with self._lock:
            known = self._measured.get(network, {}) if network else {}
            return {name: ms for name, (ms, at) in known.items() if now - at < MEASURED_FOR}

    def appointment(self, session_id: UUID, wish: timedelta, steady: float) -> timedelta:
        """When a session's player is to ask again: after `wish`, or later when too many will ask then.

        It has one appointment, however often it asks: else one that asks without end would put off all others.
        """
        with self._lock:
            memory = self._memory(session_id)
            if memory.due is not None:
                self._appointments.give_back(memory.due)
            seconds = self._appointments.book(steady, wish.total_seconds())
            memory.due = int(steady + seconds) if seconds < LONGEST else None
            return timedelta(seconds=seconds)

    def report(
        self, session_id: UUID, *, samples: Iterable[Sample], current: str | None, now: datetime
    ) -> None:
        """Take in what a player saw."""
        with self._lock:
            memory = self._memory(session_id)
            if current and current != memory.current:
                if memory.current is not None:
                    memory.moved_at = now
                memory.current = current
            for sample in samples:
                self._take(memory, sample, now)
                if sample.rtt_ms is not None and memory.network:
                    self._measure(memory.network, sample.node, sample.rtt_ms, now)

    def offer(
        self,
        session_id: UUID,
        *,
        decision: Mapping[str, Any],
        order: tuple[tuple[str, str], ...],
        force: bool,
        package_id: str = "",
        bps: int = 0,
    ) -> None:
        """Remember a ranking, to be written down with the next beacon: when it says something new, or when forced."""
        with self._lock:
            memory = self._memory(session_id)
            ids = tuple(pathway for pathway, _ in order)
            if force or ids != tuple(pathway for pathway, _ in memory.offered):
                memory.pending = [*memory.pending, dict(decision)][-PENDING_MAX:]
            memory.offered, memory.package_id, memory.bps = order, package_id, bps or memory.bps

    def take_pending(self, session_id: UUID) -> list[dict[str, Any]]:
        """The decisions not written down yet; they are the caller's now."""
        with self._lock:
            memory = self._sessions.get(session_id)
            if memory is None or not memory.pending:
                return []
            pending, memory.pending = memory.pending, []
            return pending

    def assign(self, pathway: str, *, bps: int, now: datetime, session_id: UUID | None = None) -> None:
        """A session was sent to a pathway and will take about `bps` bits per second there, and nowhere else.

        So what it was sent to before is taken back: else one that makes itself be sent to and fro would fill the fleet
        in everybody's eyes.
        """
        with self._lock:
            self._settle(now)
            self._take_back(session_id)
            given = _Given(now, pathway, bps, session_id)
            self._assigned.append(given)
            if session_id:
                self._sent[session_id] = given
            self._given[pathway] = self._given.get(pathway, 0) + bps

    def assigned(self, now: datetime) -> Mapping[str, int]:
        """What was given out too lately to show in the nodes' own reports, in bits per second by pathway.

        Not a copy: it is looked into for each of thousands of nodes and for every question.
        """
        with self._lock:
            self._settle(now)
            return self._given

    def _settle(self, now: datetime) -> None:
        while self._assigned and self._assigned[0].at < now - ASSIGNED_FOR:
            given = self._assigned.popleft()
            if given.session and self._sent.get(given.session) is given:
                del self._sent[given.session]
            self._end(given)

    def _take_back(self, session_id: UUID | None) -> None:
        if session_id and (given := self._sent.pop(session_id, None)):
            self._end(given)

    def _end(self, given: _Given) -> None:
        rest = self._given.get(given.pathway, 0) - given.bps
        given.bps = 0
        if rest > 0:
            self._given[given.pathway] = rest
        else:
            self._given.pop(given.pathway, None)

    def forget(self, session_id: UUID) -> None:
        """The session is over."""
        with self._lock:
            self._sessions.pop(session_id, None)
            self._take_back(session_id)

    def clear(self) -> None:
        """Forget everything, as a restart does."""
        with self._lock:
            self._sessions.clear()
            self._assigned.clear()
            self._sent.clear()
            self._given.clear()
            self._measured.clear()
            self._appointments = Appointments()

    def _memory(self, session_id: UUID) -> Memory:
        memory = self._sessions.get(session_id)
        if memory is None:
            memory = self._sessions[session_id] = Memory()
            while len(self._sessions) > self._limit:
                self._sessions.popitem(last=False)
        else:
            self._sessions.move_to_end(session_id)
        return memory

    def _measure(self, network: str, pathway: str, ms: float, now: datetime) -> None:
        """Keep the smallest of the last half hour; a larger one counts when the smallest has grown old."""
        known = self._measured.setdefault(network, {})
        self._measured.move_to_end(network)
        before = known.get(pathway)
        if before is None or ms <= before[0] or now - before[1] > MEASURED_FOR:
            known[pathway] = (ms, now)
        while len(known) > PATHWAYS_MAX:
            known.pop(next(iter(known)))
        while len(self._measured) > NETWORKS_MAX:
            self._measured.popitem(last=False)

    @staticmethod
    def _take(memory: Memory, sample: Sample, now: datetime) -> None:
        known = sample.node in memory.failures or sample.node in memory.goodput
        if not known and len(memory.failures.keys() | memory.goodput.keys()) >= PATHWAYS_MAX:
            return
        if sample.failures > 0 or sample.corrupt > 0:
            before = memory.failures.get(sample.node)
            times = before.times + 1 if before and now - before.at < FORGIVEN else 1
            times += CORRUPT_WEIGHS if sample.corrupt else 0
            memory.failures[sample.node] = Failure(at=now, times=times)
        elif sample.ok > 0:
            memory.failures.pop(sample.node, None)
        if sample.bps is not None and sample.ok > 0:
            memory.goodput.setdefault(sample.node, deque(maxlen=REPORTS_MAX)).append(sample.bps)


#: This process'.
LIVE = Live()
