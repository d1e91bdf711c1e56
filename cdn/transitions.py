"""The one door through which a node changes state: along an arrow of the table, with its actor and its reason kept."""

from functools import partial

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cdn import models, states
from cdn.events import node_lost
from cdn.live import fleet
from cdn.types import NodeLost, NodeState


class NoSuchArrow(Exception):
    """The table of states has no such change."""


@transaction.atomic
def move(node: models.EdgeNode, to: NodeState, *, actor: str, reason: str) -> bool:
    """Change a node's state and write it down. False when it is there already; raises NoSuchArrow."""
    row = models.EdgeNode.objects.select_for_update().get(id=node.id)
    here = NodeState(row.state)
    if here is to:
        return False
    if not states.may_move(here, to):
        words = _("%(name)s is %(here)s: that does not lead to %(to)s.")
        raise NoSuchArrow(words % {"name": node.name, "here": here.value, "to": to.value})
    now = timezone.now()
    node.serving_since = states.serving_since(
        here, to, before=row.serving_since, idle=now - row.state_at, now=now
    )
    node.state, node.reason, node.state_at = to.value, reason[:255], now
    node.save(update_fields=["state", "reason", "state_at", "serving_since"])
    models.NodeEvent.objects.create(
        node=node,
        from_state=here.value,
        to_state=to.value,
        actor=actor,
        reason=reason[:255],
        at=node.state_at,
    )
    transaction.on_commit(fleet.changed)
    if to is NodeState.SUSPECT:
        news = NodeLost(node_id=node.id)
        transaction.on_commit(partial(node_lost.send_robust, sender=NodeLost, event=news))
    return True
