"""The rows of nodes, for what a person may correct in them. Everything that lives is on the fleet's page."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cdn import models


@admin.register(models.EdgeNode)
class EdgeNodeAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A node's own settings. States are changed on the fleet's page only, so that each change has its reason."""

    list_display = ("name", "slot", "region", "site", "state", "base_url", "version")
    list_filter = ("state", "region", "site")
    search_fields = ("name", "base_url")
    readonly_fields = (
        "slot", "name", "base_url", "public_key", "version", "state", "reason", "wanted", "state_at", "enrolled_at",
    )  # fmt: skip
    fields = (
        "name", "slot", "region", "site", "domain", ("latitude", "longitude"), "base_url", "capacity_bps",
        *readonly_fields[3:],
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A node enrols itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nodes are retired, never deleted: their slots must not be used again."""
        return False

    def response_change(self, request: HttpRequest, obj: models.EdgeNode) -> HttpResponse:
        """Back to the node's page, where one came from."""
        answer: HttpResponse = super().response_change(request, obj)
        return redirect("admin:fleet_node", obj.pk) if "_save" in request.POST else answer
