"""A node's plan in words: what it fetches next, when it may, and why."""

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
    names = {one.package: shelf.named(one.package)["name"] for one in missing[:NEXT]}
    return {
        "facts": _facts(plan, missing),
        "next": [_order(one, names[one.package]) for one in missing[:NEXT]],
        "more": max(0, len(missing) - NEXT),
    }


def _is_here(row: Row, order: Order) -> bool:
    entry = bundles.index.of(order.package).get(order.rendition)
    state = holdings.state(row.id, entry.id) if entry else "none"
    return state == "full" or (order.part == "head" and state != "none")


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
    return [one for one in (left, made, always % {"start": start, "end": end}, rate) if one]


def _order(one: Order, name: str) -> dict[str, str]:
    return {
        "name": name,
        "rendition": one.rendition,
        "part": _("its beginning") if one.part == "head" else _("all of it"),
        "urgency": str(URGENCIES.get(one.kind, one.kind)),
        "why": one.why[:1].upper() + one.why[1:],
    }
