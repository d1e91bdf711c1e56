"""The fleet's page: all nodes, live."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _

from cdn.admin._shared import context, may_look
from cdn.board import fleetpage


def page(request: HttpRequest) -> HttpResponse:
    """The page; with ?part=board only what changes on it."""
    may_look(request)
    template = "cdn/fleet/board.html" if request.GET.get("part") == "board" else "cdn/fleet/page.html"
    return TemplateResponse(request, template, context(request, _("Fleet"), board=fleetpage.snapshot()))


def state(request: HttpRequest) -> HttpResponse:
    """The page's figures, for browsers without a socket."""
    may_look(request)
    return JsonResponse(fleetpage.told(fleetpage.snapshot()))


def urls() -> list[URLPattern]:
    """The page's addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("fleet/", view(page), name="fleet"),
        path("fleet/state/", view(state), name="fleet_state"),
    ]
