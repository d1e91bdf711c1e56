"""Why something is on a node, or is not; and how far a node is with what it should hold."""

from dataclasses import dataclass, field
from uuid import UUID

from cdn import models, plans
from cdn.inventory import holdings
from cdn.plans import Head, Plan
from cdn.types import FillProgress, NodeState, Reason

#: So many other nodes are named at most.
_NAMED = 4


def explain(node_id: UUID, package_id: str) -> list[Reason]:
    """The reason for each rendition of a package on one node; empty when either is not known."""
    node = models.EdgeNode.objects.filter(id=node_id).first()
    rows = list(models.Bundle.objects.filter(package=package_id).order_by("id"))
    if node is None or not rows:
        return []
    plan = plans.newest(node_id)
    wanted = {}
    for order in plan.orders if plan else ():
        if order.package == package_id and (order.rendition not in wanted or order.part == "all"):
            wanted[order.rendition] = order
    general = _no_plan(node, plan) or _not_published(package_id, rows[0])
    elsewhere = _elsewhere(node, rows)
    found = []
    for row in rows:
        here, mine = holdings.state(node_id, row.id), wanted.get(row.rendition)
        if general:
            why = general
        elif mine and mine.part == "all":
            why = mine.why
        else:
            why = _why_not(plan, row, elsewhere.get(row.id, []))
            why = f"{mine.why}; the rest: {why}" if mine else why
            if here in ("partial", "full"):
                why = f"viewers here asked for it; {why}"
        found.append(
            Reason(
                rendition=row.rendition,
                kind=row.kind,
                here=here,
                wanted=mine.part if mine else "",
                urgency=mine.kind if mine else "",
                why=why,
            )
        )
    return found


def _no_plan(node: models.EdgeNode, plan: Plan | None) -> str:
    if node.state in (NodeState.RETIRED, NodeState.QUARANTINED):
        return f"the node is {node.state}: it holds nothing for viewers"
    if node.wanted != models.Wanted.SERVE:
        return "the node is being drained: nothing more is planned for it"
    if plan is not None:
        return ""
    if not node.disk_bytes:
        return "the node has not said yet how much its disk holds"
    return "no plan was made for the node yet: it follows within a minute while a worker runs"


def _not_published(package_id: str, row: models.Bundle) -> str:
    down = models.Takedown.objects.filter(package=package_id, forbidden=True, lifted_at=None).first()
    if down:
        return f"it was taken down by {down.actor}: {down.reason}"
    return "viewers may not see it any more: it was replaced or withdrawn" if row.gone_at else ""


def _why_not(plan: Plan | None, row: models.Bundle, others: list[str]) -> str:
    waiting = plan.head.deferred.get(f"{row.package}/{row.rendition}") if plan else None
    if waiting:
        return str(waiting)
    if others:
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        return f"enough copies of it are planned on {', '.join(others[:_NAMED])}{more}"
    return "too little is played of it for its size: what is here is worth more"


def _elsewhere(node: models.EdgeNode, rows: list[models.Bundle]) -> dict[int, list[str]]:
    """Which other nodes of the region should hold each bundle whole."""
    found: dict[int, list[str]] = {}
    others = models.EdgeNode.objects.filter(region=node.region).exclude(id=node.id)
    names = dict(others.values_list("id", "name"))
    for node_id, head in plans.heads(list(names)).items():
        for row in rows:
            if row.id in head.whole:
                found.setdefault(row.id, []).append(names[node_id])
    return found


@dataclass(frozen=True, slots=True)
class _Wish:
    """One order as progress needs it: which bundle, how much of it, in bytes."""

    bundle: int
    whole: bool
    pinned: bool
    bytes: int
    segments: int


@dataclass(slots=True)
class Progress:
    """How far nodes are, kept until a plan or a node's report changes it."""

    _wishes: dict[UUID, tuple[int, list[_Wish]]] = field(default_factory=dict)
    _known: dict[UUID, tuple[tuple[int, int], FillProgress]] = field(default_factory=dict)

    def of(self, node_id: UUID, version: int | None = None) -> FillProgress | None:
        """How far a node is; None while there is no plan for it. Who knows the plan's version saves a query."""
        version = (
            version
            or models.NodePlan.objects.filter(node_id=node_id).values_list("version", flat=True).first()
        )
        if version is None:
            return None
        key = (version, holdings.epoch(node_id))
        known = self._known.get(node_id)
        if known is None or known[0] != key:
            known = self._known[node_id] = (key, self._measured(node_id, version))
        return known[1]

    def _measured(self, node_id: UUID, version: int) -> FillProgress:
        wishes = self._wishes.get(node_id)
        if wishes is None or wishes[0] != version:
            head = plans.head(node_id)
            wishes = self._wishes[node_id] = (version, _wishes(head) if head else [])
        done = pinned = pinned_done = left = total = 0
        for wish in wishes[1]:
            state = holdings.state(node_id, wish.bundle)
            is_done = state == "full" or (not wish.whole and state in ("head", "partial"))
            done += is_done
            pinned += wish.pinned
            pinned_done += wish.pinned and is_done
            total += wish.bytes
            if not is_done:
                left += int(wish.bytes * (1 - holdings.share(node_id, wish.bundle, wish.segments)))
        return FillProgress(
            version=version,
            known=holdings.epoch(node_id) > 0,
            done=done,
            total=len(wishes[1]),
            bytes_left=left,
            bytes_total=total,
            pinned_done=pinned_done,
            pinned=pinned,
        )


def _wishes(head: Head) -> list[_Wish]:
    sizes = {
        number: (size, head_size, segments, head_segments)
        for number, size, head_size, segments, head_segments in models.Bundle.objects.filter(
            gone_at=None
        ).values_list("id", "bytes", "head_bytes", "segments", "head_segments")
    }
    found = []
    for number in head.heads:
        # Playlists alone are not in what nodes report, and weigh nothing.
        if number in sizes and sizes[number][3]:
            size, head_size, segments, head_segments = sizes[number]
            is_all = head_segments >= segments
            found.append(_Wish(number, is_all, True, size if is_all else head_size, segments))
    for number in head.whole:
        if number in sizes:
            size, _head_size, segments, _head_segments = sizes[number]
            found.append(_Wish(number, True, False, size, segments))
    return found


progress = Progress()
