"""Somebody's page: who they are, and what they did here, by role."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from catalog.types import Appearance, Title
from netflixlite.pages.tiles import Tile, sight, title_tiles

#: What stands over the titles of each role, in our order.
_WORKS: dict[str, Promise] = {
    "cast": gettext_lazy("On screen"),
    "director": gettext_lazy("Directed"),
    "creator": gettext_lazy("Created"),
    "writer": gettext_lazy("Written"),
    "composer": gettext_lazy("Music"),
    "producer": gettext_lazy("Produced"),
}
#: What somebody who does this is called, for the line under the name.
_CALLED: dict[str, Promise] = {
    "cast": gettext_lazy("Actor"),
    "director": gettext_lazy("Director"),
    "creator": gettext_lazy("Creator of series"),
    "writer": gettext_lazy("Writer"),
    "composer": gettext_lazy("Composer"),
    "producer": gettext_lazy("Producer"),
}


@dataclass(frozen=True, slots=True)
class Works:
    """What somebody did in one role, as cards: under a title of theirs stands whom they play."""

    role: str
    name: str
    tiles: tuple[Tile, ...]


@require_GET
@profile_required
def page(request: ProfileRequest, person: str) -> HttpResponse:
    """What somebody made or appears in, as far as this profile may see it. `person` is the end of their address."""
    profile = request.profile
    found = catalog.person(person, **sight(profile))
    if found is None:
        raise Http404("There is no such person for this profile.")
    titles = {one.title.id: one.title for one in found.appearances}
    tiles = {tile.title.id: tile for tile in title_tiles(profile, list(titles.values()))}
    works = _works(found.appearances, tiles)
    context = {
        "person": found,
        "initials": initials(found.name),
        "called": [str(_CALLED.get(each.role, each.role)) for each in works],
        "works": works,
        "total": len(titles),
        "years": _years(titles.values()),
        "room": next((title for title in titles.values() if title.backdrop), None),
    }
    return render(request, "person.html", context)


def initials(name: str) -> str:
    """One or two letters for a person without a photo: of the first and the last word of the name."""
    words = name.split()
    ends = words[:1] + (words[-1:] if len(words) > 1 else [])
    return "".join(word[0] for word in ends).upper()


def _works(appearances: Iterable[Appearance], tiles: dict[UUID, Tile]) -> list[Works]:
    """By role, the known ones in our order; somebody with two parts in a title has one card for both."""
    parts: dict[str, dict[UUID, list[str]]] = {role: {} for role in _WORKS}
    for one in appearances:
        played = parts.setdefault(one.role, {}).setdefault(one.title.id, [])
        if one.character and one.character not in played:
            played.append(one.character)
    return [
        Works(
            role,
            str(_WORKS.get(role, role)),
            tuple(replace(tiles[each], caption=" / ".join(played)) for each, played in titles.items()),
        )
        for role, titles in parts.items()
        if titles
    ]


def _years(titles: Iterable[Title]) -> str:
    """From when to when these titles are: '1936', '1936-1951' with the longer dash, or ''."""
    known = sorted(title.year for title in titles if title.year)
    return "\N{EN DASH}".join(str(year) for year in dict.fromkeys([*known[:1], *known[-1:]]))
