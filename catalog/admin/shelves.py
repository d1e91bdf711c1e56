"""Genres and people."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from catalog import artwork, people
from catalog.admin.bases import AnyAdmin
from catalog.admin.chips import picture
from catalog.admin.forms import PersonForm
from catalog.admin.texts import GenreTextInline
from catalog.models import Artwork, Credit, Genre, Person
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
    form = PersonForm
    list_display = ["name", "note", "title_count"]
    search_fields = ["name", "note"]
    fields = ["name", "note", "slug", "tmdb_id", "portrait", "portrait_file"]
    readonly_fields = ["portrait"]

    @admin.display(description=_("now"))
    def portrait(self, row: Person) -> SafeString:
        """The portrait as it is."""
        return picture(row.artwork.all() if row.pk else (), "portrait", "nl-picture")

    def save_model(self, request: HttpRequest, obj: Person, form: Any, change: bool) -> None:
        """Save with an address, and draw the chosen portrait."""
        if not obj.slug:  # an address that was given out stays
            before = Person.objects.filter(pk=obj.pk).values_list("slug", flat=True).first()
            obj.slug = before or people.free_slug(obj.name)
        super().save_model(request, obj, form, change)
        if content := form.cleaned_data.get("portrait_file"):
            artwork.keep(kind="portrait", data=content, person_id=obj.id)

    def delete_model(self, request: HttpRequest, obj: Person) -> None:
        """Delete with the portrait's files."""
        self.delete_queryset(request, Person.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Person]) -> None:
        """Delete each with the portrait's files."""
        portraits = Artwork.objects.filter(person__in=list(queryset.values_list("pk", flat=True)))
        stored = [name for one in portraits for name in artwork.files_of(one)]
        queryset.delete()
        transaction.on_commit(lambda: artwork.delete_files(stored))

    def title_ids(self, obj: Person) -> Any:
        """Titles that the person has a part in."""
        return Credit.objects.filter(person=obj).values_list("title_id", flat=True)
