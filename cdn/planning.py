"""Making the nodes' plans: figures from the rows, a decision by `allocation`, documents into the rows.

Done every half minute by whichever worker comes first, and safe to do twice: the same rows give the same plans, and a
plan that would say the same is not written.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max
from django.utils import timezone

from catalog.types import RenditionKind
from cdn import allocation, models, plans, popularity
from cdn.allocation import Allotment, Host, Item
from cdn.live import fleet
from cdn.placement import Place
from cdn.plans import Head, Order, Plan
from cdn.types import NodeState

#: The plan's part of a node's disk; the rest is for what viewers ask for. Heads take at most so much of the plan's.
PLANNED, HEADS = 0.85, 0.5
#: What was published so lately is a release: it is fetched at any hour, and may replace more than a day's share.
RELEASE = timedelta(hours=48)
#: A node that is silent, or has said goodbye, keeps its part this long before others are given it.
PATIENCE = timedelta(minutes=10)
#: While nothing but demand changes, plans are made this often.
DEMAND_EVERY = timedelta(minutes=5)
#: So many bundles that wait are named in a plan.
DEFERRED_MAX = 200

_PRESENT = (NodeState.VERIFYING, NodeState.WARMING, NodeState.ACTIVE, NodeState.DEGRADED)
_ABSENT = (NodeState.SUSPECT, NodeState.EVACUATED)
_WINDOW = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d\Z")
#: Urgencies, the most urgent first.
CLASSES = ("pinned", "release", "repair", "window")


class Bundle(NamedTuple):
    """A bundle's row as planning needs it; there may be a hundred thousand."""

    id: int
    package: str
    rendition: str
    kind: str
    video_id: UUID | None
    bytes: int
    segments: int
    head_bytes: int
    head_segments: int
    created_at: datetime

    @property
    def pinned(self) -> str:
        """What every node has of it: all (the words of a film, or a very short film), its head, or what begins it."""
        if self.head_segments >= self.segments:
            return "all"
        return "head" if self.head_segments else "init"


@dataclass(frozen=True, slots=True)
class Member:
    """A node that plans are made for, with what the plan that stands wants."""

    row: models.EdgeNode
    plan: Head | None


@dataclass(frozen=True, slots=True)
class Region:
    """What the plans of one region's nodes are made from. `bundles` are in the order of demand, whole films together.

    `broken` are bundles of which a node that is gone had the second copy.
    """

    bundles: Sequence[Bundle]
    by_id: Mapping[int, Bundle]
    broken: frozenset[int]
    now: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What planning does to one node. Bundles are counted, whole or heads; `plan` is None when nothing changes."""

    node_id: UUID
    name: str
    version: int
    everything: bool
    bundles: int
    new: int
    gone: int
    bytes: int
    budget: int
    plan: Plan | None

    @property
    def changed(self) -> bool:
        """Whether there is a new version."""
        return self.plan is not None


@dataclass(slots=True)
class Pulse:
    """When this process planned last, and for what: planning again is only worth it when something is new."""

    planned_for: object = None
    planned_at: datetime | None = None

    def due(self, now: datetime) -> bool:
        """Whether the catalogue or the fleet has changed since, or demand has had time to. Notes that it was asked."""
        here = _fingerprint(now)
        fresh = self.planned_at is not None and now - self.planned_at < DEMAND_EVERY
        if fresh and here == self.planned_for:
            return False
        self.planned_for, self.planned_at = here, now
        return True

    def forget(self) -> None:
        """Plan at the next question."""
        self.planned_at = None


pulse = Pulse()


def _fingerprint(now: datetime) -> object:
    """What a plan depends on besides demand, as something to compare."""
    live = models.Bundle.objects.filter(gone_at=None).aggregate(number=Count("id"), newest=Max("id"))
    down = models.Takedown.objects.filter(forbidden=True, lifted_at=None).aggregate(
        newest=Max("id"), number=Count("id")
    )
    nodes = models.EdgeNode.objects.order_by("slot").values_list(
        "id",
        "wanted",
        "state",
        "disk_bytes",
        "capacity_bps",
        "region",
        "site",
        "fill_window",
        "fill_bps",
        "state_at",
    )
    known = [(*row[:-1], now - row[-1] < PATIENCE if NodeState(row[2]) in _ABSENT else None) for row in nodes]
    return (live, down, known, settings.FILL_WINDOW, settings.FILL_MBPS)


def plan(now: datetime | None = None, *, dry_run: bool = False) -> list[Change]:
    """Make the plans of all nodes; → what that changed, or would."""
    now = now or timezone.now()
    bundles = _live_bundles()
    standing = plans.heads()
    members = _members(standing, now)
    regions = sorted({member.row.region for member in members})
    known = [popularity.Known(one.id, one.rendition, one.video_id, one.created_at) for one in bundles]
    rates = popularity.rates(known, regions, now)
    changes = []
    for region in regions:
        mine = [member for member in members if member.row.region == region]
        changes += _plan_region(mine, bundles, rates[region], standing, now, write=not dry_run)
    if not dry_run:
        fleet.changed()
    return changes


def window_of(row: models.EdgeNode) -> tuple[str, str]:
    """When a node is filled with what can wait, by its own clock."""
    start, _, end = (row.fill_window if is_window(row.fill_window) else settings.FILL_WINDOW).partition("-")
    return start, end


def is_window(text: str) -> bool:
    """Whether this is two times of day like 02:00-14:00."""
    return _WINDOW.match(text) is not None


def _live_bundles() -> list[Bundle]:
    forbidden = models.Takedown.objects.filter(forbidden=True, lifted_at=None).values("package")
    rows = models.Bundle.objects.filter(gone_at=None).exclude(package__in=forbidden).order_by("id")
    return [Bundle(*row) for row in rows.values_list(*Bundle._fields).iterator()]


def _members(standing: Mapping[UUID, Head], now: datetime) -> list[Member]:
    """Nodes that serve or soon will, and those that have been away for a moment only."""
    found = []
    for row in models.EdgeNode.objects.filter(wanted=models.Wanted.SERVE, disk_bytes__gt=0).order_by("slot"):
        state = NodeState(row.state)
        if state in _PRESENT or (state in _ABSENT and now - row.state_at < PATIENCE):
            found.append(Member(row, standing.get(row.id)))
    return found


def _plan_region(
    members: Sequence[Member],
    bundles: Sequence[Bundle],
    rates: Mapping[int, float],
    standing: Mapping[UUID, Head],
    now: datetime,
    *,
    write: bool,
) -> list[Change]:
    """The plans of one region's nodes; one after another, since each may be megabytes."""
    region = Region(
        bundles=_by_demand(bundles, rates),
        by_id={one.id: one for one in bundles},
        broken=frozenset(_broken(standing, members)),
        now=now,
    )
    items = [
        Item(one.id, one.package, one.bytes, rates[one.id], _is_release(one, now) or one.id in region.broken)
        for one in bundles
        if one.kind != RenditionKind.TEXT
    ]
    heads = [_heads(member.row, region) for member in members]
    hosts = [
        _host(member, sum(one.head_bytes for one in pinned), members, now)
        for member, pinned in zip(members, heads, strict=True)
    ]
    changes = []
    for member, host, decided, pinned in zip(
        members, hosts, allocation.allot(items, hosts), heads, strict=True
    ):
        change = _change(member, host, decided, pinned, region)
        if write and change.plan is not None:
            _write(member.row.id, change.plan)
        changes.append(change)
    return changes


def _by_demand(bundles: Sequence[Bundle], rates: Mapping[int, float]) -> list[Bundle]:
    wanted: dict[str, float] = defaultdict(float)
    for bundle in bundles:
        wanted[bundle.package] = max(wanted[bundle.package], rates[bundle.id])
    return sorted(bundles, key=lambda one: (-wanted[one.package], one.package, one.id))


def _heads(row: models.EdgeNode, region: Region) -> list[Bundle]:
    """The heads that this node pins, the most asked for first: all of them, unless its disk is very small."""
    room = row.disk_bytes * PLANNED * HEADS
    chosen = []
    for bundle in region.bundles:
        if bundle.head_bytes <= room:
            room -= bundle.head_bytes
            chosen.append(bundle)
    return chosen


def _host(member: Member, heads: int, members: Sequence[Member], now: datetime) -> Host:
    row, before, disk = member.row, member.plan, int(member.row.disk_bytes * PLANNED)
    weight = allocation.weight(
        row.capacity_bps,
        row.disk_bytes,
        mean_capacity=sum(one.row.capacity_bps for one in members) / len(members),
        mean_disk=sum(one.row.disk_bytes for one in members) / len(members),
    )
    left = before.left if before else row.disk_bytes
    since = now.timestamp() - before.at if before else 0.0
    return Host(
        place=Place(str(row.id), site=row.site, region=row.region, weight=weight),
        capacity_bps=row.capacity_bps,
        budget=max(0, disk - heads),
        held=before.whole if before else frozenset(),
        allowance=allocation.allowance(row.disk_bytes, left, since),
    )


def _broken(standing: Mapping[UUID, Head], members: Sequence[Member]) -> set[int]:
    """Bundles that had a second copy until a node went: fetching them again does not wait for the window."""
    here = {member.row.id for member in members}
    gone = models.EdgeNode.objects.filter(region=members[0].row.region).exclude(id__in=here)
    left = [standing[node_id].whole for node_id in gone.values_list("id", flat=True) if node_id in standing]
    now = [member.plan.whole for member in members if member.plan]
    return allocation.lost([*now, *left], now)


def _change(
    member: Member, host: Host, decided: Allotment, pinned: Sequence[Bundle], region: Region
) -> Change:
    """A node's new plan beside the one that stands."""
    row, before = member.row, member.plan
    head = Head(
        version=(before.version if before else 0) + 1,
        made_at=region.now,
        window=window_of(row),
        rate_bps=row.fill_bps or int(settings.FILL_MBPS * 1_000_000),
        whole=frozenset(decided.bundles),
        heads=frozenset(one.id for one in pinned),
        urgent=frozenset(
            number
            for number in decided.bundles
            if _class(member, number, decided, region) in ("release", "repair")
        ),
        everything=decided.everything,
        left=max(0, host.allowance - decided.replaced),
        at=region.now.timestamp(),
        deferred=_deferred(decided.deferred, region.by_id),
    )
    old = before or replace(head, whole=frozenset(), heads=frozenset())
    changed = (
        before is None
        or (old.whole, old.heads, old.window, old.rate_bps)
        != (head.whole, head.heads, head.window, head.rate_bps)
        or bool(head.urgent - old.urgent)
    )
    return Change(
        node_id=row.id,
        name=row.name,
        version=head.version if changed else old.version,
        everything=head.everything,
        bundles=len(head.whole | head.heads),
        new=len((head.whole | head.heads) - (old.whole | old.heads))
        + len((head.whole - old.whole) & old.heads),
        gone=len((old.whole | old.heads) - (head.whole | head.heads))
        + len((old.whole - head.whole) & head.heads),
        bytes=sum(region.by_id[number].bytes for number in head.whole)
        + sum(one.head_bytes for one in pinned if one.id not in head.whole),
        budget=int(row.disk_bytes * PLANNED),
        plan=Plan(head, tuple(_orders(member, decided, pinned, region))) if changed else None,
    )


def _orders(member: Member, decided: Allotment, pinned: Sequence[Bundle], region: Region) -> list[Order]:
    """What to fetch, in this order: beginnings, then by urgency, then by what it is worth."""
    found = [Order(one.package, one.rendition, one.pinned, "pinned", _PINNED[one.pinned]) for one in pinned]
    whole = {one.id for one in pinned if one.pinned == "all"}
    later = []
    for number, why in decided.bundles.items():
        if number not in whole:
            one = region.by_id[number]
            kind = _class(member, number, decided, region)
            later.append(Order(one.package, one.rendition, "all", kind, why))
    later.sort(key=lambda one: CLASSES.index(one.kind))  # stable: within a class the order stands
    return found + later


_PINNED = {
    "all": "words, and what is no longer than its beginning, are on every node",
    "head": "the beginning of every title is on every node",
    "init": "every playlist is on every node",
}


def _class(member: Member, number: int, decided: Allotment, region: Region) -> str:
    """How urgent a bundle is for a node. Short of copies: one was lost, or they carry less than is asked of them."""
    before = member.plan
    is_short = number in region.broken or (before is not None and number in decided.loaded)
    if is_short and (before is None or number not in before.whole or number in before.urgent):
        return "repair"
    return "release" if _is_release(region.by_id[number], region.now) else "window"


def _is_release(bundle: Bundle, now: datetime) -> bool:
    return now - bundle.created_at < RELEASE


def _deferred(waiting: Mapping[int, str], by_id: Mapping[int, Bundle]) -> dict[str, str]:
    some = list(waiting.items())[:DEFERRED_MAX]
    return {f"{by_id[number].package}/{by_id[number].rendition}": why for number, why in some}


def _write(node_id: UUID, plan: Plan) -> None:
    models.NodePlan.objects.update_or_create(
        node_id=node_id,
        defaults={"version": plan.version, "made_at": plan.head.made_at, "orders": plans.packed(plan)},
    )
