"""The page of recommendations: what answers, what it is worth, and the buttons."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recommend.learning import board, publishing, training
from recommend.learning.deciding import Occasion

MAY_LOOK, MAY_ACT = "recommend.view_modelversion", "recommend.change_modelversion"
#: Somebody waits for it: before all that encodes, but for what an operator put first.
_SOON = 400


def page(request: HttpRequest) -> HttpResponse:
    """The page; with ?part=board only what changes on it."""
    if not (request.user.has_perm(MAY_LOOK) or request.user.has_perm(MAY_ACT)):
        raise PermissionDenied
    template = "recommend/board.html" if request.GET.get("part") == "board" else "recommend/learning.html"
    context = {
        **admin.site.each_context(request),
        "title": _("Recommendations"),
        "may_act": request.user.has_perm(MAY_ACT),
        **board.board(),
    }
    return TemplateResponse(request, template, context)


@require_POST
def act(request: HttpRequest, what: str) -> HttpResponse:
    """Press a button."""
    if not request.user.has_perm(MAY_ACT):
        raise PermissionDenied
    if what not in _ACTS:
        raise Http404
    try:
        messages.success(request, _ACTS[what](request))
    except publishing.CannotMove as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("admin:recommendations"))


def _train(request: HttpRequest) -> str:
    training.ask(Occasion.ASKED, priority=_SOON)
    return _("It is learnt anew; the page follows it.")


def _back(request: HttpRequest) -> str:
    version = publishing.go_back(f"operator {request.user} went back"[:300])
    return _("%(version)s answers again.") % {"version": version.name}


def _pin(request: HttpRequest) -> str:
    publishing.pin(pinned=True)
    return _("This version stays, whatever is learnt.")


def _unpin(request: HttpRequest) -> str:
    publishing.pin(pinned=False)
    return _("The next version that passes takes its place.")


_ACTS: dict[str, Any] = {"train": _train, "back": _back, "pin": _pin, "unpin": _unpin}


def urls() -> list[URLPattern]:
    """The page's addresses, below the studio's."""
    view = admin.site.admin_view
    return [
        path("recommendations/", view(page), name="recommendations"),
        path("recommendations/do/<slug:what>/", view(act), name="recommendations_do"),
    ]


_own_urls = admin.site.get_urls


def _urls() -> list[Any]:
    """The page before the admin's own: its last pattern takes everything."""
    return [*urls(), *_own_urls()]


admin.site.get_urls = _urls  # type: ignore[method-assign]
