"""Adding a node: a name, the one command, and watching the node come."""

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cdn import models, services
from cdn.admin._shared import answer, context, may_act, may_look
from cdn.board import joining
from cdn.board.filling import filling
from cdn.edge.reach import is_loopback
from cdn.live import fleet


class NewNode(forms.Form):
    """The name of a node that shall join."""

    name = forms.RegexField(
        label=gettext_lazy("Name"),
        regex=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        error_messages={
            "required": gettext_lazy("Give the node a name."),
            "invalid": gettext_lazy(
                "Use letters, digits, dot, dash and underscore; begin with a letter or a digit."
            ),
        },
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off", "spellcheck": "false"}),
    )

    site = forms.RegexField(
        label=gettext_lazy("Site"),
        regex=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        required=False,
        error_messages={"invalid": gettext_lazy("Use letters, digits, dot, dash and underscore.")},
        help_text=gettext_lazy("What fails together: a house, a rack. May be left out."),
        widget=forms.TextInput(attrs={"list": "sites", "autocomplete": "off", "spellcheck": "false"}),
    )
    install = forms.BooleanField(
        label=gettext_lazy("Make it a service that starts with the machine"), required=False
    )

    def clean_name(self) -> str:
        """A name that no node in service has: the command would take its place."""
        name: str = self.cleaned_data["name"]
        taken = any(row.name == name and row.state not in _MAY_COME_AGAIN for row in fleet.rows())
        if taken:
            raise forms.ValidationError(
                _("There is a node of this name, in service. Retire it first, or choose another name.")
            )
        return name


_MAY_COME_AGAIN = frozenset({"retired", "evacuated", "suspect", "quarantined", "pending"})


def add(request: HttpRequest) -> HttpResponse:
    """Ask for a name; then make a one-time code and show the command, once."""
    may_act(request)
    form = NewNode(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        command = services.node_command(name=name, code=services.enrolment_code(name=name))
        command += f" --site {form.cleaned_data['site']}" if form.cleaned_data["site"] else ""
        command += " --install" if form.cleaned_data["install"] else ""
        return _watch(request, name, command=command)
    sites = sorted({row.site for row in fleet.rows()})
    page = context(request, _("Add a node"), form=form, sites=sites, near=_only_here())
    return TemplateResponse(request, "cdn/fleet/add.html", page)


def _only_here() -> bool:
    """Whether the site's address leads to it from its own machine only, so that the command works nowhere else."""
    return is_loopback(urlsplit(settings.SITE_URL).hostname or "")


def join(request: HttpRequest, name: str) -> HttpResponse:
    """Watch a node come whose command was shown before."""
    may_look(request)
    return _watch(request, name, command="")


def _watch(request: HttpRequest, name: str, *, command: str) -> HttpResponse:
    data = _state(name)
    page = context(request, _("Add a node"), name=name, command=command, join=data, near=_only_here())
    response = TemplateResponse(request, "cdn/fleet/join.html", page)
    response.headers["Cache-Control"] = "no-store"
    return response


def state(request: HttpRequest, name: str) -> HttpResponse:
    """How far the node has come."""
    may_look(request)
    data = _state(name)
    data["node_url"] = reverse("admin:fleet_node", args=[data["node"]]) if data["node"] else ""
    return JsonResponse(data)


def _state(name: str) -> dict[str, object]:
    rows = fleet.rows()
    row = next((one for one in rows if one.name == name), None)
    return joining.progress(name, rows, filling(row) if row else None, timezone.now())


@require_POST
def forget(request: HttpRequest, name: str) -> HttpResponse:
    """Make a node's open codes void."""
    may_act(request)
    now = timezone.now()
    models.EnrolmentCode.objects.filter(name=name, used_at=None, expires_at__gt=now).update(expires_at=now)
    return answer(request, reverse("admin:fleet"), said=_("The code for %(name)s is void.") % {"name": name})


def urls() -> list[URLPattern]:
    """The pages' addresses, below the admin's."""
    view = admin.site.admin_view
    return [
        path("fleet/add/", view(add), name="fleet_add"),
        path("fleet/join/<str:name>/", view(join), name="fleet_join"),
        path("fleet/join/<str:name>/state/", view(state), name="fleet_join_state"),
        path("fleet/join/<str:name>/forget/", view(forget), name="fleet_forget"),
    ]
