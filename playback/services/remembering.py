"""A profile's own look at what it watched, and taking that back."""

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from playback import events, models
from playback.services.history import LIMIT_MAX, value
from playback.types import Ended, HistoryForgotten, Viewing

#: What was looked at for less than this, and not to its end, is no memory: a wrong button.
SEEN_AT_LEAST = timedelta(seconds=10)


def watched(profile_id: UUID, *, limit: int = 60, before: datetime | None = None) -> list[Viewing]:
    """What a profile watched, latest first; with `before` only what ended earlier than that. At most 1000."""
    rows = models.Viewing.objects.filter(profile_id=profile_id)
    rows = rows.filter(Q(watched__gte=SEEN_AT_LEAST) | Q(fraction__gte=0.5))
    if before is not None:
        rows = rows.filter(ended_at__lt=before)
    return [value(row) for row in rows.order_by("-ended_at", "id")[: max(0, min(limit, LIMIT_MAX))]]


def forget_watched(
    *,
    profile_id: UUID,
    video_id: UUID | None = None,
    title_id: UUID | None = None,
    now: datetime | None = None,
) -> int:
    """Take back that a profile watched a video, all of a title, or (with neither) anything; how many viewings went.

    Bookmarks go too, so that nothing of it is gone on with, marked as seen or counted for taste or trends. What plays
    at this moment goes on, and is remembered from now on. A player that reports late (it was offline) is not heard.
    """
    now = now or timezone.now()
    about = Q(profile_id=profile_id)
    if video_id is not None:
        about &= Q(video_id=video_id)
    if title_id is not None:
        about &= Q(title_id=title_id)
    with transaction.atomic():
        viewings = models.Viewing.objects.filter(about)
        gone = len(viewings.values_list("id", flat=True))
        titles = set(viewings.values_list("title_id", flat=True))
        bookmarks = models.Bookmark.objects.filter(about)
        titles.update(bookmarks.values_list("title_id", flat=True))
        viewings.delete()
        bookmarks.delete()
        _begin_anew(models.PlaybackSession.objects.filter(about), now)
        if titles:
            news = HistoryForgotten(profile_id, frozenset(titles))
            transaction.on_commit(
                partial(events.history_forgotten.send_robust, sender=HistoryForgotten, event=news)
            )
    return gone


def _begin_anew(sessions: models.PlaybackSessionQuerySet, now: datetime) -> None:
    """What goes on, or may wake, counts from now; of what was left nothing is heard any more."""
    left = sessions.filter(ended__in=[Ended.CLOSED, Ended.REPLACED])
    left.update(ended=Ended.FORGOTTEN)
    sessions.filter(ended__in=["", Ended.SILENT]).update(
        viewing_id=None,
        viewing_since=now,
        watched_before=timedelta(0),
        watched=timedelta(0),
        replayed=timedelta(0),
        beats=0,
        last_seen_at=now,
    )
