"""Nodes for tests, of this app and of those above."""

import itertools
from datetime import timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from cdn import bundles, models
from cdn.inventory import holdings
from cdn.live import Beat, fleet
from cdn.networks import atlas
from cdn.types import Node, NodeState

_numbers = itertools.count(1)


def make_node(
    *,
    name: str = "",
    state: NodeState = NodeState.ACTIVE,
    base_url: str = "",
    site: str = "default",
    capacity_bps: int = 1_000_000_000,
    egress_bps: int = 0,
    sessions: int = 0,
    lease: timedelta = timedelta(minutes=10),
    public_key: str = "00" * 32,
) -> Node:
    """A registered node that was just heard, with a lease long enough for any test."""
    number = next(_numbers)
    slot = 1 + (models.EdgeNode.objects.order_by("-slot").values_list("slot", flat=True).first() or 0)
    row = models.EdgeNode.objects.create(
        id=uuid4(),
        slot=slot,
        name=name or f"edge-{number}",
        site=site,
        base_url=base_url or f"http://edge-{number}.test",
        public_key=public_key,
        capacity_bps=capacity_bps,
        state=state.value,
    )
    now = timezone.now()
    fleet.beats[row.id] = Beat(
        heard_at=now, lease_until=now + lease, sequence=1, egress_bps=egress_bps, sessions=sessions
    )
    fleet.changed()
    read = fleet.row(row.id)
    assert read is not None
    return fleet.node(read, now)


def make_network(cidr: str, *, site: str = "", region: str = "default") -> None:
    """An entry of the operator's map of viewers' networks."""
    models.Network.objects.create(cidr=cidr, site=site, region=region)
    atlas.changed()


def make_delivery(node: Node, session_id: UUID, *, bytes: int, cache: str) -> None:
    """A node says that it gave something to a session, from what it holds ('HIT') or not ('MISS')."""
    models.Delivery.objects.create(
        node_id=node.id,
        at=timezone.now(),
        session_id=session_id,
        package="0" * 32,
        rendition="v180",
        name="0.m4s",
        status=200,
        bytes=bytes,
        milliseconds=3,
        cache=cache,
    )


def deliveries_to(session_id: UUID) -> list[models.Delivery]:
    """What nodes said that they gave to a session, oldest first."""
    return list(models.Delivery.objects.filter(session_id=session_id).order_by("at", "id"))


def make_holding(node: Node, package_id: str, state: str = "full") -> None:
    """The node says that it holds so much of a package: 'full', 'partial', 'head' or 'none'."""
    bundles.add(package_id)
    bundles.index.clear()
    said = {
        row.rendition: (state, row.segments // 2) for row in models.Bundle.objects.filter(package=package_id)
    }
    base = holdings.epoch(node.id)
    holdings.take(node.id, slot=node.slot, epoch=base + 1, base=base, report={package_id: said})
