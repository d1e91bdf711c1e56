"""The last minutes of each node's figures, in memory, for the pages' curves. Nothing is written anywhere.

A thread of the web process looks every STEP seconds at the newest heartbeats and appends them to rings of fixed size:
about 13 KB for a node, so a thousand nodes cost 13 MB. A process that has just started has no past, and says so.
"""

import logging
import threading
import time
from array import array
from dataclasses import dataclass, field
from datetime import datetime
from operator import add
from typing import NamedTuple
from uuid import UUID

from cdn.live import Beat, fleet

log = logging.getLogger(__name__)

#: Seconds between two points, and how many are kept: ten minutes.
STEP, KEPT = 2.0, 300
#: How far back ratios look, in points: long enough to be calm, short enough to show what is happening.
RECENT = 150


class Point(NamedTuple):
    """One look at a node (or at all of them). Rates in bit/s, times in ms, `cpu` 0 … 1; counts since the last look."""

    egress: float = 0.0
    sessions: float = 0.0
    hits: float = 0.0
    misses: float = 0.0
    peer: float = 0.0
    origin: float = 0.0
    ttfb_p50: float = 0.0
    ttfb_p95: float = 0.0
    cpu: float = 0.0
    errors: float = 0.0


NAMES = Point._fields


@dataclass(slots=True)
class Ring:
    """The newest KEPT points, oldest first."""

    #: One point after the other. One array: ten thousand rings are looked through by each full collection.
    values: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, point: Point) -> None:
        """Append, and forget the oldest when full."""
        self.values.extend(point)
        if len(self.values) > KEPT * len(NAMES):
            del self.values[: -KEPT * len(NAMES)]

    def last(self, name: str, count: int = KEPT) -> list[float]:
        """The newest `count` values of one figure."""
        return self.values[NAMES.index(name) :: len(NAMES)][-count:].tolist()

    def total(self, name: str, count: int = RECENT) -> float:
        """The sum of the newest `count` values."""
        return sum(self.last(name, count))

    def hit_ratio(self) -> float | None:
        """The share of requests of the last minutes served from the disk; None when there were none."""
        hits = self.total("hits")
        asked = hits + self.total("misses")
        return hits / asked if asked else None

    def offload(self) -> float | None:
        """The share of the last minutes' bytes that did not have to come from the origin; None when none were sent."""
        sent = self.total("egress") * STEP / 8
        return max(0.0, 1 - self.total("origin") / sent) if sent else None


class _Totals(NamedTuple):
    """What a node counts since its boot."""

    hits: int
    misses: int
    peer: int
    origin: int
    errors: int


@dataclass(slots=True)
class _Seen:
    """A node's last heartbeat that was looked at, and how fast its counts grew until then, for each STEP."""

    boot: str
    sequence: int
    heard_at: datetime
    totals: _Totals
    grown: list[float]


class Samples:
    """The rings of all nodes and of the fleet. `look` is called by one thread; reading is safe from any."""

    def __init__(self) -> None:
        self.fleet = Ring()
        self.nodes: dict[UUID, Ring] = {}
        self.count = 0
        self._seen: dict[UUID, _Seen] = {}

    def forget(self) -> None:
        """As in a fresh process."""
        self.__init__()  # type: ignore[misc]

    def look(self, beats: dict[UUID, Beat]) -> None:
        """Take one point of each node and of all together. A node that was not heard since the last look adds zeros."""
        if not beats:  # nobody was ever heard: there is no past to show
            return
        everything = [0.0] * len(NAMES)
        heard = 0
        for node_id, beat in list(beats.items()):
            point = self._point(node_id, beat)
            self.nodes.setdefault(node_id, Ring()).add(point)
            heard += 1
            everything = list(map(add, everything, point))
        together = Point(*everything)
        if heard:
            together = together._replace(cpu=together.cpu / heard)
        self.fleet.add(together)
        self.count += 1

    def _point(self, node_id: UUID, beat: Beat) -> Point:
        seen = self._seen.get(node_id)
        if seen is not None and seen.sequence == beat.sequence:
            if beat.lease_until.timestamp() < time.time():
                return Point()  # silent: its last word is no figure of now
            grown = seen.grown  # a look between two heartbeats: nothing new is known
        else:
            grown = self._grown(node_id, seen, beat)
        hits, misses, peer, origin, errors = grown
        return Point(
            egress=beat.egress_bps,
            sessions=beat.sessions,
            hits=hits,
            misses=misses,
            peer=peer,
            origin=origin,
            ttfb_p50=beat.ttfb_p50_ms,
            ttfb_p95=beat.ttfb_p95_ms,
            cpu=beat.cpu,
            errors=errors,
        )

    def _grown(self, node_id: UUID, seen: _Seen | None, beat: Beat) -> list[float]:
        """How much each count grew in a STEP, between the last two heartbeats."""
        totals = _Totals(beat.hits, beat.misses, beat.peer_bytes, beat.origin_bytes, beat.errors)
        grown = [0.0] * len(totals)
        if seen is not None and seen.boot == beat.boot:
            steps = max(0.5, (beat.heard_at - seen.heard_at).total_seconds() / STEP)
            grown = [max(0, new - old) / steps for new, old in zip(totals, seen.totals, strict=True)]
        self._seen[node_id] = _Seen(beat.boot, beat.sequence, beat.heard_at, totals, grown)
        return grown


samples = Samples()


def watch(until: threading.Event) -> None:
    """Look until told to end."""
    due = time.monotonic()
    while True:
        try:
            samples.look(fleet.beats)
        except Exception:  # a page without curves is better than a thread that nobody misses
            log.exception("The fleet's figures could not be sampled.")
        due = max(due + STEP, time.monotonic())
        if until.wait(due - time.monotonic()):
            return


def start() -> None:
    """Sample in a thread for as long as this process lives. Called once, by the web process."""
    threading.Thread(target=watch, args=(threading.Event(),), name="fleet-samples", daemon=True).start()
