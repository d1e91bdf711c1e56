"""The page of search."""

from datetime import timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from catalog.types import PersonFound, Spoken
from netflixlite.pages.tiles import SUGGESTED, sight, title_tiles
from recommend import services as recommend

#: Longer questions are cut: nobody types them.
LONGEST_QUERY = 100
#: Titles on the page and in the sheet that opens while one types; lines that are said, likewise.
TITLES, TITLES_TYPING = 60, 24
LINES, LINES_TYPING = 12, 4
#: A line is watched from a little before it is said.
_LEAD = timedelta(seconds=2)

_ROLES = {
    "director": _("Direction"),
    "creator": _("Created by"),
    "writer": _("Writing"),
    "cast": _("Cast"),
    "composer": _("Music"),
    "producer": _("Production"),
}


@require_GET
@profile_required
def search(request: ProfileRequest) -> HttpResponse:
    """What answers a question; with `partial=1` only the results, for search as you type.

    Without a question, suggestions; and search is made ready, as somebody is about to type.
    """
    profile = request.profile
    query = " ".join(request.GET.get("q", "").split())[:LONGEST_QUERY]
    partial = bool(request.GET.get("partial"))
    boost = recommend.boost_for(profile.id) if query else []
    found = catalog.find(
        query, limit=TITLES_TYPING if partial else TITLES, boost=boost, cast=False, **sight(profile)
    )
    lines = catalog.spoken(query, limit=LINES_TYPING if partial else LINES, **sight(profile))
    context: dict[str, object] = {
        "nav": "search",
        "query": query,
        "found": found,
        "tiles": title_tiles(profile, list(found.titles)),
        "people": [_person(one) for one in found.people],
        "lines": [_line(one) for one in lines],
        "corrected_url": f"{reverse('search')}?{urlencode({'q': found.corrected})}"
        if found.corrected
        else "",
    }
    if not query:
        catalog.warm_search()
    if not (found.titles or found.people or lines) or found.partial:
        newest = catalog.browse(limit=SUGGESTED, **sight(profile))
        context["suggested"] = title_tiles(profile, newest)
        context["genres"] = catalog.genres(**sight(profile))
    return render(request, "search_results.html" if partial else "search.html", context)


def _person(one: PersonFound) -> dict[str, object]:
    """Somebody, and what they mostly do."""
    return {"found": one, "role": _ROLES.get(one.roles[0], "") if one.roles else ""}


def _line(one: Spoken) -> dict[str, object]:
    """A line, and where it is watched."""
    start = max(timedelta(0), one.start - _LEAD)
    url = f"{reverse('watch', args=[one.video_id])}?{urlencode({'t': int(start.total_seconds())})}"
    return {"said": one, "url": url}
