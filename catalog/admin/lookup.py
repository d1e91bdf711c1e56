"""The studio's look-up at TMDB: search, choose, see what would change, take what you want. Works without scripts."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import artwork, models
from catalog.metadata import comparing, tmdb

#: TMDB wants a country with a language; these are the site's languages.
_REGIONS = {"en": "en-US", "hi": "hi-IN", "es": "es-ES", "fr": "fr-FR", "de": "de-DE", "ar": "ar-SA"}


class SearchForm(forms.Form):
    """What to look for."""

    text = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    year = forms.IntegerField(label=gettext_lazy("Year"), required=False, min_value=1870, max_value=2200)


class LookupViews:
    """The look-up's pages, mixed into the admin of titles. They are there when there is a key."""

    admin_site: admin.AdminSite

    def lookup_urls(self) -> list[URLPattern]:
        """Search, one answer, and its pictures."""
        view = self.admin_site.admin_view
        return [
            path("<uuid:title_id>/lookup/", view(self.lookup), name="catalog_title_lookup"),
            path(
                "<uuid:title_id>/lookup/<int:tmdb_id>/",
                view(self.lookup_one),
                name="catalog_title_lookup_one",
            ),
            path(
                "lookup/<slug:size>/<str:name>",
                view(self.lookup_picture),
                name="catalog_title_lookup_picture",
            ),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of a title knows whether there is a look-up."""
        more = {**(extra_context or {}), "studio_lookup": tmdb.is_offered()}
        answer: HttpResponse = super().change_view(request, object_id, form_url, more)  # type: ignore[misc]  # ModelAdmin's
        return answer

    def lookup(self, request: HttpRequest, title_id: UUID) -> HttpResponse:
        """Search by name; the title's own to begin with."""
        row = self._title(request, title_id)
        form = SearchForm(request.GET if "text" in request.GET else {"text": row.name, "year": row.year})
        found: list[tmdb.Found] = []
        problem = ""
        if form.is_valid():
            asked = form.cleaned_data
            try:
                found = tmdb.search(row.kind, asked["text"], asked["year"], language=_language())
                if not found and asked["year"]:
                    found = tmdb.search(row.kind, asked["text"], None, language=_language())
            except tmdb.CannotLookUp as error:
                problem = str(error)
        context = {
            "form": form,
            "found": found,
            "problem": problem,
            "searched": form.is_valid() and not problem,
        }
        return self._page(request, row, "catalog/lookup/search.html", context)

    def lookup_one(self, request: HttpRequest, title_id: UUID, tmdb_id: int) -> HttpResponse:
        """What one answer would change; POST takes what is chosen."""
        row = self._title(request, title_id)
        try:
            found = tmdb.details(row.kind, tmdb_id, language=_language())
            if request.method == "POST":
                return self._take(request, row, found)
        except (tmdb.CannotLookUp, artwork.BadImage) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:catalog_title_lookup", args=[title_id]))
        shown = row.artwork.all()
        pictures = [
            {
                "kind": kind,
                "path": there,
                "now": next((artwork.image(one) for one in shown if one.kind == kind), None),
            }
            for kind, there in (("poster", found.poster), ("backdrop", found.backdrop))
            if there
        ]
        context = {
            "lines": comparing.lines(row, found),
            "pictures": pictures,
            "found": found,
            "parts": models.Episode.objects.filter(season__title=row).count() if found.seasons else 0,
            "there": f"{tmdb.PAGE}/{'movie' if row.kind == 'film' else 'tv'}/{found.id}",
        }
        return self._page(request, row, "catalog/lookup/compare.html", context)

    def lookup_picture(self, request: HttpRequest, size: str, name: str) -> HttpResponse:
        """A picture from there: the page's security policy lets no browser fetch it itself."""
        if not self.has_view_permission(request) or size != tmdb.SMALL:  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied
        try:
            picture = tmdb.picture(f"/{name}", size)
        except tmdb.CannotLookUp as error:
            raise Http404(str(error)) from error
        answer = HttpResponse(picture.data, content_type=picture.media_type)
        answer.headers["Cache-Control"] = "private, max-age=86400"
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer

    def _take(self, request: HttpRequest, row: models.Title, found: tmdb.Details) -> HttpResponse:
        """Fetch what was chosen, then write all of it."""
        chosen = set(request.POST.getlist("take"))
        paths = {"poster": found.poster, "backdrop": found.backdrop}
        pictures = {
            kind: tmdb.picture(there, tmdb.LARGE[kind]).data
            for kind, there in paths.items()
            if there and kind in chosen
        }
        parts: list[tmdb.Part] = []
        if "episodes" in chosen:
            ours = set(models.Season.objects.filter(title=row).values_list("number", flat=True))
            for number in sorted(ours & set(found.seasons)):
                parts += tmdb.season(found.id, number, language=_language())
        said = comparing.take(row, found, fields=chosen, pictures=pictures, parts=parts)
        if said:
            words = _("Taken from TMDB: %(what)s.") % {"what": get_text_list(said, _("and"))}
            self.log_change(request, row, words)  # type: ignore[attr-defined]  # ModelAdmin's
            messages.success(request, words)
        else:
            messages.info(request, _("Nothing was changed."))
        return HttpResponseRedirect(reverse("admin:catalog_title_change", args=[row.pk]))

    def _title(self, request: HttpRequest, title_id: UUID) -> models.Title:
        row = get_object_or_404(models.Title, pk=title_id)
        if not self.has_change_permission(request, row):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied
        if not tmdb.is_offered():
            raise Http404(_("There is no TMDB key. Set NETFLIXLITE_TMDB_KEY and start again."))
        return row

    def _page(
        self, request: HttpRequest, row: models.Title, template: str, context: dict[str, Any]
    ) -> HttpResponse:
        usual = {
            **self.admin_site.each_context(request),
            "title": _("Look up “%(name)s”") % {"name": row.name},
            "original": row,
            "opts": models.Title._meta,
            "small": tmdb.SMALL,
        }
        return render(request, template, usual | context)


def _language() -> str:
    return _REGIONS.get(settings.LANGUAGE_CODE.partition("-")[0], "en-US")
