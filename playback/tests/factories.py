"""Sessions, bookmarks and viewings for tests, of this app and of those above it."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.utils import timezone

from catalog import services as catalog
from playback import models, services, types
from playback.services import history, places


def open_session(
    *, profile_id: UUID, video_id: UUID, device: str = "living room", **more: object
) -> types.Session:
    """A session as pressing play opens it."""
    return services.open_session(profile_id=profile_id, video_id=video_id, device=device, **more)  # type: ignore[arg-type]


def make_bookmark(
    *,
    profile_id: UUID,
    video_id: UUID,
    title_id: UUID | None = None,
    position: timedelta = timedelta(seconds=4),
    duration: timedelta = timedelta(seconds=10),
    finished: bool = False,
    removed: bool = False,
    updated_at: datetime | None = None,
) -> types.Bookmark:
    """Where somebody stopped. The title is looked up when it is not given."""
    row = models.Bookmark.objects.create(
        profile_id=profile_id,
        video_id=video_id,
        title_id=title_id or _title_of(video_id),
        position=duration if finished else position,
        duration=duration,
        finished=finished,
        removed=removed,
        updated_at=updated_at or timezone.now(),
    )
    return places.value(row)


def make_viewing(
    *,
    profile_id: UUID,
    video_id: UUID,
    title_id: UUID | None = None,
    user_id: UUID | None = None,
    watched: timedelta = timedelta(minutes=40),
    fraction: float = 0.9,
    ended_at: datetime | None = None,
) -> types.Viewing:
    """Something that was watched: long enough to count unless told otherwise."""
    end = ended_at or timezone.now()
    row = models.Viewing.objects.create(
        id=uuid4(),
        user_id=user_id or uuid4(),
        profile_id=profile_id,
        video_id=video_id,
        title_id=title_id or _title_of(video_id),
        watched=watched,
        fraction=fraction,
        started_at=end - watched,
        ended_at=end,
    )
    return history.value(row)


def _title_of(video_id: UUID) -> UUID:
    video = catalog.video(video_id)
    if video is None:
        raise LookupError(video_id)
    return video.title_id
