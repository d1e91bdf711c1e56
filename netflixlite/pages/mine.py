"""What the profile keeps for later."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.doors import ProfileRequest, profile_required
from netflixlite.pages.tiles import tiles_of
from recommend import services as recommend


@require_GET
@profile_required
def my_list(request: ProfileRequest) -> HttpResponse:
    """What the profile keeps for later."""
    tiles = tiles_of(request.profile, recommend.my_list(request.profile.id))
    return render(request, "my_list.html", {"nav": "my_list", "tiles": tiles})
