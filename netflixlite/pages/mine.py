"""What the profile keeps for later, sorted as the address says."""

from collections.abc import Callable
from enum import StrEnum

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from netflixlite.pages.asked import Choice, member
from netflixlite.pages.tiles import tiles_of
from recommend import services as recommend
from recommend.types import Card


class Sort(StrEnum):
    """How my list may be sorted. What was kept last comes first as a rule."""

    ADDED = "added"
    NAME = "name"
    YEAR = "year"
    NEWEST = "newest"


_NAMES: dict[Sort, Promise] = {
    Sort.ADDED: gettext_lazy("Last added"),
    Sort.NAME: gettext_lazy("Name"),
    Sort.YEAR: gettext_lazy("Year"),
    Sort.NEWEST: gettext_lazy("Newest here"),
}
_KEYS: dict[Sort, Callable[[Card], object]] = {
    Sort.NAME: lambda card: card.title.name.casefold(),
    Sort.YEAR: lambda card: -(card.title.year or 0),
    Sort.NEWEST: lambda card: -(card.title.published_at.timestamp() if card.title.published_at else 0.0),
}


@require_GET
@profile_required
def my_list(request: ProfileRequest) -> HttpResponse:
    """What the profile keeps for later."""
    sort = member(Sort, request.GET.get("sort", "")) or Sort.ADDED
    cards = recommend.my_list(request.profile.id)
    if sort in _KEYS:
        cards = sorted(cards, key=_KEYS[sort])  # type: ignore[arg-type]  # each key gives one kind of value
    address = reverse("my_list")
    context = {
        "nav": "my_list",
        "tiles": tiles_of(request.profile, cards),
        "sort_links": [
            Choice(str(name), address if each is Sort.ADDED else f"{address}?sort={each.value}", each is sort)
            for each, name in _NAMES.items()
        ],
    }
    return render(request, "my_list.html", context)
