"""Ranking the fleet for one session: the pure rule, fed from memory. No database here: players ask all the time."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from cdn import services as cdn
from cdn.types import Node
from playback import steering
from playback.live import LIVE
from playback.types import RankedNode, Sample, Steered

log = logging.getLogger("playback")

#: How long players keep a ranking before they ask again.
STEERING_TTL = timedelta(seconds=30)
#: What one stream is taken to need when nothing better is known, in bits per second.
USUAL_BPS = 4_000_000
#: How many decisions a session keeps.
DECISIONS_MAX = 20


def steer(
    session_id: UUID,
    *,
    current: str | None = None,
    samples: Sequence[Sample] = (),
    address: str = "",
    now: datetime | None = None,
) -> Steered:
    """The nodes for a session that plays already, best first, the shield last; never empty.

    `current` is the pathway in use and `samples` what the player saw since it last asked; `address` is where it asks
    from: failures seen from several networks make a node suspect.
    """
    now = now or timezone.now()
    LIVE.report(session_id, samples=samples, current=current, now=now)
    failed = {one.node for one in samples if one.failures > 0}
    for node in _fleet(now) if failed else ():
        if steering.pathway(node) in failed:
            cdn.report_failure(node.id, session_id=session_id, network=address)
    nodes = rank(session_id, why="asked", now=now)
    first = next((one for one in _fleet(now) if steering.pathway(one) == nodes[0].id), None)
    return Steered(nodes=nodes, ttl=STEERING_TTL, kbps=first.suggested_kbps if first else 0)


def rank(
    session_id: UUID, *, why: str, now: datetime, bps: int = USUAL_BPS, package_id: str = ""
) -> tuple[RankedNode, ...]:
    """Rank, account for it, and remember why. Nodes that hold the package come first, once it is known."""
    memory = LIVE.recall(session_id)
    package_id = package_id or memory.package_id
    # Until the player says where it is, it is where it was sent: asking twice must not send it to two places.
    current = memory.current or (memory.offered[0][0] if memory.offered else None)
    nodes = _fleet(now)
    viewer = steering.Viewer(
        seed=session_id.hex,
        session=session_id,
        region=_region(nodes, current),
        current=current,
        moved_at=memory.moved_at,
        failures=memory.failures,
        goodput={pathway: tuple(rates) for pathway, rates in memory.goodput.items()},
    )
    ranking = steering.rank(
        nodes,
        viewer,
        shield_url=cdn.shield_base_url(),
        now=now,
        assigned=LIVE.assigned(now),
        held=_held(nodes, package_id),
    )
    first = ranking.order[0].id
    if first not in (memory.current, steering.SHIELD) and not (
        memory.offered and memory.offered[0][0] == first
    ):
        LIVE.assign(first, bps=bps, now=now)
    order = tuple((one.id, one.reason) for one in ranking.order)
    decision = {
        "at": now.isoformat(timespec="milliseconds"),
        "why": why,
        "order": [[one.id, one.reason] for one in ranking.order],
        "passed": [[one.id, one.reason] for one in ranking.passed[:DECISIONS_MAX]],
    }
    LIVE.offer(session_id, decision=decision, order=order, force=why != "asked", package_id=package_id)
    well = {steering.pathway(node): node.healthy_since for node in nodes}
    return tuple(
        RankedNode(one.id, one.base_url, place, one.reason, well.get(one.id))
        for place, one in enumerate(ranking.order, start=1)
    )


def _region(nodes: Sequence[Node], current: str | None) -> str:
    """The region of the node in use; '' when all are in one, or nothing is in use."""
    regions = {node.region for node in nodes}
    return next((node.region for node in nodes if steering.pathway(node) == current and len(regions) > 1), "")


def _held(nodes: Sequence[Node], package_id: str) -> dict[str, str]:
    """What each pathway is known to hold of the package; nothing while we cannot say."""
    if not package_id:
        return {}
    try:
        holders = cdn.holders(package_id)
    except DatabaseError:
        return {}
    return {steering.pathway(node): holders[node.id] for node in nodes if node.id in holders}


def _fleet(now: datetime) -> Sequence[Node]:
    """The fleet's snapshot; when it cannot be read, the last one that could, with its leases stretched: a database
    that is locked or away says nothing about the nodes.
    """
    try:
        LIVE.nodes = cdn.nodes()
    except DatabaseError:
        log.warning("The fleet cannot be read; steering by what was last known of it.", exc_info=True)
        lease = now + STEERING_TTL
        return [replace(node, lease_until=max(node.lease_until, lease)) for node in LIVE.nodes]
    return LIVE.nodes
