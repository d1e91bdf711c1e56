"""What was watched: viewings, what is trending, and forgetting."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from cdn import services as cdn
from playback import models
from playback.types import Ended, TitleCount, Viewing

#: A viewing shorter than this, of less than half of the video, is a glance: it makes nothing trend.
GLANCE = timedelta(seconds=60)
GLANCE_FRACTION = 0.5
#: No list is longer than this, whatever was asked for.
LIMIT_MAX = 1000
#: How long beacons are kept, and how many are deleted at once: a write that long holds nobody up.
BEACONS_FOR = timedelta(days=14)
PRUNE_BATCH = 5000
#: How many ids one query names.
LOOKED_FOR = 500


def trending(since: datetime, limit: int = 20) -> list[TitleCount]:
    """What was watched most since a moment, most first. Glances do not count."""
    counts = (
        models.Viewing.objects.filter(ended_at__gte=since)
        .filter(Q(watched__gte=GLANCE) | Q(fraction__gte=GLANCE_FRACTION))
        .values("title_id")
        .annotate(viewings=Count("id"))
        .order_by("-viewings", "title_id")[: _bounded(limit)]
    )
    return [TitleCount(title_id=row["title_id"], viewings=row["viewings"]) for row in counts]


def viewings_since(
    profile_id: UUID, since: datetime, *, limit: int = 500, title_ids: Collection[UUID] | None = None
) -> list[Viewing]:
    """What a profile watched since a moment, latest first; with `title_ids` only of these."""
    rows = models.Viewing.objects.filter(profile_id=profile_id, ended_at__gte=since)
    if title_ids is not None:
        rows = rows.filter(title_id__in=list(title_ids))
    return [value(row) for row in rows.order_by("-ended_at", "id")[: _bounded(limit)]]


def viewings_after(since: datetime, *, limit: int = 500, passed: Collection[UUID] = ()) -> list[Viewing]:
    """What anybody watched that ended at or after a moment, oldest first; without those `passed`.

    For whoever goes through all of the history: ask again from the last one's end, passing by those of that moment.
    """
    rows = models.Viewing.objects.filter(ended_at__gte=since).exclude(id__in=list(passed))
    return [value(row) for row in rows.order_by("ended_at", "id")[: _bounded(limit)]]


def still_there(viewing_ids: Collection[UUID]) -> set[UUID]:
    """Of these viewings those that are history and were not taken back."""
    ids, found = list(viewing_ids), set[UUID]()
    for start in range(0, len(ids), LOOKED_FOR):
        rows = models.Viewing.objects.filter(id__in=ids[start : start + LOOKED_FOR])
        found.update(rows.values_list("id", flat=True))
    return found


def forget_profile(profile_id: UUID) -> None:
    """A profile is gone: end what it plays and delete everything under its id. Safe to run again."""
    with transaction.atomic():
        sessions = models.PlaybackSession.objects.filter(profile_id=profile_id)
        _deny(_open_at(sessions))
        gone = list(sessions.values_list("id", flat=True))
        sessions.delete()
        models.Prepared.objects.filter(profile_id=profile_id).delete()
        models.Licence.objects.filter(profile_id=profile_id).delete()
        models.Bookmark.objects.filter(profile_id=profile_id).delete()
        models.TrackChoice.objects.filter(profile_id=profile_id).delete()
        models.Viewing.objects.filter(profile_id=profile_id).delete()
    for start in range(0, len(gone), PRUNE_BATCH // 10):
        models.Beacon.objects.filter(session_id__in=gone[start : start + PRUNE_BATCH // 10]).delete()


def move_profile(*, profile_id: UUID, to_user_id: UUID, now: datetime | None = None) -> None:
    """A profile belongs to another user now: what it watched goes along, what plays of it ends. Safe to run again."""
    with transaction.atomic():
        sessions = models.PlaybackSession.objects.filter(profile_id=profile_id)
        _forget(sessions, now or timezone.now())
        sessions.update(user_id=to_user_id)
        models.Prepared.objects.filter(profile_id=profile_id).delete()
        models.Viewing.objects.filter(profile_id=profile_id).update(user_id=to_user_id)


def forget_title(title_id: UUID, *, now: datetime | None = None) -> None:
    """A title is gone: end what plays of it, and delete bookmarks and history. Safe to run again."""
    with transaction.atomic():
        _forget(models.PlaybackSession.objects.filter(title_id=title_id), now or timezone.now())
        models.Bookmark.objects.filter(title_id=title_id).delete()
        models.TrackChoice.objects.filter(title_id=title_id).delete()
        models.Viewing.objects.filter(title_id=title_id).delete()


def end_package(package_id: str, *, now: datetime | None = None) -> None:
    """A package was taken down: end what plays of it. Bookmarks and history stay, the title may come back."""
    with transaction.atomic():
        _forget(models.PlaybackSession.objects.filter(package_id=package_id), now or timezone.now())


def prune(*, now: datetime | None = None) -> int:
    """Delete beacons older than two weeks; returns how many. Periodic."""
    before = (now or timezone.now()) - BEACONS_FOR
    deleted = 0
    while ids := list(models.Beacon.objects.filter(at__lt=before).values_list("id", flat=True)[:PRUNE_BATCH]):
        deleted += models.Beacon.objects.filter(id__in=ids).delete()[0]
    return deleted


def value(row: models.Viewing) -> Viewing:
    """A row as others may see it."""
    return Viewing(
        id=row.id,
        profile_id=row.profile_id,
        video_id=row.video_id,
        title_id=row.title_id,
        watched=row.watched,
        fraction=row.fraction,
        started_at=row.started_at,
        ended_at=row.ended_at,
        alone=row.alone,
    )


def _bounded(limit: int) -> int:
    return max(0, min(limit, LIMIT_MAX))


def _forget(sessions: models.PlaybackSessionQuerySet, now: datetime) -> None:
    """End those that go on, and those that are silent while a stock player may still fetch."""
    ids = _open_at(sessions)
    _deny(ids)
    sessions.filter(id__in=ids).update(ended_at=now, ended=Ended.FORGOTTEN)


def _open_at(sessions: models.PlaybackSessionQuerySet) -> list[UUID]:
    """Of these, whose tokens open something: of what goes on, and of stock players that are silent."""
    found = {*sessions.open().values_list("id", flat=True)}
    return [*found.union(sessions.lasting(timezone.now()).values_list("id", flat=True))]


def _deny(session_ids: Iterable[UUID]) -> None:
    """Make nodes refuse the tokens of these sessions for as long as one could still be valid."""
    until = timezone.now() + timedelta(days=1)
    for session_id in session_ids:
        cdn.deny(session_id, until)
