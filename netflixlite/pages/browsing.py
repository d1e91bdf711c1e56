"""All titles of a kind, a genre, a time or an age, sorted: every choice stands in the address, and links change one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Genre, Kind, Order, Range, Title
from netflixlite.pages.asked import Choice, member, whole
from netflixlite.pages.tiles import sight, title_tiles
from playback import services as playback
from recommend import services as recommend

#: Titles on one sheet of browse; a multiple of the 2 to 6 columns that fit.
SHEET = 48
#: For sorts that the catalogue cannot do by itself: how many titles are ranked; the rest follows, the newest first.
RANKED = 2000
#: How far back viewings make a title popular here.
POPULAR_SINCE = timedelta(days=90)


class Sort(StrEnum):
    """How the titles may be sorted."""

    NEWEST = "newest"
    POPULAR = "popular"
    SUITS = "suits"
    NAME = "name"
    YEAR = "year"


_ORDERS = {Sort.NEWEST: Order.NEWEST, Sort.NAME: Order.NAME, Sort.YEAR: Order.YEAR}
_SORT_NAMES: dict[Sort, Promise] = {
    Sort.NEWEST: gettext_lazy("Newest here"),
    Sort.POPULAR: gettext_lazy("Popular here"),
    Sort.SUITS: gettext_lazy("Suits you"),
    Sort.NAME: gettext_lazy("Name"),
    Sort.YEAR: gettext_lazy("Year"),
}
_KIND_NAMES: dict[Kind, Promise] = {Kind.FILM: gettext_lazy("Films"), Kind.SERIES: gettext_lazy("Series")}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address of browse asks for. `decade` is its first year, `year` a single one; 0 is any."""

    genre: str = ""
    kind: Kind | None = None
    decade: int = 0
    year: int = 0
    age: int | None = None
    sort: Sort = Sort.NEWEST
    sheet: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether anything but the kind was chosen."""
        return bool(self.genre or self.decade or self.year or self.age is not None)

    @property
    def url(self) -> str:
        """The address; what is as usual is left out of it."""
        said = {
            "kind": self.kind.value if self.kind else "",
            "decade": self.decade or "",
            "year": self.year or "",
            "age": "" if self.age is None else self.age,
            "sort": "" if self.sort is Sort.NEWEST else self.sort.value,
            "sheet": self.sheet or "",
        }
        asked = {name: value for name, value in said.items() if value != ""}
        address = reverse("browse", args=[self.genre]) if self.genre else reverse("browse")
        return f"{address}?{urlencode(asked)}" if asked else address

    def but(self, **changes: Any) -> str:
        """The address of the first sheet with something else chosen."""
        return replace(self, **{"sheet": 0, **changes}).url

    def wishes(self, profile: Profile) -> dict[str, Any]:
        """The same for the catalogue."""
        years = (
            (self.year, self.year) if self.year else (self.decade, self.decade + 9) if self.decade else None
        )
        narrowed = {"kind": self.kind, "genre_slug": self.genre or None, "years": years, "up_to": self.age}
        return {**sight(profile), **narrowed}


@dataclass(frozen=True, slots=True)
class Picker:
    """A choice that drops down: what it is about, what is chosen, and the links; `chosen` when it narrows."""

    key: str
    name: str
    value: str
    chosen: bool
    choices: tuple[Choice, ...]


@require_GET
@profile_required
def browse(request: ProfileRequest, genre: str = "") -> HttpResponse:
    """A sheet of the titles that the address asks for."""
    profile = request.profile
    asked = _asked(genre, request.GET)
    genres = catalog.genres(**sight(profile))
    shelf = next((each for each in genres if each.slug == genre), None)
    if genre and shelf is None:
        raise Http404("There is no such genre for this profile.")
    wishes = asked.wishes(profile)
    total = catalog.count(**wishes)
    start = asked.sheet * SHEET
    titles = _titles(profile, asked, wishes, start) if start < total else []
    there = catalog.range_of(kind=asked.kind, genre_slug=genre or None, **sight(profile))
    context = {
        "nav": asked.kind.value if asked.kind else "",
        "heading": shelf.name if shelf else str(_KIND_NAMES[asked.kind]) if asked.kind else _("Everything"),
        "under": str(_KIND_NAMES[asked.kind]) if shelf and asked.kind else "",
        "total": total,
        "tiles": title_tiles(profile, titles),
        "pickers": _pickers(asked, genres, there),
        "sort_picker": _sort_picker(asked),
        "clear_url": asked.but(genre="", decade=0, year=0, age=None) if asked.narrowed else "",
        "back_url": asked.but(sheet=asked.sheet - 1) if asked.sheet else "",
        "on_url": asked.but(sheet=asked.sheet + 1) if start + SHEET < total else "",
        "from": start + 1,
        "to": start + len(titles),
    }
    return render(request, "browse.html", context)


def _asked(genre: str, said: QueryDict) -> Asked:
    """What the address asks for; nonsense in it asks for nothing."""
    year, decade = whole(said.get("year", "")), whole(said.get("decade", "")) // 10 * 10
    age = said.get("age", "")
    return Asked(
        genre=genre,
        kind=member(Kind, said.get("kind", "")),
        decade=0 if year else decade,
        year=year,
        age=whole(age, most=99) if age.isascii() and age.isdigit() else None,
        sort=member(Sort, said.get("sort", "")) or Sort.NEWEST,
        sheet=whole(said.get("sheet", "")),
    )


def _titles(profile: Profile, asked: Asked, wishes: dict[str, Any], start: int) -> list[Title]:
    """The titles of one sheet."""
    if asked.sort in _ORDERS:
        return catalog.browse(order=_ORDERS[asked.sort], limit=SHEET, offset=start, people=False, **wishes)
    ranked = _RANKINGS[asked.sort](profile, wishes)
    here = ranked[start : start + SHEET]
    known = catalog.titles(here, people=False, **sight(profile))
    shown = [known[each] for each in here if each in known]
    if len(here) < SHEET:
        hidden = {*profile.blocked, *ranked}
        more = wishes | {"without": hidden}
        offset = max(0, start - len(ranked))
        shown += catalog.browse(limit=SHEET - len(here), offset=offset, people=False, **more)
    return shown


def _popular(profile: Profile, wishes: dict[str, Any]) -> list[UUID]:
    """What is watched most here, of what is asked for."""
    counts = playback.trending(timezone.now() - POPULAR_SINCE, limit=1000)
    there = catalog.among([each.title_id for each in counts], **wishes) if counts else set()
    return [each.title_id for each in counts if each.title_id in there]


def _suiting(profile: Profile, wishes: dict[str, Any]) -> list[UUID]:
    """What suits this profile, of the newest that are asked for."""
    return recommend.ranked_for(profile.id, catalog.newest_ids(limit=RANKED, **wishes))


_RANKINGS: dict[Sort, Callable[[Profile, dict[str, Any]], list[UUID]]] = {
    Sort.POPULAR: _popular,
    Sort.SUITS: _suiting,
}


def _pickers(asked: Asked, genres: Sequence[Genre], there: Range) -> list[Picker]:
    kinds = [(None, _("Films and series")), *((kind, str(name)) for kind, name in _KIND_NAMES.items())]
    shelves = [("", _("All genres")), *((each.slug, each.name) for each in genres)]
    times = [(0, _("Any time")), *((each, _decade(each)) for each in there.decades)]
    ages = [(None, _("Any age")), *((each, _age(each)) for each in there.ages)]
    pickers = [
        _picker("kind", _("Kind"), kinds, asked.kind, lambda each: asked.but(kind=each)),
        _picker("genre", _("Genre"), shelves, asked.genre, lambda each: asked.but(genre=each)),
        _picker("time", _("Time"), times, asked.decade, lambda each: asked.but(decade=each, year=0)),
        _picker("age", _("Age"), ages, asked.age, lambda each: asked.but(age=each)),
    ]
    if asked.year:
        pickers[2] = replace(pickers[2], value=str(asked.year), chosen=True)
    # A choice of one thing is none.
    return [each for each in pickers if each.chosen or len(each.choices) > 2 or each.key in ("kind", "genre")]


def _picker(
    key: str, name: str, offered: Sequence[tuple[Any, str]], chosen: Any, url: Callable[[Any], str]
) -> Picker:
    """A choice among values of which the first is 'any'. One that is not offered (any more) counts as none."""
    value = next((words for each, words in offered if each == chosen), offered[0][1])
    choices = tuple(Choice(words, url(each), each == chosen) for each, words in offered)
    return Picker(key, name, value, chosen != offered[0][0], choices)


def _sort_picker(asked: Asked) -> Picker:
    choices = tuple(
        Choice(str(name), asked.but(sort=each), each is asked.sort) for each, name in _SORT_NAMES.items()
    )
    return Picker("sort", _("Sort by"), str(_SORT_NAMES[asked.sort]), False, choices)


def _decade(first: int) -> str:
    """Ten years, as people call them."""
    return _("%(year)ds") % {"year": first}


def _age(age: int) -> str:
    """An age limit in words."""
    return _("Up to age %(age)d") % {"age": age} if age else _("For everyone")
