"""Seasons and episodes. They are reached from their series; the index does not list them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from catalog import artwork, removal
from catalog.admin.bases import AnyAdmin, EpisodeTable
from catalog.admin.chips import chip, picture
from catalog.admin.forms import EpisodeForm
from catalog.admin.texts import EpisodeTextInline, SeasonTextInline
from catalog.models import Episode


class _OfSeries(AnyAdmin):
    """Not on the index, and deleted with what is stored for it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Reached from a series only."""
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Added on the page of the series."""
        return False

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete with packages, pictures and sources."""
        removal.remove_parts([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete each with packages, pictures and sources."""
        removal.remove_parts(list(queryset))


class EpisodeInline(EpisodeTable):
    """A season's episodes."""

    model = Episode
    fields = ["number", "name", "synopsis"]
    extra = 0
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleted on its own page, which also deletes what is stored."""
        return False


class SeasonAdmin(_OfSeries):
    """A season."""

    list_display = ["title", "number", "name"]
    fields = ["number", "name"]
    inlines = [EpisodeInline, SeasonTextInline]


class EpisodeAdmin(_OfSeries):
    """An episode."""

    form = EpisodeForm
    list_display = ["thumb", "name", "season", "number", "state"]
    list_select_related = ["season__title", "video"]
    search_fields = ["name", "season__title__name"]
    fields = ["series", "number", "name", "synopsis", "current_still", "still_file"]
    readonly_fields = ["series", "current_still"]
    inlines = [EpisodeTextInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Episode]:
        """With pictures."""
        return super().get_queryset(request).prefetch_related("artwork")

    @admin.display(description="")
    def thumb(self, row: Episode) -> SafeString:
        """A small still."""
        return picture(row.artwork.all(), "still", "nl-thumb nl-thumb--wide")

    @admin.display(description=_("state"))
    def state(self, row: Episode) -> SafeString:
        """Where its video stands."""
        return chip(getattr(row, "video", None))

    @admin.display(description=_("series"))
    def series(self, row: Episode) -> SafeString:
        """The way back to where its source is uploaded."""
        page = reverse("admin:catalog_title_change", args=[row.season.title_id])
        return format_html('<a href="{}">{} · {}</a>', page, row.season.title.name, row.season)

    @admin.display(description=_("current still"))
    def current_still(self, row: Episode) -> SafeString | str:
        """The still as it is now."""
        return picture(row.artwork.all(), "still", "nl-picture nl-picture--wide") or format_html(
            "<span class='nl-quiet'>{}</span>", _("none yet")
        )

    def save_model(self, request: HttpRequest, obj: Episode, form: Any, change: bool) -> None:
        """Save, and draw a chosen still."""
        super().save_model(request, obj, form, change)
        if content := form.cleaned_data.get("still_file"):
            artwork.keep(kind="still", data=content, episode_id=obj.id)
