"""What a node says every two seconds, and what it is told in return. No SQL unless something changes."""

import zlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils import timezone

from cdn import enrolment, keys, models, signing, states, transitions
from cdn.denials import Denial, deny_list
from cdn.live import Beat, Row, fleet
from cdn.types import NodeState, PublicKey

INTERVAL_SECONDS = 2.0
#: A signed request is refused when its time is further off than this, in seconds.
REQUEST_WINDOW = 30.0
#: A heartbeat is heard out much further off, so that a node with a wrong clock can be told so.
HEARTBEAT_WINDOW = 600.0


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
class Heartbeat:
    """A node's report. Bytes, bits per second; versions are those that the node has applied."""

    goodbye: bool = False
    ready: bool = True
    problem: str = ""
    egress_bps: int = 0
    sessions: int = 0
    cache_bytes: int = 0
    cache_limit: int = 0
    disk_free: int = 0
    hits: int = 0
    misses: int = 0
    base_url: str = ""
    capacity_bps: int = 0
    version: str = ""
    keys_version: int = 0
    deny_version: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the node is told. `keys` is None when the node has them; `deny` is what it has not heard yet."""

    state: NodeState
    reason: str
    keys_version: int
    keys: tuple[PublicKey, ...] | None
    deny: tuple[Denial, ...] = field(default=())
    deny_version: int = 0
    interval: float = INTERVAL_SECONDS


def authenticated(request: SignedRequest, *, window: float = REQUEST_WINDOW) -> tuple[Row, float, int]:
    """The node that signed this request, its clock's lead over ours in seconds, and its sequence. Raises NotHeard."""
    try:
        node_id, sent_at, sequence = UUID(request.node_id), float(request.time), int(request.sequence)
    except ValueError:
        raise NotHeard("headers", "The request lacks the headers that a node signs.") from None
    row = fleet.row(node_id)
    if row is None:
        fleet.changed()  # it may have enrolled this very moment, in another process
        row = fleet.row(node_id)
    if row is None:
        raise NotHeard("unknown_node", "This node is not registered here. Enrol it with a new code.")
    message = signing.request_message(
        request.method, request.path, request.time, request.sequence, request.body
    )
    if not signing.verified(_public_key(row.public_key), request.signature, message):
        raise NotHeard("signature", "The signature is not this node's.")
    skew = sent_at - timezone.now().timestamp()
    if not -window <= skew <= window:
        raise NotHeard("clock", f"The node's clock is {skew:+.0f} s off. Set both clocks (NTP).")
    return row, skew, sequence


@lru_cache(maxsize=4096)
def _public_key(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


def hear(request: SignedRequest, heartbeat: Heartbeat) -> Reply:
    """Take a node's report: renew its lease, change its state if the report calls for it, tell it what is new."""
    row, skew, sequence = authenticated(request, window=HEARTBEAT_WINDOW)
    now = timezone.now()
    before = fleet.beats.get(row.id)
    skewed = abs(skew) > states.SKEW_LIMIT
    strikes = min((before.skew_strikes if before else 0) + 1, states.SKEW_STRIKES) if skewed else 0
    beat = Beat(
        heard_at=now,
        lease_until=now + timedelta(seconds=settings.NODE_LEASE_SECONDS),
        sequence=sequence,
        egress_bps=max(0, heartbeat.egress_bps),
        sessions=max(0, heartbeat.sessions),
        cache_bytes=heartbeat.cache_bytes,
        cache_limit=heartbeat.cache_limit,
        disk_free=heartbeat.disk_free,
        hits=heartbeat.hits,
        misses=heartbeat.misses,
        skew_strikes=strikes,
    )
    if not fleet.hear(row.id, beat):
        last = fleet.last_sequence(row.id)
        raise NotHeard("replay", "This heartbeat was heard before.", status=409, sequence=last)
    if heartbeat.goodbye:
        fleet.end_lease(row.id, now)
    report = states.Report(
        goodbye=heartbeat.goodbye,
        ready=heartbeat.ready,
        problem=heartbeat.problem,
        sessions=heartbeat.sessions,
        skew=skew,
        skew_strikes=strikes,
    )
    state, reason = _apply(row, heartbeat, report)
    return _reply(state, reason, heartbeat, now)


def _apply(row: Row, heartbeat: Heartbeat, report: states.Report) -> tuple[NodeState, str]:
    """Bring the row in line with the report; → the state and its reason. Writes only when something differs."""
    moved = (
        bool(heartbeat.base_url) and heartbeat.base_url.rstrip("/") != row.base_url and not heartbeat.goodbye
    )
    if moved:
        return _prove_again(row, heartbeat)
    grown = 0 < heartbeat.capacity_bps < 1 << 50 and heartbeat.capacity_bps != row.capacity_bps
    renewed = bool(heartbeat.version) and heartbeat.version != row.version
    disk = heartbeat.cache_limit
    # A budget that follows the disk's free room moves a little all the time: only what matters to a plan is kept.
    roomier = 0 < disk < 1 << 62 and abs(disk - row.disk_bytes) > row.disk_bytes / 50
    if grown or renewed or roomier:
        models.EdgeNode.objects.filter(id=row.id).update(
            capacity_bps=heartbeat.capacity_bps if grown else row.capacity_bps,
            version=heartbeat.version[:32] if renewed else row.version,
            disk_bytes=disk if roomier else row.disk_bytes,
        )
        fleet.changed()
    state, reason = states.after_heartbeat(row.state, wanted=row.wanted, report=report)
    if state is not row.state:
        node = models.EdgeNode.objects.get(id=row.id)
        try:
            transitions.move(node, state, actor="node" if report.goodbye else "heartbeat", reason=reason)
        except transitions.NoSuchArrow:
            # Somebody moved it since the row was read (quarantined, retired): that stands, the next one sees it.
            fleet.changed()
            return NodeState(node.state), node.reason
        return state, reason
    return row.state, row.reason


def _prove_again(row: Row, heartbeat: Heartbeat) -> tuple[NodeState, str]:
    """The node has a new address: it counts only once it was proven. Until then the old one stays."""
    try:
        base_url = enrolment.checked_base_url(heartbeat.base_url)
        enrolment.prove(base_url=base_url, key=_public_key(row.public_key))
    except enrolment.Refused as error:
        raise NotHeard(error.code, error.message, status=422) from error
    node = models.EdgeNode.objects.get(id=row.id)
    node.base_url = base_url
    node.save(update_fields=["base_url"])
    fleet.changed()
    if row.state in (NodeState.RETIRED, NodeState.QUARANTINED):
        return row.state, row.reason
    transitions.move(node, NodeState.VERIFYING, actor="heartbeat", reason=f"it has moved to {base_url}")
    transitions.move(node, NodeState.WARMING, actor="heartbeat", reason=f"reached at {base_url}")
    return NodeState.WARMING, f"reached at {base_url}"


def _reply(state: NodeState, reason: str, heartbeat: Heartbeat, now: datetime) -> Reply:
    published = keys.ring.published(now)
    version = keys_version(published)
    denials = deny_list.above(heartbeat.deny_version)
    return Reply(
        state=state,
        reason=reason,
        keys_version=version,
        keys=None if heartbeat.keys_version == version else published,
        deny=denials,
        deny_version=max((denial.version for denial in denials), default=heartbeat.deny_version),
    )


def keys_version(published: tuple[PublicKey, ...]) -> int:
    """A number that changes when the published keys do; never 0, which means: I know none."""
    text = ",".join(f"{key.kid}:{key.public_key}" for key in published)
    return zlib.crc32(text.encode()) or 1
