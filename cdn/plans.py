"""What a node should hold, as a document: written by the planner, asked for by the node, read by people.

A document is compressed JSON in the node's row, in two lines: its head, with the bundles' ids, which is all that the
planner and the fleet's page need; and the orders `[package, rendition, part, class, why]`, in the order to fetch them.
With 10,000 films the second line is megabytes, the first is not. `why` is a sentence for people.
"""

import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cdn import models

_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Order:
    """One bundle that a node should hold: its `head` or `all` of it, how urgent, and why."""

    package: str
    rendition: str
    part: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Head:
    """What a plan wants, by bundles' ids: `whole` ones and `heads`; `urgent` are those that do not wait for the window.

    Bytes per second as named; `rate_bps` 0 means: what the node finds free. `everything`: the node's disk holds all
    that is published. `left` of `at` (Unix time) is how much may still be replaced, in bytes. `deferred` says why
    something waits, by 'package/rendition'.
    """

    version: int
    made_at: datetime
    window: tuple[str, str]
    rate_bps: int
    whole: frozenset[int] = frozenset()
    heads: frozenset[int] = frozenset()
    urgent: frozenset[int] = frozenset()
    everything: bool = False
    left: int = 0
    at: float = 0.0
    deferred: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """A node's plan, whole."""

    head: Head
    orders: tuple[Order, ...]

    @property
    def version(self) -> int:
        """Rises with each plan of the node."""
        return self.head.version

    @property
    def made_at(self) -> datetime:
        """When it was made."""
        return self.head.made_at

    @property
    def window(self) -> tuple[str, str]:
        """When the node fetches what can wait, by its own clock; equal ends: at any time."""
        return self.head.window

    @property
    def rate_bps(self) -> int:
        """What a fill may take; 0: what the node finds free."""
        return self.head.rate_bps


def packed(plan: Plan) -> bytes:
    """A plan as its row keeps it."""
    head = plan.head
    first = {
        "window": list(head.window),
        "rate_bps": head.rate_bps,
        "whole": sorted(head.whole),
        "heads": sorted(head.heads),
        "urgent": sorted(head.urgent),
        "everything": head.everything,
        "left": head.left,
        "at": head.at,
        "deferred": head.deferred,
    }
    orders = [[one.package, one.rendition, one.part, one.kind, one.why] for one in plan.orders]
    lines = [json.dumps(line, separators=(",", ":")) for line in (first, orders)]
    return zlib.compress("\n".join(lines).encode(), 6)


def newest(node_id: UUID) -> Plan | None:
    """The plan that stands for a node; None while none was made."""
    row = models.NodePlan.objects.filter(node_id=node_id).first()
    if row is None:
        return None
    first, _, second = zlib.decompress(bytes(row.orders)).partition(b"\n")
    orders = tuple(Order(*entry) for entry in json.loads(second or b"[]"))
    return Plan(_head(row.version, row.made_at, json.loads(first)), orders)


def head(node_id: UUID) -> Head | None:
    """What the plan that stands for a node wants; None while none was made."""
    return heads([node_id]).get(node_id)


def heads(node_ids: Collection[UUID] | None = None) -> dict[UUID, Head]:
    """The same for each node that has one, or for each of these."""
    rows = models.NodePlan.objects.all()
    if node_ids is not None:
        rows = rows.filter(node_id__in=list(node_ids))
    return {
        row.node_id: _head(row.version, row.made_at, json.loads(_first_line(bytes(row.orders))))
        for row in rows.iterator()
    }


def _first_line(data: bytes) -> bytes:
    """Unpack no more than the head."""
    unpacker = zlib.decompressobj()
    text = b""
    while b"\n" not in text:
        piece = unpacker.decompress(data, _PIECE)
        if not piece:
            break
        text += piece
        data = unpacker.unconsumed_tail
    return text.partition(b"\n")[0]


def _head(version: int, made_at: datetime, told: dict[str, Any]) -> Head:
    start, end = told["window"]
    return Head(
        version=version,
        made_at=made_at,
        window=(str(start), str(end)),
        rate_bps=int(told["rate_bps"]),
        whole=frozenset(told.get("whole", ())),
        heads=frozenset(told.get("heads", ())),
        urgent=frozenset(told.get("urgent", ())),
        everything=bool(told.get("everything")),
        left=int(told.get("left", 0)),
        at=float(told.get("at", 0)),
        deferred=dict(told.get("deferred", {})),
    )
