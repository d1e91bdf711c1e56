"""The job that adds a second ladder, in AV1, to a film that can be watched already: half the bits where it is decoded.

It works like the first encode (measured, the same grid and chunks, any worker, kill it at any time) but at the lowest
priority, and its programs run only on what the processors have left. The result is the current package with more
renditions in it; browsers that decode AV1 well are offered those, all others never hear of them. Events are hints: a
periodic look finds every film that has no AV1 yet, whenever it was published.
"""

import logging
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from catalog import manifests, store
from catalog.events import package_published
from catalog.manifests import package_id
from catalog.media import (
    chunks,
    complexity,
    crew,
    encoders,
    ladder,
    measuring,
    package,
    pertitle,
    plan,
    probe,
    shelf,
    straight,
    tools,
)
from catalog.media.errors import Refused, ToolFailed
from catalog.media.extend import extend
from catalog.media.facts import Facts
from catalog.media.ladder import Rung
from catalog.media.plan import Plan
from catalog.media.shelf import BaseGone
from catalog.models import Package, Source
from catalog.types import PackagePublished, RenditionKind
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

KIND = "catalog.add_av1"
IDLE, NEVER = "idle", "never"
#: Below everything else that waits, films that are wanted later included; and its parts' place below that.
PRIORITY = -2500
_PART = -500
#: How often it looks whether the machine has become idle, and whether parts are done, in seconds.
_LOOK_AGAIN = 60
#: How many films are taken up at once by the periodic look: they wait in the queue anyway.
_AT_ONCE = 2
_ENCODING_TO = 0.95
_MEASURED, _EXAMINED = "measured-av1.json", "facts.json"
_TRIES = 5
#: What comes first. The parts of an AV1 ladder are of these kinds, too, but no more urgent than itself.
_FIRST = (store.INGEST_KIND, chunks.CHUNK_KIND, chunks.EARLY_KIND, chunks.SOUND_KIND, measuring.KIND)


@dataclass(frozen=True, slots=True)
class _Film:
    path: Path
    facts: Facts


def register() -> None:
    """Offer the handler to workers, and look for films without AV1 now and then."""
    jobs.register(KIND)(handle)
    jobs.register_periodic("catalog.look_for_av1", timedelta(minutes=10))(look)
    package_published.connect(_hear, dispatch_uid="catalog.add_av1")


def look() -> None:
    """Take up films that can be watched and have no AV1 ladder yet, newest first, a few at a time."""
    if settings.AV1 == NEVER or not tools.self_test().has_svtav1:
        return
    waiting = sum(job.state in (JobState.QUEUED, JobState.RUNNING) for job in jobs.find(kind=KIND))
    for row in Package.objects.filter(replaced_at__isnull=True, complete=True, stage="ladder").order_by(
        "-published_at"
    ):
        if waiting >= _AT_ONCE:
            return
        waiting += _order(row)


def _hear(event: PackagePublished, **_more: object) -> None:
    """A package was published: its film may want AV1."""
    row = Package.objects.filter(id=event.package_id, complete=True, stage="ladder").first()
    if row is not None and settings.AV1 != NEVER:
        _order(row)


def _order(row: Package) -> bool:
    """Queue the job for this package's film if it wants one. A film that failed is not tried again by itself."""
    source = Source.objects.filter(video_id=row.video_id).order_by("-created_at").first()
    if source is None or source.quarantined_at or not store.source_file(source).exists():
        return False
    if (source.options.get("av1") or settings.AV1) == NEVER or has_av1(row.manifest):
        return False
    key = f"av1:{source.id}"
    last = jobs.latest([key]).get(key)
    if last is not None and last.state is not JobState.DONE:
        return False
    jobs.enqueue(
        KIND,
        payload={"label": f"{row.video}: AV1", "video": str(row.video_id), "source": str(source.id)},
        dedupe_key=key,
        priority=PRIORITY,
    )
    return True


def has_av1(manifest: str) -> bool:
    """Whether a package has pictures in AV1."""
    renditions = manifests.parse(manifest.encode()).renditions
    return any(one.kind is RenditionKind.VIDEO and one.codecs.startswith("av01") for one in renditions)


def handle(context: JobContext) -> None:
    """Add the ladder. The job's payload is {"video": uuid, "source": uuid}."""
    video_id, source_id = UUID(str(context.payload["video"])), UUID(str(context.payload["source"]))
    try:
        order = store.video_for_ingest(video_id=video_id, source_id=source_id)
    except store.VideoGone as gone:
        raise JobFailed("The title was removed meanwhile.") from gone
    _wait_for_idle(context)
    try:
        film = _examined(context, order.path, _burn(source_id))
        made = _plan(context, film)
        pieces = chunks.ensure(context, made, film.path, priority=_PART, sounds=False, share=_ENCODING_TO)
        if pieces is None:
            done = chunks.frames_there(context.shared_dir / made.key, made) / made.frames
            context.progress(_ENCODING_TO * done, "Encoding AV1 while the machine is idle")
            context.park(_LOOK_AGAIN)
        _extend(context, source_id, made, pieces)
    except chunks.PartFailed as failed:
        # The film can be watched as it is: nothing is lost but the saving.
        raise JobFailed(f"No AV1 for this film: {failed}") from failed
    except Refused as refused:
        raise JobFailed(f"No AV1 for this film: {refused.message}") from refused
    except FileNotFoundError as gone:
        raise JobFailed("The film's source is no longer there.") from gone
    except OSError as error:
        if chunks.is_full(error):
            chunks.wait_for_room(context, _ENCODING_TO)
        raise


def _wait_for_idle(context: JobContext) -> None:
    """Park while films wait to be made or are being made: people wait for those."""
    for kind in _FIRST:
        for state in (JobState.RUNNING, JobState.QUEUED):
            if any(job.priority > PRIORITY + 100 for job in jobs.find(kind=kind, state=state)):
                context.progress(0.0, "Waiting until the machine is idle")
                context.park(_LOOK_AGAIN)


def _burn(source_id: UUID) -> int | None:
    """Which picture subtitles are drawn into the picture: those of the other ladder."""
    source = Source.objects.filter(id=source_id).first()
    return store.options_of(source).burn if source else None


def _examined(context: JobContext, source: Path, burn: int | None) -> _Film:
    """The file to encode and its facts: found out by the first attempt, read by the others."""
    told = chunks.read_json(context.shared_dir / _EXAMINED)
    if told is not None and (path := chunks.found(told["source"])).exists():
        known = Facts.load(told["facts"])
        if known.burn == burn:
            return _Film(path, known)
    context.progress(0.0, "Checking the film")
    halt = crew.halt(context)
    path, facts = straight.straighten(source, probe.probe(source, halt=halt), context.shared_dir, halt=halt)
    facts = replace(facts, burn=burn)
    chunks.write_json(context.shared_dir / _EXAMINED, {"facts": facts.plain(), "source": chunks.place(path)})
    return _Film(path, facts)


def _plan(context: JobContext, film: _Film) -> Plan:
    """What to encode: the same grid as every other ladder of the film, other rungs, no sound."""
    made = plan.make(film.facts, preset="veryfast", tool=tools.ffmpeg().fingerprint)
    return replace(made, rungs=_rungs(context, film), preset=encoders.AV1_PRESET)


def _rungs(context: JobContext, film: _Film) -> tuple[Rung, ...]:
    """The film's own AV1 ladder; a fixed one where it cannot be measured."""
    width, height = film.facts.picture.display
    rate = film.facts.picture.rate
    told = chunks.read_json(context.shared_dir / _MEASURED)
    try:
        if told is None:
            context.progress(0.0, "Looking how the film is encoded best in AV1")
            measured = complexity.measure(
                film.facts, film.path, scratch=context.work_dir, halt=crew.halt(context), codec="av1"
            )
            chunks.write_json(context.shared_dir / _MEASURED, measured.plain())
        else:
            measured = pertitle.Measurement.load(told)
        return pertitle.rungs(measured, width=width, height=height, rate=rate, codec="av1")
    except (complexity.NotMeasurable, ToolFailed, ValueError, KeyError, TypeError) as error:
        logger.warning("%s gets a fixed AV1 ladder: %s", context.payload.get("label"), error)
        return pertitle.fixed_av1(ladder.rungs(width=width, height=height, rate=rate, ladder="standard"))


def _is_of_another(row: Package, source_id: UUID) -> bool:
    """Whether a package was (or may have been) made of a newer source than this one."""
    mine = Source.objects.filter(id=source_id).first()
    if mine is None:
        return True
    newer = Source.objects.filter(video_id=row.video_id, created_at__gt=mine.created_at)
    return newer.filter(created_at__lt=row.published_at).exists()


def _extend(context: JobContext, source_id: UUID, made: Plan, pieces: crew.Pieces) -> None:
    """Put the renditions beside those of whatever package is current now."""
    video_id = UUID(str(context.payload["video"]))
    tracks = package.plan_videos(made, pieces.chunks)
    frames = sum(piece.frames for piece in pieces.chunks)
    folder = context.work_dir / "package"
    chunks.check_join(context, pieces, _ENCODING_TO)
    for _try in range(_TRIES):
        row = Package.objects.filter(video_id=video_id, replaced_at__isnull=True).first()
        if row is None:
            raise JobFailed("The film has no package to add to.")
        if row.stage != "ladder" or not row.complete:
            context.park(_LOOK_AGAIN)  # it is being encoded anew; what comes of that gets the AV1
        if has_av1(row.manifest):
            return
        if made.facts.burn != _burn(source_id):
            context.park(_LOOK_AGAIN)  # encoded anew with other subtitles in the picture: so is this
        length = abs(row.duration.total_seconds() - float(frames / made.rate))
        if length > float(1 / made.rate) or _is_of_another(row, source_id):
            raise JobFailed("The film was replaced by another one meanwhile.")
        context.progress(_ENCODING_TO, "Putting the package together")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            manifest = extend(row.id, folder=folder, add_videos=tracks)
        except BaseGone:
            continue
        context.check()
        shelf.publish(folder, package_id(manifest))
        try:
            with context.commit():
                if not store.swap_package(video_id=video_id, base=row.id, manifest=manifest):
                    raise _Overtaken
        except _Overtaken:
            continue
        logger.info("%s is there, too.", context.payload.get("label"))
        return
    raise JobFailed("The film's package changes too often. Try again when it is finished.")


class _Overtaken(Exception):
    """Another package came between."""
