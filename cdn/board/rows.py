"""One node as a line of the fleet's page: words and numbers, and which buttons it has."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cdn import states
from cdn.board import words
from cdn.board.filling import Filling
from cdn.board.samples import samples
from cdn.live import Beat, Leaving, Row, fleet
from cdn.types import NodeState

#: A certificate that ends sooner than this is a warning, in seconds; a disk fuller than this share too.
CERT_SOON, DISK_FULL = 14 * 86400, 0.97
#: A node that speaks every two seconds and was not heard for so long is late, in seconds.
LATE = 5.0

#: What can be done to a node, by the states in which it makes sense. The order is that of the buttons.
VERBS: dict[str, frozenset[NodeState]] = {
    "drain": frozenset({NodeState.ACTIVE, NodeState.DEGRADED, NodeState.WARMING, NodeState.SUSPECT}),
    "activate": frozenset({NodeState.DRAINING, NodeState.EVACUATED, NodeState.QUARANTINED}),
    "quarantine": frozenset(NodeState) - {NodeState.RETIRED, NodeState.QUARANTINED},
    "retire": frozenset(NodeState) - {NodeState.RETIRED},
}
VERB_NAMES = {
    "drain": gettext_lazy("Drain"),
    "activate": gettext_lazy("Put back"),
    "quarantine": gettext_lazy("Quarantine"),
    "retire": gettext_lazy("Retire"),
}


def verbs(state: NodeState, wanted: str) -> list[dict[str, str]]:
    """The buttons of a node in this state. What is wanted already is not offered again."""
    done = {"drain": "drain", "activate": "serve", "quarantine": "quarantine", "retire": "retire"}
    return [
        {"verb": verb, "name": str(VERB_NAMES[verb])}
        for verb, where in VERBS.items()
        if state in where and wanted != done[verb]
    ]


def line(row: Row, now: datetime, filling: Filling | None) -> dict[str, Any]:
    """One node. `parts` are texts that change where they stand, `bars` are 0 … 100; a new `shape` is drawn anew."""
    beat = fleet.beats.get(row.id)
    said = words.STATES[row.state]
    alive = beat is not None and fleet.lease(row, now) > now
    load = beat.egress_bps / row.capacity_bps if alive and beat else 0.0
    disk = beat.cache_bytes / beat.cache_limit if beat and beat.cache_limit else 0.0
    parts, bars = _figures(row, beat, alive=alive, load=load, disk=disk, now=now)
    parts["fill"], bars["fill"] = fill_words(filling, alive=alive)
    troubles = trouble(row, beat, alive=alive, load=load, now=now)
    data = {
        "id": str(row.id),
        "slot": row.slot,
        "name": row.name,
        "host": row.base_url.partition("://")[2],
        "address": row.base_url,
        "site": row.site,
        "region": row.region,
        "state": row.state.value,
        "state_name": _state_name(row.state, filling, fleet.leaving.get(row.id)),
        "tone": said.tone,
        "means": str(said.means),
        "reason": _reason(row),
        "serving": row.state in states.SERVING,
        "alive": alive,
        "load": round(load, 3),
        "tones": {"load": words.tone_of_load(load), "disk": "warn" if disk >= DISK_FULL else "plain"},
        "egress": _calm(beat.egress_bps) if beat and alive else 0,
        "capacity": row.capacity_bps,
        "sessions": beat.sessions if beat and alive else 0,
        "parts": parts,
        "bars": bars,
        "verbs": verbs(row.state, row.wanted),
        "troubles": troubles,
    }
    drawn = ("name", "host", "site", "region", "state", "reason", "alive", "verbs", "troubles")
    data["shape"] = shape({name: data[name] for name in drawn})
    return data


def _calm(bits: int) -> int:
    """Three digits, so that a page is not told of every trembling."""
    return int(float(f"{bits:.3g}"))


def shape(value: object) -> str:
    """A short hash of what is drawn: when it differs, the page draws anew."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]


def _state_name(state: NodeState, filling: Filling | None, leaving: Leaving | None) -> str:
    name = str(words.STATES[state].name)
    if state is NodeState.WARMING and filling is not None:
        return f"{name} {int(filling.beginnings)} %"
    if state is NodeState.DRAINING and leaving is not None and leaving.share < 1:
        return f"{name} {int(100 * leaving.share)} %"
    return name


def _reason(row: Row) -> str:
    """Why it is in its state; left out where the state says it all."""
    return "" if row.state is NodeState.ACTIVE else row.reason


def _figures(
    row: Row, beat: Beat | None, *, alive: bool, load: float, disk: float, now: datetime
) -> tuple[dict[str, str], dict[str, float]]:
    names = ("load", "sessions", "hits", "disk", "machine")
    if beat is None:
        blank = dict.fromkeys(names, words.UNKNOWN) | dict.fromkeys(("egress", "disk_of", "cert"), "")
        return blank | {"heard": _("not heard since the site started")}, {"load": 0.0, "disk": 0.0}
    ring = samples.nodes.get(row.id)
    hits = ring.hit_ratio() if ring else None
    if hits is None and beat.hits + beat.misses:
        hits = beat.hits / (beat.hits + beat.misses)
    silent = (now - beat.heard_at).total_seconds()
    left = beat.cert_until - now.timestamp()
    first_byte = f" \u00b7 {words.milliseconds(beat.ttfb_p95_ms)}" if beat.ttfb_p95_ms else ""
    parts = {
        "load": f"{load * 100:.0f} %" if alive else words.UNKNOWN,
        "egress": words.rate(beat.egress_bps) if alive else "",
        "sessions": str(beat.sessions) if alive else words.UNKNOWN,
        "hits": words.share(hits),
        "disk": words.size(beat.cache_bytes),
        "disk_of": _("of %(size)s") % {"size": words.size(beat.cache_limit)},
        "machine": f"{beat.workers or 1}\u00d7{first_byte}",
        "cert": _("TLS %(span)s") % {"span": words.span(left)} if beat.cert_until else _("no TLS"),
        "heard": "" if silent < LATE else _("silent for %(span)s") % {"span": words.span(silent)},
    }
    return parts, {"load": round(min(100, load * 100), 1), "disk": round(min(100, disk * 100), 1)}


def fill_words(filling: Filling | None, *, alive: bool) -> tuple[str, float]:
    """How full a node is of what its plan wants: 'complete', '62 %, 3.2 GB left'; and 0 … 100."""
    if filling is None:
        return (_("nothing planned") if alive else words.UNKNOWN), 0.0
    if not filling.known:
        return _("not reported yet"), 0.0
    if filling.complete:
        return _("complete"), 100.0
    left = {"percent": int(filling.percent), "left": words.size(filling.bytes_left)}
    return _("%(percent)d %%, %(left)s left") % left, round(filling.percent, 1)


def trouble(row: Row, beat: Beat | None, *, alive: bool, load: float, now: datetime) -> list[dict[str, str]]:
    """What an operator should look at, worst first, each a sentence with its remedy."""
    found = _trouble_of_state(row)
    if beat is not None and alive and row.state in states.SERVING:
        found += _trouble_of_figures(beat, load=load, now=now)
    return [{"tone": tone, "text": text} for tone, text in found]


def _trouble_of_state(row: Row) -> list[tuple[str, str]]:
    reason = {"reason": _capital(row.reason)}
    found = []
    if row.state is NodeState.SUSPECT:
        text = _(
            "%(reason)s. Its viewers were sent elsewhere. Is the machine up, and does it reach the site?"
        )
        found.append(("bad", text % reason))
    elif row.state is NodeState.QUARANTINED:
        found.append(("bad", _("%(reason)s. It serves nobody until you put it back to service.") % reason))
    elif row.state is NodeState.DEGRADED:
        found.append(("warn", _("%(reason)s.") % reason))
    if (doubt := fleet.doubts.get(row.id)) and row.state in states.LEASED:
        text = _("%(doubt)s. It is heard all the same, but nobody new is sent there.")
        found.append(("bad", text % {"doubt": _capital(doubt)}))
    return found


def _trouble_of_figures(beat: Beat, *, load: float, now: datetime) -> list[tuple[str, str]]:
    found = []
    if load >= words.FULL:
        text = _("It sends %(load)d %% of what it can: new viewers are sent elsewhere.")
        found.append(("bad", text % {"load": load * 100}))
    if beat.problem:
        found.append(("warn", _("It says: %(problem)s.") % {"problem": beat.problem.rstrip(".")}))
    left = beat.cert_until - now.timestamp()
    if beat.cert_until and left <= 0:
        found.append(("bad", _("Its certificate has ended: browsers refuse it. Give it a new one.")))
    elif beat.cert_until and left < CERT_SOON:
        found.append(("warn", _("Its certificate ends in %(span)s.") % {"span": words.span(left)}))
    return found


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") if text else _("Nobody said why")


def sessions(count: int) -> str:
    """'1 session', '412 sessions'."""
    return ngettext("%(n)d session", "%(n)d sessions", count) % {"n": count}
