"""What one profile does not see: the page where grown-ups block titles, which mixes people and titles.

Only what the profile could see by its age stands to be blocked, and what is blocked already.
"""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import doors
from accounts import services as accounts
from accounts.types import Profile
from catalog import services as catalog
from netflixlite.pages.searching import LONGEST_QUERY
from netflixlite.pages.tiles import sight

#: How many titles are offered at a time.
OFFERED = 12


@require_http_methods(["GET", "POST"])
def blocked_titles(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """The titles that are blocked on a profile, and a search for more of them."""
    profile = _mine(request, profile_id)
    if refused := doors.pin_first(request, profile):
        return refused
    query = " ".join((request.POST.get("q") or request.GET.get("q", "")).split())[:LONGEST_QUERY]
    if request.method == "POST":
        title_id = _named(request)
        if "allow" in request.POST and (refused := doors.proof_to_unblock(request, title_id)):
            return refused
        _change(request, profile, title_id)
        back = reverse("blocked_titles", args=[profile.id])
        return redirect(f"{back}?{urlencode({'q': query})}" if query else back)
    known = catalog.titles(profile.blocked)
    seen = sight(profile)
    found = catalog.search(query, limit=OFFERED, **seen) if query else catalog.browse(limit=OFFERED, **seen)
    context = {
        "profile": profile,
        "query": query,
        "blocked": sorted(known.values(), key=lambda title: title.name.casefold()),
        # Blocked once, and gone since: it may come back under its id.
        "gone": len(profile.blocked) - len(known),
        "found": found,
    }
    return render(request, "accounts/blocked_titles.html", context)


def _named(request: HttpRequest) -> UUID:
    """The title that the form names."""
    try:
        return UUID(request.POST.get("block") or request.POST.get("allow") or "")
    except ValueError:
        raise Http404("There is no such title.") from None


def _change(request: HttpRequest, profile: Profile, title_id: UUID) -> None:
    """Block or allow it."""
    if "allow" in request.POST:
        accounts.allow_title(profile_id=profile.id, title_id=title_id, actor=request.user.pk)
        return
    title = catalog.title(title_id)
    if title is None:
        raise Http404("There is no such title.")
    try:
        accounts.block_title(profile_id=profile.id, title_id=title_id, actor=request.user.pk)
    except accounts.InvalidField as error:
        messages.error(request, error.message)
        return
    messages.success(
        request,
        _("%(name)s does not see “%(title)s” any more.") % {"name": profile.name, "title": title.name},
    )


def _mine(request: HttpRequest, profile_id: UUID) -> Profile:
    profile = accounts.profile(profile_id)
    if profile is None or profile.user_id != request.user.pk:
        raise Http404("There is no such profile.")
    return profile


urlpatterns = [path("profiles/<uuid:profile_id>/blocked/", blocked_titles, name="blocked_titles")]
