"""The pages that need several apps: home, title, watch, search, my list, browse.

Each view asks services and renders one template; what a template needs beyond the apps' own values is in the small
dataclasses here. Forms that change something are plain posts that come back to the page; elements improve them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.doors import ProfileRequest, profile_required, safe_next
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Credit, Episode, Genre, Kind, Order, Season, Title
from netflixlite.demo import progress
from playback import services as playback
from playback.types import Bookmark
from recommend import services as recommend
from recommend.types import Card, Row, Thumb

Choices = TypeVar("Choices", bound=StrEnum)

#: Titles on one sheet of browse; a multiple of the 2 to 6 columns that fit.
SHEET = 48
#: Longer questions are cut: nobody types them.
LONGEST_QUERY = 100
#: Two, or five, across: no ragged end.
SUGGESTED = 10

_KIND_NAMES = {Kind.FILM: gettext_lazy("Films"), Kind.SERIES: gettext_lazy("Series")}
_ORDER_NAMES = {
    Order.NEWEST: gettext_lazy("Newest here"),
    Order.NAME: gettext_lazy("Name"),
    Order.YEAR: gettext_lazy("Year"),
}
_ROLE_NAMES = {
    "director": gettext_lazy("Direction"),
    "creator": gettext_lazy("Created by"),
    "writer": gettext_lazy("Writing"),
    "cast": gettext_lazy("Cast"),
    "composer": gettext_lazy("Music"),
    "producer": gettext_lazy("Production"),
}


# What templates are given -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tile:
    """A card as a template draws it: with what the profile has said of its title."""

    title: Title
    video_id: UUID | None
    progress: float | None
    caption: str
    listed: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row as a template draws it. `shape` is 'wide', 'poster' or 'ranked'; `url` leads to more of it, or ''."""

    key: str
    name: str
    reason: str
    shape: str
    url: str
    removable: bool
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Play:
    """What Play does on a title page: the video, where it goes on, and which episode that is ('S1 E3')."""

    video_id: UUID | None
    bookmark: Bookmark | None
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """An episode and how far the profile is in it."""

    episode: Episode
    bookmark: Bookmark | None

    @property
    def progress(self) -> float:
        """0 … 1; a finished episode counts as all of it."""
        if self.bookmark is None:
            return 0.0
        return 1.0 if self.bookmark.finished else self.bookmark.fraction


@dataclass(frozen=True, slots=True)
class SeasonTab:
    """One season in the choice of seasons."""

    number: int
    label: str


@dataclass(frozen=True, slots=True)
class People:
    """Credits of one role, under its name."""

    name: str
    credits: tuple[Credit, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A link among several of which one may be the current."""

    name: str
    url: str
    current: bool


# Pages --------------------------------------------------------------------------------------------------


@require_GET
@profile_required
def home(request: ProfileRequest) -> HttpResponse:
    """The billboard and the rows."""
    profile = request.profile
    shown = recommend.home(profile.id)
    rows, big = shown.rows, shown.billboard
    cards = [*chain.from_iterable(row.cards for row in rows), *([big] if big else [])]
    listed = _listed(profile, cards)
    context = {
        "nav": "home",
        "billboard": _tile(big, listed) if big else None,
        "shelves": [_shelf(row, listed) for row in rows],
        "growing": progress.under_way(),
    }
    return render(request, "home.html", context)


@require_GET
@profile_required
def title(request: ProfileRequest, slug: str) -> HttpResponse:
    """One title: what it is, who made it, its episodes, and what is like it."""
    profile = request.profile
    found = catalog.title_by_slug(slug, **sight(profile))
    if found is None:
        raise Http404("There is no such title for this profile.")
    seasons = catalog.seasons(found.id) if found.kind is Kind.SERIES else []
    episodes = [episode for each in seasons for episode in each.episodes]
    videos = [found.video_id, *(episode.video_id for episode in episodes)]
    bookmarks = playback.bookmarks(profile.id, [video for video in videos if video])
    play = _play_series(episodes, bookmarks) if seasons else _play_film(found, bookmarks)
    season = _chosen_season(seasons, request.GET.get("season", ""), play.video_id)
    context = {
        "title": found,
        "about": recommend.about(profile.id, [found.id])[found.id],
        "play": play,
        "people": _people(found.people),
        "season": season,
        "seasons": [SeasonTab(each.number, each.name or _season_name(each.number)) for each in seasons],
        "episodes": [_part(episode, bookmarks) for episode in season.episodes] if season else [],
        "similar": _tiles(profile, recommend.more_like(found.id, profile_id=profile.id, limit=SUGGESTED)),
    }
    return render(request, "title.html", context)


@require_GET
@profile_required
def watch(request: ProfileRequest, video_id: UUID) -> HttpResponse:
    """The player. The playback session itself is opened by the player, through the API."""
    video = catalog.video(video_id)
    found = catalog.title(video.title_id, **sight(request.profile)) if video else None
    if video is None or found is None or video.maturity > request.profile.maturity:
        raise Http404("There is no such video for this profile.")
    context = {
        "video": video,
        "title": found,
        "episode": catalog.episode(video.episode_id) if video.episode_id else None,
        "back_url": reverse("title", args=[found.slug]),
        "next_video": catalog.next_episode(video.id) if video.episode_id else None,
    }
    return render(request, "watch.html", context)


@require_GET
@profile_required
def search(request: ProfileRequest) -> HttpResponse:
    """Titles for a question; with `partial=1` only the results, for search as you type."""
    profile = request.profile
    query = " ".join(request.GET.get("q", "").split())[:LONGEST_QUERY]
    found = catalog.search(query, **sight(profile)) if query else []
    context: dict[str, object] = {"nav": "search", "query": query, "tiles": _title_tiles(profile, found)}
    if not found:
        newest = catalog.browse(limit=SUGGESTED, **sight(profile))
        context["suggested"] = _title_tiles(profile, newest)
        context["genres"] = catalog.genres(**sight(profile))
    partial = bool(request.GET.get("partial"))
    return render(request, "search_results.html" if partial else "search.html", context)


@require_GET
@profile_required
def my_list(request: ProfileRequest) -> HttpResponse:
    """What the profile keeps for later."""
    tiles = _tiles(request.profile, recommend.my_list(request.profile.id))
    return render(request, "my_list.html", {"nav": "my_list", "tiles": tiles})


@require_GET
@profile_required
def browse(request: ProfileRequest, genre: str = "") -> HttpResponse:
    """All titles of a kind or a genre; kind, order and sheet stand in the address."""
    profile = request.profile
    kind = _member(Kind, request.GET.get("kind", ""))
    order = _member(Order, request.GET.get("sort", "")) or Order.NEWEST
    sheet = _whole(request.GET.get("sheet", ""))
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
        "tiles": _title_tiles(profile, titles[:SHEET]),
        "genre_links": _genre_links(genres, genre, kind, order),
        "sort_links": [
            Choice(str(name), _browse_url(genre, kind, each), each is order)
            for each, name in _ORDER_NAMES.items()
        ],
        "back_url": _browse_url(genre, kind, order, sheet - 1) if sheet else "",
        "on_url": _browse_url(genre, kind, order, sheet + 1) if len(titles) > SHEET else "",
    }
    return render(request, "browse.html", context)


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here on pages that name no icon (JSON, errors, the admin); its real address may change."""
    return redirect(static("img/favicon.svg"))


# Forms that work without script -------------------------------------------------------------------------


@require_POST
@profile_required
def toggle_list(request: ProfileRequest, title_id: UUID) -> HttpResponse:
    """Put a title on my list (`listed=1`) or take it off (`listed=0`)."""
    if request.POST.get("listed") == "1":
        try:
            recommend.add_to_list(profile_id=request.profile.id, title_id=title_id)
        except recommend.NoSuchTitle as error:
            raise Http404(str(error)) from error
    else:
        recommend.remove_from_list(profile_id=request.profile.id, title_id=title_id)
    return _back(request)


@require_POST
@profile_required
def thumb(request: ProfileRequest, title_id: UUID) -> HttpResponse:
    """Say what one thinks of a title: `thumb` is 'up', 'down', 'double_up', or anything else to take it back."""
    said = _member(Thumb, request.POST.get("thumb", ""))
    try:
        recommend.rate(profile_id=request.profile.id, title_id=title_id, thumb=said)
    except recommend.NoSuchTitle as error:
        raise Http404(str(error)) from error
    return _back(request)


@require_POST
@profile_required
def remove_from_continue(request: ProfileRequest, video_id: UUID) -> HttpResponse:
    """Take a video off continue watching."""
    playback.remove_bookmark(profile_id=request.profile.id, video_id=video_id)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page that the form came from, if it is one of ours."""
    back = safe_next(request, request.POST.get("next", ""))
    return HttpResponseRedirect(back) if back else redirect("home")


# From the apps' values to the templates' ----------------------------------------------------------------


def sight(profile: Profile) -> dict[str, Any]:
    """What the catalogue is asked for in a profile's name: its age, and what is blocked on it."""
    return {"maturity": profile.maturity, "without": profile.blocked}


def _listed(profile: Profile, cards: Iterable[Card]) -> set[UUID]:
    """Which of these titles are on the profile's list."""
    ids = list({card.title.id for card in cards})
    said = recommend.about(profile.id, ids) if ids else {}
    return {title_id for title_id, about in said.items() if about.listed}


def _tile(card: Card, listed: set[UUID]) -> Tile:
    # The card shows the title's name already: an episode's caption need not say it again.
    caption = card.caption.removeprefix(f"{card.title.name} · ")
    return Tile(card.title, card.video_id, card.progress, caption, card.title.id in listed)


def _tiles(profile: Profile, cards: Sequence[Card]) -> list[Tile]:
    listed = _listed(profile, cards)
    return [_tile(card, listed) for card in cards]


def _title_tiles(profile: Profile, titles: list[Title]) -> list[Tile]:
    return _tiles(profile, recommend.cards(titles, profile.id))


def _shelf(row: Row, listed: set[UUID]) -> Shelf:
    """A row in the shape that suits it: places in a ranking, standing posters for what is new, wide for the rest."""
    shape = {"trending": "ranked", "new": "poster", "recent": "poster"}.get(row.key, "wide")
    tiles = tuple(_tile(card, listed) for card in row.cards[: 10 if shape == "ranked" else None])
    genre = row.key.removeprefix("genre-") if row.key.startswith("genre-") else ""
    url = reverse("browse", args=[genre]) if genre else reverse("my_list") if row.key == "my-list" else ""
    return Shelf(row.key, row.name, row.reason, shape, url, row.key == "continue", tiles)


def _play_film(found: Title, bookmarks: dict[UUID, Bookmark]) -> Play:
    if found.video_id is None or not found.playable:
        return Play(None, None, "")
    bookmark = bookmarks.get(found.video_id)
    return Play(found.video_id, None if bookmark and bookmark.finished else bookmark, "")


def _play_series(episodes: list[Episode], bookmarks: dict[UUID, Bookmark]) -> Play:
    """Where the profile goes on: in the episode it was in last, in the one after it, or at the beginning."""
    playable = {each.video_id: each for each in episodes if each.video_id and each.playable}
    order = list(playable)
    if not order:
        return Play(None, None, "")
    begun = [bookmark for video_id, bookmark in bookmarks.items() if video_id in playable]
    last = max(begun, key=lambda each: each.updated_at, default=None)
    if last is None:
        video_id, bookmark = order[0], None
    elif not last.finished:
        video_id, bookmark = last.video_id, last
    else:
        after = order.index(last.video_id) + 1
        video_id, bookmark = order[after % len(order)], None
    episode = playable[video_id]
    label = _("S%(season)d E%(number)d") % {"season": episode.season, "number": episode.number}
    return Play(video_id, bookmark, label)


def _chosen_season(seasons: list[Season], asked: str, playing: UUID | None) -> Season | None:
    """The season in the address, else the one that Play is in, else the first."""
    for each in seasons:
        if asked == str(each.number):
            return each
    for each in seasons:
        if any(episode.video_id == playing for episode in each.episodes):
            return each
    return seasons[0] if seasons else None


def _season_name(number: int) -> str:
    return _("Season %(number)d") % {"number": number}


def _part(episode: Episode, bookmarks: dict[UUID, Bookmark]) -> Part:
    return Part(episode, bookmarks.get(episode.video_id) if episode.video_id else None)


def _people(people: Sequence[Credit]) -> list[People]:
    """Credits grouped by role: the known roles in our order, then the others as they are called."""
    roles = dict.fromkeys([*_ROLE_NAMES, *(credit.role for credit in people)])
    groups = [
        People(str(_ROLE_NAMES.get(role, role)), tuple(credit for credit in people if credit.role == role))
        for role in roles
    ]
    return [group for group in groups if group.credits]


def _genre_links(genres: list[Genre], current: str, kind: Kind | None, order: Order) -> list[Choice]:
    everything = Choice(_("All genres"), _browse_url("", kind, order), not current)
    return [
        everything,
        *(Choice(each.name, _browse_url(each.slug, kind, order), each.slug == current) for each in genres),
    ]


def _browse_url(genre: str, kind: Kind | None, order: Order, sheet: int = 0) -> str:
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


def _member(choices: type[Choices], value: str) -> Choices | None:
    """The member with this value, or None when there is none: addresses are typed by people."""
    return next((each for each in choices if each.value == value), None)


def _whole(text: str) -> int:
    """A number of a sheet from the address: 0 for anything that is not one; bounded, so that no offset is absurd."""
    return min(int(text), 10_000) if text.isascii() and text.isdigit() else 0


urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", favicon, name="favicon"),
    path("title/<slug:slug>/", title, name="title"),
    path("watch/<uuid:video_id>/", watch, name="watch"),
    path("search/", search, name="search"),
    path("my-list/", my_list, name="my_list"),
    path("my-list/<uuid:title_id>/", toggle_list, name="toggle_list"),
    path("thumbs/<uuid:title_id>/", thumb, name="thumb"),
    path("continue/<uuid:video_id>/remove/", remove_from_continue, name="remove_from_continue"),
    path("browse/", browse, name="browse"),
    path("browse/<slug:genre>/", browse, name="browse"),
]
