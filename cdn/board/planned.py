"""A node's plan in words: what it fetches next, when it may, and why."""

from itertools import groupby
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cdn import bundles, plans
from cdn.board import shelf, words
from cdn.inventory import holdings
from cdn.live import Row
from cdn.plans import Order, Plan

#: So many of what is still to come are shown, in the order in which the node fetches them.
NEXT = 6
URGENCIES = {
    "pinned": gettext_lazy("always"),
    "release": gettext_lazy("release"),
    "repair": gettext_lazy("repair"),
    "window": gettext_lazy("in its hours"),
}


def of(row: Row) -> dict[str, Any] | None:
    """The plan that stands for a node; None while none was made."""
    plan = plans.newest(row.id) if row.plan else None
    if plan is None:
        return None
    missing = [one for one in plan.orders if not _is_here(row, one)]
    steps = _steps(missing)
    return {
        "facts": _facts(plan, missing),
        "next": [_in_words(orders) for orders in steps[:NEXT]],
        "more": max(0, len(steps) - NEXT),
    }


def _steps(missing: list[Order]) -> list[list[Order]]:
    """What follows upon each other and is alike but for the rendition, together."""
    alike = groupby(missing, key=lambda one: (one.package, one.part, one.kind, one.why))
    return [list(orders) for _key, orders in alike]


def _is_here(row: Row, order: Order) -> bool:
    entry = bundles.index.of(order.package).get(order.rendition)
    state = holdings.state(row.id, entry.id) if entry else "none"
    # Playlists alone are not in what nodes report.
    return state == "full" or order.part == "init" or (order.part == "head" and state != "none")


def _facts(plan: Plan, missing: list[Order]) -> list[str]:
    made = _("plan %(version)d, made %(ago)s") % {
        "version": plan.version,
        "ago": words.ago(plan.made_at, timezone.now()),
    }
    start, end = plan.window
    always = _("fetches at any time") if start == end else _("fetches from %(start)s to %(end)s, its time")
    rate = _("at most %(rate)s") % {"rate": words.rate(plan.rate_bps)} if plan.rate_bps else ""
    count = ngettext("%(n)d order", "%(n)d orders", len(plan.orders)) % {"n": len(plan.orders)}
    left = _("%(count)s, %(left)d to come") % {"count": count, "left": len(missing)} if missing else count
    whole = _("its disk holds all that is published") if plan.head.everything else ""
    return [one for one in (left, whole, made, always % {"start": start, "end": end}, rate) if one]


def _in_words(orders: list[Order]) -> dict[str, str]:
    one = orders[0]
    return {
        "name": shelf.named(one.package)["name"],
        "rendition": ", ".join(order.rendition for order in orders),
        "part": _("its beginning") if one.part == "head" else _("all of it"),
        "urgency": str(URGENCIES.get(one.kind, one.kind)),
        "why": one.why[:1].upper() + one.why[1:],
    }
