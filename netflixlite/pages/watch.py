"""The page that the player stands in."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from catalog import services as catalog
from netflixlite.pages.tiles import sight


@require_GET
@profile_required
def watch(request: ProfileRequest, video_id: UUID) -> HttpResponse:
    """The player. The playback session itself is opened by the player, through the API."""
    video = catalog.video(video_id)
    found = catalog.title(video.title_id, **sight(request.profile)) if video else None
    if video is None or found is None or video.maturity > request.profile.maturity:
        raise Http404("There is no such video for this profile.")
    episode = catalog.episode(video.episode_id) if video.episode_id else None
    context = {
        "video": video,
        "title": found,
        "episode": episode,
        "picture": (episode and episode.still) or found.backdrop,
        "back_url": reverse("title", args=[found.slug]),
        "next_video": catalog.next_episode(video.id) if video.episode_id else None,
    }
    return render(request, "watch.html", context)
