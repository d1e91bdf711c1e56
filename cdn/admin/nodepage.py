"""One node's page, and the questions before something is done to it."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from cdn.admin._shared import context, may_look
from cdn.board import nodepage, planned, shelf
from cdn.live import fleet


def page(request: HttpRequest, node_id: UUID) -> HttpResponse:
    """The page; with ?part=board only what changes on it."""
    may_look(request)
    data = nodepage.snapshot(node_id)
    if data is None:
        raise Http404(_("There is no such node."))
    held = shelf.held_by(node_id, search=request.GET.get("q", ""), page=_number(request))
    row = fleet.row(node_id)
    plan = planned.of(row) if row else None
    more = {"plan": plan, "board": data, "node": data["node"], "held": held, "curves": _curves()}
    template = "cdn/fleet/node_parts.html" if request.GET.get("part") == "board" else "cdn/fleet/node.html"
    return TemplateResponse(request, template, context(request, data["node"]["name"], **more))


def state(request: HttpRequest, node_id: UUID) -> HttpResponse:
    """The page's figures, for browsers without a socket."""
    may_look(request)
    data = nodepage.snapshot(node_id)
    if data is None:
        raise Http404(_("There is no such node."))
    return JsonResponse(data)


def _number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return int(text) if text.isdecimal() and len(text) < 6 else 1


def _curves() -> list[dict[str, Any]]:
    return [
        {"key": "egress", "name": _("Sends"), "unit": "rate"},
        {"key": "sessions", "name": _("Sessions"), "unit": "count"},
        {
            "key": "asked",
            "name": _("From its own disk"),
            "unit": "count",
            "lines": [_("from disk"), _("fetched first")],
        },
        {
            "key": "fetched",
            "name": _("Fetched"),
            "unit": "rate",
            "lines": [_("from other nodes"), _("from the site")],
        },
        {
            "key": "ttfb",
            "name": _("First byte within"),
            "unit": "ms",
            "lines": [_("95 of 100"), _("50 of 100")],
        },
        {"key": "cpu", "name": _("Processor"), "unit": "share"},
    ]


def urls() -> list[URLPattern]:
    """The page's addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("fleet/node/<uuid:node_id>/", view(page), name="fleet_node"),
        path("fleet/node/<uuid:node_id>/state/", view(state), name="fleet_node_state"),
    ]
