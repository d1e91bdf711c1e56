"""Taking many nodes out of use at once: a site, a region, a version. With the forecast before it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from cdn import services, states
from cdn.admin._shared import actor, answer, context, may_act, reason
from cdn.board import outlooks, words
from cdn.live import Row, fleet
from cdn.transitions import NoSuchArrow


def page(request: HttpRequest) -> HttpResponse:
    """The question: what to evacuate, and what would happen then; posted, the deed."""
    may_act(request)
    if request.method == "POST":
        return _do(request)
    groups = _targets([row for row in fleet.rows() if row.state in states.SERVING])
    every = [one["value"] for group in groups for one in group["options"]]
    given = request.GET.get("target") or f"{request.GET.get('scope', '')}:{request.GET.get('value', '')}"
    target = given if given in every else next(iter(every), "")
    forecast = outlooks.in_words(services.evacuate(*_split(target), dry_run=True)) if target else None
    page = context(
        request,
        _("Evacuate"),
        question={
            "means": _(
                "Their viewers move to other nodes, as fast as those can take them. Nobody new is sent there."
            ),
            "does": _("Evacuate"),
            "harsh": True,
            "asks_reason": True,
            "may_force": bool(forecast and forecast["hurts"]),
            "impossible": "" if target else _("No node serves viewers now: there is nothing to evacuate."),
        },
        targets=groups,
        target=target,
        forecast=forecast,
        foresee=request.path,
        back=reverse("admin:fleet"),
        action=request.path,
    )
    return TemplateResponse(request, "cdn/fleet/question.html", page)


def _do(request: HttpRequest) -> HttpResponse:
    said = error = ""
    try:
        scope, value = _split(request.POST.get("target", ""))
        hurts = services.evacuate(scope, value, dry_run=True).hurts
        force = not hurts or bool(request.POST.get("force"))
        done = services.evacuate(scope, value, force=force, actor=actor(request), reason=reason(request))
        said = _("Being evacuated: %(names)s.") % {"names": ", ".join(done.names[:8])}
    except services.Infeasible as problem:
        error = _("%(why)s Tick the box to do it all the same.") % {"why": problem}
    except (services.UnknownNode, NoSuchArrow, ValueError) as problem:
        error = str(problem)
    return answer(request, reverse("admin:fleet"), said=said, error=error)


def _split(target: str) -> tuple[str, str]:
    scope, _colon, value = target.partition(":")
    return scope, value


def _targets(rows: list[Row]) -> list[dict[str, Any]]:
    """What may be chosen: regions, sites, versions where there are several, and single nodes."""
    found = []
    names = {"region": _("Regions"), "site": _("Sites"), "version": _("Versions of the program")}
    for scope, name in names.items():
        by_value: dict[str, list[UUID]] = {}
        for row in rows:
            by_value.setdefault(str(getattr(row, scope)), []).append(row.id)
        if len(by_value) > 1 or scope == "site":
            options = [_option(scope, value, ids) for value, ids in sorted(by_value.items()) if value]
            found.append({"name": name, "options": options})
    single = [{"value": f"node:{row.id}", "name": row.name} for row in rows]
    return [*found, {"name": _("Nodes"), "options": single}] if rows else []


def _option(scope: str, value: str, ids: list[UUID]) -> dict[str, Any]:
    return {
        "value": f"{scope}:{value}",
        "name": f"{value} ({words.nodes(len(ids))})",
    }


def urls() -> list[URLPattern]:
    """The question's address, below the admin's."""
    return [path("fleet/evacuate/", admin.site.admin_view(page), name="fleet_evacuate")]
