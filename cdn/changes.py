"""What a heartbeat changes in the database: mostly nothing."""

from dataclasses import dataclass

from cdn import enrolment, models, states, transitions
from cdn.enrolment import Refused
from cdn.live import Row, fleet
from cdn.reports import Heartbeat
from cdn.types import NodeState

__all__ = ["Change", "Refused", "apply", "called_for"]

_CAPACITY_MOST = 1 << 50
#: A disk budget that differs by less than this share is the same: free space comes and goes.
_SAME_SIZE = 0.01


@dataclass(frozen=True, slots=True)
class Change:
    """What a report calls for. `columns` are the row's new values; `state` is the one to move to, or None."""

    columns: dict[str, int | str]
    state: NodeState | None = None
    reason: str = ""
    moved: bool = False


def called_for(row: Row, heartbeat: Heartbeat, report: states.Report) -> Change | None:
    """What differs between the row and the report; None when nothing does. Touches nothing."""
    address = heartbeat.base_url.rstrip("/")
    if address and address != row.base_url and not heartbeat.goodbye:
        return Change({}, moved=True)
    columns: dict[str, int | str] = {}
    if 0 < heartbeat.capacity_bps < _CAPACITY_MOST and heartbeat.capacity_bps != row.capacity_bps:
        columns["capacity_bps"] = heartbeat.capacity_bps
    if heartbeat.version and heartbeat.version[:32] != row.version:
        columns["version"] = heartbeat.version[:32]
    if heartbeat.cache_limit and abs(heartbeat.cache_limit - row.disk_bytes) > _SAME_SIZE * row.disk_bytes:
        columns["disk_bytes"] = heartbeat.cache_limit
    state, reason = states.after_heartbeat(row.state, wanted=row.wanted, report=report)
    if state is row.state and not columns:
        return None
    return Change(columns, None if state is row.state else state, reason)


def apply(row: Row, heartbeat: Heartbeat, report: states.Report) -> tuple[NodeState, str]:
    """Bring the row in line with the report; → the state and its reason. Raises Refused."""
    change = called_for(row, heartbeat, report)
    if change is None:
        return row.state, row.reason
    if change.moved:
        return _prove_again(row, heartbeat)
    if change.columns:
        models.EdgeNode.objects.filter(id=row.id).update(**change.columns)
        fleet.changed()
    if change.state is None:
        return row.state, row.reason
    node = models.EdgeNode.objects.get(id=row.id)
    actor = "node" if report.goodbye else "heartbeat"
    try:
        transitions.move(node, change.state, actor=actor, reason=change.reason)
    except transitions.NoSuchArrow:
        # Somebody moved it since the row was read (quarantined, retired): that stands, the next one sees it.
        fleet.changed()
        return NodeState(node.state), node.reason
    return change.state, change.reason


def _prove_again(row: Row, heartbeat: Heartbeat) -> tuple[NodeState, str]:
    """The node has a new address: it counts only once it was proven. Until then the old one stays."""
    base_url = enrolment.checked_base_url(heartbeat.base_url)
    enrolment.prove(base_url=base_url, public_key=row.public_key)
    node = models.EdgeNode.objects.get(id=row.id)
    node.base_url = base_url
    node.save(update_fields=["base_url"])
    fleet.changed()
    if row.state in (NodeState.RETIRED, NodeState.QUARANTINED):
        return row.state, row.reason
    transitions.move(node, NodeState.VERIFYING, actor="heartbeat", reason=f"it has moved to {base_url}")
    transitions.move(node, NodeState.WARMING, actor="heartbeat", reason=f"reached at {base_url}")
    return NodeState.WARMING, f"reached at {base_url}"
