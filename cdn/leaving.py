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
    draining = [row for row in rows if row.state is NodeState.DRAINING]
    # While nothing drains, which is nearly always, only the regions' sums are of use.
    loads = [load(row) for row in survivors(rows, now)] if draining else _summed(survivors(rows, now))
    departing = [load(row) for row in draining]
    found: dict[UUID, Leaving] = {}
    for row in draining:
        begun = fleet.leaving.get(row.id)
        # Nodes that begin together share the pace, also with those that are still at it.
        seconds = begun.seconds if begun else evacuation.seconds_to_move(_total(departing), loads)
        share = evacuation.share((now - row.state_at).total_seconds(), seconds)
        found[row.id] = Leaving(share, round(seconds) + evacuation.GRACE_SECONDS, seconds)
    fleet.leaving = found
    by_region: dict[str, list[Load]] = {}
    for one in loads:
        by_region.setdefault(one.region, []).append(one)
    kbps = evacuation.shortage(by_region, fleet.suggested_kbps)
    if departing and (forced := evacuation.outlook(departing, loads).kbps):
        # A drain that was forced: what is about to arrive has no room unless everybody takes less.
        kbps |= {region: min(forced, kbps.get(region, forced)) for region in by_region}
    fleet.suggested_kbps = kbps


def _summed(rows: Sequence[Row]) -> list[Load]:
    """The loads of these nodes as one for each region."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        beat = fleet.beats.get(row.id)
        one = sums.setdefault(row.region, [0, 0, 0])
        one[0] += row.capacity_bps
        if beat:
            one[1] += beat.egress_bps
            one[2] += beat.sessions
    return [
        Load(id=region, region=region, capacity_bps=capacity, egress_bps=egress, sessions=sessions)
        for region, (capacity, egress, sessions) in sums.items()
    ]


def _total(loads: Sequence[Load]) -> int:
    return sum(one.egress_bps for one in loads)


def of(row: Row) -> Leaving:
    """How a draining node sends its viewers away now; one whose drain begins this moment still has all the time."""
    if row.id not in fleet.leaving:
        look(fleet.rows(), timezone.now())
    slowest = evacuation.SLOWEST_SECONDS
    return fleet.leaving.get(row.id) or Leaving(0.0, round(slowest) + evacuation.GRACE_SECONDS, slowest)
