"""The map of which node holds what."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from cdn.admin._shared import context, may_look
from cdn.board import shelf


def page(request: HttpRequest) -> HttpResponse:
    """The map; with ?part=grid only what changes on it."""
    may_look(request)
    given = request.GET
    order = given.get("order", "")
    chosen = shelf.Choice(
        search=given.get("q", "")[:100],
        order=order if order in shelf.ORDERS else "demand",
        site=given.get("site", ""),
        number=_number(given.get("page", "1")),
        column=_number(given.get("column", "1")),
    )
    more = {"map": shelf.page(chosen), "chosen": chosen, "orders": shelf.ORDERS.items()}
    template = "cdn/fleet/map_grid.html" if given.get("part") == "grid" else "cdn/fleet/map.html"
    return TemplateResponse(request, template, context(request, _("What is where"), **more))


def state(request: HttpRequest) -> HttpResponse:
    """Whether the map that is open is still true."""
    may_look(request)
    return JsonResponse({"version": shelf.version()})


def _number(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 1


def urls() -> list[URLPattern]:
    """The map's addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("fleet/map/", view(page), name="fleet_map"),
        path("fleet/map/state/", view(state), name="fleet_map_state"),
    ]
