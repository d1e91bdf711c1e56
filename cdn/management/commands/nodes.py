"""manage.py nodes: the fleet as it is, what happened in it, and what an operator may do to one node."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdn import services
from cdn.management.commands import evacuate
from cdn.transitions import NoSuchArrow
from cdn.types import NodeHealth


class Command(BaseCommand):
    """List the nodes, or change what is wanted of one."""

    help = "List the edge nodes with their load, or put one back to use, in quarantine or out for good."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--events", type=int, default=0, metavar="N", help="also the last N events")
        parser.add_argument("--json", action="store_true", help="one JSON object for each node")
        parser.add_argument("--url", default="", help="address of the running site (default: SITE_URL)")
        parser.add_argument("--back", metavar="NAME", help="put this node to use again")
        parser.add_argument("--retire", metavar="NAME", help="take this node out for good")
        parser.add_argument(
            "--quarantine", metavar="NAME", help="trust this node with nothing (needs --reason)"
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="with --retire or --quarantine: say what the others would carry",
        )
        parser.add_argument("--force", action="store_true", help="retire it though the others have no room")
        parser.add_argument("--reason", default="", help="why, for the node's history")
        parser.add_argument("--actor", default="operator", help="who, for the node's history")

    def handle(self, *args: object, **options: Any) -> None:
        """Do what was asked, then list."""
        trouble = services.learn(site=options["url"])
        if trouble:
            self.stderr.write(f"{trouble} Loads are left out.")
        self._change(options)
        for one in services.health():
            self.stdout.write(_as_json(one) if options["json"] else _in_words(one))
        for event in services.fleet_events(limit=options["events"]) if options["events"] else ():
            states = f"{event.from_state} → {event.to_state} " if event.to_state else ""
            at = timezone.localtime(event.at)
            self.stdout.write(
                f"{at:%Y-%m-%d %H:%M:%S} {event.subject}: {event.kind} {states}by {event.actor}: {event.text}"
            )

    def _change(self, options: dict[str, Any]) -> None:
        actor, reason = str(options["actor"]), str(options["reason"])
        if options["quarantine"] and not (reason or options["dry_run"]):
            raise CommandError("--quarantine needs --reason: whoever lifts it must know what to look at.")
        try:
            if options["back"]:
                services.activate(
                    _node(options["back"]), actor=actor, reason=reason or "put to use by the operator"
                )
            # A quarantine is never refused: it is for nodes that must not serve.
            if options["retire"] and self._goes(options["retire"], options, may_refuse=True):
                services.retire(
                    _node(options["retire"]), actor=actor, reason=reason or "retired by the operator"
                )
            if options["quarantine"] and self._goes(options["quarantine"], options, may_refuse=False):
                services.quarantine(_node(options["quarantine"]), actor=actor, reason=reason)
        except NoSuchArrow as error:
            raise CommandError(str(error)) from error

    def _goes(self, name: str, options: dict[str, Any], *, may_refuse: bool) -> bool:
        """Forecast what the others would carry without this node; → whether to go on. Raises CommandError."""
        forecast = services.evacuate("node", str(_node(name)), dry_run=True)
        if options["dry_run"]:
            self.stdout.write(evacuate.in_words(forecast, would="Would take out"))
        elif may_refuse and forecast.hurts and not options["force"]:
            raise CommandError(f"{forecast.refusal} (--force)")
        return not options["dry_run"]


def _node(name: str) -> Any:
    every = services.health()
    found = next((one.node for one in every if name in (one.node.name, f"n{one.node.slot}")), None)
    if found is None:
        known = ", ".join(one.node.name for one in every) or "none yet"
        raise CommandError(f"There is no node named '{name}'. Nodes: {known}.")
    return found.id


def _in_words(one: NodeHealth) -> str:
    node = one.node
    words = [f"{node.name:<16} n{node.slot:<4} {node.state.value:<12} {node.region}/{node.site}"]
    if one.heard_at is not None:
        asked = one.hits + one.misses
        words.append(
            f"{node.egress_bps / 1e6:.0f} of {node.capacity_bps / 1e6:.0f} Mbit/s ({node.utilisation:.0%})"
        )
        words.append(f"{node.sessions} sessions")
        words.append(f"disk {one.cache_bytes / 1e9:.1f} of {one.cache_limit / 1e9:.1f} GB")
        words.append(f"hits {one.hits / asked:.1%}" if asked else "nothing asked yet")
        words.append(f"heard {(timezone.now() - one.heard_at).total_seconds():.0f} s ago")
    words.append(one.reason)
    return "  ".join(word for word in words if word)


def _as_json(one: NodeHealth) -> str:
    node = one.node
    return json.dumps(
        {
            "id": str(node.id), "name": node.name, "slot": node.slot, "state": node.state.value, "reason": one.reason,
            "region": node.region, "site": node.site, "base_url": node.base_url, "capacity_bps": node.capacity_bps,
            "egress_bps": node.egress_bps, "sessions": node.sessions, "cache_bytes": one.cache_bytes,
            "cache_limit": one.cache_limit, "disk_free": one.disk_free, "hits": one.hits, "misses": one.misses,
            "takedowns": one.takedowns, "cpu": one.cpu, "ttfb_p95_ms": one.ttfb_p95_ms, "version": one.version,
            "heard_at": one.heard_at.isoformat() if one.heard_at else None,
        }
    )  # fmt: skip
