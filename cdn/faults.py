"""Wrong bytes and failing disks, as nodes report them: written down once, and three in a day end a node's use.

A node that says of itself that its disk lied is believed. One that says it of another node is believed when a second
one says so too: else a single liar could empty the fleet.
"""

import logging
import re
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cdn import models, states, transitions
from cdn.live import fleet
from cdn.reports import Fault
from cdn.types import NodeState

log = logging.getLogger(__name__)

#: So many faults in this time put a node in quarantine.
LIMIT, WITHIN = 3, timedelta(hours=24)
#: Of one node no more than so many of a day are written down: a node that lies must not fill the database.
WRITTEN_MOST = 100
#: How long ago a fault may have been: the node was away meanwhile.
OLDEST = timedelta(days=30)
#: An accusation by another node counts only when so many nodes make it.
ACCUSERS = 2
#: Rather a doubtful node than none: nodes check what they serve, too. So the last one is not put in quarantine, and
#: none when more than this share would be: then the packages are the likelier fault.
MOST_OUT = 1 / 3
_IDS_MOST = 256
_ACCUSED = re.compile(r"n([1-9][0-9]{0,8}) ")


class Seen:
    """Which faults were written down by this process, by node and id; the node repeats them until it hears so."""

    def __init__(self) -> None:
        self._ids: dict[UUID, OrderedDict[str, None]] = {}

    def has(self, node_id: UUID, fault: Fault) -> bool:
        """Whether this fault is written down."""
        return fault.id in self._ids.get(node_id, ())

    def add(self, node_id: UUID, fault: Fault) -> None:
        """It is."""
        ids = self._ids.setdefault(node_id, OrderedDict())
        ids[fault.id] = None
        while len(ids) > _IDS_MOST:
            ids.popitem(last=False)

    def forget(self) -> None:
        """As in a fresh process."""
        self._ids.clear()


seen = Seen()


def news(node_id: UUID, faults: tuple[Fault, ...]) -> bool:
    """Whether one of these is not written down yet, as far as this process knows."""
    return any(not seen.has(node_id, fault) for fault in faults)


def take(node_id: UUID, faults: tuple[Fault, ...], now: datetime) -> tuple[NodeState, str] | None:
    """Write down what is new; → the reporter's new state and the reason, if that ends its use."""
    accused: set[UUID] = set()
    fresh = False
    for fault in faults:
        if seen.has(node_id, fault):
            continue
        fresh |= _write(node_id, fault, now)
        if fault.kind == "peer" and (other := _named(fault)):
            accused.add(other)
        seen.add(node_id, fault)
    for other in accused - {node_id}:
        _judge(other, now)
    return _judge(node_id, now) if fresh else None


def _write(node_id: UUID, fault: Fault, now: datetime) -> bool:
    """Add a row unless this very fault has one: a fresh process hears again what the last one wrote."""
    at = now
    if (now - OLDEST).timestamp() < fault.at <= now.timestamp() + states.SKEW_LIMIT:
        at = datetime.fromtimestamp(fault.at, UTC)
    that_day = models.NodeFault.objects.filter(node_id=node_id, at__gt=at - WITHIN, at__lt=at + WITHIN)
    if that_day.count() >= WRITTEN_MOST:
        log.warning("node %s tells of more than %d faults in a day: no more are noted", node_id, WRITTEN_MOST)
        return False
    _row, made = models.NodeFault.objects.get_or_create(
        node_id=node_id,
        at=at,
        kind=fault.kind,
        package=fault.package,
        rendition=fault.rendition,
        name=fault.name,
        defaults={"detail": fault.detail},
    )
    return made


def _named(fault: Fault) -> UUID | None:
    """The node that a fault of kind 'peer' accuses: its pathway begins the detail, as in 'n3 sent wrong bytes'."""
    said = _ACCUSED.match(fault.detail)
    if said is None:
        return None
    return next((row.id for row in fleet.rows() if row.slot == int(said[1])), None)


def _judge(node_id: UUID, now: datetime) -> tuple[NodeState, str] | None:
    """Quarantine a node that has too many faults in a day."""
    reason = _case(node_id, now - WITHIN)
    if not reason:
        return None
    rows = fleet.rows()
    out = sum(1 for row in rows if row.state is NodeState.QUARANTINED)
    serving = sum(1 for row in rows if row.state in states.SERVING)
    if serving <= 1 or (out and (out + 1) / (serving + out) > MOST_OUT):
        log.error("node %s should be in quarantine (%s), but too many would be: look at it", node_id, reason)
        return None
    try:
        node = models.EdgeNode.objects.get(id=node_id)
        if not states.may_move(NodeState(node.state), NodeState.QUARANTINED):
            return None
        models.EdgeNode.objects.filter(id=node_id).update(wanted=models.Wanted.QUARANTINE)
        transitions.move(node, NodeState.QUARANTINED, actor="faults", reason=reason)
    except (models.EdgeNode.DoesNotExist, transitions.NoSuchArrow):
        return None
    return NodeState.QUARANTINED, reason


def _case(node_id: UUID, since: datetime) -> str:
    """What speaks against a node, in words; empty when it is not enough. What it was pardoned for is not counted."""
    pardon = (
        models.NodeEvent.objects.filter(node_id=node_id, from_state=NodeState.QUARANTINED.value)
        .order_by("-at")
        .values_list("at", flat=True)
        .first()
    )
    since = max(since, pardon) if pardon else since
    recent = models.NodeFault.objects.filter(at__gt=since)
    own = recent.filter(node_id=node_id).exclude(kind="peer").count()
    if own >= LIMIT:
        return f"{own} faults within a day"
    slot = next((row.slot for row in fleet.rows() if row.id == node_id), 0)
    accusers = list(
        recent.filter(kind="peer", detail__startswith=f"n{slot} ")
        .exclude(node_id=node_id)
        .values_list("node_id", flat=True)
    )
    if len(accusers) >= LIMIT and len(set(accusers)) >= ACCUSERS:
        return f"{len(set(accusers))} nodes got wrong bytes from it within a day"
    return ""
