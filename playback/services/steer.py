"""Ranking the fleet for one session: the pure rule, fed from memory. No database here: players ask all the time."""

import time
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cdn import services as cdn
from cdn.types import Node, NodeState
from playback import steering
from playback.known import KNOWN
from playback.live import LIVE, Memory
from playback.picture import Picture
from playback.types import RankedNode, Sample, Steered

#: How long players keep a ranking before they ask again, give or take a fifth; shorter while something is amiss where
#: they are: who must leave a node is told in time.
STEERING_TTL, TROUBLE_TTL, JITTER = timedelta(seconds=30), timedelta(seconds=10), 0.2
#: A failure counts as trouble for so long.
TROUBLED_FOR = timedelta(seconds=30)
#: What one stream is taken to need when nothing better is known, in bits per second.
USUAL_BPS = 4_000_000
#: How many decisions a session keeps, and how many nodes that were passed over each tells of.
DECISIONS_MAX = 20


def steer(
    session_id: UUID,
    *,
    current: str | None = None,
    samples: Sequence[Sample] = (),
    address: str = "",
    package_id: str = "",
    now: datetime | None = None,
) -> Steered:
    """The nodes for a session that plays already, best first, the shield last; never empty.

    `current` is the pathway in use and `samples` what the player saw since it last asked; `address` is where it asks
    from: failures seen from several networks make a node suspect. `package_id` is what it plays, which a process that
    has just started does not know. From memory: it may be called in an event loop.
    """
    now = now or timezone.now()
    _arrive(session_id, address)
    picture = KNOWN.picture(now)
    # What is no place of ours is not remembered: it would push out what others of the network measured.
    samples = [one for one in samples if one.node in picture.by_id or one.node == steering.SHIELD]
    LIVE.report(session_id, samples=samples, current=current, now=now)
    for one in samples:
        node = picture.by_id.get(one.node)
        if node and one.failures > 0:
            cdn.report_failure(node.id, session_id=session_id, network=address)
        if node and one.corrupt > 0 and package_id:
            cdn.report_corrupt(node.id, session_id=session_id, package_id=package_id)
    nodes = rank(session_id, why="asked", now=now, package_id=package_id)
    return _answer(session_id, nodes, picture, now)


def rank(
    session_id: UUID,
    *,
    why: str,
    now: datetime,
    bps: int = 0,
    package_id: str = "",
    address: str = "",
) -> tuple[RankedNode, ...]:
    """Rank, account for it, and remember why. Nodes that hold the package come first, once it is known."""
    _arrive(session_id, address)
    memory = LIVE.recall(session_id)
    package_id = package_id or memory.package_id
    picture = KNOWN.picture(now)
    if why != "asked" and package_id:
        KNOWN.learn(package_id)
    viewer = _viewer(session_id, memory, picture, now)
    ranking = steering.rank(
        picture,
        viewer,
        shield_url=cdn.shield_base_url(),
        now=now,
        assigned=LIVE.assigned(now),
        held=KNOWN.holding(package_id),
    )
    first = ranking.order[0].id
    bps = bps or memory.bps or USUAL_BPS
    if first not in (memory.current, steering.SHIELD) and not (
        memory.offered and memory.offered[0][0] == first
    ):
        # Other processes give out as much as this one, and none hears of it.
        LIVE.assign(first, bps=bps * max(1, settings.WEB_PROCESSES), now=now, session_id=session_id)
    decision = {
        "at": now.isoformat(timespec="milliseconds"),
        "why": why,
        "order": [[one.id, one.reason] for one in ranking.order],
        "passed": [[one.id, one.reason] for one in ranking.passed[:DECISIONS_MAX]],
    }
    order = tuple((one.id, one.reason) for one in ranking.order)
    LIVE.offer(
        session_id, decision=decision, order=order, force=why != "asked", package_id=package_id, bps=bps
    )
    well = picture.by_id
    return tuple(
        RankedNode(
            one.id, one.base_url, place, one.reason, well[one.id].healthy_since if one.id in well else None
        )
        for place, one in enumerate(ranking.order, start=1)
    )


def base_url(pathway: str, now: datetime) -> str | None:
    """Where a pathway leads, ranked or not; None when there is no such node now."""
    if pathway == steering.SHIELD:
        return cdn.shield_base_url()
    node = KNOWN.picture(now).by_id.get(pathway)
    return node.base_url if node else None


def _arrive(session_id: UUID, address: str) -> None:
    if address:
        LIVE.arrive(session_id, network=cdn.network_of(address), location=cdn.locate(address))


def _viewer(session_id: UUID, memory: Memory, picture: Picture, now: datetime) -> steering.Viewer:
    # Until the player says where it is, it is where it was sent: asking twice must not send it to two places.
    current = memory.current or (memory.offered[0][0] if memory.offered else None)
    here = picture.by_id.get(current or "")
    place = memory.location
    return steering.Viewer(
        seed=session_id.hex,
        session=session_id,
        site=place.site,
        region=place.region or (here.region if here and picture.regions > 1 else ""),
        current=current,
        moved_at=memory.moved_at,
        failures=memory.failures,
        goodput={pathway: tuple(rates) for pathway, rates in memory.goodput.items()},
        rtt_ms=LIVE.round_trips(memory.network, now),
        place=place.place,
    )


def _answer(session_id: UUID, nodes: tuple[RankedNode, ...], picture: Picture, now: datetime) -> Steered:
    """When to ask again, and what else the fleet asks of players."""
    first = picture.by_id.get(nodes[0].id)
    frozen = any(node.frozen for one in nodes if (node := picture.by_id.get(one.id)))
    troubled = frozen or first is None or _troubled(session_id, first, picture, now)
    wish = (TROUBLE_TTL if troubled else STEERING_TTL) * _jitter(session_id, now)
    return Steered(
        nodes=nodes,
        ttl=LIVE.appointment(session_id, wish, time.monotonic()),
        kbps=first.suggested_kbps if first else 0,
        frozen=frozen,
    )


def _jitter(session_id: UUID, now: datetime) -> float:
    """A factor that differs from session to session and from time to time: who came together does not stay together."""
    share = zlib.crc32(session_id.bytes + int(now.timestamp()).to_bytes(8, "big")) / (1 << 32)
    return 1 - JITTER + 2 * JITTER * share


def _troubled(session_id: UUID, first: Node, picture: Picture, now: datetime) -> bool:
    """Whether something is amiss with the node in use, or was lately with another."""
    memory = LIVE.recall(session_id)
    here = picture.by_id.get(memory.current or "", first)
    well = (NodeState.ACTIVE, NodeState.DEGRADED)
    lately = any(now - one.at < TROUBLED_FOR for one in memory.failures.values())
    return lately or here.state not in well or first.state not in well
