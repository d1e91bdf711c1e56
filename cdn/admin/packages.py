"""One package on the fleet: why a node has it or not, and taking it away."""

import re
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from cdn import services
from cdn.admin._shared import actor, answer, context, may_act, may_look, reason
from cdn.board import planned, shelf
from cdn.live import fleet
from cdn.types import Reason

_ID = re.compile(r"[0-9a-f]{32}\Z")


def why(request: HttpRequest, node_id: UUID, package: str) -> HttpResponse:
    """Why this node holds this package, or does not."""
    may_look(request)
    row = fleet.row(node_id)
    if row is None or not _ID.match(package):
        raise Http404(_("There is no such node, or no such package."))
    named = shelf.named(package)
    page = context(
        request,
        named["name"],
        named=named,
        node={"id": str(row.id), "name": row.name},
        reasons=_reasons(services.explain(node_id, package)),
        back=reverse("admin:fleet_map"),
    )
    return TemplateResponse(request, "cdn/fleet/why.html", page)


def _reasons(found: list[Reason]) -> list[dict[str, str]]:
    """The reasons, said once for renditions of which the same is true."""
    together: dict[tuple[str, str, str], list[str]] = {}
    for one in found:
        together.setdefault((one.here, one.urgency, one.why), []).append(one.rendition)
    firsts = {one.rendition: one for one in found}
    return [_reason(firsts[names[0]], names) for names in together.values()]


def _reason(one: Reason, names: list[str]) -> dict[str, str]:
    return {
        "rendition": ", ".join(names),
        "held": one.here,
        "held_name": str(shelf.HELD_NAMES[one.here]),
        "urgency": str(planned.URGENCIES.get(one.urgency, "")),
        "why": one.why[:1].upper() + one.why[1:],
    }


def package_page(request: HttpRequest, package: str) -> HttpResponse:
    """What is known of one package, with the levers; posted, the deed."""
    if not _ID.match(package):
        raise Http404(_("There is no such package."))
    if request.method == "POST":
        may_act(request)
        return _do(request, package)
    may_look(request)
    page = context(
        request,
        shelf.named(package)["name"],
        named=shelf.named(package),
        holders=shelf.holders(package),
        down=services.taken_down(package),
        back=reverse("admin:fleet_map"),
        action=reverse("admin:fleet_package", args=[package]),
    )
    return TemplateResponse(request, "cdn/fleet/package.html", page)


def _do(request: HttpRequest, package: str) -> HttpResponse:
    who, why = actor(request), reason(request)
    words: dict[str, Any] = {"name": shelf.named(package)["name"]}
    said = error = ""
    deed = request.POST.get("deed", "")
    if deed == "takedown" and not why:
        error = _("Say why it is taken down: it stands in the fleet's history.")
    elif deed == "takedown":
        services.takedown(package, reason=why, actor=who)
        said = _("“%(name)s” is taken down: no node serves it any more.") % words
    elif deed == "purge":
        if services.purge(package, actor=who, reason=why or "purged by the operator"):
            said = _("The nodes drop “%(name)s” now, and fetch it anew when it is asked for.") % words
        else:
            error = _("“%(name)s” is taken down: there is nothing to purge.") % words
    elif deed == "lift":
        services.lift(package, actor=who, reason=why or "lifted by the operator")
        said = _("“%(name)s” may be served again.") % words
    else:
        error = _("deed must be takedown, purge or lift.")
    return answer(request, reverse("admin:fleet_map"), said=said, error=error)


def urls() -> list[URLPattern]:
    """The addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("fleet/node/<uuid:node_id>/why/<str:package>/", view(why), name="fleet_why"),
        path("fleet/package/<str:package>/", view(package_page), name="fleet_package"),
    ]
