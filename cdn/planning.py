"""Making the nodes' plans: figures from the rows, a decision by `allocation`, documents into the rows.

Done every half minute by whichever worker comes first, and safe to do twice: the same rows give the same plans, and a
plan that would say the same is not written.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from catalog.types import RenditionKind
from cdn import allocation, models, plans, popularity
from cdn.allocation import Allotment, Host, Item
from cdn.live import fleet
from cdn.placement import Place
from cdn.plans import Order, Plan
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
#: Urgencies, the most urgent first.
CLASSES = ("pinned", "release", "repair", "window")


@dataclass(frozen=True, slots=True)
class Member:
    """A node that plans are made for, with the plan that stands."""

    row: models.EdgeNode
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Change:
    """What planning does to one node. Numbers of orders and bytes; `changed` when there is a new version."""

    node_id: UUID
    name: str
    version: int
    changed: bool
    everything: bool
    orders: int
    new: int
    gone: int
    bytes: int
    budget: int
    plan: Plan


def plan(now: datetime | None = None, *, dry_run: bool = False) -> list[Change]:
    """Make the plans of all nodes; → what that changed, or would."""
    now = now or timezone.now()
    bundles = _live_bundles()
    standing = plans.every()
    members = _members(standing, now)
    regions = sorted({member.row.region for member in members})
    known = [
        popularity.Known(row.id, row.rendition, row.kind, row.video_id, row.created_at) for row in bundles
    ]
    rates = popularity.rates(known, regions, now)
    changes = []
    for region in regions:
        mine = [member for member in members if member.row.region == region]
        changes += _plan_region(mine, bundles, rates[region], standing, now)
    if not dry_run:
        with transaction.atomic():
            for change in changes:
                if change.changed:
                    _write(change)
            transaction.on_commit(fleet.changed)
    return changes


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


def window_of(row: models.EdgeNode) -> tuple[str, str]:
    """When a node is filled with what can wait, by its own clock."""
    start, _, end = (row.fill_window or settings.FILL_WINDOW).partition("-")
    return start, end


def _live_bundles() -> list[models.Bundle]:
    forbidden = models.Takedown.objects.filter(forbidden=True, lifted_at=None).values("package")
    return list(models.Bundle.objects.filter(gone_at=None).exclude(package__in=forbidden).order_by("id"))


def _members(standing: Mapping[UUID, Plan], now: datetime) -> list[Member]:
    """Nodes that serve or soon will, and those that have been away for a moment only."""
    found = []
    for row in models.EdgeNode.objects.filter(wanted=models.Wanted.SERVE, disk_bytes__gt=0).order_by("slot"):
        state = NodeState(row.state)
        if state in _PRESENT or (state in _ABSENT and now - row.state_at < PATIENCE):
            found.append(Member(row, standing.get(row.id)))
    return found


def _plan_region(
    members: Sequence[Member],
    bundles: Sequence[models.Bundle],
    rates: Mapping[int, float],
    standing: Mapping[UUID, Plan],
    now: datetime,
) -> list[Change]:
    """The plans of one region's nodes."""
    ids = {(row.package, row.rendition): row.id for row in bundles}
    whole = [row for row in bundles if row.kind != RenditionKind.TEXT]
    broken = _broken(standing, members, ids)
    items = [
        Item(
            row.id, row.package, row.bytes, rates[row.id], row.id in broken or now - row.created_at < RELEASE
        )
        for row in whole
    ]
    pinned = {member.row.id: _heads(member.row, bundles, rates) for member in members}
    hosts = [
        _host(member, sum(row.head_bytes for row in pinned[member.row.id]), ids, members, now)
        for member in members
    ]
    decided = allocation.allot(items, hosts)
    return [
        _change(member, host, one, pinned[member.row.id], bundles, broken, now)
        for member, host, one in zip(members, hosts, decided, strict=True)
    ]


def _heads(
    row: models.EdgeNode, bundles: Sequence[models.Bundle], rates: Mapping[int, float]
) -> list[models.Bundle]:
    """The heads that this node pins, the most asked for first: all of them, unless its disk is very small."""
    room = row.disk_bytes * PLANNED * HEADS
    wanted: dict[str, float] = defaultdict(float)
    for bundle in bundles:
        wanted[bundle.package] = max(wanted[bundle.package], rates[bundle.id])
    chosen = []
    for bundle in sorted(bundles, key=lambda one: (-wanted[one.package], one.package, one.id)):
        if bundle.head_segments and bundle.head_bytes <= room:
            room -= bundle.head_bytes
            chosen.append(bundle)
    return chosen


def _host(
    member: Member,
    heads: int,
    ids: Mapping[tuple[str, str], int],
    members: Sequence[Member],
    now: datetime,
) -> Host:
    row, disk = member.row, int(member.row.disk_bytes * PLANNED)
    mean_capacity = sum(one.row.capacity_bps for one in members) / len(members)
    mean_disk = sum(one.row.disk_bytes for one in members) / len(members)
    weight = allocation.weight(
        row.capacity_bps, row.disk_bytes, mean_capacity=mean_capacity, mean_disk=mean_disk
    )
    notes = member.plan.notes if member.plan else {}
    since = now.timestamp() - float(notes.get("at", now.timestamp()))
    return Host(
        place=Place(str(row.id), site=row.site, region=row.region, weight=weight),
        capacity_bps=row.capacity_bps,
        budget=max(0, disk - heads),
        held=_whole(member.plan, ids),
        allowance=allocation.allowance(row.disk_bytes, float(notes.get("left", row.disk_bytes)), since),
    )


def _whole(plan: Plan | None, ids: Mapping[tuple[str, str], int]) -> frozenset[int]:
    """The bundles that a plan wanted whole, of those that there still are."""
    if plan is None:
        return frozenset()
    keys = ((one.package, one.rendition) for one in plan.orders if one.part == "all")
    return frozenset(ids[key] for key in keys if key in ids)


def _broken(
    standing: Mapping[UUID, Plan], members: Sequence[Member], ids: Mapping[tuple[str, str], int]
) -> set[int]:
    """Bundles that had a second copy until a node went: fetching them again does not wait for the window."""
    here = {member.row.id for member in members}
    gone = models.EdgeNode.objects.filter(region=members[0].row.region).exclude(id__in=here)
    left = [standing[node_id] for node_id in gone.values_list("id", flat=True) if node_id in standing]
    now = [_whole(member.plan, ids) for member in members]
    return allocation.lost([*now, *(_whole(plan, ids) for plan in left)], now)


def _change(
    member: Member,
    host: Host,
    decided: Allotment,
    heads: Sequence[models.Bundle],
    bundles: Sequence[models.Bundle],
    broken: set[int],
    now: datetime,
) -> Change:
    """A node's new plan beside the one that stands."""
    row, before = member.row, member.plan
    by_id = {bundle.id: bundle for bundle in bundles}
    orders = [
        Order(
            one.package,
            one.rendition,
            "all" if one.head_segments >= one.segments else "head",
            "pinned",
            _PINNED,
        )
        for one in heads
    ]
    pinned = {(one.package, one.rendition) for one in orders if one.part == "all"}
    for number, why in decided.bundles.items():
        bundle = by_id[number]
        if (bundle.package, bundle.rendition) not in pinned:
            # Short of copies now: one was lost, or more is asked of it than those that there are can carry.
            short = number in broken or (before is not None and number in decided.loaded)
            kind = _class(bundle, short and number not in host.held, now)
            orders.append(Order(bundle.package, bundle.rendition, "all", kind, why))
    orders.sort(key=lambda one: CLASSES.index(one.kind))  # stable: within a class the order stands
    made = Plan(
        version=(before.version if before else 0) + 1,
        made_at=now,
        window=window_of(row),
        rate_bps=row.fill_bps or int(settings.FILL_MBPS * 1_000_000),
        orders=tuple(orders),
        notes={
            "everything": decided.everything,
            "budget": host.budget,
            "left": max(0, host.allowance - decided.replaced),
            "at": now.timestamp(),
            "deferred": _deferred(decided.deferred, by_id),
            "heads_left_out": sum(bool(one.head_segments) for one in bundles) - len(heads),
        },
    )
    old, new = _said(before.orders if before else ()), _said(made.orders)
    changed = (
        before is None
        or old != new
        or (before.window, before.rate_bps) != (made.window, made.rate_bps)
        or _more_urgent(before.orders, made.orders)
    )
    kept = made if changed or before is None else replace(before, notes=before.notes)
    return Change(
        node_id=row.id,
        name=row.name,
        version=kept.version,
        changed=changed,
        everything=decided.everything,
        orders=len(made.orders),
        new=len(new - old),
        gone=len(old - new),
        bytes=sum(by_id[number].bytes for number in decided.bundles) + sum(one.head_bytes for one in heads),
        budget=int(row.disk_bytes * PLANNED),
        plan=kept,
    )


_PINNED = "the beginning of every title is on every node"


def _class(bundle: models.Bundle, is_short: bool, now: datetime) -> str:
    if is_short:
        return "repair"
    return "release" if now - bundle.created_at < RELEASE else "window"


def _said(orders: Iterable[Order]) -> set[tuple[str, str, str]]:
    """What makes a plan another one: what it wants. Neither its order nor its reasons."""
    return {(one.package, one.rendition, one.part) for one in orders}


def _more_urgent(before: Iterable[Order], now: Iterable[Order]) -> bool:
    """Whether something may not wait any more that could before."""
    urgency = {(one.package, one.rendition, one.part): CLASSES.index(one.kind) for one in before}
    return any(
        CLASSES.index(one.kind) < urgency.get((one.package, one.rendition, one.part), 0) for one in now
    )


def _deferred(waiting: Mapping[int, str], by_id: Mapping[int, models.Bundle]) -> dict[str, str]:
    some = list(waiting.items())[:DEFERRED_MAX]
    return {f"{by_id[number].package}/{by_id[number].rendition}": why for number, why in some}


def _write(change: Change) -> None:
    models.NodePlan.objects.update_or_create(
        node_id=change.node_id,
        defaults={
            "version": change.version,
            "made_at": change.plan.made_at,
            "orders": plans.packed(change.plan),
        },
    )
