"""The queue page: every film under way, waiting or in trouble, and what can be done about it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import board, progress, services
from catalog.media.ladder import PRESETS
from catalog.models import Title
from catalog.services import operating

Action = Callable[[HttpRequest, UUID], str]


class AgainForm(forms.Form):
    """How to encode a film anew."""

    ladder = forms.ChoiceField(
        label=gettext_lazy("Qualities"),
        choices=[
            ("per-title", gettext_lazy("Measured for this film")),
            ("standard", gettext_lazy("Fixed, all")),
            ("light", gettext_lazy("Fixed, few (quick)")),
        ],
    )
    preset = forms.ChoiceField(label=gettext_lazy("Effort"), choices=[(name, name) for name in PRESETS])
    av1 = forms.ChoiceField(
        label=gettext_lazy("AV1 as well"),
        choices=[("idle", gettext_lazy("When the machine is idle")), ("never", gettext_lazy("No"))],
    )
    encoder = forms.ChoiceField(
        label=gettext_lazy("Encoder"),
        choices=[
            ("software", gettext_lazy("Processor (fewest bits)")),
            ("hardware", gettext_lazy("Graphics hardware, if there is any")),
        ],
    )
    encrypted = forms.BooleanField(label=gettext_lazy("Encrypt this title"), required=False)


def _form(data: dict[str, Any]) -> AgainForm:
    """The form with what the film was made with."""
    initial = data["options"] | {"encrypted": data["encrypted"]}
    initial["ladder"] = initial["ladder"] or settings.LADDER
    initial["av1"] = initial["av1"] or settings.AV1
    return AgainForm(initial=initial, auto_id=f"id_{data['video']}_%s")


def page(request: HttpRequest) -> HttpResponse:
    """The page; with ?part=board only what changes on it."""
    _may(request)
    data = board.snapshot()
    for name in ("under_way", "waiting", "idle_work", "trouble", "lately"):
        for one in data[name]:
            one["form"] = _form(one) if one["can_encode_again"] else None
    context = {
        **admin.site.each_context(request),
        "title": _("Queue"),
        "board": data,
        "ticket": progress.ticket(request.user.pk),
        "urgencies": [(value, board.URGENCY_NAMES[value]) for value in (1, 0, -1)],
    }
    template = "catalog/queue_board.html" if request.GET.get("part") == "board" else "catalog/queue.html"
    return TemplateResponse(request, template, context)


def state(request: HttpRequest) -> HttpResponse:
    """The page's figures, for browsers without a socket."""
    _may(request)
    return JsonResponse(board.snapshot())


def act(request: HttpRequest, video_id: UUID, action: str) -> HttpResponse:
    """Do one thing to one film, and come back with words."""
    _may(request)
    if request.method != "POST" or action not in _ACTIONS:
        raise PermissionDenied
    error = ""
    said = ""
    try:
        said = _ACTIONS[action](request, video_id)
    except (services.CannotIngest, ValueError) as problem:
        error = str(problem)
    except LookupError:
        error = _("Nothing is being done for this film any more.")
    if said:
        _note(request, video_id, said)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse({"error": error} if error else {"said": said}, status=422 if error else 200)
    messages.add_message(request, messages.ERROR if error else messages.SUCCESS, error or said)
    return HttpResponseRedirect(reverse("admin:queue"))


def _cancel(request: HttpRequest, video_id: UUID) -> str:
    if not operating.stop(video_id):
        raise LookupError(video_id)
    return _("It is being stopped.")


def _retry(request: HttpRequest, video_id: UUID) -> str:
    operating.try_again(video_id)
    return _("It is in the queue again.")


def _priority(request: HttpRequest, video_id: UUID) -> str:
    try:
        urgency = int(request.POST.get("urgency", ""))
    except ValueError as error:
        raise ValueError(_("urgency is missing: send 1, 0 or -1.")) from error
    operating.set_urgency(video_id, urgency)
    return _("Its priority is now: %(name)s.") % {"name": board.URGENCY_NAMES[urgency]}


def _again(request: HttpRequest, video_id: UUID) -> str:
    form = AgainForm(request.POST)
    if not form.is_valid():
        problems = (f"{form[name].label}: {text}" for name, texts in form.errors.items() for text in texts)
        raise ValueError(" ".join(problems))
    operating.encode_again(video_id, **form.cleaned_data)
    return _("It is being made anew. Viewers keep what there is until then.")


def _delete(request: HttpRequest, video_id: UUID) -> str:
    operating.delete_file(video_id)
    return _("The file was deleted.")


_ACTIONS: dict[str, Action] = {
    "cancel": _cancel,
    "retry": _retry,
    "priority": _priority,
    "again": _again,
    "delete": _delete,
}


def _may(request: HttpRequest) -> None:
    if not request.user.has_perm("catalog.change_title"):
        raise PermissionDenied


def _note(request: HttpRequest, video_id: UUID, text: str) -> None:
    """Into the title's history: who did what."""
    video = services.video(video_id)
    row = Title.objects.filter(id=video.title_id).first() if video else None
    if row is not None:
        admin.site.get_model_admin(Title).log_change(request, row, text)


def urls() -> list[URLPattern]:
    """The page's addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("queue/", view(page), name="queue"),
        path("queue/state/", view(state), name="queue_state"),
        path("queue/<uuid:video_id>/<slug:action>/", view(act), name="queue_act"),
    ]
