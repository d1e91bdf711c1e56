"""What an operator may do to nodes: drain, evacuate, put back, quarantine, retire."""

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cdn import models, removal, transitions
from cdn.live import fleet
from cdn.removal import Infeasible
from cdn.types import Forecast, NodeState

__all__ = ["Infeasible", "UnknownNode", "activate", "drain", "evacuate", "quarantine", "retire"]

#: States in which there is nothing to drain.
_OUT = (NodeState.QUARANTINED, NodeState.RETIRED)
_LEAVES = (NodeState.ACTIVE, NodeState.DEGRADED, NodeState.WARMING, NodeState.SUSPECT)


class UnknownNode(LookupError):
    """No node has this id, or none is meant by these words."""


def drain(node_id: UUID, *, actor: str = "operator", reason: str = "drained by the operator") -> None:
    """Take a node out of use kindly, whatever the others carry: its viewers move on by and by. Raises UnknownNode."""
    node = _found(node_id)
    if NodeState(node.state) in _OUT:
        return  # nobody is sent there, and what is wanted of it stands
    _want(node, models.Wanted.DRAIN)
    if NodeState(node.state) in _LEAVES:
        transitions.move(node, NodeState.DRAINING, actor=actor, reason=reason)


def evacuate(
    scope: str,
    value: str,
    *,
    dry_run: bool = False,
    force: bool = False,
    actor: str = "operator",
    reason: str = "",
) -> Forecast:
    """Drain one node, or all of a site, a region or a version; → what that does to the others.

    `scope` is 'node' (`value`: its name, id or pathway such as n3), 'site', 'region' or 'version'. With `dry_run`
    nothing is done. Raises Infeasible, with the forecast, when survivors would be above 85 % of their capacity, unless
    `force` is set: players are then told to take lower bitrates. Raises UnknownNode when nothing is meant by `value`,
    NoSuchArrow for a node that is in quarantine or retired, ValueError for a scope that there is not.
    """
    now = timezone.now()
    rows = fleet.rows()
    chosen = removal.chosen(rows, scope, value)
    if not chosen:
        none = {"scope": scope, "value": value}
        named = _("There is no node named '%(value)s'.") % none
        raise UnknownNode(
            named if scope == "node" else _("There is no node with %(scope)s '%(value)s'.") % none
        )
    forecast = removal.forecast(rows, chosen, scope=scope, value=value, now=now)
    if dry_run:
        return forecast
    if scope == "node" and chosen[0].state in _OUT:
        words = _("%(name)s is %(state)s: nobody is sent there, so there is nothing to drain.")
        raise transitions.NoSuchArrow(words % {"name": chosen[0].name, "state": chosen[0].state.value})
    if forecast.refusal and not force:
        raise Infeasible(forecast)
    deed = "drained" if scope == "node" else f"{scope} '{value}' evacuated"
    words = f"{deed}: {reason}" if reason else f"{deed} by the operator"
    with transaction.atomic():
        for row in chosen:
            drain(row.id, actor=actor, reason=words)
    return removal.begun(forecast)


def activate(node_id: UUID, *, actor: str = "operator", reason: str = "put to use by the operator") -> None:
    """Let a drained or quarantined node serve again; it becomes active at its next heartbeat. Raises UnknownNode."""
    node = _found(node_id)
    if NodeState(node.state) is NodeState.RETIRED:
        words = _("%(name)s is retired: only a new code brings it back (manage.py addnode %(name)s).")
        raise transitions.NoSuchArrow(words % {"name": node.name})
    _want(node, models.Wanted.SERVE)
    beat = fleet.beats.get(node_id)
    heard = beat is not None and beat.lease_until > timezone.now()
    here = NodeState(node.state)
    if heard and here in (NodeState.DRAINING, NodeState.EVACUATED, NodeState.QUARANTINED):
        transitions.move(node, NodeState.ACTIVE, actor=actor, reason=reason)


def quarantine(node_id: UUID, *, actor: str = "operator", reason: str) -> None:
    """Trust a node with nothing until the operator lifts it: no viewers, no fills. Raises UnknownNode."""
    transitions.move(
        _want(_found(node_id), models.Wanted.QUARANTINE), NodeState.QUARANTINED, actor=actor, reason=reason
    )


def retire(node_id: UUID, *, actor: str = "operator", reason: str = "retired by the operator") -> None:
    """Take a node out for good; only a new enrolment brings it back. Raises UnknownNode."""
    transitions.move(
        _want(_found(node_id), models.Wanted.RETIRE), NodeState.RETIRED, actor=actor, reason=reason
    )


def _found(node_id: UUID) -> models.EdgeNode:
    node = models.EdgeNode.objects.filter(id=node_id).first()
    if node is None:
        raise UnknownNode(node_id)
    return node


def _want(node: models.EdgeNode, wanted: models.Wanted) -> models.EdgeNode:
    node.wanted = wanted
    node.save(update_fields=["wanted"])
    transaction.on_commit(fleet.changed)
    return node
