"""All titles of a kind or a genre, sheet by sheet."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from catalog.types import Genre, Kind, Order
from netflixlite.pages.asked import member, whole
from netflixlite.pages.tiles import sight, title_tiles

#: Titles on one sheet of browse; a multiple of the 2 to 6 columns that fit.
SHEET = 48

_KIND_NAMES = {Kind.FILM: gettext_lazy("Films"), Kind.SERIES: gettext_lazy("Series")}
_ORDER_NAMES = {
    Order.NEWEST: gettext_lazy("Newest here"),
    Order.NAME: gettext_lazy("Name"),
    Order.YEAR: gettext_lazy("Year"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A link among several of which one may be the current."""

    name: str
    url: str
    current: bool


@require_GET
@profile_required
def browse(request: ProfileRequest, genre: str = "") -> HttpResponse:
    """All titles of a kind or a genre; kind, order and sheet stand in the address."""
    profile = request.profile
    kind = member(Kind, request.GET.get("kind", ""))
    order = member(Order, request.GET.get("sort", "")) or Order.NEWEST
    sheet = whole(request.GET.get("sheet", ""))
    genres = catalog.genres(**sight(profile))
    shelf = next((each for each in genres if each.slug == genre), None)
    if genre and shelf is None:
        raise Http404("There is no such genre for this profile.")
    titles = catalog.browse(
        **sight(profile),
        kind=kind,
        genre_slug=genre or None,
        order=order,
        limit=SHEET + 1,
        offset=sheet * SHEET,
    )
    context = {
        "nav": kind.value if kind else "",
        "heading": shelf.name if shelf else str(_KIND_NAMES[kind]) if kind else _("Everything"),
        "tiles": title_tiles(profile, titles[:SHEET]),
        "genre_links": _genre_links(genres, genre, kind, order),
        "sort_links": [
            Choice(str(name), browse_url(genre, kind, each), each is order)
            for each, name in _ORDER_NAMES.items()
        ],
        "back_url": browse_url(genre, kind, order, sheet - 1) if sheet else "",
        "on_url": browse_url(genre, kind, order, sheet + 1) if len(titles) > SHEET else "",
    }
    return render(request, "browse.html", context)


def _genre_links(genres: list[Genre], current: str, kind: Kind | None, order: Order) -> list[Choice]:
    everything = Choice(_("All genres"), browse_url("", kind, order), not current)
    return [
        everything,
        *(Choice(each.name, browse_url(each.slug, kind, order), each.slug == current) for each in genres),
    ]


def browse_url(genre: str, kind: Kind | None, order: Order, sheet: int = 0) -> str:
    """The address of a sheet of browse; what is as usual is left out of it."""
    asked: dict[str, str] = {}
    if kind:
        asked["kind"] = kind.value
    if order is not Order.NEWEST:
        asked["sort"] = order.value
    if sheet > 0:
        asked["sheet"] = str(sheet)
    address = reverse("browse", args=[genre]) if genre else reverse("browse")
    return f"{address}?{urlencode(asked)}" if asked else address
