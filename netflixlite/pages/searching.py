"""The page of search."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from netflixlite.pages.tiles import SUGGESTED, sight, title_tiles

#: Longer questions are cut: nobody types them.
LONGEST_QUERY = 100


@require_GET
@profile_required
def search(request: ProfileRequest) -> HttpResponse:
    """Titles for a question; with `partial=1` only the results, for search as you type."""
    profile = request.profile
    query = " ".join(request.GET.get("q", "").split())[:LONGEST_QUERY]
    found = catalog.search(query, **sight(profile)) if query else []
    context: dict[str, object] = {"nav": "search", "query": query, "tiles": title_tiles(profile, found)}
    if not found:
        newest = catalog.browse(limit=SUGGESTED, **sight(profile))
        context["suggested"] = title_tiles(profile, newest)
        context["genres"] = catalog.genres(**sight(profile))
    partial = bool(request.GET.get("partial"))
    return render(request, "search_results.html" if partial else "search.html", context)
