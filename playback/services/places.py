"""Where people stopped: bookmarks and continue watching."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Episode
from playback import events, models, progress
from playback.services.errors import AboveMaturity, NotFound
from playback.types import Bookmark, PlaceMoved

#: No list is longer than this, whatever was asked for.
LIMIT_MAX = 100
#: How many bookmarks are looked through for the latest of each title.
LOOKED_AT = 500


def bookmarks(profile_id: UUID, video_ids: Iterable[UUID]) -> dict[UUID, Bookmark]:
    """The bookmarks of a profile in some videos; videos without one are missing from the answer."""
    rows = models.Bookmark.objects.filter(profile_id=profile_id, video_id__in=list(video_ids))
    return {row.video_id: value(row) for row in rows}


def save_bookmark(
    *,
    profile_id: UUID,
    video_id: UUID,
    position: timedelta,
    duration: timedelta | None = None,
    now: datetime | None = None,
) -> Bookmark:
    """Set where a profile is in a video, by its own word (not through a session). Raises NotFound, AboveMaturity.

    The catalogue's duration counts; `duration` is used while the catalogue has none. A word about the first minute
    does not make a finished video unfinished.
    """
    now = now or timezone.now()
    profile, video = accounts.profile(profile_id), catalog.video(video_id)
    if profile is None or video is None:
        raise NotFound
    if video.maturity > profile.maturity or video.title_id in profile.blocked:
        raise AboveMaturity
    if not video.available or video.trailer:
        raise NotFound
    whole = video.duration or duration or position
    package = catalog.package(video.package_id) if video.package_id else None
    finish = progress.finish_at(whole, package.markers if package else ())
    with transaction.atomic():
        return move(
            profile_id=profile_id,
            video_id=video_id,
            title_id=video.title_id,
            position=position,
            duration=whole,
            finish=finish,
            watched=progress.START,
            replayed=max(timedelta(0), position),
            now=now,
        )


def remove_bookmark(*, profile_id: UUID, video_id: UUID) -> bool:
    """Take a title off continue watching, until it is watched again. True when anything was there to take off.

    `video_id` is the one that the card shows: for a series that may be the next episode, which has no bookmark yet;
    all of the title's bookmarks are put aside, else the episode before would take its place.
    """
    own = models.Bookmark.objects.filter(profile_id=profile_id)
    title_id = own.filter(video_id=video_id).values_list("title_id", flat=True).first()
    if title_id is None:
        video = catalog.video(video_id)
        title_id = video.title_id if video else None
    if title_id is None or not own.filter(title_id=title_id, removed=False).update(removed=True):
        return False
    _tell(PlaceMoved(profile_id, title_id))
    return True


def continue_watching(profile_id: UUID, limit: int = 20) -> list[Bookmark]:
    """What a profile is in the middle of, latest first: one for each title.

    After a finished episode comes the next one, from its start; a finished film, and a series whose last episode is
    finished, are left out. Whether the profile may still see a title is for the catalogue to say, later.
    """
    limit = max(0, min(limit, LIMIT_MAX))
    latest = _latest_of_each_title(profile_id)
    following = catalog.next_episodes([one.video_id for one in latest if one.finished])
    begun = bookmarks(profile_id, [episode.video_id for episode in following.values() if episode.video_id])
    here = [_after(one, following.get(one.video_id), begun) if one.finished else one for one in latest]
    return [one for one in here if one is not None][:limit]


def move(
    *,
    profile_id: UUID,
    video_id: UUID,
    title_id: UUID,
    position: timedelta,
    duration: timedelta,
    finish: timedelta,
    watched: timedelta,
    replayed: timedelta,
    now: datetime,
    goes_on: bool = False,
) -> Bookmark:
    """Apply the rules of `progress` to a profile's bookmark, making it when there is none. Within a transaction.

    `goes_on`: it plays, and this is one report of many; whoever listens is told so unless something else is new, too.
    """
    position = max(timedelta(0), min(position, duration))
    row, made = models.Bookmark.objects.select_for_update().get_or_create(
        profile_id=profile_id,
        video_id=video_id,
        defaults={
            "title_id": title_id,
            "position": position,
            "duration": duration,
            "finished": position >= finish,
            "updated_at": now,
        },
    )
    if made:
        _tell(PlaceMoved(profile_id, title_id))
        return value(row)
    place = progress.move(
        progress.Place(row.position, row.finished),
        position,
        finish=finish,
        duration=duration,
        watched=watched,
        replayed=replayed,
    )
    same = (row.finished, row.removed) == (place.finished, False)
    row.position, row.finished = min(place.position, duration), place.finished
    row.title_id, row.duration, row.removed = title_id, duration, False
    row.updated_at = max(now, row.updated_at)
    row.save()
    _tell(PlaceMoved(profile_id, title_id, goes_on=goes_on and same))
    return value(row)


def value(row: models.Bookmark) -> Bookmark:
    """A row as others may see it."""
    return Bookmark(
        profile_id=row.profile_id,
        video_id=row.video_id,
        title_id=row.title_id,
        position=row.position,
        duration=row.duration,
        finished=row.finished,
        updated_at=row.updated_at,
    )


def _tell(news: PlaceMoved) -> None:
    transaction.on_commit(partial(events.place_moved.send_robust, sender=PlaceMoved, event=news))


def _latest_of_each_title(profile_id: UUID) -> list[Bookmark]:
    """The latest bookmark of each title whose video is still there: an episode that is gone hides no series."""
    rows = models.Bookmark.objects.filter(profile_id=profile_id, removed=False)
    begun = [
        row
        for row in rows.order_by("-updated_at", "-id")[:LOOKED_AT]
        if row.finished or row.position > timedelta(0)
    ]
    there = catalog.playable_videos({row.video_id for row in begun}) if begun else set()
    latest: dict[UUID, Bookmark] = {}
    for row in begun:
        if row.video_id in there:
            latest.setdefault(row.title_id, value(row))
    return list(latest.values())


def _after(done: Bookmark, episode: Episode | None, begun: Mapping[UUID, Bookmark]) -> Bookmark | None:
    """What comes after a finished video, from where it was `begun`; None when that was all of it."""
    if episode is None or episode.video_id is None:
        return None
    mark = begun.get(episode.video_id)
    going_on = mark if mark is not None and not mark.finished else None
    return Bookmark(
        profile_id=done.profile_id,
        video_id=episode.video_id,
        title_id=done.title_id,
        position=going_on.position if going_on else timedelta(0),
        duration=going_on.duration if going_on else episode.runtime or timedelta(0),
        finished=False,
        updated_at=done.updated_at,
    )
