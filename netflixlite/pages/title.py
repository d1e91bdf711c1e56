"""One title: what it is, who made it, its episodes, where Play goes on, and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Credit, Episode, Kind, Marker, Season, Title
from netflixlite.pages.tiles import SUGGESTED, sight, tiles_of
from playback import services as playback
from playback.types import Bookmark
from recommend import services as recommend

CAST = "cast"

_ROLE_NAMES = {
    "director": gettext_lazy("Direction"),
    "creator": gettext_lazy("Created by"),
    "writer": gettext_lazy("Writing"),
    "composer": gettext_lazy("Music"),
    "producer": gettext_lazy("Production"),
}


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
    """One season in the choice of seasons; `done` when all of it that can be played was watched."""

    number: int
    label: str
    done: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Credits of one role, under its name."""

    name: str
    credits: tuple[Credit, ...]


@dataclass(frozen=True, slots=True)
class People:
    """Who is to be seen, and who made it, by role."""

    cast: tuple[Credit, ...]
    makers: tuple[Group, ...]


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
        "hidden": found.id in recommend.taste(profile.id).hidden,
        "play": play,
        "trailer": catalog.trailer(found.id),
        "people": _people(found.people),
        "season": season,
        "seasons": [_tab(each, bookmarks) for each in seasons],
        "episodes": [_part(episode, bookmarks) for episode in season.episodes] if season else [],
        "chapters": _chapters(found),
        "suits": recommend.suits(found.id, profile_id=profile.id),
        "similar": tiles_of(profile, recommend.more_like(found.id, profile_id=profile.id, limit=SUGGESTED)),
    }
    return render(request, "title.html", context)


@require_GET
@profile_required
def play(request: ProfileRequest, slug: str) -> HttpResponse:
    """On to the video that Play starts on a title's page: a card of a series does not know its episode."""
    found = catalog.title_by_slug(slug, **sight(request.profile))
    if found is None:
        raise Http404("There is no such title for this profile.")
    goes_on = _play(found, request.profile)
    return redirect("watch", goes_on.video_id) if goes_on.video_id else redirect("title", slug)


def _play(found: Title, profile: Profile) -> Play:
    seasons = catalog.seasons(found.id) if found.kind is Kind.SERIES else []
    episodes = [episode for each in seasons for episode in each.episodes]
    videos = [found.video_id, *(episode.video_id for episode in episodes)]
    bookmarks = playback.bookmarks(profile.id, [video for video in videos if video])
    return _play_series(episodes, bookmarks) if seasons else _play_film(found, bookmarks)


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


def _tab(season: Season, bookmarks: dict[UUID, Bookmark]) -> SeasonTab:
    playable = [each.video_id for each in season.episodes if each.video_id and each.playable]
    done = bool(playable) and all(each in bookmarks and bookmarks[each].finished for each in playable)
    return SeasonTab(season.number, season.name or _season_name(season.number), done)


def _chapters(found: Title) -> list[Marker]:
    """A film's named chapters, when it has more than one."""
    if found.video_id is None or not found.playable:
        return []
    named = [each for each in catalog.markers(found.video_id) if each.kind == "chapter" and each.name]
    return named if len(named) > 1 else []


def _season_name(number: int) -> str:
    return _("Season %(number)d") % {"number": number}


def _part(episode: Episode, bookmarks: dict[UUID, Bookmark]) -> Part:
    return Part(episode, bookmarks.get(episode.video_id) if episode.video_id else None)


def _people(people: Sequence[Credit]) -> People:
    """The cast, and the others by role: the known roles in our order, then the others as they are called."""
    roles = dict.fromkeys([*_ROLE_NAMES, *(credit.role for credit in people)])
    groups = [
        Group(str(_ROLE_NAMES.get(role, role)), tuple(credit for credit in people if credit.role == role))
        for role in roles
        if role != CAST
    ]
    cast = tuple(credit for credit in people if credit.role == CAST)
    return People(cast, tuple(group for group in groups if group.credits))
