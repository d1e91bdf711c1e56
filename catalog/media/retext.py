"""The job that gives a finished film other subtitles: a new package of the same picture and sound, in seconds.

What it makes depends only on the rows of uploaded subtitles and on the current package, so it may be done twice. When
another package comes between, or another upload, it starts again from those.
"""

import logging
import shutil
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction

from catalog import annotations, manifests, store, types
from catalog.events import package_published
from catalog.manifests import package_id
from catalog.media import shelf, text
from catalog.media.extend import extend
from catalog.media.shelf import BaseGone
from catalog.media.tracks import Written
from catalog.models import Package, Video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed

logger = logging.getLogger(__name__)

KIND = "catalog.retext"
#: Before other work: an operator sits and waits, and it takes a second.
_PRIORITY = 500
_TRIES = 5


class _Overtaken(Exception):
    """Something changed while the package was made."""


def register() -> None:
    """Offer the handler to workers, and look after every package that is published."""
    jobs.register(KIND)(handle)
    package_published.connect(_look, dispatch_uid="catalog.retext")


def ask(video_id: UUID, *, drop: str = "") -> None:
    """Have the package agree with the uploaded subtitles soon. `drop` names a text track of it that is to go."""
    video = Video.objects.select_related("title", "episode__season__title").filter(id=video_id).first()
    if video is None or video.current_package_id is None:
        return  # they are packaged with the film
    jobs.enqueue(
        KIND,
        payload={"label": str(video), "video": str(video_id), "drop": drop},
        dedupe_key=f"retext:{video_id}:{drop}",
        priority=_PRIORITY,
    )


def handle(context: JobContext) -> None:
    """Make the package anew. The payload is {"video": uuid, "drop": name or ''}."""
    video_id, drop = UUID(str(context.payload["video"])), str(context.payload.get("drop", ""))
    for _try in range(_TRIES):
        try:
            _retext(context, video_id, drop)
            return
        except store.VideoGone:
            return  # removed meanwhile
        except (_Overtaken, BaseGone):
            logger.info("the subtitles of video %s: another package came between, starting again", video_id)
    raise JobFailed("The film's package changes too often. Try again when it is finished.")


def agrees(package: types.Package, video_id: UUID) -> bool:
    """Whether a package has just the subtitles that were uploaded, besides its own."""
    row = Package.objects.filter(id=package.id).values_list("manifest", flat=True).first()
    wanted = annotations.text_tracks(video_id, duration=package.duration.total_seconds())
    return row is not None and _has(row.encode()) == annotations.digests(wanted)


def _retext(context: JobContext, video_id: UUID, drop: str) -> None:
    row = Package.objects.filter(video_id=video_id, replaced_at__isnull=True).first()
    if row is None:
        return
    context.progress(0.1, "Adding subtitles")
    parsed = manifests.parse(row.manifest.encode())
    uploaded = annotations.text_tracks(video_id, duration=parsed.duration.total_seconds())
    own = [
        _read(row.id, one)
        for one in parsed.renditions
        if one.kind is types.RenditionKind.TEXT and one.name != drop and not one.uploaded
    ]
    folder = context.work_dir / "package"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest = extend(row.id, folder=folder, texts=[*uploaded, *own][: text.TRACKS_MAX])
    context.check()
    made = package_id(manifest)
    if made != row.id:
        shelf.publish(folder, made)
    with context.commit():
        again = annotations.text_tracks(video_id, duration=parsed.duration.total_seconds())
        if annotations.digests(again) != annotations.digests(uploaded):
            raise _Overtaken
        shelf.confirm(made)
        if made != row.id and not store.swap_package(video_id=video_id, base=row.id, manifest=manifest):
            raise _Overtaken
    logger.info("video %s has %d text tracks now", video_id, len(uploaded) + len(own))


def _read(package: str, rendition: types.Rendition) -> Written:
    """A text track of a published package, to be packaged again."""
    with default_storage.open(manifests.key(package, rendition.file), "rb") as file:
        data = bytes(file.read(text.BYTES_MAX * 2))
    return Written(
        language=rendition.language,
        label=rendition.label,
        data=data,
        default=rendition.default,
        forced=rendition.forced,
        hearing_impaired=rendition.hearing_impaired,
    )


def _has(manifest: bytes) -> list[tuple[str, str, str]]:
    """The uploaded text tracks of a package, as `annotations.digests` tells them."""
    renditions = manifests.parse(manifest).renditions
    return [
        (one.language, one.label, one.sha256)
        for one in renditions
        if one.kind is types.RenditionKind.TEXT and one.uploaded
    ]


def _look(event: types.PackagePublished, **_: object) -> None:
    """A package that was being made while somebody uploaded subtitles lacks them: see to it."""
    text_now = (
        Package.objects.filter(id=event.package_id, complete=True).values_list("manifest", flat=True).first()
    )
    if text_now is None:
        return
    parsed = manifests.parse(text_now.encode())
    wanted = annotations.text_tracks(event.video_id, duration=parsed.duration.total_seconds())
    if _has(text_now.encode()) != annotations.digests(wanted):
        transaction.on_commit(lambda: ask(event.video_id))
