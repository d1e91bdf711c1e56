"""The operator's map: which networks of viewers belong to which site or region, with a way to try an address."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from cdn import models, networks, services


class NetworkForm(forms.ModelForm):  # type: ignore[type-arg]
    """An entry, checked as it is typed: the network, and that there is anything where its viewers are sent."""

    class Meta:
        model = models.Network
        fields = ("cidr", "site", "region", "note")

    def clean_cidr(self) -> str:
        """The network in its one spelling."""
        try:
            return str(networks.network(self.cleaned_data["cidr"]))
        except networks.BadNetwork as error:
            raise forms.ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        """A site or a region, and one that nodes are in; a site's region follows from its nodes."""
        data = super().clean() or {}
        site, region = data.get("site", ""), data.get("region", "")
        if not site and not region:
            raise forms.ValidationError(_("Name the site of these viewers, or at least their region."))
        nodes = models.EdgeNode.objects.exclude(state="retired")
        if site and not nodes.filter(site=site).exists():
            there = ", ".join(sorted(set(nodes.values_list("site", flat=True)))) or _("none yet")
            self.add_error("site", _("No node is at this site. There are: %(there)s.") % {"there": there})
        if region and not nodes.filter(region=region).exists():
            there = ", ".join(sorted(set(nodes.values_list("region", flat=True)))) or _("none yet")
            self.add_error("region", _("No node is in this region. There are: %(there)s.") % {"there": there})
        elif site and region and not nodes.filter(site=site, region=region).exists():
            self.add_error("region", _("The nodes of this site are in another region; leave it empty."))
        if site and not region:
            data["region"] = nodes.filter(site=site).values_list("region", flat=True).first() or ""
        return data


@admin.register(models.Network)
class NetworkAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The map's entries. `?address=` on the list says where an address would be sent."""

    form = NetworkForm
    list_display = ("cidr", "site", "region", "note")
    list_filter = ("region", "site")
    search_fields = ("cidr", "site", "region", "note")
    search_help_text = _("A network, a site, a region; or an address, to see to which entry it belongs.")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An address finds the entry that counts for it, besides what its text finds."""
        found, distinct = super().get_search_results(request, queryset, search_term)
        entries = [(networks.network(one.cidr), str(one.pk), "") for one in queryset]
        if (hit := networks.Map(entries).find(search_term.strip())) is not None:
            found = queryset.filter(pk=hit[0])
        return found, distinct

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say also where the searched address stands on the globe, when a database knows."""
        term = request.GET.get("q", "").strip()
        place = services.locate(term).place if term else None
        title = _("%(address)s is near %(north).1f° north, %(east).1f° east") if place else ""
        where = place or (0.0, 0.0)
        subtitle = title % {"address": term, "north": where[0], "east": where[1]} if title else None
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": subtitle})

    def save_model(self, request: HttpRequest, obj: models.Network, form: Any, change: bool) -> None:
        """Steering sees the change at its next question."""
        super().save_model(request, obj, form, change)
        transaction.on_commit(networks.atlas.changed)

    def delete_model(self, request: HttpRequest, obj: models.Network) -> None:
        """Likewise."""
        super().delete_model(request, obj)
        transaction.on_commit(networks.atlas.changed)
