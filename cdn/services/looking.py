"""What there is: nodes for viewers to be sent to, and what an operator wants to see of them."""

import time
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from cdn import asking, corruption, history, leaving, models, silence, witnesses
from cdn.live import fleet
from cdn.types import Delivered, FleetEvent, Leaving, Node, NodeHealth, NodeState


def nodes() -> tuple[Node, ...]:
    """Every node that viewers could be sent to, by slot, in its state of this moment.

    That is: warming, active, degraded, suspect and draining ones; steering decides by `state`, `lease_until` and
    load. Nodes whose lease has run out are suspect. A web process that has just started reports what the
    rows say until its nodes had time to be heard.
    """
    now = timezone.now()
    if not silence.watching():
        silence.conclude(now)
    return _offered(now)


def _offered(now: datetime) -> tuple[Node, ...]:
    return fleet.serving(now)


def health() -> tuple[NodeHealth, ...]:
    """Every registered node with what an operator wants to see of it."""
    now = timezone.now()
    if not silence.watching():
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
                takedowns=beat.takedowns if beat else 0,
                cpu=beat.cpu if beat else 0.0,
                ttfb_p95_ms=beat.ttfb_p95_ms if beat else 0.0,
                peer_bytes=beat.peer_bytes if beat else 0,
                origin_bytes=beat.origin_bytes if beat else 0,
                cert_until=beat.cert_until if beat else 0,
            )
        )
    return tuple(found)


def known_as(scope: str) -> str:
    """For who named none: the names of all nodes, sites, regions or versions, in words."""
    every = health()
    if scope == "version":
        found = sorted({one.version for one in every})
    else:
        field = "name" if scope == "node" else scope
        found = list(dict.fromkeys(str(getattr(one.node, field)) for one in every))
    return f"{scope.capitalize()}s: {', '.join(found) or 'none yet'}."


def evacuations() -> list[Leaving]:
    """How far every node is in sending its viewers away, for who waits for it; by slot."""
    receiving = {row.id for row in leaving.survivors(fleet.rows(), timezone.now())}
    found = []
    for one in health():
        node = one.node
        out = node.state is NodeState.EVACUATED
        going = fleet.leaving.get(node.id)
        found.append(
            Leaving(
                name=node.name,
                state=node.state.value,
                region=node.region,
                capacity_bps=node.capacity_bps,
                egress_bps=0 if out else node.egress_bps,
                sessions=0 if out else node.sessions,
                receiving=node.id in receiving,
                share=1.0 if out else round(going.share, 3) if going else 0.0,
            )
        )
    return found


def learn(*, site: str = "") -> str:
    """Ask the running site (SITE_URL unless named) for the fleet's loads; → '' or, in words, why it cannot be told.

    For commands: what nodes last said is in the memory of the web process alone.
    """
    return asking.learn(site)


def fleet_events(*, limit: int = 100) -> tuple[FleetEvent, ...]:
    """The last things that happened in the fleet, newest first: changes of state, takedowns, faults."""
    return history.newest(limit=limit)


def deliveries_of(session_id: UUID, *, limit: int = 20_000) -> list[Delivered]:
    """What nodes say they gave to a session, oldest first; they tell it about a minute later."""
    slots = {row.id: f"n{row.slot}" for row in fleet.rows()}
    rows = models.Delivery.objects.filter(session_id=session_id).order_by("at", "id")[:limit]
    return [
        Delivered(
            at=row.at,
            pathway=slots.get(row.node_id, "?"),
            package=row.package,
            rendition=row.rendition,
            name=row.name,
            status=row.status,
            bytes=row.bytes,
            milliseconds=row.milliseconds,
            held=row.cache == "HIT",
        )
        for row in rows
    ]


def network_of(address: str) -> str:
    """A coarse name of the network of an address, which is all of it that may be kept: its /24, or its /48."""
    return witnesses.network_of(address)


def report_corrupt(node_id: UUID, *, session_id: UUID, package_id: str) -> None:
    """A player got bytes from a node that are not the package's. They are claims: the node is proved by our own look.

    What is found wrong then counts as the node's fault, and three in a day put it in quarantine. From memory, at once.
    """
    corruption.claims.report(node_id, session_id, package_id, time.monotonic())


def report_failure(node_id: UUID, *, session_id: UUID, network: str) -> None:
    """A player could not fetch from a node. `network` is the player's address; only its network is kept, in memory.

    Three sessions of two networks within 5 s, and the node gets no new viewers while it is looked into.
    """
    witnesses.clients.report(node_id, session_id, witnesses.network_of(network), time.monotonic())
