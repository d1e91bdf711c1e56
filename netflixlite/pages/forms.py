"""Forms that change something: plain posts that come back to the page; elements improve them."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.doors import ProfileRequest, profile_required, safe_next
from netflixlite.pages.asked import member
from netflixlite.pages.pacing import too_fast
from playback import services as playback
from recommend import services as recommend
from recommend.types import Thumb


@require_POST
@profile_required
def toggle_list(request: ProfileRequest, title_id: UUID) -> HttpResponse:
    """Put a title on my list (`listed=1`) or take it off (`listed=0`)."""
    if too_fast(request, request.profile.id):
        return _back(request)
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
    if too_fast(request, request.profile.id):
        return _back(request)
    said = member(Thumb, request.POST.get("thumb", ""))
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
