"""What the fleet's pages have in common: who may, and how an answer goes back to a form or to a script."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse

from cdn.board import fleetpage, tickets

#: So much of a reason is kept, in characters.
REASON_MOST = 200


def may_look(request: HttpRequest) -> None:
    """Raises PermissionDenied unless this person may see the fleet."""
    if not tickets.may_look(request.user):
        raise PermissionDenied


def may_act(request: HttpRequest) -> None:
    """Raises PermissionDenied unless this person may change the fleet."""
    if not request.user.has_perm(tickets.MAY_ACT):
        raise PermissionDenied


def actor(request: HttpRequest) -> str:
    """The operator's name as history keeps it."""
    return f"operator {request.user}"[:64]


def reason(request: HttpRequest) -> str:
    """Why, as the operator wrote it; '' when nothing was."""
    return request.POST.get("reason", "").strip()[:REASON_MOST]


def context(request: HttpRequest, title: str, **more: object) -> dict[str, Any]:
    """What every page's template needs."""
    return {
        **admin.site.each_context(request),
        "title": title,
        "ticket": tickets.ticket(request.user.pk),
        "may_act": request.user.has_perm(tickets.MAY_ACT),
        **more,
    }


def wants_json(request: HttpRequest) -> bool:
    """Whether a script asks, rather than a form."""
    return request.headers.get("Accept") == "application/json"


def answer(request: HttpRequest, back: str, *, said: str = "", error: str = "") -> HttpResponse:
    """Say what was done, or why not: as JSON to a script, else on the page that one came from."""
    fleetpage.forget()
    if wants_json(request):
        return JsonResponse({"error": error} if error else {"said": said}, status=422 if error else 200)
    messages.add_message(request, messages.ERROR if error else messages.SUCCESS, error or said)
    return HttpResponseRedirect(back)
