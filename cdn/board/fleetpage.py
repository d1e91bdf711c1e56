"""The fleet's page: all nodes by region and site, totals, what needs a person, what happened lately."""

import threading
import time
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

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

#: A snapshot that took longer to make than the first serves for longer, in seconds: the page of a very large fleet.
COSTLY, FRESH_WHEN_COSTLY = 0.05, 2.0

_lock = threading.Lock()
#: The newest snapshot by language, with the time until which it serves.
_last: dict[str | None, tuple[float, dict[str, Any]]] = {}


def snapshot() -> dict[str, Any]:
    """The whole page. Parts with a new `shape` have to be drawn anew; everything else changes where it stands."""
    language = get_language()
    with _lock:
        until, data = _last.get(language, (float("-inf"), {}))
        begun = time.monotonic()
        if begun > until:
            data = _make(timezone.now())
            now = time.monotonic()
            _last[language] = now + (FRESH if now - begun < COSTLY else FRESH_WHEN_COSTLY), data
        return data


def forget() -> None:
    """The next question is answered afresh: somebody has just changed something."""
    with _lock:
        _last.clear()


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


#: What a page that is open needs of a node; the rest is drawn by the server.
_TOLD = ("id", "shape", "state_name", "parts", "bars", "tones", "egress", "capacity")


def told(data: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """A snapshot as it is sent: whole, or what a page that has `before` lacks: changed figures and new points."""
    news = {name: data[name] for name in ("now", "count", "figures", "shapes", "expected")}
    news["groups"] = [_told_group(one) for one in data["groups"]]
    if before is None:
        nodes = [{name: one[name] for name in _TOLD} for one in data["nodes"]]
        return news | {"nodes": nodes, "points": data["points"], "sparks": data["sparks"]}
    old = {one["id"]: one for one in before["nodes"]}
    fresh = data["count"] - before["count"]
    points = {name: values[len(values) - fresh :] if fresh else [] for name, values in data["points"].items()}
    nodes = [_changed(one, old.get(one["id"], {})) for one in data["nodes"]]
    return news | {
        "nodes": [one for one in nodes if len(one) > 1],
        "points": points,
        "sparks": {},
        "partial": True,
    }


def _changed(one: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The node's id, and what is not as it was."""
    found: dict[str, Any] = {"id": one["id"]}
    for name in _TOLD[1:]:
        value, before = one[name], old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            value = {key: said for key, said in value.items() if before.get(key) != said}
            if value:
                found[name] = value
        elif value != before:
            found[name] = value
    return found


def _told_group(group: dict[str, Any]) -> dict[str, Any]:
    """A region or a site without its nodes."""
    found = {name: value for name, value in group.items() if name not in ("nodes", "sites")}
    if "sites" in group:
        found["sites"] = [_told_group(site) for site in group["sites"]]
    return found
