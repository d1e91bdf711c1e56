"""The fleet's page: all nodes by region and site, totals, what needs a person, what happened lately."""

import threading
import time
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdn import history, silence
from cdn.board import joining, rows, shelf, words
from cdn.board.filling import filling
from cdn.board.samples import samples
from cdn.live import Row, fleet
from cdn.types import FleetEvent, NodeState

#: A snapshot serves every open page for this long, in seconds: ten operators cost what one does.
FRESH = 0.8
#: So many points make a node's small curve: two minutes. Beyond so many nodes the curves begin empty.
SPARK, SPARKS_UP_TO = 60, 200
EVENTS = 30

_lock = threading.Lock()
_last: tuple[float, dict[str, Any]] = (float("-inf"), {})


def snapshot() -> dict[str, Any]:
    """The whole page. Parts with a new `shape` have to be drawn anew; everything else changes where it stands."""
    global _last
    with _lock:
        made, data = _last
        if time.monotonic() - made > FRESH:
            data = _make(timezone.now())
            _last = time.monotonic(), data
        return data


def forget() -> None:
    """The next question is answered afresh: somebody has just changed something."""
    global _last
    with _lock:
        _last = (float("-inf"), {})


def _make(now: datetime) -> dict[str, Any]:
    silence.conclude(now)
    known = fleet.rows()
    lines = [rows.line(one, now, filling(one)) for one in known if one.state is not NodeState.RETIRED]
    lines.sort(key=lambda one: (one["region"], one["site"], one["slot"]))
    gone = [_retired(one) for one in known if one.state is NodeState.RETIRED]
    groups = _groups(lines)
    expected = joining.expected(known, now)
    alerts = _alerts(lines, now)
    events = [_event(one) for one in history.newest(limit=EVENTS)]
    tree = [[one["key"], [site["key"] for site in one["sites"]]] for one in groups]
    return {
        "now": now.timestamp(),
        "count": samples.count,
        "figures": _figures(lines),
        "points": {
            name: [round(value) for value in samples.fleet.last(name)] for name in ("egress", "sessions")
        },
        "groups": groups,
        "nodes": lines,
        "sparks": _sparks(known),
        "expected": expected,
        "retired": gone,
        "alerts": alerts,
        "events": events,
        "shapes": {
            "alerts": rows.shape(alerts),
            "expected": rows.shape([[one["name"], one["shape"]] for one in expected]),
            "nodes": rows.shape([tree, [[one["id"], one["site"], one["region"]] for one in lines]]),
            "retired": rows.shape(gone),
            "events": rows.shape([one["id"] for one in events]),
        },
    }


def _groups(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Regions with their sites with their nodes."""
    found = []
    for region, of_region in groupby(lines, key=lambda one: str(one["region"])):
        sites = []
        for site, of_site in groupby(of_region, key=lambda one: str(one["site"])):
            members = list(of_site)
            sites.append({"key": site, "region": region, "nodes": members, **_together(members)})
        inside = [node for site in sites for node in site["nodes"]]
        found.append({"key": region, "sites": sites, **_together(inside)})
    return found


def _together(members: list[dict[str, Any]]) -> dict[str, Any]:
    """What several nodes do together."""
    capacity = sum(one["capacity"] for one in members if one["serving"])
    egress = sum(one["egress"] for one in members)
    load = egress / capacity if capacity else 0.0
    in_service = sum(one["state"] == NodeState.ACTIVE.value for one in members)
    return {
        "count": words.nodes(len(members)),
        "in_service": in_service,
        "load": round(load * 100, 1),
        "load_tone": words.tone_of_load(load),
        "says": _("%(egress)s of %(capacity)s")
        % {"egress": words.rate(egress), "capacity": words.rate(capacity)},
    }


def _figures(lines: list[dict[str, Any]]) -> dict[str, Any]:
    serving = [one for one in lines if one["serving"]]
    together = _together(lines)
    capacity = sum(one["capacity"] for one in serving)
    sessions = sum(one["sessions"] for one in lines)
    return {
        "egress": words.rate(sum(one["egress"] for one in lines)),
        "capacity": words.rate(capacity),
        "capacity_bps": capacity,
        "load": f"{together['load']:.0f} %",
        "sessions": f"{sessions:,}".replace(",", "\u202f"),
        "hits": words.share(samples.fleet.hit_ratio()),
        "offload": words.share(samples.fleet.offload()),
        "active": str(together["in_service"]),
        "of": str(len(lines)),
    }


def _alerts(lines: list[dict[str, Any]], now: datetime) -> list[dict[str, str]]:
    """What a person should look at, worst first."""
    found: list[dict[str, str]] = []
    for region, until in fleet.brakes.items():
        if now < until:
            found.append({"tone": "bad", "text": _braked(region, until)})
    for one in lines:
        found += [{**trouble, "node": one["id"], "name": one["name"]} for trouble in one["troubles"]]
    if lines and not any(one["state"] in _TAKES_VIEWERS for one in lines):
        text = _("No node takes new viewers: the site serves them itself.")
        found.insert(0, {"tone": "bad", "text": text})
    return sorted(found, key=lambda one: one["tone"] != "bad")


def _braked(region: str, until: datetime) -> str:
    where = _("Many nodes of %(region)s") % {"region": region} if region else _("Many nodes")
    text = _(
        "%(where)s fell silent at once, so the fault may be this site's own network. Viewers stay where they are "
        "until %(time)s; after that silent nodes count as lost."
    )
    return text % {"where": where, "time": f"{timezone.localtime(until):%H:%M:%S}"}


_TAKES_VIEWERS = frozenset({NodeState.ACTIVE.value, NodeState.DEGRADED.value, NodeState.WARMING.value})


def _retired(row: Row) -> dict[str, str]:
    return {"id": str(row.id), "name": row.name, "slot": str(row.slot), "reason": row.reason}


def _sparks(known: tuple[Row, ...]) -> dict[str, list[int]]:
    if len(known) > SPARKS_UP_TO:
        return {}
    rings = ((row.id, samples.nodes.get(row.id)) for row in known)
    return {str(id): [round(value) for value in ring.last("egress", SPARK)] for id, ring in rings if ring}


def _event(one: FleetEvent) -> dict[str, Any]:
    """Something that happened, in words; `id` only tells one from another."""
    state = NodeState(one.to_state) if one.to_state else None
    what, tone = (words.STATES[state].name, words.STATES[state].tone) if state else _KINDS[one.kind]
    name = one.subject
    if one.node_id is None:
        name = shelf.named(one.subject)["name"]
    return {
        "id": f"{one.at.timestamp()}{one.kind}{one.subject}",
        "at": one.at.isoformat(),
        "node": str(one.node_id) if one.node_id else "",
        "name": name,
        "to": str(what),
        "tone": tone,
        "actor": one.actor,
        "reason": one.text,
    }


_KINDS = {
    "takedown": (gettext_lazy("taken down"), "bad"),
    "purge": (gettext_lazy("purged"), "warn"),
    "lift": (gettext_lazy("may be served again"), "good"),
    "fault": (gettext_lazy("fault"), "warn"),
}


def since(data: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """What a page that has `before` must hear to be where `data` is: changed nodes and new points only."""
    old = {one["id"]: one for one in before["nodes"]}
    fresh = data["count"] - before["count"]
    return data | {
        "nodes": [one for one in data["nodes"] if old.get(one["id"]) != one],
        "points": {
            name: values[len(values) - fresh :] if fresh else [] for name, values in data["points"].items()
        },
        "partial": True,
        "sparks": {},
        "events": [],
    }
