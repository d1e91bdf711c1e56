"""How fast the nodes that drain send their viewers away: worked out from the loads of this moment, in memory.

The pace is set when a drain begins to be seen and holds for it; how far it has come is a matter of time. So a web
process that restarts picks up where the other left, from the row's `state_at`.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from cdn import evacuation, states
from cdn.evacuation import Load
from cdn.live import Leaving, Row, fleet
from cdn.types import NodeState

#: How long each node takes, in seconds, as decided when its drain was first seen.
_whole: dict[UUID, float] = {}


def load(row: Row) -> Load:
    """A node's load as it last reported."""
    beat = fleet.beats.get(row.id)
    return Load(
        id=str(row.id),
        region=row.region,
        capacity_bps=row.capacity_bps,
        egress_bps=beat.egress_bps if beat else 0,
        sessions=beat.sessions if beat else 0,
    )


def survivors(rows: Sequence[Row], now: datetime) -> list[Row]:
    """The nodes that viewers may be moved to: serving in full, and heard."""
    return [row for row in rows if row.state in states.RECEIVING and fleet.lease(row, now) > now]


def look(rows: Sequence[Row], now: datetime) -> None:
    """Bring every drain up to date, and see where capacity is short."""
    staying = survivors(rows, now)
    draining = [row for row in rows if row.state is NodeState.DRAINING]
    loads = [load(row) for row in staying]
    for gone in _whole.keys() - {row.id for row in draining}:
        _whole.pop(gone, None)
        fleet.leaving.pop(gone, None)
    fresh = [row for row in draining if row.id not in _whole]
    if fresh:
        # They share the pace with each other and with those that are still at it.
        seconds = evacuation.seconds_to_move(sum(load(row).egress_bps for row in draining), loads)
        _whole.update((row.id, seconds) for row in fresh)
    for row in draining:
        whole = _whole[row.id]
        share = evacuation.share((now - row.state_at).total_seconds(), whole)
        fleet.leaving[row.id] = Leaving(share, round(whole) + evacuation.GRACE_SECONDS)
    by_region: dict[str, list[Load]] = {}
    for one in loads:
        by_region.setdefault(one.region, []).append(one)
    fleet.suggested_kbps = evacuation.shortage(by_region, fleet.suggested_kbps)


def of(row: Row) -> Leaving:
    """How a draining node sends its viewers away now; one whose drain begins this moment still has all the time."""
    if row.id not in fleet.leaving:
        look(fleet.rows(), timezone.now())
    return fleet.leaving.get(row.id) or Leaving(0.0, round(evacuation.SLOWEST_SECONDS))
