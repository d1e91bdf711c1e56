"""What the player shows beside the film: what it is called, its series' episodes and how far each is, the thumb.

The player asks for it once the picture moves; nothing on the way to the picture waits for it.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.urls import path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.doors import HasProfile, profile_of
from catalog import services as catalog
from catalog.types import Episode, Kind, Season, Title, Video
from netflixlite.pages.tiles import sight
from playback import services as playback
from playback.types import Bookmark
from recommend import services as recommend


class EpisodeBeside(serializers.Serializer[Any]):
    """An episode in the player's list, in seconds. `video` is null while it cannot be played; `progress` is 0 … 1."""

    video = serializers.UUIDField(allow_null=True)
    number = serializers.IntegerField()
    name = serializers.CharField()
    synopsis = serializers.CharField()
    duration = serializers.FloatField(allow_null=True)
    still = serializers.CharField(allow_null=True)
    progress = serializers.FloatField()
    finished = serializers.BooleanField()


class SeasonBeside(serializers.Serializer[Any]):
    """A season in the player's list."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    episodes = EpisodeBeside(many=True)


class NeighbourBeside(serializers.Serializer[Any]):
    """The episode before this one, named as the session names the one after it."""

    video = serializers.UUIDField()
    name = serializers.CharField()
    title = serializers.CharField()


class BesideOutput(serializers.Serializer[Any]):
    """What the player shows beside a film. `subtitle` names the episode; `thumb_url` takes the viewer's verdict,
    '' beside a trailer.
    """

    title = serializers.CharField()
    title_url = serializers.CharField()
    subtitle = serializers.CharField()
    synopsis = serializers.CharField()
    picture = serializers.CharField(allow_null=True)
    thumb = serializers.CharField(allow_null=True)
    thumb_url = serializers.CharField()
    previous = NeighbourBeside(allow_null=True)
    seasons = SeasonBeside(many=True)


class Beside(APIView):
    """What stands beside a film in the player."""

    permission_classes = [HasProfile]

    @extend_schema(
        operation_id="video_beside", tags=["playback"], responses=BesideOutput, summary="Beside a film"
    )
    def get(self, request: Request, video_id: UUID) -> Response:
        """Names, episodes with progress, the thumb; 404 when this profile may not see the title."""
        profile = profile_of(request)
        video = catalog.video(video_id)
        title = catalog.title(video.title_id, **sight(profile)) if video else None
        if video is None or title is None or video.maturity > profile.maturity:
            raise NotFound(_("There is no such video for this profile."), code="not_found")
        seasons = catalog.seasons(title.id) if title.kind is Kind.SERIES else []
        parts = [episode for season in seasons for episode in season.episodes]
        videos = [part.video_id for part in parts if part.video_id]
        marks = playback.bookmarks(profile.id, videos) if videos else {}
        said = recommend.about(profile.id, [title.id])[title.id]
        answer = {
            **_named(title, video, parts),
            "thumb": said.thumb.value if said.thumb else None,
            "thumb_url": "" if video.trailer else reverse("title_thumb", args=[title.id]),
            "seasons": [_season(season, marks) for season in seasons],
        }
        return Response(BesideOutput(answer).data)


def _named(title: Title, video: Video, parts: list[Episode]) -> dict[str, Any]:
    """What the film is called, and what came before it."""
    here = next((part for part in parts if part.video_id == video.id), None)
    picture = (here.still if here else None) or title.backdrop or title.poster
    return {
        "title": title.name,
        "title_url": reverse("title", args=[title.slug]),
        "subtitle": _label(here) if here else _("Trailer") if video.trailer else "",
        "synopsis": (here.synopsis if here else "") or title.synopsis,
        "picture": picture.url if picture else None,
        "previous": _previous(title, here, parts),
    }


def _previous(title: Title, here: Episode | None, parts: Iterable[Episode]) -> dict[str, Any] | None:
    """The last episode of this season before this one that can be played."""
    if here is None:
        return None
    before = [
        part for part in parts if part.season == here.season and part.number < here.number and part.playable
    ]
    found = max(before, key=lambda part: part.number, default=None)
    return {"video": found.video_id, "name": _label(found), "title": title.name} if found else None


def _label(part: Episode) -> str:
    return _("S%(season)d E%(number)d · %(name)s") % {
        "season": part.season,
        "number": part.number,
        "name": part.name,
    }


def _season(season: Season, marks: Mapping[UUID, Bookmark]) -> dict[str, Any]:
    return {
        "number": season.number,
        "name": season.name or _("Season %(number)d") % {"number": season.number},
        "episodes": [
            _episode(part, marks.get(part.video_id) if part.video_id else None) for part in season.episodes
        ],
    }


def _episode(part: Episode, mark: Bookmark | None) -> dict[str, Any]:
    return {
        "video": part.video_id if part.playable else None,
        "number": part.number,
        "name": part.name,
        "synopsis": part.synopsis,
        "duration": part.runtime.total_seconds() if part.runtime else None,
        "still": part.still.url if part.still else None,
        "progress": (1.0 if mark.finished else mark.fraction) if mark else 0.0,
        "finished": bool(mark and mark.finished),
    }


urlpatterns = [path("api/v1/videos/<uuid:video_id>/beside", Beside.as_view(), name="api_video_beside")]
