"""One node's page: its figures over the last minutes, its fill, its faults, its history."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from cdn import models, silence
from cdn.board import joining, rows, words
from cdn.board.filling import filling
from cdn.board.samples import KEPT, STEP, Ring, samples
from cdn.live import Beat, Row, fleet
from cdn.types import NodeState

EVENTS, FAULTS = 50, 20
#: The curves and the figures that each is made of.
CURVES = {
    "egress": ("egress",),
    "sessions": ("sessions",),
    "asked": ("hits", "misses"),
    "fetched": ("peer", "origin"),
    "ttfb": ("ttfb_p95", "ttfb_p50"),
    "cpu": ("cpu",),
}
#: Bytes of a look as bit/s.
SCALES = {"fetched": 8 / STEP}
_JOINING = frozenset({NodeState.PENDING, NodeState.VERIFYING, NodeState.WARMING})


def snapshot(node_id: UUID) -> dict[str, Any] | None:
    """The page; None when there is no such node."""
    now = timezone.now()
    silence.conclude(now)
    row = fleet.row(node_id)
    if row is None:
        return None
    full = filling(row)
    line = rows.line(row, now, full)
    beat = fleet.beats.get(row.id)
    events = _events(row.id)
    faults = _faults(row.id)
    steps = joining.progress(row.name, (row,), full, now) if row.state in _JOINING else None
    drawn = [line["shape"], [one["id"] for one in events], [one["id"] for one in faults], steps is None]
    return {
        "now": now.timestamp(),
        "count": samples.count,
        "node": line,
        "facts": _facts(row, beat),
        "now_says": _now(row, beat),
        "joining": steps,
        "events": events,
        "faults": faults,
        "points": _points(row.id),
        "shape": rows.shape(drawn),
    }


def since(data: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """The same with new points only."""
    fresh = min(KEPT, data["count"] - before["count"])
    points = {
        name: [values[len(values) - fresh :] if fresh else [] for values in lines]
        for name, lines in data["points"].items()
    }
    return data | {"points": points, "partial": True, "events": [], "faults": []}


def _points(node_id: UUID) -> dict[str, list[list[float]]]:
    ring = samples.nodes.get(node_id) or Ring()
    return {
        curve: [[_short(value * SCALES.get(curve, 1.0)) for value in ring.last(name)] for name in names]
        for curve, names in CURVES.items()
    }


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _fetched(ring: Ring | None) -> float:
    """What it fetched from anywhere, in bit/s over the last ten seconds."""
    newest = ring.last("peer", 5) + ring.last("origin", 5) if ring else []
    return 2 * sum(newest) * SCALES["fetched"] / len(newest) if newest else 0.0


def _now(row: Row, beat: Beat | None) -> dict[str, str]:
    """The reading beside each curve."""
    if beat is None:
        return dict.fromkeys(CURVES, words.UNKNOWN)
    ring = samples.nodes.get(row.id)
    return {
        "egress": words.rate(beat.egress_bps),
        "sessions": str(beat.sessions),
        "asked": words.share(ring.hit_ratio() if ring else None),
        "fetched": words.rate(_fetched(ring)),
        "ttfb": words.milliseconds(beat.ttfb_p95_ms),
        "cpu": f"{beat.cpu * 100:.0f} %",
    }


def _facts(row: Row, beat: Beat | None) -> list[dict[str, str]]:
    """What it is, as pairs of a name and a word."""
    found = [
        ("address", _("Address"), row.base_url),
        ("place", _("Place"), f"{row.region} / {row.site}"),
        ("capacity", _("Capacity"), words.rate(row.capacity_bps)),
        ("version", _("Version"), row.version or words.UNKNOWN),
        ("enrolled", _("In this state"), words.span((timezone.now() - row.state_at).total_seconds())),
    ]
    if beat is not None:
        cert = datetime.fromtimestamp(beat.cert_until, UTC) if beat.cert_until else None
        found += [
            (
                "cert",
                _("Certificate"),
                _("until %(day)s") % {"day": f"{cert:%Y-%m-%d}"} if cert else _("none: plain HTTP"),
            ),
            ("workers", _("Processes"), str(beat.workers or 1)),
            ("free", _("Free on its disk"), words.size(beat.disk_free)),
            ("shed", _("Refused for want of room"), str(beat.shed)),
            ("aborted", _("Given up by viewers"), str(beat.aborted)),
            ("errors", _("Failed by our fault"), str(beat.errors)),
        ]
        if beat.grace_seconds:
            found.append(("grace", _("Without the site"), words.span(beat.grace_seconds)))
    return [{"key": key, "name": name, "says": says} for key, name, says in found]


def _events(node_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "id": one.pk,
            "at": one.at.isoformat(),
            "from": str(words.STATES[NodeState(one.from_state)].name),
            "to": str(words.STATES[NodeState(one.to_state)].name),
            "tone": words.STATES[NodeState(one.to_state)].tone,
            "actor": one.actor,
            "reason": one.reason,
        }
        for one in models.NodeEvent.objects.filter(node_id=node_id)[:EVENTS]
    ]


def _faults(node_id: UUID) -> list[dict[str, Any]]:
    kinds = {
        "corrupt": _("its own disk held wrong bytes; they were not served"),
        "disk": _("its disk failed"),
        "peer": _("another node sent it wrong bytes; they were not served"),
    }
    return [
        {
            "id": one.pk,
            "at": one.at.isoformat(),
            "kind": kinds.get(one.kind, one.kind),
            "what": "/".join(part for part in (one.package[:12], one.rendition, one.name) if part),
            "detail": one.detail,
        }
        for one in models.NodeFault.objects.filter(node_id=node_id)[:FAULTS]
    ]
