"""Concludes from silence: nodes that were not heard for a lease are suspect, whether anybody asks for nodes or not.

Leases are in the memory of the web process, so the watch is a thread of that process; `netflixlite.asgi` starts it.
"""

import logging
import threading
import time
from datetime import datetime

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from cdn import leaving, models, probing, states, transitions
from cdn.live import Row, fleet
from cdn.types import NodeState

log = logging.getLogger(__name__)

#: How often the watch looks, in seconds: how late at most a silence is concluded from.
LOOK_SECONDS = 1.0


def conclude(now: datetime) -> None:
    """Make silent nodes suspect, and those that were leaving anyway evacuated. Safe to call anywhere, any time."""
    if fleet.borrowed:
        return
    rows = fleet.rows()
    probing.weigh(rows, time.monotonic())
    for row in fleet.silent(rows, now):
        _move(row, NodeState.SUSPECT, here=tuple(states.LEASED), now=now)
    for row in rows:
        if row.state is NodeState.DRAINING and fleet.lease(row, now) <= now:
            _move(row, NodeState.EVACUATED, here=(NodeState.DRAINING,), now=now)
    leaving.look(fleet.rows(), now)


def _move(row: Row, to: NodeState, *, here: tuple[NodeState, ...], now: datetime) -> None:
    beat = fleet.beats.get(row.id)
    actor, reason = "lease", "not heard since this web process started"
    if row.id in fleet.held and fleet.lease(row, now) > now:
        actor, reason = "witnesses", fleet.held[row.id]
    elif beat is not None:
        reason = f"not heard for {(now - beat.heard_at).total_seconds():.0f} s"
    try:
        node = models.EdgeNode.objects.get(id=row.id)
        if NodeState(node.state) in here:
            transitions.move(node, to, actor=actor, reason=reason)
    except transitions.NoSuchArrow:
        fleet.changed()  # somebody else moved it at this moment
    except DatabaseError as error:
        # Whoever asks for nodes gets them all the same, with their leases; the next look tries again.
        log.warning("%s could not be marked %s: %s", row.name, to, error)


def watch(until: threading.Event) -> None:
    """Look until told to end."""
    prober = probing.Prober()
    fleet.listen(timezone.now())
    while True:
        try:
            conclude(timezone.now())
            prober.look(fleet.rows(), time.monotonic())
            fleet.watched_at = time.monotonic()
        except Exception:  # a watch that ends would be missed by nobody until a node dies
            log.exception("The watch over the nodes stumbled.")
        finally:
            close_old_connections()
        if until.wait(LOOK_SECONDS):
            return


def watching() -> bool:
    """Whether a watch of this process concludes from silence, so that nobody else must."""
    return time.monotonic() - fleet.watched_at < 3 * LOOK_SECONDS


def start() -> None:
    """Watch in a thread for as long as this process lives. Called once, by the web process."""
    threading.Thread(target=watch, args=(threading.Event(),), name="node-watch", daemon=True).start()
