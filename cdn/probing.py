"""Our own looks at nodes, and what they and the players' reports add up to.

Nodes that somebody speaks against are looked at again and again, the others in turn: a twentieth of the fleet each
round. A look is a signed nonce from the address that players use, so a stranger at that address does not pass.
"""

import logging
import random
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.utils import timezone

from cdn import heartbeats, proving, states, witnesses
from cdn.live import Row, fleet
from cdn.types import NodeState

log = logging.getLogger(__name__)

#: How long a look may take, in seconds.
PATIENCE_SECONDS = 2.0
#: How often nodes that players complain of are looked at, suspect ones, and the round of all others, in seconds.
DOUBTED_EVERY, SUSPECT_EVERY, ROUND_EVERY = 1.0, 3.0, 3.0
#: The share of the healthy nodes that is looked at in one round.
SAMPLE = 0.05
_AT_ONCE = 16


def weigh(rows: Iterable[Row], now: float) -> None:
    """What the witnesses besides the lease say of each node. `now` is of the steady clock.

    A node that two of them called down is held down until it was reached again: nobody is sent there meanwhile, so no
    player could say that it is well.
    """
    players, probes = witnesses.clients.speak_against(now), witnesses.probes.speak_against()
    doubts: dict[UUID, str] = {}
    held: dict[UUID, str] = {}
    looked_at = 0
    for row in rows:
        if row.state not in _LOOKED_AT:
            continue
        looked_at += 1
        by_players = row.id in players or row.id in fleet.held
        said = witnesses.verdict(lease_lost=False, probe=row.id in probes, clients=by_players)
        if said == "down":
            held[row.id] = f"players cannot fetch from it, and neither can we ({_words(row.id)})"
        elif said == "doubted" and row.id in players:
            doubts[row.id] = "players cannot fetch from it"
    if states.braked(serving=looked_at, newly_silent=len(doubts)):
        doubts = {}  # what players cannot get from half of the fleet is not the nodes' fault
    for node_id in (fleet.doubts.keys() | fleet.held.keys()) - doubts.keys() - held.keys():
        # What players said may also have grown old without anybody having looked: that is no news of health.
        probe = witnesses.probes.results.get(node_id)
        if probe and probe.reached:
            fleet.well_since[node_id] = timezone.now()
    fleet.doubts, fleet.held = doubts, held


_LOOKED_AT = frozenset({*states.LEASED, NodeState.SUSPECT})


def _words(node_id: UUID) -> str:
    probe = witnesses.probes.results.get(node_id)
    return probe.words if probe and probe.words else "no answer"


class Prober:
    """Looks at nodes in a few threads; `look` is called once a second by one thread."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="node-probe")
        self._under_way: set[UUID] = set()
        self._looked_at: dict[UUID, float] = {}
        self._looked_last, self._owed = float("-inf"), 0.0
        self._lock = threading.Lock()

    def look(self, rows: Sequence[Row], now: float) -> None:
        """Begin the looks that are due."""
        for row in self.due(rows, now):
            with self._lock:
                if row.id in self._under_way or len(self._under_way) >= 2 * _AT_ONCE:
                    continue
                self._under_way.add(row.id)
            self._looked_at[row.id] = now
            self._threads.submit(self._reach, row)

    def due(self, rows: Sequence[Row], now: float) -> list[Row]:
        """The nodes to look at now."""
        complained = witnesses.clients.speak_against(now)
        found, others = [], []
        for row in rows:
            if row.state not in _LOOKED_AT:
                continue
            every = 0.0
            if row.id in complained:
                every = DOUBTED_EVERY
            elif row.state is NodeState.SUSPECT or row.id in fleet.held or _failing(row.id):
                every = SUSPECT_EVERY
            if not every:
                others.append(row)
            elif now - self._looked_at.get(row.id, float("-inf")) >= every:
                found.append(row)
        # A round is spread over its seconds: fifty looks that begin at once would hold up everything else here.
        passed = min(ROUND_EVERY, now - self._looked_last)
        self._owed = min(len(others), self._owed + max(1.0, SAMPLE * len(others)) * passed / ROUND_EVERY)
        self._looked_last = now
        picked = random.sample(others, int(self._owed))
        self._owed -= len(picked)
        return found + picked

    def _reach(self, row: Row) -> None:
        try:
            words = proving.reach(
                base_url=row.base_url,
                public_key=heartbeats.public_key(row.public_key),
                seconds=PATIENCE_SECONDS,
            )
            witnesses.probes.note(row.id, words, time.monotonic())
            if not words:
                witnesses.clients.clear(row.id, time.monotonic())
        except Exception:  # in a thread that nobody waits for
            log.exception("A look at %s broke.", row.name)
        finally:
            with self._lock:
                self._under_way.discard(row.id)


def _failing(node_id: UUID) -> bool:
    probe = witnesses.probes.results.get(node_id)
    return probe is not None and probe.failed > 0
