"""Genres and people."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.admin.bases import AnyAdmin
from catalog.admin.texts import GenreTextInline
from catalog.models import Credit, Genre, Person
from catalog.services.searching import reindex


class _Counted(AnyAdmin):
    """Shows how many titles there are, and has search know of a new name."""

    #: From the row to its titles.
    path = "titles"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """With the number of titles."""
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(title_count=Count(self.path, distinct=True))
        return counted

    @admin.display(description=_("titles"), ordering="title_count")
    def title_count(self, row: Any) -> int:
        """How many titles."""
        return int(row.title_count)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save, and have search learn the name."""
        super().save_model(request, obj, form, change)
        if "name" in form.changed_data:
            for title_id in set(self.title_ids(obj)):
                reindex(title_id)

    def title_ids(self, obj: Any) -> Any:
        """Ids of the titles that this row belongs to."""
        raise LookupError(obj)


class GenreAdmin(_Counted):
    """Genres."""

    list_display = ["name", "slug", "title_count"]
    inlines = [GenreTextInline]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}

    def title_ids(self, obj: Genre) -> Any:
        """Titles of the genre."""
        return obj.titles.values_list("id", flat=True)


class PersonAdmin(_Counted):
    """People."""

    path = "credits__title"
    list_display = ["name", "title_count"]
    search_fields = ["name"]

    def title_ids(self, obj: Person) -> Any:
        """Titles that the person has a part in."""
        return Credit.objects.filter(person=obj).values_list("title_id", flat=True)
