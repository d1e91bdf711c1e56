"""Keeps spoken words as the current packages have them: when one is published, and by looking for missed ones."""

import logging
from datetime import timedelta
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog import manifests, models, types
from catalog.events import package_published
from catalog.media.text import BYTES_MAX
from catalog.spoken.lines import lines
from catalog.spoken.rows import SpokenLine, SpokenTrack, SpokenVideo
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

KIND = "catalog.spoken"
#: After what people wait for.
_PRIORITY = -100


def register() -> None:
    """Offer the handler, listen to packages, and look for missed ones now and then."""
    jobs.register(KIND)(handle)
    jobs.register_periodic("catalog.spoken", timedelta(minutes=2))(look)
    package_published.connect(_published, dispatch_uid="catalog.spoken")


def handle(context: JobContext) -> None:
    """Make the spoken words of all videos agree whose package is not the one their words are of."""
    missed = list(_missed().values_list("id", flat=True))
    for place, video_id in enumerate(missed):
        context.check()
        context.progress(place / len(missed), "Reading subtitles")
        learn(video_id)


def look() -> None:
    """Have videos looked after that were missed, if there are any."""
    if _missed().exists():
        jobs.enqueue(KIND, payload={"label": "Spoken words"}, dedupe_key="spoken", priority=_PRIORITY)


def _missed() -> QuerySet[models.Video]:
    known = SpokenVideo.objects.filter(video=OuterRef("pk"), package_id=OuterRef("current_package_id"))
    whole = models.Video.objects.filter(current_package__complete=True)
    whole = whole.filter(
        Q(title__isnull=False) | Q(episode__isnull=False)
    )  # a trailer's words are the film's
    return whole.exclude(Exists(known)).order_by("created_at")


@transaction.atomic
def learn(video_id: UUID) -> int:
    """Make a video's spoken words agree with its current package; returns how many languages it has.

    A track that is the same as before stays as it is. A package that is not complete yet changes nothing.
    """
    video = (
        models.Video.objects.select_for_update(of=("self",))
        .select_related("current_package", "episode__season")
        .filter(id=video_id)
        .first()
    )
    if video is None:
        return 0
    package = video.current_package
    if package is None:
        SpokenVideo.objects.filter(video=video).delete()
        return 0
    if not package.complete:
        return 0
    title_id = video.episode.season.title_id if video.episode else video.title_id
    if title_id is None:
        return 0
    wanted = _by_language(manifests.parse(package.manifest.encode()))
    spoken, _made = SpokenVideo.objects.update_or_create(
        video=video, defaults={"title_id": title_id, "package_id": package.id}
    )
    present = {track.language: track for track in spoken.tracks.all()}
    for language, track in present.items():
        if language not in wanted or wanted[language].sha256 != track.sha256:
            track.delete()
    for language, rendition in wanted.items():
        before = present.get(language)
        if before is None or before.sha256 != rendition.sha256:
            _add(spoken, language, package.id, rendition)
    return len(wanted)


def _add(spoken: SpokenVideo, language: str, package_id: str, rendition: types.Rendition) -> None:
    with default_storage.open(manifests.key(package_id, rendition.file), "rb") as file:
        text = bytes(file.read(BYTES_MAX * 2)).decode(errors="replace")
    track = SpokenTrack.objects.create(spoken=spoken, language=language, sha256=rendition.sha256)
    SpokenLine.objects.bulk_create(
        (
            SpokenLine(track=track, start_ms=round(line.start * 1000), text=line.text, words=line.words)
            for line in lines(text)
        ),
        batch_size=500,
    )


def _by_language(package: types.Package) -> dict[str, types.Rendition]:
    """One text track of each language: the usual one before that for the deaf, and forced ones last."""
    texts = [one for one in package.renditions if one.kind is types.RenditionKind.TEXT]
    texts.sort(key=lambda one: (one.forced, one.hearing_impaired, one.index))
    found: dict[str, types.Rendition] = {}
    for one in texts:
        found.setdefault(one.language, one)
    return found


def _published(event: types.PackagePublished, **_more: object) -> None:
    """A worker has just published a package: its subtitles are read in a fraction of a second."""
    learn(event.video_id)
