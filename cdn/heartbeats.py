"""What a node says every two seconds, and what it is told in return. No SQL unless something changes."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cdn import changes, denials, faults, inventory, knowledge, leaving, signing, states, takedowns
from cdn.denials import Denial
from cdn.ed25519 import Ed25519PublicKey
from cdn.knowledge import Knowledge
from cdn.live import Beat, Leaving, Row, fleet
from cdn.reports import Heartbeat
from cdn.takedowns import Entry
from cdn.types import NodeState, PublicKey

INTERVAL_SECONDS = 2.0
#: A node that was just told of a takedown is asked to say soon that it is done.
SOON_SECONDS = 0.5
#: A signed request is refused when its time is further off than this, in seconds.
REQUEST_WINDOW = 30.0
#: A heartbeat is heard out much further off, so that a node with a wrong clock can be told so.
HEARTBEAT_WINDOW = 600.0
#: A new node waits this long for its first plan, in seconds: when none comes, nobody makes plans any more.
PLAN_SECONDS = 120.0
UNKNOWN = "This node is not registered here. Enrol it with a new code."
#: So many nodes of a large fleet may be told in one interval to send what they delivered.
SENDERS = 50


class NotHeard(Exception):
    """The request is not from a node that we know; `code` is for the node's program, `message` for its log."""

    def __init__(self, code: str, message: str, *, status: int = 401, sequence: int = 0) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.sequence = code, message, status, sequence


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """The parts of an HTTP request that prove which node sent it."""

    method: str
    path: str
    body: bytes
    node_id: str
    time: str
    sequence: str
    signature: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What the node is told: None where it has it already; `deny` and `takedowns` are what it has not heard yet.

    `plan` is the newest version for this node, 0 for none; `inventory` the epoch of what we think that it holds;
    `kbps` the bitrate to suggest to players, 0 for none.
    """

    state: NodeState
    reason: str
    keys_version: int
    keys: tuple[PublicKey, ...] | None
    deny: tuple[Denial, ...]
    deny_version: int
    takedowns: tuple[Entry, ...]
    takedowns_version: int
    peers: list[dict[str, Any]] | None
    peers_version: int
    plan: int
    inventory: int
    drain: Leaving | None
    kbps: int
    faults_seen: tuple[str, ...]
    deliveries: bool
    interval: float


def authenticated(request: SignedRequest, *, window: float = REQUEST_WINDOW) -> tuple[Row, float, int]:
    """The node that signed this request, its clock's lead over ours in seconds, and its sequence. Raises NotHeard."""
    node_id, sent_at, sequence = _said(request)
    # Who is not known is not looked for once more: it may be anybody, and the rows are half a second old at most.
    row = _registered(fleet.row(node_id))
    return row, _checked(request, row, sent_at, window), sequence


def _registered(row: Row | None) -> Row:
    if row is None:
        raise NotHeard("unknown_node", UNKNOWN)
    return row


def _said(request: SignedRequest) -> tuple[UUID, float, int]:
    try:
        return UUID(request.node_id), float(request.time), int(request.sequence)
    except ValueError:
        raise NotHeard("headers", "The request lacks the headers that a node signs.") from None


def _checked(request: SignedRequest, row: Row, sent_at: float, window: float) -> float:
    """How far the node's clock is ahead of ours, once its signature is found right. Raises NotHeard."""
    message = signing.request_message(
        request.method, request.path, request.time, request.sequence, request.body
    )
    if not signing.verified(public_key(row.public_key), request.signature, message):
        raise NotHeard("signature", "The signature is not this node's.")
    skew = sent_at - timezone.now().timestamp()
    if not -window <= skew <= window:
        raise NotHeard("clock", f"The node's clock is {skew:+.0f} s off. Set both clocks (NTP).")
    return skew


@lru_cache(maxsize=4096)
def public_key(text: str) -> Ed25519PublicKey:
    """The key in these 64 hex digits."""
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


def hear(request: SignedRequest, heartbeat: Heartbeat) -> Reply:
    """Take a node's report: renew its lease, change its state if the report calls for it, tell it what is new."""
    now = timezone.now()
    known = knowledge.current(now)
    node_id, sent_at, sequence = _said(request)
    if node_id not in known.rows:
        fleet.changed()  # it may have enrolled this very moment, in another process
        known = knowledge.read(now)
    row = _registered(known.rows.get(node_id))
    skew = _checked(request, row, sent_at, HEARTBEAT_WINDOW)
    report = _report(row, heartbeat, skew, now)
    _note(row, heartbeat, report, sequence, now)
    try:
        state, reason = changes.apply(row, heartbeat, report)
    except changes.Refused as error:
        raise NotHeard(error.code, error.message, status=error.status) from error
    if heartbeat.faults:
        state, reason = faults.take(row.id, heartbeat.faults, now) or (state, reason)
    return _reply(row, state, reason, heartbeat, sequence, known)


def hear_calmly(request: SignedRequest, heartbeat: Heartbeat) -> Reply | None:
    """The same for a report that changes nothing, from memory alone; None when it takes more. Raises NotHeard."""
    known = knowledge.newest()
    if known is None:
        return None
    node_id, sent_at, sequence = _said(request)
    row = known.rows.get(node_id)
    if row is None:
        return None
    skew = _checked(request, row, sent_at, HEARTBEAT_WINDOW)
    now = timezone.now()
    report = _report(row, heartbeat, skew, now)
    if changes.called_for(row, heartbeat, report) or faults.news(row.id, heartbeat.faults):
        return None
    _note(row, heartbeat, report, sequence, now)
    return _reply(row, row.state, row.reason, heartbeat, sequence, known)


def _report(row: Row, heartbeat: Heartbeat, skew: float, now: datetime) -> states.Report:
    before = fleet.beats.get(row.id)
    skewed = abs(skew) > states.SKEW_LIMIT
    return states.Report(
        goodbye=heartbeat.goodbye,
        ready=heartbeat.ready,
        problem=heartbeat.problem,
        sessions=heartbeat.sessions,
        skew=skew,
        skew_strikes=min((before.skew_strikes if before else 0) + 1, states.SKEW_STRIKES) if skewed else 0,
        warm=_warm(row, heartbeat, now),
        warming_seconds=(now - row.state_at).total_seconds(),
        held="" if fleet.braked(row.region, now) else fleet.held.get(row.id, ""),
    )


def _warm(row: Row, heartbeat: Heartbeat, now: datetime) -> bool:
    """Whether a new node holds what every node must. One that does not say so is taken to."""
    if row.state is not NodeState.WARMING or heartbeat.pinned is None:
        return True
    if row.plan:
        return heartbeat.pinned and heartbeat.plan == row.plan
    known = knowledge.newest()
    # In a fleet where plans are made, one will come for this node, too; in any other there is nothing to wait for.
    unplanned = known is None or not known.planned
    return unplanned or (now - row.state_at).total_seconds() > PLAN_SECONDS


_SPOKEN = tuple(spec.name for spec in fields(Heartbeat))


def _note(row: Row, heartbeat: Heartbeat, report: states.Report, sequence: int, now: datetime) -> None:
    """Keep what was said; the lease begins anew. Raises NotHeard for what was heard before."""
    beat = Beat(
        heard_at=now,
        lease_until=now + timedelta(seconds=settings.NODE_LEASE_SECONDS),
        sequence=sequence,
        skew_strikes=report.skew_strikes,
        **{name: getattr(heartbeat, name) for name in _SPOKEN},
    )
    if not fleet.hear(row.id, beat):
        last = fleet.last_sequence(row.id)
        raise NotHeard("replay", "This heartbeat was heard before.", status=409, sequence=last)
    if heartbeat.goodbye:
        fleet.end_lease(row.id, now)


def _reply(
    row: Row, state: NodeState, reason: str, heartbeat: Heartbeat, sequence: int, known: Knowledge
) -> Reply:
    deny = denials.above(known.denials, heartbeat.deny_version)
    news = takedowns.above(known.takedowns, heartbeat.takedowns)
    peers_version, peers = known.neighbourhood.told(row)
    drain = leaving.of(row) if state is NodeState.DRAINING else None
    return Reply(
        state=state,
        reason=reason,
        keys_version=known.keys_version,
        keys=None if heartbeat.keys_version == known.keys_version else known.keys,
        deny=deny,
        deny_version=max((denial.version for denial in deny), default=heartbeat.deny_version),
        takedowns=news,
        takedowns_version=max((entry.version for entry in news), default=heartbeat.takedowns),
        peers=None if heartbeat.peers == peers_version else peers,
        peers_version=peers_version,
        plan=row.plan if state in states.MAY_FILL else 0,
        inventory=inventory.holdings.epoch(row.id),
        drain=drain,
        kbps=fleet.suggested_kbps.get(row.region, 0),
        faults_seen=tuple(one.id for one in heartbeat.faults),
        interval=SOON_SECONDS if news else INTERVAL_SECONDS,
        deliveries=sequence % (1 + len(known.rows) // SENDERS) == 0,
    )


def wire(reply: Reply) -> dict[str, Any]:
    """A reply as the node reads it."""
    answer: dict[str, Any] = {
        "state": reply.state.value,
        "reason": reply.reason,
        "keys_version": reply.keys_version,
        "deny": [{"session": one.session_id.hex, "until": one.until.timestamp()} for one in reply.deny],
        "deny_version": reply.deny_version,
        "takedowns": [
            {"version": one.version, "package": one.package, "forbidden": one.forbidden, "lifted": one.lifted}
            for one in reply.takedowns
        ],
        "takedowns_version": reply.takedowns_version,
        "peers_version": reply.peers_version,
        "plan": reply.plan,
        "inventory": reply.inventory,
        "mb": reply.kbps,
        "faults_seen": reply.faults_seen,
        "deliveries": reply.deliveries,
        "interval": reply.interval,
        "lease_seconds": settings.NODE_LEASE_SECONDS,
    }
    if reply.keys is not None:
        answer["keys"] = [{"kid": key.kid, "public_key": key.public_key} for key in reply.keys]
    if reply.peers is not None:
        answer["peers"] = reply.peers
    if reply.drain is not None:
        answer["drain"] = {"grace_seconds": reply.drain.grace_seconds, "share": round(reply.drain.share, 4)}
    return answer
