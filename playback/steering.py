"""Which nodes should this viewer fetch from, best first, and why. Pure: a snapshot in, a ranking out.

The same ranking has several faces (JSON for our player, an HLS steering manifest, the playlist's pathways). It is
deterministic: the same snapshot and the same session give the same order, so asking again moves nobody by chance.

Filter → tier (the operator's map, then what was measured, then distance) → who holds it → two candidates, the less busy
wins → stay where you are → spread over sites, failure domains and machines → the shield. Never empty.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from cdn.types import Node, NodeState
from playback.nearness import CLASSES_MS, Place
from playback.picture import CROWDED, HELD, SERVING, Classes, Holding, Picture, host, pathway

__all__ = ["SHIELD", "Candidate", "Failure", "Holding", "Picture", "Ranking", "Viewer", "pathway", "rank"]

#: The pathway id of the site itself, which can always serve: the last of every ranking.
SHIELD = "shield"
#: How many nodes a ranking offers before the shield.
OFFERED = 3
#: A node this busy is not offered to anyone new; far enough below 1 to leave room for the streams already there.
FULL = 0.92
#: Within a tier nobody is given more than this multiple of the tier's mean, once the mean is worth talking about.
BOUND, BOUND_FROM = 1.25, 0.3
#: A node that failed for this session is left alone for 10 s, doubling with each further failure, up to 5 min.
PENALTY, PENALTY_MAX = timedelta(seconds=10), timedelta(minutes=5)
#: How long a lapsed lease may be the control plane's own trouble rather than the node's.
DOUBT = timedelta(seconds=20)
#: What a healthy node must show over the current one, in two reports running, to be worth moving to.
CLEARLY_FASTER = 1.3
#: At most one voluntary move in this time.
SETTLE = timedelta(seconds=120)
#: A node that has just begun to serve is given this share of its weight, growing to all of it in this time: its cache
#: is cold, and a mistake that only load shows is found while few depend on it.
FRESH_SHARE, GROWN_AFTER = 0.10, timedelta(minutes=10)
#: A degraded node gets this share of the sessions that a healthy one would.
DEGRADED_SHARE = 0.25

_HELD_WORDS = ("", ", holds its beginning", ", holds some of it", ", holds all of it")

_MAY_WORK = (*SERVING, NodeState.WARMING, NodeState.DRAINING, NodeState.SUSPECT)
#: The tiers of the operator's map come before all classes of distance.
_SITE, _REGION, _CLASS_FROM = 0, 1, 2
_DISTANCES = (
    *(f"under {limit:.0f} ms away" for limit in CLASSES_MS),
    f"{CLASSES_MS[-1]:.0f} ms away or more",
)
#: How unlike the nodes that are offered already another one is, as it is called in reasons.
_APART = (
    "{why}, another node in case the first fails",
    "{why}, another machine in case the first fails",
    "{why}, another failure domain in case the first fails",
    "another site, in case the first fails",
)
#: So many of those that were passed over are told of; the rest of a large fleet was not even looked at.
PASSED_MOST = 100
#: Last resorts, the likeliest to work first.
_BUSY, _LEAVING, _FAILED, _SILENT = range(4)


@dataclass(frozen=True, slots=True)
class Failure:
    """A node failed for this session: when last, and how often running."""

    at: datetime
    times: int = 1

    def until(self) -> datetime:
        """When the node may be tried again."""
        return self.at + min(PENALTY_MAX, PENALTY * (1 << (max(1, min(self.times, 16)) - 1)))


@dataclass(frozen=True, slots=True)
class Viewer:
    """What is known of the one who asks.

    `seed` is the session: it decides ties. `current` is the pathway in use; `moved_at` the last voluntary move.
    `goodput` holds, for each pathway, the bits per second seen lately, newest last. `site` is where the viewer is,
    when the operator's map says so; `region` likewise, or where it is served from now, when there are several: who must
    leave a node stays near it. `rtt_ms` are round trips that it or its network measured, by pathway; `place` is where
    it is on the globe. `session` tells whether a draining node lets it stay a little longer.
    """

    seed: str
    site: str = ""
    region: str = ""
    session: UUID | None = None
    current: str | None = None
    moved_at: datetime | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    goodput: Mapping[str, Sequence[float]] = field(default_factory=dict)
    rtt_ms: Mapping[str, float] = field(default_factory=dict)
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One place that was looked at. `tier` is 'site', 'region', 'near', 'any' or 'shield'.

    `rank` is None when it was passed over.
    """

    id: str
    base_url: str
    site: str
    tier: str
    utilisation: float
    rank: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """`order` is what to offer, best first; `passed` is everything else that was looked at, and why not."""

    order: tuple[Candidate, ...]
    passed: tuple[Candidate, ...]


@dataclass(slots=True)
class _Looked:
    """A node with what we make of it. `objection` is empty for a node that may be offered; `resort` orders the rest.

    `near` orders the tiers, `why` is what this one is called. `held` is 0 when it is not known to hold anything of the
    package: it would fetch it first. `grown` is how much of its weight it is given, while it has just begun to serve.
    """

    node: Node
    id: str
    near: int
    why: str
    utilisation: float
    objection: str
    resort: tuple[int, float] | None
    held: int
    grown: float
    score: float = 0.0

    @property
    def felt(self) -> float:
        """How busy it is for what it should be given."""
        return self.utilisation / self.grown


def rank(
    nodes: Sequence[Node] | Picture,
    viewer: Viewer,
    *,
    shield_url: str,
    now: datetime,
    assigned: Mapping[str, int] | None = None,
    held: Mapping[str, str] | Holding | None = None,
    offered: int = OFFERED,
) -> Ranking:
    """Order the nodes for one viewer; who asks often prepares them as a `Picture`, and what they hold as a `Holding`.

    `assigned` is what was given out since each node last reported, by pathway, in bits per second: without
    it everyone who starts within one heartbeat is sent to the same node that looks empty (5 times its capacity in
    simulation). `held` says by pathway what is known to be there of the package: 'full', 'partial' or 'head'; the rest
    can fetch it, so that holding nothing excludes nobody. The answer ends with the shield and is never empty.
    """
    picture = nodes if isinstance(nodes, Picture) else Picture(nodes)
    holding = held if isinstance(held, Holding) else Holding(held or {})
    given = assigned or {}
    classes = picture.classes(viewer)
    looked = [
        _look(node, viewer, classes, now=now, given=given, held=holding.held)
        for node in picture.shown(viewer, holding, given=given, now=now)
    ]
    eligible = [one for one in looked if not one.objection]
    chosen = (
        _choose(eligible, viewer, now=now, offered=offered)
        if eligible
        else _least_bad(looked, offered=offered)
    )
    order = [
        _candidate(one, rank=place, reason=reason) for place, (one, reason) in enumerate(chosen, start=1)
    ]
    last = "the site itself, when no node can" if order else "the site itself: no node can serve now"
    order.append(Candidate(SHIELD, shield_url, "", "shield", 0.0, len(order) + 1, last))
    ids = {candidate.id for candidate in order}
    passed = [
        _candidate(one, rank=None, reason=one.objection or f"not needed, {_busy(one)}")
        for one in looked
        if one.id not in ids
    ]
    return Ranking(order=tuple(order), passed=tuple(passed[:PASSED_MOST]))


def _look(
    node: Node,
    viewer: Viewer,
    classes: Classes,
    *,
    now: datetime,
    given: Mapping[str, int],
    held: Mapping[str, str],
) -> _Looked:
    """Judge one node: may it be offered, and if not, how bad is it."""
    name = pathway(node)
    load = node.egress_bps + given.get(name, 0)
    utilisation = load / node.capacity_bps if node.capacity_bps > 0 else 1.0
    objection, resort = _objection(node, name, utilisation, viewer, now)
    near, why = _tier(node, viewer, classes)
    return _Looked(
        node,
        name,
        near,
        why,
        utilisation,
        objection,
        resort,
        HELD.get(held.get(name, ""), 0),
        _grown(node, now),
    )


def _tier(node: Node, viewer: Viewer, classes: Classes) -> tuple[int, str]:
    """How near a node is, and what that is called."""
    if node.site == viewer.site:
        return _SITE, "nearest tier"
    if node.region == viewer.region:
        return _REGION, "same region"
    near, known = classes.of(node.site)
    words = {"measured": _DISTANCES[near], "guessed": f"probably {_DISTANCES[near]}"}
    return _CLASS_FROM + near, words.get(known, "any site")


def _grown(node: Node, now: datetime) -> float:
    """The share of its weight that a node gets so soon after it began to serve."""
    if node.serving_since is None:
        return 1.0
    done = max(0.0, (now - node.serving_since) / GROWN_AFTER)
    return min(1.0, FRESH_SHARE + (1 - FRESH_SHARE) * done)


def _objection(
    node: Node, name: str, utilisation: float, viewer: Viewer, now: datetime
) -> tuple[str, tuple[int, float] | None]:
    """Why a node may not be offered ('' = it may), and its place among last resorts (None = not even that)."""
    silent = (now - node.lease_until).total_seconds()
    if silent >= 0 or node.state is NodeState.SUSPECT:
        # The lease may have lapsed through our own trouble; for a moment the node is still worth a try.
        said = f"silent, its lease ran out {silent:.0f} s ago" if silent >= 0 else "suspect"
        return said, (_SILENT, silent) if node.state in _MAY_WORK and silent < DOUBT.total_seconds() else None
    if _may_linger(node, name, viewer):
        return "", None
    if node.state not in SERVING:
        return f"{node.state}", (_LEAVING, utilisation) if node.state in _MAY_WORK else None
    failure = viewer.failures.get(name)
    if failure and now < failure.until():
        ago = max(0.0, (now - failure.at).total_seconds())
        return f"failed for you {ago:.0f} s ago", (_FAILED, -ago)
    # Whoever is being served by a full node stays until the node itself says otherwise; nobody new is sent there.
    if utilisation >= FULL and not (name == viewer.current and utilisation < 1):
        return f"full, {utilisation * 100:.0f} % busy", (_BUSY, utilisation)
    return "", None


def _may_linger(node: Node, name: str, viewer: Viewer) -> bool:
    """Whether this viewer's turn to leave a draining node has not come: they go one after the other."""
    return (
        node.state is NodeState.DRAINING
        and name == viewer.current
        and name not in viewer.failures
        and viewer.session is not None
        and not node.sends_away(viewer.session)
    )


def _choose(
    eligible: Sequence[_Looked], viewer: Viewer, *, now: datetime, offered: int
) -> list[tuple[_Looked, str]]:
    """Fill the ranks one by one from the nearest tier that has room."""
    chosen: list[tuple[_Looked, str]] = []
    left = list(eligible)
    first = _stay(eligible, viewer, now)
    if first:
        chosen.append(first)
        left.remove(first[0])
    for one in eligible:
        one.score = _score(one, viewer.seed)
    while left and len(chosen) < offered:
        pool, why = _pool(left, [one.node for one, _ in chosen], place=len(chosen) + 1)
        pick = _of_two(pool)
        chosen.append((pick, f"{why}{_HELD_WORDS[pick.held]}, {_busy(pick)}"))
        left.remove(pick)
    return chosen


def _stay(eligible: Sequence[_Looked], viewer: Viewer, now: datetime) -> tuple[_Looked, str] | None:
    """The node in use goes on being first while nothing speaks against it, or else who is clearly faster."""
    here = next((one for one in eligible if one.id == viewer.current), None)
    if here is None:
        return None
    if viewer.moved_at is None or now - viewer.moved_at >= SETTLE:
        ours = list(viewer.goodput.get(here.id, ()))[-2:]
        faster = [
            one for one in eligible if one is not here and _faster(viewer.goodput.get(one.id, ()), ours)
        ]
        if faster:
            best = max(faster, key=lambda one: (viewer.goodput[one.id][-1], one.id))
            return best, f"clearly faster for you than {here.id}, {_busy(best)}"
    return here, f"your node already, {_busy(here)}"


def _faster(theirs: Sequence[float], ours: Sequence[float]) -> bool:
    """Whether both of the last two reports were clearly better than ours."""
    if len(theirs) < 2 or len(ours) < 2:
        return False
    return all(b >= CLEARLY_FASTER * a > 0 for a, b in zip(ours[-2:], theirs[-2:], strict=True))


def _pool(left: Sequence[_Looked], above: Sequence[Node], *, place: int) -> tuple[list[_Looked], str]:
    """Whom to choose among for this place, and what to call it.

    The nearest tier, unless all of it is crowded; as unlike the nodes `above` as there is: another site, else another
    failure domain, else another machine. The last offered place looks beyond the tier for another site: what takes
    down one site must not take all that we offered.
    """
    tiers = sorted({one.near for one in left})
    tier: list[_Looked] = []
    for near in tiers:
        tier = tier or [one for one in left if one.near == near and one.utilisation <= CROWDED]
    tier = tier or [one for one in left if one.near == tiers[0]]
    why = tier[0].why
    if not above:
        return _bounded(_holding(tier)), why
    others = _Others(above)
    apart = [others.apart(one.node) for one in tier]
    most = max(apart)
    pool = [one for one, unlike in zip(tier, apart, strict=True) if unlike == most]
    looks_on = most < _ELSEWHERE and place >= OFFERED
    elsewhere = [one for one in left if others.apart(one.node) == _ELSEWHERE] if looks_on else []
    if elsewhere:
        nearest = min((one.utilisation > CROWDED, one.near) for one in elsewhere)
        pool = [one for one in elsewhere if (one.utilisation > CROWDED, one.near) == nearest]
        most = _ELSEWHERE
    return _bounded(_holding(pool)), _APART[most].format(why=why)


class _Others:
    """The nodes that are offered already, to find one that does not fail together with them."""

    __slots__ = ("_domains", "_hosts", "_placed", "_sites")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._hosts = {host(node) for node in nodes}
        self._sites = {node.site for node in nodes}
        self._domains = {node.domain for node in nodes if node.domain}
        self._placed = {node.site for node in nodes if not node.domain}

    def apart(self, node: Node) -> int:
        """How unlike them it is: 3 another site, 2 another failure domain, 1 another machine, 0 none of that.

        A site in the failure domain of one of them is not apart.
        """
        elsewhere = node.site not in self._sites
        if host(node) in self._hosts:
            # One address may lead to many sites (a test on one machine, a tunnel); then the sites are all we have.
            return _ELSEWHERE if elsewhere else 0
        if node.domain in self._domains:
            return 1
        if elsewhere:
            return _ELSEWHERE
        return 2 if node.domain and node.site not in self._placed else 1


#: The most that a node can be unlike others.
_ELSEWHERE = len(_APART) - 1


def _holding(tier: list[_Looked]) -> list[_Looked]:
    """Those of the tier that hold most of the package, while they have room and are not far above the tier's mean.

    Then the next best, and at last who holds nothing: so a sudden crowd around one title fills further nodes with it
    instead of drowning the few that had it.
    """
    mean = sum(one.utilisation for one in tier) / len(tier)
    bound = CROWDED if mean <= BOUND_FROM else min(CROWDED, BOUND * mean)
    for least in (3, 2, 1):
        if roomy := [one for one in tier if one.held >= least and one.utilisation <= bound]:
            return roomy
    return tier


def _bounded(tier: list[_Looked]) -> list[_Looked]:
    """The tier without those far above its mean load."""
    mean = sum(one.utilisation for one in tier) / len(tier)
    if mean <= BOUND_FROM:
        return tier
    return [one for one in tier if one.utilisation <= BOUND * mean] or tier


def _of_two(pool: Sequence[_Looked]) -> _Looked:
    """Two by weighted rendezvous, of which the less busy: spreads sessions, and asking again gives the same two."""
    two = sorted(pool, key=lambda one: (-one.score, one.id))[:2]
    return min(two, key=lambda one: round(one.felt, 2))


def _score(one: _Looked, seed: str) -> float:
    """Weighted rendezvous score: a node of twice the capacity comes first twice as often."""
    digest = hashlib.blake2b(f"{seed}/{one.id}".encode(), digest_size=8).digest()
    share = (int.from_bytes(digest, "big") + 1) / (2**64 + 2)
    weight = max(1, one.node.capacity_bps) * (DEGRADED_SHARE if one.node.state is NodeState.DEGRADED else 1.0)
    return -weight * one.grown / math.log(share)


def _least_bad(looked: Sequence[_Looked], *, offered: int) -> list[tuple[_Looked, str]]:
    """When nobody passes the filter: those that may work all the same, the likeliest first, so that a mistake of ours
    (a network glitch that makes every node look dead) does not send everyone to the shield."""
    resorts = sorted((one for one in looked if one.resort), key=lambda one: (one.resort or (9, 0.0), one.id))
    return [(one, f"last resort: {one.objection}") for one in resorts[:offered]]


def _candidate(one: _Looked, *, rank: int | None, reason: str) -> Candidate:
    tier = (
        ("site", "region")[one.near] if one.near < _CLASS_FROM else "any" if one.why == "any site" else "near"
    )
    return Candidate(one.id, one.node.base_url, one.node.site, tier, round(one.utilisation, 4), rank, reason)


def _busy(one: _Looked) -> str:
    return f"{one.utilisation * 100:.0f} % busy"
