"""What there is: nodes for viewers to be sent to, and what an operator wants to see of them."""

from django.utils import timezone

from cdn import silence, states
from cdn.live import fleet
from cdn.types import Node, NodeHealth


def nodes() -> tuple[Node, ...]:
    """Every node that viewers could be sent to, by slot, in its state of this moment.

    That is: warming, active, degraded, suspect and draining ones; steering decides by `state`, `lease_until` and
    load. Nodes whose lease has run out are suspect. A web process that has just started reports what the
    rows say until its nodes had time to be heard.
    """
    now = timezone.now()
    silence.conclude(now)
    return tuple(fleet.node(row, now) for row in fleet.rows() if row.state in states.SERVING)


def health() -> tuple[NodeHealth, ...]:
    """Every registered node with what an operator wants to see of it."""
    now = timezone.now()
    silence.conclude(now)
    found = []
    for row in fleet.rows():
        beat = fleet.beats.get(row.id)
        found.append(
            NodeHealth(
                node=fleet.node(row, now),
                reason=row.reason,
                heard_at=beat.heard_at if beat else None,
                cache_bytes=beat.cache_bytes if beat else 0,
                cache_limit=beat.cache_limit if beat else 0,
                disk_free=beat.disk_free if beat else 0,
                hits=beat.hits if beat else 0,
                misses=beat.misses if beat else 0,
                version=row.version,
            )
        )
    return tuple(found)
