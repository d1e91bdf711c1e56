"""What is done to one node: a question that shows what would happen, then the deed."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdn import services
from cdn.admin._shared import actor, answer, context, may_act, reason
from cdn.board import outlooks, rows
from cdn.live import Row, fleet
from cdn.transitions import NoSuchArrow


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to do: its words, and how it is done with the operator's name and reason."""

    asks: str | Promise
    means: str | Promise
    does: str | Promise
    done: str | Promise
    act: Callable[[UUID, str, str], None]
    #: Whether its viewers move, so that the forecast is shown; and whether it waits for a yes when they would suffer.
    moves: bool = False
    guarded: bool = False
    needs_reason: bool = False
    harsh: bool = False


def _drain(node_id: UUID, who: str, why: str) -> None:
    services.drain(node_id, actor=who, reason=why or "drained by the operator")


def _activate(node_id: UUID, who: str, why: str) -> None:
    services.activate(node_id, actor=who, reason=why or "put to use by the operator")


def _quarantine(node_id: UUID, who: str, why: str) -> None:
    services.quarantine(node_id, actor=who, reason=why)


def _retire(node_id: UUID, who: str, why: str) -> None:
    services.retire(node_id, actor=who, reason=why or "retired by the operator")


VERBS = {
    "drain": Verb(
        asks=gettext_lazy("Drain %(name)s?"),
        means=gettext_lazy("Nobody new is sent there, and its viewers move to other nodes without noticing."),
        does=gettext_lazy("Drain"),
        done=gettext_lazy("%(name)s is being drained."),
        act=_drain,
        moves=True,
        guarded=True,
    ),
    "activate": Verb(
        asks=gettext_lazy("Put %(name)s back to service?"),
        means=gettext_lazy("Viewers are sent there again: a few at first, its full share after ten minutes."),
        does=gettext_lazy("Put back"),
        done=gettext_lazy("%(name)s serves again from its next heartbeat on."),
        act=_activate,
    ),
    "quarantine": Verb(
        asks=gettext_lazy("Quarantine %(name)s?"),
        means=gettext_lazy(
            "Its viewers are sent elsewhere at once, and it may fetch nothing until you put it back."
        ),
        does=gettext_lazy("Quarantine"),
        done=gettext_lazy("%(name)s is in quarantine."),
        act=_quarantine,
        moves=True,
        needs_reason=True,
        harsh=True,
    ),
    "retire": Verb(
        asks=gettext_lazy("Retire %(name)s?"),
        means=gettext_lazy(
            "Out for good: only a new code brings it back. Drain it first if it serves viewers."
        ),
        does=gettext_lazy("Retire"),
        done=gettext_lazy("%(name)s is retired."),
        act=_retire,
        moves=True,
        guarded=True,
        harsh=True,
    ),
}


def ask(request: HttpRequest, node_id: UUID, verb: str) -> HttpResponse:
    """The question with its forecast; posted, the deed."""
    may_act(request)
    row, chosen = fleet.row(node_id), VERBS.get(verb)
    if row is None or chosen is None:
        raise Http404(_("There is no such node."))
    if request.method == "POST":
        return _do(request, row, chosen)
    if request.method != "GET":
        raise PermissionDenied
    forecast = outlooks.of_node(row.id) if chosen.moves else None
    offered = any(one["verb"] == verb for one in rows.verbs(row.state, row.wanted))
    words = {"name": row.name}
    page = context(
        request,
        str(chosen.asks) % words,
        question={
            "means": chosen.means,
            "does": chosen.does,
            "harsh": chosen.harsh,
            "needs_reason": chosen.needs_reason,
            "asks_reason": True,
            "may_force": bool(offered and chosen.guarded and forecast and forecast["hurts"]),
            "impossible": ""
            if offered
            else _("It is %(state)s: there is nothing to do.") % {"state": row.state.value},
        },
        forecast=forecast,
        back=reverse("admin:fleet_node", args=[row.id]),
        action=reverse("admin:fleet_ask", args=[row.id, verb]),
    )
    return TemplateResponse(request, "cdn/fleet/question.html", page)


def _do(request: HttpRequest, row: Row, verb: Verb) -> HttpResponse:
    back, said, error = reverse("admin:fleet_node", args=[row.id]), "", ""
    why = reason(request)
    try:
        if verb.needs_reason and not why:
            raise ValueError(_("Say why: it stands in the node's history."))
        if verb.guarded and not request.POST.get("force"):
            _refuse_harm(row)
        verb.act(row.id, actor(request), why)
        said = str(verb.done) % {"name": row.name}
    except (NoSuchArrow, ValueError) as problem:
        error = str(problem)
    except services.UnknownNode:
        error = _("There is no such node any more.")
    return answer(request, back, said=said, error=error)


def _refuse_harm(row: Row) -> None:
    """Raises ValueError when viewers would suffer, which has to be wanted."""
    forecast = outlooks.of_node(row.id)
    if forecast["hurts"]:
        raise ValueError(_("%(why)s Tick the box to do it all the same.") % {"why": forecast["says"]})


def urls() -> list[URLPattern]:
    """The questions' addresses, below the admin's."""
    return [path("fleet/node/<uuid:node_id>/<slug:verb>/", admin.site.admin_view(ask), name="fleet_ask")]
