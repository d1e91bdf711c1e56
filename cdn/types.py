"""What other apps may know of the edge fleet."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from cdn.evacuation import moves


class NodeState(StrEnum):
    """Where an edge node stands in its life (docs/architecture.md draws the arrows)."""

    PENDING = "pending"
    VERIFYING = "verifying"
    WARMING = "warming"
    ACTIVE = "active"
    DEGRADED = "degraded"
    SUSPECT = "suspect"
    DRAINING = "draining"
    EVACUATED = "evacuated"
    RETIRED = "retired"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Node:
    """A snapshot of one edge node, as steering sees it.

    `base_url` has no trailing slash. Rates are bits per second. `lease_until` is when silence becomes
    suspicion. `slot` is a small stable integer, never reused, safe to show a player as pathway id. `serving_since` is
    since when it serves without interruption: a fresh one gets its full share by and by. `leaving` is the share of its
    sessions that should have moved on by now, while it drains. `healthy_since` is since when nothing speaks against it:
    what failed before that may be tried again; None while something does. `suggested_kbps` is the bitrate that its
    region asks players to stay below while capacity is short, 0 for none. Nodes of one `domain` fail together (a rack,
    a power supply, an uplink), '' when only its site is known. Degrees north and east, when they are known. `frozen`
    while the last good picture is kept because too many nodes fell silent at once.
    """

    id: UUID
    slot: int
    name: str
    base_url: str
    site: str
    state: NodeState
    capacity_bps: int
    egress_bps: int
    sessions: int
    lease_until: datetime
    region: str = "default"
    serving_since: datetime | None = None
    leaving: float = 1.0
    healthy_since: datetime | None = None
    suggested_kbps: int = 0
    domain: str = ""
    latitude: float | None = None
    longitude: float | None = None
    frozen: bool = False

    @property
    def utilisation(self) -> float:
        """Share of the capacity in use, 0 … 1 and above."""
        return self.egress_bps / self.capacity_bps if self.capacity_bps else 1.0

    def sends_away(self, session_id: UUID) -> bool:
        """Whether this session should have left the node by now. The node itself says the same."""
        return self.state is NodeState.DRAINING and moves(session_id.bytes, self.leaving)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a viewer is. `site` and `region` are '' when the operator's map does not say; `place` is in degrees north
    and east, None when it is not known."""

    site: str = ""
    region: str = ""
    place: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class NodeLost:
    """News: a node's lease ran out without a goodbye."""

    node_id: UUID


@dataclass(frozen=True, slots=True)
class PackageTakenDown:
    """News: nobody may have this package from now on."""

    package_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token ready for a URL, and when it stops opening anything."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a token key: `public_key` is 64 hex digits."""

    kid: int
    public_key: str


@dataclass(frozen=True, slots=True)
class NodeHealth:
    """What an operator sees of a node. Bytes and bits per second as named; `heard_at` is None when never heard.

    `takedowns` is the version that it has carried out, `cpu` a share, `cert_until` in seconds since 1970 (0: none).
    """

    node: Node
    reason: str
    heard_at: datetime | None
    cache_bytes: int
    cache_limit: int
    disk_free: int
    hits: int
    misses: int
    version: str
    takedowns: int = 0
    cpu: float = 0.0
    ttfb_p95_ms: float = 0.0
    peer_bytes: int = 0
    origin_bytes: int = 0
    cert_until: int = 0


@dataclass(frozen=True, slots=True)
class Leaving:
    """How far a node is in sending its viewers away. `sessions` were served within the last 30 s; `share` of them has
    been asked to go, 1 for a node that serves nobody; `receiving`: viewers are sent there."""

    name: str
    state: str
    region: str
    capacity_bps: int
    egress_bps: int
    sessions: int
    receiving: bool
    share: float


@dataclass(frozen=True, slots=True)
class Survivor:
    """A node that stays, as it is and as it would be. Utilisation: 0 … 1 and above."""

    node_id: UUID
    name: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What taking nodes out of use would do, or is doing when `done`.

    `refusal` says in words why it should not be done, empty when nothing speaks against it. `homeless_bps` of the moved
    load finds no room below 85 %; `worst` is the highest utilisation among the survivors afterwards; `seconds` how long
    the moving takes; `kbps` the bitrate suggested to players meanwhile, 0 when there is room.
    """

    scope: str
    value: str
    node_ids: tuple[UUID, ...]
    names: tuple[str, ...]
    survivors: tuple[Survivor, ...]
    moved_bps: int
    moved_sessions: int
    homeless_bps: int
    worst: float
    seconds: float
    kbps: int
    refusal: str = ""
    done: bool = False

    @property
    def feasible(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.refusal

    @property
    def hurts(self) -> bool:
        """Whether viewers would feel it: something speaks against it, and somebody has to move."""
        return bool(self.refusal and self.moved_sessions)


@dataclass(frozen=True, slots=True)
class TakenDown:
    """A package that is taken down, or was purged."""

    package_id: str
    forbidden: bool
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """Something that happened in the fleet. `kind` is 'state', 'takedown', 'purge', 'lift' or 'fault'.

    `subject` is a node's name or a package's id; `node_id` is None for packages. The two states are empty unless one
    changed.
    """

    at: datetime
    kind: str
    subject: str
    node_id: UUID | None
    actor: str
    text: str
    from_state: str = ""
    to_state: str = ""


@dataclass(frozen=True, slots=True)
class Delivered:
    """One answer that a node says it gave to a viewer. `held` is whether it had what was asked for."""

    at: datetime
    pathway: str
    package: str
    rendition: str
    name: str
    status: int
    bytes: int
    milliseconds: int
    held: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one rendition of a package is, or is not, on a node.

    `here` is what the node says it holds: 'full', 'partial', 'head' or 'none'. `wanted` is what its plan wants: 'all',
    'head' or ''. `urgency` is the order's class ('pinned', 'release', 'repair', 'window'), empty when none stands.
    """

    rendition: str
    kind: str
    here: str
    wanted: str
    urgency: str
    why: str


@dataclass(frozen=True, slots=True)
class FillProgress:
    """How far a node is with its plan: orders and bytes, estimated from what it says it holds.

    `pinned_done` of `pinned` orders are beginnings. `version` is the plan's; `known` is False until the node reported.
    """

    version: int
    known: bool
    done: int
    total: int
    bytes_left: int
    bytes_total: int
    pinned_done: int
    pinned: int
