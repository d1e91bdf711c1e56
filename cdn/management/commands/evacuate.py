"""manage.py evacuate: take a node, a site, a region or a version out of use, if the others can carry it.

`cdn.lever` has the running site do it, before Django starts; this is for a site that does not answer.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cdn import lever, services
from cdn.transitions import NoSuchArrow
from cdn.types import Forecast


class Command(BaseCommand):
    """Say what it would do to the others, and do it."""

    help = (
        "Drain a node, or all nodes of a site, a region or a version. Refuses what the others cannot carry."
    )
    # They would import every page of the site, and who types this has no time.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("scope", choices=lever.SCOPES)
        parser.add_argument("value", help="its name; of a node also its pathway (n3) or id")
        lever.options(parser)

    def handle(self, *args: object, **given: Any) -> None:
        """Forecast; then, unless it is a dry run, begin."""
        begin(self, str(given["scope"]), str(given["value"]), given)


def begin(command: BaseCommand, scope: str, value: str, given: dict[str, Any]) -> None:
    """Evacuate as asked, and print the forecast. Raises CommandError with the remedy."""
    if trouble := services.learn(site=str(given["url"])):
        command.stderr.write(trouble)
    dry_run, force = bool(given["dry_run"]), bool(given["force"])
    actor, reason = str(given["actor"]), str(given["reason"])
    try:
        forecast = services.evacuate(scope, value, dry_run=dry_run, force=force, actor=actor, reason=reason)
    except services.UnknownNode as error:
        raise CommandError(f"{error} {services.known_as(scope)}") from error
    except NoSuchArrow as error:
        raise CommandError(str(error)) from error
    except services.Infeasible as error:
        command.stdout.write(in_words(error.forecast))
        raise CommandError(f"{error} (--force)") from error
    said = lever.figures(forecast)
    command.stdout.write(json.dumps(said) if given["json"] else lever.in_words(said))
    if given["wait"] and forecast.done:
        if trouble:
            raise CommandError("How far it is cannot be told without the site; it has begun all the same.")
        if lever.follow(str(given["url"]), said, as_json=bool(given["json"]), say=command.stdout.write):
            raise CommandError("It takes longer than it should.")


def in_words(forecast: Forecast, *, would: str = "Would drain") -> str:
    """A forecast for people."""
    return lever.in_words(lever.figures(forecast), would=would)
