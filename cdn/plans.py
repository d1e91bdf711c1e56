"""What a node should hold, as a document: written by the planner, asked for by the node, read by people.

A document is compressed JSON in the node's row. Its orders are `[package, rendition, part, class, why]`, in the order
to fetch them; `why` is a sentence for people.
"""

import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cdn import models


@dataclass(frozen=True, slots=True)
class Order:
    """One bundle that a node should hold: its `head` or `all` of it, how urgent, and why."""

    package: str
    rendition: str
    part: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A node's plan. Bytes; `rate_bps` 0 means: what the node finds free. `notes` are for people and the planner."""

    version: int
    made_at: datetime
    window: tuple[str, str]
    rate_bps: int
    orders: tuple[Order, ...]
    notes: dict[str, Any] = field(default_factory=dict)


def packed(plan: Plan) -> bytes:
    """A plan as its row keeps it."""
    document = {
        "window": list(plan.window),
        "rate_bps": plan.rate_bps,
        "orders": [[one.package, one.rendition, one.part, one.kind, one.why] for one in plan.orders],
        "notes": plan.notes,
    }
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def newest(node_id: UUID) -> Plan | None:
    """The plan that stands for a node; None while none was made."""
    row = models.NodePlan.objects.filter(node_id=node_id).first()
    return _read(row) if row else None


def every(node_ids: Collection[UUID] | None = None) -> dict[UUID, Plan]:
    """The plan that stands for each node, or for each of these."""
    rows = models.NodePlan.objects.all()
    if node_ids is not None:
        rows = rows.filter(node_id__in=list(node_ids))
    return {row.node_id: _read(row) for row in rows}


def _read(row: models.NodePlan) -> Plan:
    document = json.loads(zlib.decompress(bytes(row.orders)))
    start, end = document["window"]
    return Plan(
        version=row.version,
        made_at=row.made_at,
        window=(str(start), str(end)),
        rate_bps=int(document["rate_bps"]),
        orders=tuple(Order(*entry) for entry in document["orders"]),
        notes=document.get("notes", {}),
    )
