"""What another way of choosing would have brought, from the logged draws of the last month."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from recommend.trials import models, offpolicy, tallies
from recommend.trials.choosing import SLOT_PLACES
from recommend.trials.offpolicy import Drawing, Value

_HELP = (
    "rows: 'given' (the page's own order) or kinds of rows in the order to try, like because,trending,new. "
    "slot and picture: 'uniform', 'first' or 'expected' (the best one known, nothing tried)."
)


class Command(BaseCommand):
    """`manage.py estimate_policy rows --policy given`."""

    help = "Estimate what another policy would have brought, from logged propensities (IPS and SNIPS)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which draws, and the other policy."""
        parser.add_argument("kind", choices=models.Decision.Kind.values)
        parser.add_argument("--policy", default="given", help=_HELP)
        parser.add_argument("--json", action="store_true", help="figures for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print plays per decision, with an interval."""
        kind, policy = options["kind"], options["policy"]
        rows = models.Decision.objects.filter(kind=kind).iterator(chunk_size=1000)
        made = _orders(rows, policy) if kind == models.Decision.Kind.ROWS else _choices(rows, kind, policy)
        value = offpolicy.estimate(list(made))
        if options["json"]:
            print(
                json.dumps({"kind": kind, "policy": policy, **(asdict(value) if value else {"decisions": 0})})
            )
        else:
            print(_said(kind, policy, value))


def _said(kind: str, policy: str, value: Value | None) -> str:
    if value is None:
        return f"No draws of this kind ({kind}) have been logged in the last 30 days: nothing can be said."
    lines = [
        f"{value.decisions} decisions; plays per decision as it was done: {value.logged:.4f}",
        f"with “{policy}”: {value.snips:.4f} (SNIPS, 95 %: {value.low:.4f} … {value.high:.4f}), IPS {value.ips:.4f}",
        f"what was logged amounts to {value.effective:.0f} draws of that policy",
    ]
    if not value.enough:
        lines.append(f"Not enough to decide: {offpolicy.FEWEST:.0f} are needed.")
    elif value.low > value.logged:
        lines.append("It would have brought more.")
    elif value.high < value.logged:
        lines.append("It would have brought less.")
    else:
        lines.append("Not decided: the interval holds what was reached anyway.")
    return "\n".join(lines)


def _orders(rows: Iterator[models.Decision], policy: str) -> Iterator[Drawing]:
    kinds = [] if policy == "given" else [kind.strip() for kind in policy.split(",") if kind.strip()]
    if policy != "given" and not kinds:
        raise CommandError("--policy: name kinds of rows, like because,trending,new, or write given.")
    for row in rows:
        order, played = row.detail["order"], row.detail.get("played", {})
        wanted = offpolicy.ordered(row.detail["given"], kinds, tallies.kind_of)
        yield Drawing(
            profile=str(row.profile_id),
            logged=tuple(row.detail["propensities"]),
            other=tuple(1.0 if want == got else 0.0 for want, got in zip(wanted, order, strict=True)),
            rewards=tuple(float(played.get(key, 0)) for key in order),
        )


def _choices(rows: Iterator[models.Decision], kind: str, policy: str) -> Iterator[Drawing]:
    chances = offpolicy.CHOOSING.get(policy)
    if chances is None:
        raise CommandError(f"--policy: there is no “{policy}”; there are {', '.join(offpolicy.CHOOSING)}.")
    # The place in the row is drawn by itself, and evenly: it says nothing of the choice.
    places = len(SLOT_PLACES) if kind == models.Decision.Kind.SLOT else 1
    for row in rows:
        options = [
            (str(name), float(prior), float(shown), float(played))
            for name, prior, shown, played in row.detail["options"]
        ]
        names = [name for name, *_rest in options]
        if row.chosen in names:
            yield Drawing(
                profile=str(row.profile_id),
                logged=(min(1.0, row.propensity * places),),
                other=(chances(options)[names.index(row.chosen)],),
                rewards=(row.reward,),
            )
