"""manage.py evacuate: take a node, a site, a region or a version out of use, if the others can carry it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cdn import services
from cdn.transitions import NoSuchArrow
from cdn.types import Forecast

SCOPES = ("node", "site", "region", "version")


class Command(BaseCommand):
    """Say what it would do to the others, and do it."""

    help = (
        "Drain a node, or all nodes of a site, a region or a version. Refuses what the others cannot carry."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("scope", choices=SCOPES)
        parser.add_argument("value", help="its name; of a node also its pathway (n3) or id")
        options(parser)

    def handle(self, *args: object, **given: Any) -> None:
        """Forecast; then, unless it is a dry run, begin."""
        begin(self, str(given["scope"]), str(given["value"]), given)


def options(parser: ArgumentParser) -> None:
    """What `drain` and `evacuate` have in common."""
    parser.add_argument("--dry-run", action="store_true", help="say what it would do, and do nothing")
    parser.add_argument("--force", action="store_true", help="do it though the others have no room")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--url", default="", help="address of the running site (default: SITE_URL)")
    parser.add_argument("--reason", default="", help="why, for the nodes' history")
    parser.add_argument("--actor", default="operator", help="who, for the nodes' history")


def begin(command: BaseCommand, scope: str, value: str, given: dict[str, Any]) -> None:
    """Evacuate as asked, and print the forecast. Raises CommandError with the remedy."""
    if trouble := services.learn(site=str(given["url"])):
        command.stderr.write(trouble)
    dry_run, force = bool(given["dry_run"]), bool(given["force"])
    actor, reason = str(given["actor"]), str(given["reason"])
    try:
        forecast = services.evacuate(scope, value, dry_run=dry_run, force=force, actor=actor, reason=reason)
    except services.UnknownNode as error:
        raise CommandError(f"{error} {_known(scope)}") from error
    except NoSuchArrow as error:
        raise CommandError(str(error)) from error
    except services.Infeasible as error:
        command.stdout.write(in_words(error.forecast))
        raise CommandError(f"{error} (--force)") from error
    command.stdout.write(as_json(forecast) if given["json"] else in_words(forecast))


def _known(scope: str) -> str:
    """What could have been meant."""
    every = services.health()
    if scope == "version":
        found = sorted({one.version for one in every})
    else:
        found = list(
            dict.fromkeys(str(getattr(one.node, "name" if scope == "node" else scope)) for one in every)
        )
    return f"{scope.capitalize()}s: {', '.join(found) or 'none yet'}."


def in_words(forecast: Forecast, *, doing: str = "Draining", would: str = "Would drain") -> str:
    """A forecast for people."""
    lines = [
        f"{doing if forecast.done else would} {', '.join(forecast.names)}: "
        f"{forecast.moved_bps / 1e6:.0f} Mbit/s of {forecast.moved_sessions} sessions move within "
        f"{forecast.seconds:.0f} s."
    ]
    shown = sorted(forecast.survivors, key=lambda one: -one.after)[:20]
    lines += [f"  {one.name:<16} {one.before:>5.0%} → {one.after:>5.0%}" for one in shown]
    if len(forecast.survivors) > len(shown):
        lines.append(f"  and {len(forecast.survivors) - len(shown)} less busy ones")
    if forecast.kbps:
        lines.append(f"Players are asked to take {forecast.kbps} kbit/s at most meanwhile.")
    if forecast.refusal and not forecast.done:
        lines.append(f"Speaks against it: {forecast.refusal}")
    return "\n".join(lines)


def as_json(forecast: Forecast) -> str:
    """A forecast for programs."""
    return json.dumps(
        {
            "scope": forecast.scope, "value": forecast.value, "nodes": list(forecast.names), "done": forecast.done,
            "feasible": forecast.feasible, "refusal": forecast.refusal, "moved_bps": forecast.moved_bps,
            "moved_sessions": forecast.moved_sessions, "homeless_bps": forecast.homeless_bps, "worst": forecast.worst,
            "seconds": forecast.seconds, "kbps": forecast.kbps,
            "survivors": {one.name: [one.before, one.after] for one in forecast.survivors},
        }
    )  # fmt: skip
