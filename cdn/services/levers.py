"""What an operator may do to a node."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cdn import models, transitions
from cdn.live import fleet
from cdn.types import NodeState


class UnknownNode(LookupError):
    """No node has this id."""


def drain(node_id: UUID, *, actor: str = "operator", reason: str = "drained by the operator") -> None:
    """Take a node out of use kindly: no new sessions, running ones move on. Raises UnknownNode."""
    node = _want(node_id, models.Wanted.DRAIN)
    if NodeState(node.state) in (NodeState.ACTIVE, NodeState.DEGRADED, NodeState.WARMING, NodeState.SUSPECT):
        transitions.move(node, NodeState.DRAINING, actor=actor, reason=reason)


def activate(node_id: UUID, *, actor: str = "operator", reason: str = "put to use by the operator") -> None:
    """Let a drained or quarantined node serve again; it becomes active at its next heartbeat. Raises UnknownNode."""
    node = _want(node_id, models.Wanted.SERVE)
    beat = fleet.beats.get(node_id)
    heard = beat is not None and beat.lease_until > timezone.now()
    here = NodeState(node.state)
    if heard and here in (NodeState.DRAINING, NodeState.EVACUATED, NodeState.QUARANTINED):
        transitions.move(node, NodeState.ACTIVE, actor=actor, reason=reason)


def quarantine(node_id: UUID, *, actor: str = "operator", reason: str) -> None:
    """Trust a node with nothing until the operator lifts it: no viewers, no fills. Raises UnknownNode."""
    transitions.move(
        _want(node_id, models.Wanted.QUARANTINE), NodeState.QUARANTINED, actor=actor, reason=reason
    )


def retire(node_id: UUID, *, actor: str = "operator", reason: str = "retired by the operator") -> None:
    """Take a node out for good; only a new enrolment brings it back. Raises UnknownNode."""
    transitions.move(_want(node_id, models.Wanted.RETIRE), NodeState.RETIRED, actor=actor, reason=reason)


def _want(node_id: UUID, wanted: models.Wanted) -> models.EdgeNode:
    node = models.EdgeNode.objects.filter(id=node_id).first()
    if node is None:
        raise UnknownNode(node_id)
    node.wanted = wanted
    node.save(update_fields=["wanted"])
    transaction.on_commit(fleet.changed)
    return node
