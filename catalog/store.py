"""What the media pipeline calls to read its orders and write its results: the only door from media to the rows.

Everything here may be called twice with the same arguments and ends in the same state: a job that was
taken over by another worker repeats what the first one had done.
"""

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog import artwork, manifests, types
from catalog.events import package_published
from catalog.models import Artwork, ContentKey, Package, Source, Video
from catalog.types import IngestOptions, IngestState, PackagePublished, SidecarText

logger = logging.getLogger(__name__)

#: The job that packages one video; its payload is {"video": uuid, "source": uuid, "options": {…}}.
INGEST_KIND = "catalog.ingest_video"
#: Its urgency: it only looks and hands out, so it comes before the work it hands out.
INGEST_PRIORITY = 60
#: So many workers may die over one step of it before it is given up; failures that are no deaths are counted apart.
INGEST_DEATHS = 10
#: The stage of packages that are replaced as soon as the ladder is there.
EARLY = "early"
#: When something of the film could first be watched, among the times of a source's states.
PLAYABLE = "playable"
#: Where a source's facts keep the times of its states, beside what the probe found.
_TIMES = "state_times"
UNKNOWN_REASON = "It failed and nothing was said about why. Try again; the log of the worker may tell more."


def ingest_key(source_id: UUID) -> str:
    """The dedupe key of the job that packages this source: one live job for one source."""
    return f"ingest:{source_id}"


class VideoGone(LookupError):
    """The video or its source was removed while the job waited: there is nothing left to do."""


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """What is to be packaged. `path` is the source's file, absolute; `source_name` is for people only."""

    video_id: UUID
    source_id: UUID
    title_id: UUID
    episode_id: UUID | None
    name: str
    path: Path
    source_name: str
    keep_source: bool
    facts: dict[str, Any]
    current_package: str | None
    #: Whether the current package is the last word on an earlier source (or this one): better than any early one.
    finished_before: bool = False


def source_path(source_id: UUID) -> Path:
    """Where a source's bytes are: a name of our own making, never the sender's."""
    return Path(settings.MEDIA_ROOT) / "sources" / str(source_id) / "source.bin"


def source_file(source: Source) -> Path:
    """The file to read: in the operator's library or archive, where it is only ever read, or at its place with us."""
    return Path(source.path) if source.path else source_path(source.id)


def options_of(source: Source) -> IngestOptions:
    """The options that the source was handed in with; those of a source from before they were kept are the usual."""
    return options_from({"keep_source": source.keep} | source.options)


def options_from(given: object) -> IngestOptions:
    """Options as they came through JSON; unknown names are ignored, so that old jobs outlive an upgrade."""
    known = {field.name for field in fields(IngestOptions)}
    values: dict[str, Any] = given if isinstance(given, dict) else {}
    chosen = {name: value for name, value in values.items() if name in known}
    chosen["text"] = tuple(_sidecar(one) for one in chosen.get("text") or ())
    return IngestOptions(**chosen)


def _sidecar(given: dict[str, Any]) -> SidecarText:
    return SidecarText(
        language=str(given.get("language", "und")),
        path=str(given["path"]),
        label=str(given.get("label", "")),
        purpose=str(given.get("purpose", "subtitles")),
    )


def video_for_ingest(*, video_id: UUID, source_id: UUID) -> VideoOrder:
    """The order for one job. Raises `VideoGone` when the video or the source is no longer there."""
    source = (
        Source.objects.select_related("video__title", "video__episode__season__title", "video__trailer_of")
        .filter(id=source_id, video_id=video_id)
        .first()
    )
    if source is None:
        raise VideoGone(video_id)
    video = source.video
    episode, title = video.episode, video.owner
    if title is None:
        raise VideoGone(video_id)
    return VideoOrder(
        video_id=video.id,
        source_id=source.id,
        title_id=title.id,
        episode_id=episode.id if episode else None,
        name=f"{title.name}: {episode}" if episode else str(video),
        path=source_file(source),
        source_name=source.name,
        keep_source=source.keep,
        facts={name: value for name, value in source.facts.items() if name != _TIMES},
        current_package=video.current_package_id,
        finished_before=_is_last_word(video.current_package_id),
    )


def mark_checking(*, video_id: UUID) -> None:
    """The source is being probed."""
    _set_state(video_id, Video.State.CHECKING)


def mark_encoding(*, video_id: UUID) -> None:
    """The source was found good and is being encoded."""
    _set_state(video_id, Video.State.ENCODING)


def mark_refused(*, video_id: UUID, reason: str, source_id: UUID | None = None) -> None:
    """A source cannot be used; its bytes are deleted. `reason` says why and what to do, for its sender.

    Without `source_id` the newest is meant. What is found wrong with an older one does not touch the newest.
    """
    newest = _newest(video_id)
    if source_id is not None and source_id != newest:
        delete_source(source_id=source_id)
        return
    _set_state(video_id, Video.State.REFUSED, reason)
    if newest is not None:
        delete_source(source_id=newest)


def mark_failed(*, video_id: UUID, reason: str, source_id: UUID | None = None) -> None:
    """Packaging went wrong for good, through no fault of the source. That an older source than the newest
    (`source_id`) failed is no news."""
    if source_id is None or source_id == _newest(video_id):
        _set_state(video_id, Video.State.FAILED, reason)


def quarantine(*, source_id: UUID, reason: str) -> None:
    """Set a source aside that killed or froze its encoder: nothing tries it again unless a person says so."""
    source = Source.objects.filter(id=source_id).first()
    if source is None:
        return
    Source.objects.filter(id=source_id).update(quarantined_at=timezone.now())
    mark_failed(video_id=source.video_id, reason=reason, source_id=source_id)


def _newest(video_id: UUID) -> UUID | None:
    """The source that was handed in last."""
    rows = Source.objects.filter(video_id=video_id).order_by("-created_at")
    return rows.values_list("id", flat=True).first()


def release_from_quarantine(*, source_id: UUID) -> None:
    """A person wants it tried once more."""
    Source.objects.filter(id=source_id).update(quarantined_at=None)


def set_source_facts(*, source_id: UUID, facts: Mapping[str, Any], duration: timedelta | None = None) -> None:
    """Keep what the probe found. `duration` becomes the video's, until a package says it exactly."""
    source = Source.objects.filter(id=source_id).first()
    if source is None:
        return
    source.facts = {**facts, _TIMES: source.facts.get(_TIMES, {})}
    source.save(update_fields=["facts"])
    if duration is not None:
        Video.objects.filter(sources__id=source_id, current_package__isnull=True).update(duration=duration)


@transaction.atomic
def record_package(
    *, video_id: UUID, manifest: bytes, replaces: str | None = None, stage: str = "ladder"
) -> str:
    """Make this manifest the video's package and return its id. Its files must be in storage already.

    With the stage 'early' people can watch, but the video is still being encoded; with any other it is ready.

    The same manifest twice gives the same row and one piece of news. `replaces` is what the caller believed
    to be current when it began; it is written to the log when another package came between.
    Raises `VideoGone`, `manifests.BadManifest`, and `ValueError` when the manifest is of another video or its key is
    not in the keyring.
    """
    parsed = manifests.parse(manifest)
    if parsed.video_id != video_id:
        raise ValueError(f"the manifest is of video {parsed.video_id}, not of {video_id}")
    _check_key(parsed)
    video = Video.objects.select_for_update().filter(id=video_id).first()
    if video is None:
        raise VideoGone(video_id)
    before = video.current_package_id
    if stage == EARLY and before != parsed.id and _is_last_word(before):
        return parsed.id  # another source's ladder came between: nobody is shown less than there is
    if before not in (replaces, parsed.id) and stage != EARLY:
        logger.warning("package %s replaces %s, not %s as its job thought", parsed.id, before, replaces)
    if before != parsed.id:
        Package.objects.filter(video_id=video_id, replaced_at__isnull=True).update(replaced_at=timezone.now())
        Package.objects.update_or_create(
            id=parsed.id,
            defaults={
                "video_id": video_id,
                "manifest": manifest.decode(),
                "duration": parsed.duration,
                "bytes": parsed.bytes,
                "stage": stage,
                "complete": parsed.complete,
                "replaced_at": None,
            },
        )
        news = PackagePublished(video_id=video_id, package_id=parsed.id, replaced=before)
        transaction.on_commit(partial(package_published.send_robust, sender=PackagePublished, event=news))
    video.current_package_id = parsed.id
    video.duration = parsed.expected or parsed.duration
    if stage == EARLY:
        video.save(update_fields=["current_package", "duration", "updated_at"])
        _note_time(video_id, PLAYABLE, first=True)
        return parsed.id
    video.state = Video.State.READY
    video.reason = ""
    video.save(update_fields=["current_package", "duration", "state", "reason", "updated_at"])
    _note_time(video_id, PLAYABLE, first=True)
    _note_time(video_id, Video.State.READY.value)
    transaction.on_commit(partial(_forget_old_sources, video_id))
    return parsed.id


def _check_key(package: types.Package) -> None:
    """Raise `ValueError` when a package is encrypted and its key is not in the keyring."""
    if package.encrypted and not ContentKey.objects.filter(package_id=package.id).exists():
        raise ValueError(f"the key of package {package.id} was not kept: nobody could play it")


def _is_last_word(package: str | None) -> bool:
    """Whether a package is whole and better than any early one."""
    return Package.objects.filter(id=package, complete=True).exclude(stage=EARLY).exists()


@transaction.atomic
def swap_package(*, video_id: UUID, base: str, manifest: bytes) -> bool:
    """Put a package that was made from `base` (other subtitles, more renditions) in its place, while it is current.

    False when another package has come between: the caller starts again from that one. Nothing else changes: where
    a newer source stands is not touched, and the package is of the base's stage. Its files must be in storage already.
    """
    parsed = manifests.parse(manifest)
    if parsed.video_id != video_id:
        raise ValueError(f"the manifest is of video {parsed.video_id}, not of {video_id}")
    _check_key(parsed)
    video = Video.objects.select_for_update().filter(id=video_id).first()
    if video is None:
        raise VideoGone(video_id)
    if video.current_package_id == parsed.id:
        return True
    before = Package.objects.filter(id=base, video_id=video_id).first()
    if before is None or video.current_package_id != base:
        return False
    now = timezone.now()
    Package.objects.filter(video_id=video_id, replaced_at__isnull=True).update(replaced_at=now)
    Package.objects.update_or_create(
        id=parsed.id,
        defaults={
            "video_id": video_id,
            "manifest": manifest.decode(),
            "duration": parsed.duration,
            "bytes": parsed.bytes,
            "stage": before.stage,
            "complete": parsed.complete,
            "replaced_at": None,
        },
    )
    Video.objects.filter(id=video_id).update(current_package_id=parsed.id, updated_at=now)
    news = PackagePublished(video_id=video_id, package_id=parsed.id, replaced=base)
    transaction.on_commit(partial(package_published.send_robust, sender=PackagePublished, event=news))
    return True


def needs_artwork(*, video_id: UUID) -> tuple[str, ...]:
    """Which pictures the pipeline should take from the film: those that nobody chose.

    For a film or a series 'poster' and 'backdrop'; for an episode also 'still'; none from a trailer.
    """
    video = Video.objects.select_related("episode__season").filter(id=video_id).first()
    if video is None or video.trailer_of_id:
        return ()
    title_id = video.episode.season.title_id if video.episode else video.title_id
    chosen = set(Artwork.objects.filter(Q(title_id=title_id)).values_list("kind", flat=True))
    wanted = [kind for kind in ("poster", "backdrop") if kind not in chosen]
    if video.episode and not Artwork.objects.filter(episode=video.episode, kind="still").exists():
        wanted.append("still")
    return tuple(wanted)


def set_artwork_from_film(*, video_id: UUID, kind: str, data: bytes) -> None:
    """Keep a picture that was taken from the film, unless a person chose one. Raises `artwork.BadImage`."""
    video = Video.objects.select_related("episode__season").filter(id=video_id).first()
    if video is None or video.trailer_of_id:
        return
    if kind == "still":
        if video.episode_id is None:
            return
        artwork.keep(kind=kind, data=data, episode_id=video.episode_id, automatic=True)
        return
    title_id = video.episode.season.title_id if video.episode else video.title_id
    artwork.keep(kind=kind, data=data, title_id=title_id, automatic=True)


def delete_source(*, source_id: UUID) -> None:
    """Delete a source's bytes, after packaging or refusal. The row stays: it tells what was sent.

    Only what is stored with us goes: a file in a library or an archive is never touched.
    """
    shutil.rmtree(source_path(source_id).parent, ignore_errors=True)


def state_of(*, video_id: UUID) -> IngestState:
    """Where the newest source stands, by the row alone. Raises `VideoGone`."""
    state = Video.objects.filter(id=video_id).values_list("state", flat=True).first()
    if state is None:
        raise VideoGone(video_id)
    return IngestState(state)


def times(*, source_id: UUID) -> dict[str, float]:
    """Seconds that a source spent in 'checking' and 'encoding', and from the beginning of checking until it was
    'playable'; what is not over is missing.
    """
    facts = Source.objects.filter(id=source_id).values_list("facts", flat=True).first() or {}
    began = {state: datetime.fromisoformat(text) for state, text in facts.get(_TIMES, {}).items()}
    order = [state for state in ("checking", "encoding", "ready", "refused", "failed") if state in began]
    took = {
        state: round((began[after] - began[state]).total_seconds(), 3)
        for state, after in pairwise(order)
        if state in ("checking", "encoding")
    }
    if PLAYABLE in began and "checking" in began:
        took[PLAYABLE] = round((began[PLAYABLE] - began["checking"]).total_seconds(), 3)
    return took


def _note_time(video_id: UUID, state: str, *, first: bool = False) -> None:
    """Remember when the newest source came into a state (`first`: for the first time): what took how long is asked
    afterwards.
    """
    source = Source.objects.filter(video_id=video_id).order_by("-created_at").first()
    if source is not None and not (first and state in source.facts.get(_TIMES, {})):
        source.facts = {
            **source.facts,
            _TIMES: {**source.facts.get(_TIMES, {}), state: timezone.now().isoformat()},
        }
        source.save(update_fields=["facts"])


def _set_state(video_id: UUID, state: Video.State, reason: str = "") -> None:
    if state in (Video.State.REFUSED, Video.State.FAILED) and not reason.strip():
        reason = UNKNOWN_REASON
    Video.objects.filter(id=video_id).update(state=state, reason=reason, updated_at=timezone.now())
    _note_time(video_id, state.value)


def _forget_old_sources(video_id: UUID) -> None:
    """The sources before the newest have had their day (what becomes of that one: catalog/retire.py)."""
    sources = list(Source.objects.filter(video_id=video_id).order_by("-created_at"))
    for source in sources[1:]:
        delete_source(source_id=source.id)
        source.delete()
