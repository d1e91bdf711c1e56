"""What happened in the fleet, from three tables, as one list."""

from cdn import models
from cdn.types import FleetEvent


def newest(*, limit: int) -> tuple[FleetEvent, ...]:
    """The newest events of all kinds, newest first."""
    found = [*_states(limit), *_takedowns(limit), *_faults(limit)]
    found.sort(key=lambda event: event.at, reverse=True)
    return tuple(found[:limit])


def _states(limit: int) -> list[FleetEvent]:
    rows = models.NodeEvent.objects.select_related("node")[:limit]
    return [
        FleetEvent(
            row.at, "state", row.node.name, row.node_id, row.actor, row.reason, row.from_state, row.to_state
        )
        for row in rows
    ]


def _takedowns(limit: int) -> list[FleetEvent]:
    found = []
    for row in models.Takedown.objects.order_by("-id")[:limit]:
        # What forbade keeps its kind after it was lifted; the lifting is a row of its own.
        kind = "takedown" if row.forbidden else "lift" if row.lifted_at else "purge"
        found.append(FleetEvent(row.at, kind, row.package, None, row.actor, row.reason))
    return found


def _faults(limit: int) -> list[FleetEvent]:
    rows = models.NodeFault.objects.select_related("node")[:limit]
    found = []
    for row in rows:
        about = "/".join(part for part in (row.package, row.rendition, row.name) if part)
        text = ": ".join(part for part in (row.kind, about, row.detail) if part)
        found.append(FleetEvent(row.at, "fault", row.node.name, row.node_id, "node", text))
    return found
