"""What a removed title leaves behind in storage, and how it is swept up."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from catalog import artwork, manifests, models, store
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leavings:
    """Stored things that belong to rows about to be deleted."""

    video_ids: tuple[UUID, ...]
    packages: tuple[tuple[str, tuple[str, ...]], ...]
    pictures: tuple[str, ...]
    sources: tuple[UUID, ...]


def of_title(title_id: UUID) -> Leavings:
    """Everything stored for a title and its episodes."""
    videos = models.Video.objects.filter(
        Q(title_id=title_id) | Q(episode__season__title_id=title_id) | Q(trailer_of_id=title_id)
    )
    pictures = models.Artwork.objects.filter(title_id=title_id) | models.Artwork.objects.filter(
        episode__season__title_id=title_id
    )
    others = models.OtherPicture.objects.filter(title_id=title_id)
    return _leavings(list(videos.values_list("id", flat=True)), [*pictures, *others])


@transaction.atomic
def remove_parts(parts: Sequence[models.Season | models.Episode]) -> None:
    """Remove seasons or episodes: rows now; packages, pictures and sources after commit."""
    for part in parts:
        episodes = [part] if isinstance(part, models.Episode) else list(part.episodes.all())
        videos = models.Video.objects.filter(episode__in=episodes).values_list("id", flat=True)
        leavings = _leavings(list(videos), list(models.Artwork.objects.filter(episode__in=episodes)))
        cancel_jobs(leavings.video_ids)
        part.delete()
        transaction.on_commit(partial(sweep, leavings))


def sweep(leavings: Leavings) -> None:
    """Delete the stored things. Safe to run twice; a file that will not go is logged and left for the next sweep."""
    for package_id, files in leavings.packages:
        for file in files:
            _delete(manifests.key(package_id, file))
        _delete(f"{manifests.PACKAGES}/{package_id}")
    for picture in leavings.pictures:
        _delete(picture)
    for folder in {picture.rsplit("/", 1)[0] for picture in leavings.pictures}:
        _delete(folder)
    for source_id in leavings.sources:
        store.delete_source(source_id=source_id)


def cancel_jobs(video_ids: tuple[UUID, ...]) -> None:
    """Stop what is being made of these videos."""
    sources = models.Source.objects.filter(video_id__in=video_ids).values_list("id", flat=True)
    for job in jobs.latest([store.ingest_key(source_id) for source_id in sources]).values():
        if job.state in (JobState.QUEUED, JobState.RUNNING):
            jobs.cancel(job.id)


def _leavings(video_ids: list[UUID], pictures: Sequence[models.Artwork | models.OtherPicture]) -> Leavings:
    packages = []
    for package in models.Package.objects.filter(video_id__in=video_ids):
        parsed = manifests.parse(package.manifest.encode())
        several = ((one.file, one.playlist, one.iframes) for one in parsed.renditions)
        files = [file for three in several for file in three if file]
        packages.append((package.id, (*files, "manifest.json")))
    return Leavings(
        video_ids=tuple(video_ids),
        packages=tuple(packages),
        pictures=tuple(file for picture in pictures for file in artwork.files_of(picture)),
        sources=tuple(models.Source.objects.filter(video_id__in=video_ids).values_list("id", flat=True)),
    )


def _delete(name: str) -> None:
    try:
        default_storage.delete(name)
    except OSError as error:
        logger.warning("could not delete %s: %s", name, error)
