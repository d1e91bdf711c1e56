"""What events and happy paths may have missed, found again: no video waits forever, no source lies around unowned."""

import logging
import shutil
import time
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from catalog import store
from catalog.models import Source, Upload, Video
from catalog.services.ingesting import CANCELLED_REASON, LOST_REASON
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

#: A video without a live job is given this long before it counts as lost.
PATIENCE = timedelta(minutes=5)
#: A source folder that no row knows of is swept when nobody has written to it for this long, in seconds.
ORPHAN_SECONDS = 24 * 60 * 60
_DEADLY = (
    "This film was set aside: {deaths} workers died while they looked at it. Convert it with another program and hand "
    "it in again, or delete it."
)
_UNDER_WAY = [Video.State.RECEIVING, Video.State.CHECKING, Video.State.QUEUED, Video.State.ENCODING]


def settle_videos() -> None:
    """Give every video whose job is over, or gone, a state that says so."""
    videos = list(Video.objects.filter(state__in=_UNDER_WAY).prefetch_related("sources"))
    keys = {video.id: [store.ingest_key(source.id) for source in video.sources.all()][:1] for video in videos}
    found = jobs.latest([key for several in keys.values() for key in several])
    for video in videos:
        job = next((found[key] for key in keys[video.id] if key in found), None)
        if job is None:
            if timezone.now() - video.updated_at > PATIENCE:
                store.mark_failed(video_id=video.id, reason=LOST_REASON)
        elif job.state is JobState.FAILED and job.attempts >= store.INGEST_DEATHS:
            source_id = UUID(str(job.payload["source"]))
            store.quarantine(source_id=source_id, reason=_DEADLY.format(deaths=job.attempts))
        elif job.state is JobState.FAILED:
            store.mark_failed(video_id=video.id, reason=job.error)
        elif job.state is JobState.CANCELLED:
            store.mark_failed(video_id=video.id, reason=CANCELLED_REASON)
        elif job.state is JobState.DONE and timezone.now() - video.updated_at > PATIENCE:
            store.mark_failed(video_id=video.id, reason=LOST_REASON)


def sweep_sources() -> None:
    """Delete source folders that no row knows of: uploads that were cut off in the middle."""
    root = Path(settings.MEDIA_ROOT) / "sources"
    if not root.is_dir():
        return
    known = {str(source_id) for source_id in Source.objects.values_list("id", flat=True)}
    # Their bytes stand there under a second name while they are hashed, and may have come days ago.
    known |= {str(upload_id) for upload_id in Upload.objects.open().values_list("id", flat=True)}
    for folder in root.iterdir():
        if folder.name in known or not _is_uuid(folder.name):
            continue
        if time.time() - _touched(folder) > ORPHAN_SECONDS and not _is_known(folder.name):
            logger.info("sweeping the source %s, which no video owns", folder.name)
            shutil.rmtree(folder, ignore_errors=True)


def _touched(folder: Path) -> float:
    """When a file last came into the folder, or was written to: one that was moved here may be years old itself."""
    return max(one.stat().st_mtime for one in (folder, *folder.iterdir()))


def _is_known(name: str) -> bool:
    return Source.objects.filter(id=name).exists() or Upload.objects.open().filter(id=name).exists()


def register() -> None:
    """Have workers do both now and then."""
    jobs.register_periodic("catalog.settle_videos", timedelta(seconds=20))(settle_videos)
    jobs.register_periodic("catalog.sweep_sources", timedelta(hours=6))(sweep_sources)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
