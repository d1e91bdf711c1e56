"""The page of a title, where a catalogue is run from: facts, pictures, sources, progress, publishing."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog import artwork, keyring, services
from catalog.admin import lookup, panel, uploads
from catalog.admin.bases import CreditTable, SeasonTable, TitleModelAdmin
from catalog.admin.chips import chip, picture, tone
from catalog.admin.filters import MediaFilter, PublishedFilter
from catalog.admin.forms import TitleForm
from catalog.admin.texts import TitleTextInline
from catalog.models import Credit, Season, Title
from catalog.services.searching import reindex


class CreditInline(CreditTable):
    """People of a title."""

    model = Credit
    fields = ["person", "role", "character", "position"]
    autocomplete_fields = ["person"]
    extra = 0


class SeasonInline(SeasonTable):
    """Seasons of a series; their episodes are in the panel above."""

    model = Season
    fields = ["number", "name"]
    extra = 0
    show_change_link = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleted on its own page, which also deletes what is stored."""
        return False


class TitleAdmin(panel.PanelViews, uploads.UploadViews, lookup.LookupViews, TitleModelAdmin):
    """Titles."""

    form = TitleForm
    change_form_template = "admin/catalog/title/change_form.html"
    list_display = [
        "poster_thumb",
        "name",
        "kind",
        "media_state",
        "visible",
        "year",
        "maturity",
        "updated_at",
    ]
    list_display_links = ["poster_thumb", "name"]
    list_filter = [PublishedFilter, MediaFilter, "kind", "genres"]
    search_fields = ["name", "credits__person__name"]
    search_help_text = gettext_lazy("Name of the title or of a person")
    list_per_page = 50
    ordering = ["-updated_at"]
    prepopulated_fields = {"slug": ["name"]}
    actions = ["publish_selected", "unpublish_selected"]
    fieldsets = [
        (None, {"fields": ["name", "kind", "slug", "tagline", "synopsis"]}),
        (gettext_lazy("Facts"), {"fields": ["year", "maturity", "genres", "credit"]}),
        (gettext_lazy("Pictures"), {"fields": ["pictures", "poster_file", "backdrop_file", "accent"]}),
        (gettext_lazy("Protection"), {"fields": ["encrypted"]}),
        (
            gettext_lazy("Availability"),
            {
                "fields": ["available_from", "available_until"],
                "description": gettext_lazy(
                    "Viewers see a published title inside this window; empty means always."
                ),
            },
        ),
    ]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new title is encrypted when the site's setting says so, unless somebody unticks it."""
        return {**super().get_changeform_initial_data(request), "encrypted": keyring.usual()}

    # Lists --------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Title]:
        """With all that a line of the list shows."""
        parts = Count("seasons__episodes", distinct=True)
        ready = Count(
            "seasons__episodes",
            filter=Q(seasons__episodes__video__current_package__isnull=False),
            distinct=True,
        )
        trouble = Count(
            "seasons__episodes",
            filter=Q(seasons__episodes__video__state__in=["refused", "failed"]),
            distinct=True,
        )
        rows = super().get_queryset(request).select_related("video").prefetch_related("artwork")
        return rows.annotate(part_count=parts, ready_count=ready, trouble_count=trouble)

    @admin.display(description="")
    def poster_thumb(self, row: Title) -> SafeString:
        """A small poster."""
        return picture(row.artwork.all(), "poster", "nl-thumb")

    @admin.display(description=gettext_lazy("media"))
    def media_state(self, row: Title) -> SafeString:
        """Where a film's video stands, or how many of a series' episodes are ready."""
        if row.kind == Title.Kind.FILM:
            return chip(getattr(row, "video", None))
        parts, ready, trouble = (int(getattr(row, f"{name}_count")) for name in ("part", "ready", "trouble"))
        if not parts:
            return tone("quiet", _("no episodes"))
        text = _("%(ready)d of %(parts)d ready") % {"ready": ready, "parts": parts}
        if trouble:
            return tone("bad", text, ngettext("%d in trouble", "%d in trouble", trouble) % trouble)
        return tone("good" if ready == parts else "busy", text)

    @admin.display(description=gettext_lazy("published"), ordering="published_at")
    def visible(self, row: Title) -> SafeString:
        """Whether viewers see it."""
        return tone("good", _("published")) if row.published_at else tone("quiet", _("hidden"))

    @admin.action(description=gettext_lazy("Publish selected titles"), permissions=["change"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Publish what can be played; say of the rest why not."""
        done = 0
        for row in queryset:
            try:
                services.publish(row.id)
                done += 1
            except services.NotPlayable as error:
                messages.error(request, str(error))
        if done:
            messages.success(
                request, ngettext("%d title is published.", "%d titles are published.", done) % done
            )

    @admin.action(description=gettext_lazy("Unpublish selected titles"), permissions=["change"])
    def unpublish_selected(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Hide titles from viewers."""
        done = [services.unpublish(row.id) for row in queryset]
        messages.success(
            request, ngettext("%d title is hidden.", "%d titles are hidden.", len(done)) % len(done)
        )

    # The page of one title ----------------------------------------------------------------------------------

    @admin.display(description=gettext_lazy("now"))
    def pictures(self, row: Title) -> SafeString:
        """Poster and backdrop as they are."""
        shown = row.artwork.all()
        poster = picture(shown, "poster", "nl-picture")
        return SafeString(poster + picture(shown, "backdrop", "nl-picture nl-picture--wide"))

    def get_readonly_fields(self, request: HttpRequest, obj: Title | None = None) -> list[str]:
        """What a title is cannot change once it has seasons or a video."""
        fixed = obj is not None and (hasattr(obj, "video") or obj.seasons.exists())
        return ["pictures", *(["kind"] if fixed else [])]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Title | None = None) -> dict[str, Any]:
        """The address follows the name of a new title only: a published one has been linked to."""
        return {"slug": ["name"]} if obj is None else {}

    def get_inlines(self, request: HttpRequest, obj: Title | None) -> list[Any]:
        """Seasons only where there are any to have."""
        seasons = [SeasonInline] if obj and obj.kind == Title.Kind.SERIES else []
        return [*seasons, TitleTextInline, CreditInline]

    def save_model(self, request: HttpRequest, obj: Title, form: Any, change: bool) -> None:
        """Save, and draw chosen pictures."""
        obj.slug = obj.slug or slugify(obj.name)
        super().save_model(request, obj, form, change)
        for kind in ("poster", "backdrop"):
            if content := form.cleaned_data.get(f"{kind}_file"):
                artwork.keep(kind=kind, data=content, title_id=obj.id)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save genres and credits, and have search learn them."""
        super().save_related(request, form, formsets, change)
        reindex(form.instance.id)

    def delete_model(self, request: HttpRequest, obj: Title) -> None:
        """Remove with packages, pictures and sources."""
        services.remove_title(obj.id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Title]) -> None:
        """Remove each with packages, pictures and sources."""
        for title_id in list(queryset.values_list("id", flat=True)):
            services.remove_title(title_id)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, Any], set[Any], list[Any]]:
        """What goes, in words: a list of every row would say less."""
        rows = list(objs)
        lines = [_("%(name)s: its packages, pictures and source files") % {"name": row.name} for row in rows]
        return lines, {_("titles"): len(rows)}, set(), []

    def response_add(
        self, request: HttpRequest, obj: Title, post_url_continue: str | None = None
    ) -> HttpResponse:
        """After a new title comes its page, where the source is uploaded."""
        if "_addanother" not in request.POST and "_popup" not in request.POST:
            return self._to_new_page(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def _to_new_page(self, request: HttpRequest, obj: Title) -> HttpResponse:
        """On to the page of the new title."""
        messages.success(request, _("“%(name)s” was made. Now upload its source file.") % {"name": obj.name})
        return HttpResponseRedirect(reverse("admin:catalog_title_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form with the panel of sources above."""
        more = {**(extra_context or {}), **panel.context(request, object_id), **uploads.context(request)}
        return super().change_view(request, object_id, form_url, more)

    def get_urls(self) -> list[URLPattern]:
        """The panel's actions beside the usual pages."""
        view = self.admin_site.admin_view
        name = "catalog_title_%s"
        own = [
            path("<uuid:title_id>/upload/", view(self.upload), name=name % "upload"),
            path("<uuid:title_id>/publish/", view(self.publish), name=name % "publish"),
            path("<uuid:title_id>/unpublish/", view(self.unpublish), name=name % "unpublish"),
            path("<uuid:title_id>/retry/<uuid:video_id>/", view(self.retry), name=name % "retry"),
            path("<uuid:title_id>/episodes/", view(self.add_episode), name=name % "add_episode"),
            path("<uuid:title_id>/progress/", view(self.title_progress), name=name % "progress"),
            path("progress/", view(self.all_progress), name=name % "all_progress"),
            path("uploads/", view(self.uploads_page), name=name % "uploads"),
            path("uploads/file/", view(self.upload_new), name=name % "upload_new"),
            path("uploads/state/", view(self.uploads_state), name=name % "uploads_state"),
        ]
        return own + self.lookup_urls() + super().get_urls()
