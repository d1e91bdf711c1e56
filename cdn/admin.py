"""The operator's page of edge nodes: what each one is doing, levers to pull, and how to add one."""

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cdn import models, services
from cdn.transitions import NoSuchArrow
from cdn.types import NodeHealth


class NewNode(forms.Form):
    """The name of a node that shall join."""

    name = forms.RegexField(
        label=_("Name"), regex=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", help_text=_("For example: paris-1")
    )


class EventInline(admin.TabularInline):  # type: ignore[type-arg]
    """What happened to a node, newest first."""

    model = models.NodeEvent
    extra = 0
    fields = readonly_fields = ("at", "from_state", "to_state", "actor", "reason")
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """History is written by what happens, not by hand."""
        return False


@admin.register(models.EdgeNode)
class EdgeNodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Nodes with their live figures. States are changed by actions only, so that each change has its reason."""

    change_list_template = "cdn/admin/nodes.html"
    list_display = (
        "name",
        "slot",
        "site",
        "state",
        "reason",
        "load",
        "sessions",
        "heard",
        "disk",
        "hit_share",
    )
    list_filter = ("state", "site")
    search_fields = ("name", "base_url")
    readonly_fields = (
        "slot", "name", "base_url", "public_key", "version", "state", "reason", "wanted", "state_at", "enrolled_at",
    )  # fmt: skip
    fields = ("name", "slot", "site", "base_url", "capacity_bps", *readonly_fields[3:])
    inlines = (EventInline,)
    actions = ("drain", "activate", "quarantine", "retire")

    def get_urls(self) -> list[URLPattern]:
        """Adding a node is making a code, not filling in a row."""
        add = path("add-node/", self.admin_site.admin_view(self.add_node), name="cdn_edgenode_addnode")
        urls: list[URLPattern] = super().get_urls()
        return [add, *urls]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A node enrols itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nodes are retired, never deleted: their slots must not be used again."""
        return False

    def add_node(self, request: HttpRequest) -> HttpResponse:
        """Make a one-time code and show the one command to type on the new machine."""
        form = NewNode(request.POST or None)
        command = ""
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["name"]
            command = services.node_command(name=name, code=services.enrolment_code(name=name))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add a node"),
            "form": form,
            "command": command,
            "opts": self.opts,
        }
        response = TemplateResponse(request, "cdn/admin/add_node.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response

    # Columns ----------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.EdgeNode]:
        """The rows; the live figures are read beside them, once for the page."""
        self._health: dict[UUID, NodeHealth] = {one.node.id: one for one in services.health()}
        rows: QuerySet[models.EdgeNode] = super().get_queryset(request)
        return rows

    def _live(self, row: models.EdgeNode) -> NodeHealth | None:
        found = self._health.get(row.id)
        return found if found is not None and found.heard_at is not None else None

    @admin.display(description=_("load"))
    def load(self, row: models.EdgeNode) -> str:
        """What it sends now, of what it can."""
        live = self._live(row)
        if live is None:
            return "-"
        node = live.node
        return f"{node.egress_bps / 1e6:.0f} of {node.capacity_bps / 1e6:.0f} Mbit/s ({node.utilisation:.0%})"

    @admin.display(description=_("sessions"))
    def sessions(self, row: models.EdgeNode) -> str:
        """How many it serves."""
        live = self._live(row)
        return "-" if live is None else str(live.node.sessions)

    @admin.display(description=_("last heard"))
    def heard(self, row: models.EdgeNode) -> str:
        """How long ago its last heartbeat came to this process."""
        live = self._live(row)
        if live is None or live.heard_at is None:
            return "-"
        return f"{(timezone.now() - live.heard_at).total_seconds():.0f} s ago"

    @admin.display(description=_("cache"))
    def disk(self, row: models.EdgeNode) -> str:
        """What it holds, of what it may."""
        live = self._live(row)
        if live is None:
            return "-"
        return f"{filesizeformat(live.cache_bytes)} of {filesizeformat(live.cache_limit)}"

    @admin.display(description=_("hits"))
    def hit_share(self, row: models.EdgeNode) -> str:
        """The share of requests served from its own disk since it started."""
        live = self._live(row)
        asked = live.hits + live.misses if live else 0
        return f"{live.hits / asked:.1%}" if live and asked else "-"

    # Actions ----------------------------------------------------------------------------------------------

    @admin.action(description=_("Drain: send viewers elsewhere"))
    def drain(self, request: HttpRequest, rows: QuerySet[models.EdgeNode]) -> None:
        """Take the nodes out of use kindly."""
        self._each(request, rows, lambda node, actor: services.drain(node, actor=actor))

    @admin.action(description=_("Activate: let it serve again"))
    def activate(self, request: HttpRequest, rows: QuerySet[models.EdgeNode]) -> None:
        """Put the nodes to use."""
        self._each(request, rows, lambda node, actor: services.activate(node, actor=actor))

    @admin.action(description=_("Quarantine: trust it with nothing"))
    def quarantine(self, request: HttpRequest, rows: QuerySet[models.EdgeNode]) -> None:
        """Cut the nodes off until somebody has looked."""
        reason = "quarantined by the operator"
        self._each(request, rows, lambda node, actor: services.quarantine(node, actor=actor, reason=reason))

    @admin.action(description=_("Retire: out for good"))
    def retire(self, request: HttpRequest, rows: QuerySet[models.EdgeNode]) -> None:
        """Only a new enrolment brings these nodes back."""
        self._each(request, rows, lambda node, actor: services.retire(node, actor=actor))

    def _each(
        self, request: HttpRequest, rows: QuerySet[models.EdgeNode], work: Callable[[UUID, str], None]
    ) -> None:
        done = []
        for row in rows:
            try:
                work(row.id, f"operator {request.user}"[:64])
            except NoSuchArrow as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                done.append(row.name)
        if done:
            self.message_user(request, _("Done: %(names)s") % {"names": ", ".join(done)})
