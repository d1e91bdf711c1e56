"""Who listens for news, and the parts of the home page as they are now."""

import math
from datetime import UTC, datetime, timedelta
from typing import cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import doors
from accounts.doors import ProfileRequest, profile_required
from accounts.types import Profile
from netflixlite.live import models, words
from netflixlite.live.hub import HUB, Full, Seat, reaches
from netflixlite.live.streaming import DESK, Desk, Ticket
from netflixlite.live.tail import TAIL, newest_id, oldest_id, word_of
from netflixlite.live.tasks import KEPT_FOR
from netflixlite.live.words import Word
from netflixlite.pages.tiles import shelf_of
from recommend import services as recommend

#: A page was made from what the database held a moment before it says so.
MADE_BEFORE = timedelta(seconds=3)
#: More than so many words at once: then a page may as well look at everything anew.
MOST_MISSED = 100
#: Numbers are given out in order, but not always committed so: what may have come late is said twice.
OVERLAP = 8
#: Rows of the home page that can be asked for at once.
MOST_ROWS = 4


@login_not_required
@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What changed, as server-sent events, for the profile that is watching at this browser.

    `since` (seconds since 1970: when the page was made) or the Last-Event-ID header (also as `after`: a number) say
    what it knows. In front of Django the answer goes on (streaming.py); else it ends, and the page comes again.
    """
    profile = getattr(request, "profile", None)
    if not isinstance(profile, Profile):
        return _answer(words.gone())
    desk = getattr(request, "scope", {}).get(DESK)
    seat = Seat(
        user_id=profile.user_id,
        profile_id=profile.id,
        device_id=doors.device_of(request),
        kid=profile.is_kid,
    )
    if not isinstance(desk, Desk):
        first, _newest = _first(request, seat, held=False)
        return _answer(first)
    try:
        HUB.sit(seat)
    except Full:
        return _answer(words.full())
    desk.ticket = Ticket(seat, b"", 0)  # from here on the seat is given back, whatever happens
    TAIL.begin(newest_id())
    first, newest = _first(request, seat, held=True)
    desk.ticket = Ticket(seat, first, newest)
    return _answer(b"")


def _first(request: HttpRequest, seat: Seat, *, held: bool) -> tuple[bytes, int]:
    """What a page is told at once, and the newest number in it."""
    missed, whole = _missed(request, seat)
    newest = max((word.id for word in missed), default=0)
    known = max(newest, _after(request) or 0) or newest_id()
    said = words.hello(newest=known, profile_id=seat.profile_id, whole=whole, held=held)
    return said + b"".join(words.news(word) for word in missed if reaches(seat, word)), newest


def _missed(request: HttpRequest, seat: Seat) -> tuple[list[Word], bool]:
    """What a page does not know yet, and whether that is all of it."""
    rows = models.News.objects.concerning(user_id=seat.user_id, profile_id=seat.profile_id)
    after, since = _after(request), _since(request)
    if after is not None:
        if not oldest_id() <= after + 1 <= newest_id() + 1:
            return [], False
        rows = rows.filter(id__gt=after - OVERLAP)
    elif since is not None:
        if since < timezone.now() - KEPT_FOR:
            return [], False
        rows = rows.filter(at__gt=since - MADE_BEFORE)
    else:
        return [], True
    found = [word_of(row) for row in rows.order_by("id")[: MOST_MISSED + 1]]
    return ([], False) if len(found) > MOST_MISSED else (found, True)


def _after(request: HttpRequest) -> int | None:
    """The newest number that the page has heard."""
    said = request.headers.get("Last-Event-ID", "") or request.GET.get("after", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 19 else None


def _since(request: HttpRequest) -> datetime | None:
    """When the page was made."""
    try:
        seconds = float(request.GET.get("since", ""))
    except ValueError:
        return None
    latest = timezone.now().timestamp()
    return (
        datetime.fromtimestamp(min(seconds, latest), tz=UTC)
        if math.isfinite(seconds) and seconds > 0
        else None
    )


def _answer(body: bytes) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return HttpResponse(body, content_type="text/event-stream", headers=headers)


@require_GET
@profile_required
def rows(request: ProfileRequest) -> HttpResponse:
    """The rows of the home page as they are now: those named by `row` (their keys), or all; and the order of all.

    With `from` (a count of rows) those alone that stand behind so many.
    """
    asked = request.GET.getlist("row")[:MOST_ROWS]
    behind = _behind(request)
    shown = recommend.home(request.profile, behind=behind, keys=asked)
    wanted = [row for row in shown.rows[behind:] if not asked or row.key in asked]
    context = {
        "order": " ".join(row.key for row in shown.rows),
        "shelves": [shelf_of(row, shown.listed) for row in wanted],
    }
    response = render(cast(HttpRequest, request), "live/rows.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _behind(request: HttpRequest) -> int:
    said = request.GET.get("from", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 5 else 0
