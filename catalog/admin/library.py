"""The studio's view of library folders: what each file became, what was left out and why. Files are only ever read."""

import os
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.admin.bases import AnyAdmin
from catalog.admin.chips import tone
from catalog.library import watch
from catalog.models import LibraryFile


class StandingFilter(admin.SimpleListFilter):
    """How a file stands."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The states that are of interest."""
        return [
            ("waiting", _("waiting its turn")),
            ("taken", _("taken in")),
            ("problem", _("with a problem")),
            ("missing", _("missing")),
            ("skipped", _("left out")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LibraryFile]) -> QuerySet[LibraryFile]:
        """Files in the chosen state."""
        skipped = LibraryFile.Kind.SKIPPED
        played = queryset.exclude(kind__in=[skipped, LibraryFile.Kind.SERIES])
        return {
            "waiting": played.filter(source_id__isnull=True, missing_at__isnull=True),
            "taken": played.filter(source_id__isnull=False),
            "problem": queryset.exclude(problem="").exclude(kind=skipped),
            "missing": queryset.filter(missing_at__isnull=False),
            "skipped": queryset.filter(kind=skipped),
        }.get(self.value() or "", queryset)


class LibraryFileAdmin(AnyAdmin):
    """Files of library folders."""

    change_list_template = "admin/catalog/libraryfile/change_list.html"
    list_display = ["file", "standing", "became"]
    list_display_links = None
    list_filter = [StandingFilter, "kind"]
    search_fields = ["path", "title__name"]
    list_select_related = ["title", "episode"]
    list_per_page = 50
    ordering = ["-seen_at", "path"]
    actions = ["forget"]

    def get_actions(self, request: HttpRequest) -> Any:
        """Django's own deleting would say that films go with the rows; they do not."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Files are found, not added."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is known of a file is what was found."""
        return False

    @admin.display(description=gettext_lazy("file"), ordering="path")
    def file(self, row: LibraryFile) -> SafeString:
        """Its name, below it its folder, and what is wrong with it."""
        folder, name = os.path.split(row.path.rstrip("/"))
        said = (
            format_html('<br><span class="nl-library-problem">{}</span>', row.problem) if row.problem else ""
        )
        return format_html('<strong>{}</strong><br><span class="nl-quiet">{}</span>{}', name, folder, said)

    @admin.display(description=gettext_lazy("is"))
    def became(self, row: LibraryFile) -> SafeString | str:
        """The title that was made of it."""
        if row.title is None:
            return "" if row.kind == LibraryFile.Kind.SKIPPED else _("removed from the catalogue")
        page = reverse("admin:catalog_title_change", args=[row.title.pk])
        part = f" · {row.episode}" if row.episode else ""
        return format_html('<a href="{}">{}</a>{}', page, row.title.name, part)

    @admin.display(description=gettext_lazy("state"))
    def standing(self, row: LibraryFile) -> SafeString:
        """How it stands, in a word."""
        if row.missing_at:
            return tone("bad", _("missing"))
        if row.kind == LibraryFile.Kind.SKIPPED:
            return tone("quiet", _("left out"))
        if row.kind == LibraryFile.Kind.SERIES:
            return tone("quiet", _("folder"))
        return tone("good", _("taken in")) if row.source_id else tone("busy", _("waiting its turn"))

    @admin.action(description=gettext_lazy("Forget selected files, so that the next look takes them in anew"))
    def forget(self, request: HttpRequest, queryset: QuerySet[LibraryFile]) -> None:
        """Forget rows: neither the files nor the titles are touched."""
        if not self.has_delete_permission(request):
            raise PermissionDenied
        count = queryset.count()
        queryset.delete()
        messages.success(request, ngettext("%d file is forgotten.", "%d files are forgotten.", count) % count)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, with the folders that are watched."""
        more = {"title": _("Library"), "library_folders": settings.LIBRARY, **(extra_context or {})}
        answer: HttpResponse = super().changelist_view(request, more)
        return answer

    def look(self, request: HttpRequest) -> HttpResponse:
        """Have the watched folders looked through now."""
        if request.method != "POST" or not self.has_delete_permission(request):
            raise PermissionDenied
        for folder in settings.LIBRARY:
            watch.request_scan(str(folder))
        messages.success(
            request, _("The folders are being looked through. New films appear here in a moment.")
        )
        return HttpResponseRedirect(reverse("admin:catalog_libraryfile_changelist"))

    def get_urls(self) -> list[URLPattern]:
        """With the button's address."""
        own = path("look/", self.admin_site.admin_view(self.look), name="catalog_libraryfile_look")
        return [own, *super().get_urls()]
