"""What a profile watched, day by day, and taking it back: one, all of a series, or everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import doors
from accounts import services as accounts
from accounts.doors import ProfileRequest, profile_required
from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Kind, Title, Video
from netflixlite.pages.tiles import sight
from playback import services as playback
from playback.types import Viewing

#: Viewings on one sheet.
SHEET = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was watched on a day. `part` names an episode, without its series; `fraction` is 0 … 1."""

    title: Title
    video_id: UUID
    part: str
    at: datetime
    fraction: float
    is_series: bool


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the history, the latest first."""

    day: date
    near: str
    entries: tuple[Entry, ...]


@require_http_methods(["GET", "POST"])
@profile_required
def history(request: ProfileRequest) -> HttpResponse:
    """The history of the profile that is watching. A kids profile sees its own; grown-ups change it."""
    if request.method == "POST":
        if request.profile.is_kid:
            raise PermissionDenied(_("A grown-up can remove this from the history."))
        return _take_back(request, request.profile)
    return _shown(request, request.profile, may_remove=not request.profile.is_kid)


@require_http_methods(["GET", "POST"])
def profile_history(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """The history of another profile of the household, for grown-ups."""
    profile = accounts.profile(profile_id)
    if profile is None or profile.user_id != request.user.pk:
        raise Http404("There is no such profile.")
    if refused := doors.pin_first(request, profile):
        return refused
    return _take_back(request, profile) if request.method == "POST" else _shown(request, profile, of=True)


def _shown(
    request: HttpRequest, profile: Profile, *, may_remove: bool = True, of: bool = False
) -> HttpResponse:
    before = _moment(request.GET.get("before", ""))
    viewings = playback.watched(profile.id, limit=SHEET + 1, before=before)
    more = len(viewings) > SHEET
    viewings = viewings[:SHEET]
    context = {
        "nav": "history",
        "days": _days(viewings, profile),
        "of": profile if of else None,
        "may_remove": may_remove,
        "is_first": before is None,
        "on_url": f"?{urlencode({'before': viewings[-1].ended_at.isoformat()})}" if more else "",
    }
    return render(request, "history.html", context)


def _take_back(request: HttpRequest, profile: Profile) -> HttpResponse:
    """Remove what the form names (`video`, `title`, or `all`), and come back to the page."""
    if "all" in request.POST:
        playback.forget_watched(profile_id=profile.id)
        messages.success(request, _("The history is empty now."))
    elif "title" in request.POST:
        gone = playback.forget_watched(profile_id=profile.id, title_id=_id(request.POST["title"]))
        said = ngettext("%(n)d entry was removed.", "%(n)d entries were removed.", gone)
        messages.success(request, said % {"n": gone})
    else:
        playback.forget_watched(profile_id=profile.id, video_id=_id(request.POST.get("video", "")))
        messages.success(request, _("Removed from the history."))
    return redirect(request.get_full_path())


def _days(viewings: Sequence[Viewing], profile: Profile) -> list[Day]:
    """By local day; what was watched in several goes on a day is there once, as it was left. What may not be seen (any
    more) is left out.
    """
    titles = catalog.titles({one.title_id for one in viewings}, **sight(profile)) if viewings else {}
    videos = catalog.videos({one.video_id for one in viewings}) if viewings else {}
    days: dict[date, dict[UUID, Entry]] = {}
    for one in viewings:
        title, video = titles.get(one.title_id), videos.get(one.video_id)
        if title is not None and video is not None:
            entries = days.setdefault(timezone.localdate(one.ended_at), {})
            entries.setdefault(one.video_id, _entry(one, title, video))
    today = timezone.localdate()
    near = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return [Day(day, near.get(day, ""), tuple(entries.values())) for day, entries in days.items()]


def _entry(viewing: Viewing, title: Title, video: Video) -> Entry:
    series = title.kind is Kind.SERIES
    part = video.name.removeprefix(f"{title.name} · ") if series else ""
    return Entry(title, viewing.video_id, part, viewing.ended_at, viewing.fraction, series)


def _moment(text: str) -> datetime | None:
    """A moment from the address, or None for anything that is not one."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None:
        return None
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _id(text: str) -> UUID:
    """What a form names."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404("There is no such title.") from None
