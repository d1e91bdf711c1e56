"""The job that turns a source into a package: probe → plan → encode → package → publish.

It may be killed at any moment and be taken up by another worker: finished pieces wait in the job's shared folder,
the package appears by one rename, and the row that makes it current is written in the transaction that ends the job.
What comes out does not depend on how often that happened.
"""

import errno
import logging
import shutil
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import store
from catalog.manifests import package_id
from catalog.media import crew, package, plan, probe, shelf, sound, stills, straight, text, tools
from catalog.media.errors import Refused, Stalled, ToolFailed, ToolMissing
from catalog.media.facts import Facts
from catalog.media.plan import Plan
from catalog.media.tracks import Written
from catalog.types import IngestOptions
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed

logger = logging.getLogger(__name__)

#: Where encoding begins and ends, and taking pictures begins, on the job's scale of 0 … 1.
_ENCODING_FROM, _ENCODING_TO, _PICTURES_FROM = 0.02, 0.94, 0.97
#: Room wanted on the disk: what the ladder can be at most, twice (pieces and package), and this many bytes.
_COPIES, _ROOM_SPARE = 2, 256 * 1024**2
#: From this attempt on, an encoder that fails is told to people instead of being tried again.
_LAST_TRY = 2


@dataclass(frozen=True, slots=True)
class _Work:
    """What one attempt works with."""

    context: JobContext
    order: store.VideoOrder
    options: IngestOptions


def register() -> None:
    """Offer the handler to workers, and have them tidy the shelf now and then."""
    jobs.register(store.INGEST_KIND)(handle)
    jobs.register_periodic("catalog.sweep_packages", timedelta(hours=6))(sweep)


def sweep() -> None:
    """Remove packages that nothing refers to."""
    shelf.sweep(now=timezone.now())


def handle(context: JobContext) -> None:
    """Package one video. The job's payload is {"video": uuid, "source": uuid, "options": {…}}."""
    payload = context.payload
    video_id, source_id = UUID(str(payload["video"])), UUID(str(payload["source"]))
    try:
        order = store.video_for_ingest(video_id=video_id, source_id=source_id)
    except store.VideoGone as gone:
        raise JobFailed("The title was removed meanwhile.") from gone
    work = _Work(context, order, store.options_from(payload.get("options")))
    try:
        _ingest(work)
    except Refused as refused:
        logger.info("%s (%s) is refused: %s", order.name, order.source_name, refused.code)
        _discard(context)
        store.mark_refused(video_id=video_id, reason=refused.message)
        store.delete_source(source_id=source_id)
        raise JobFailed(refused.message) from refused
    except ToolMissing as missing:
        store.mark_failed(video_id=video_id, reason=str(missing))
        raise JobFailed(str(missing)) from missing
    except ToolFailed as failed:
        logger.warning("%s: %s\n%s", order.name, failed, failed.tail)
        message = _no_room(order.path) if _is_full(failed.tail, order.path) else _explain(failed)
        tried = list(context.checkpoint.get("failed", ()))
        if context.attempt < _LAST_TRY and failed.what not in tried:
            # Remembered by name: other pieces that get further meanwhile must not hide that this one never will.
            context.save_checkpoint(context.checkpoint | {"failed": [*tried, failed.what]})
            raise
        _discard(context)
        store.mark_failed(video_id=video_id, reason=message)
        raise JobFailed(message) from failed
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT) or context.attempt < _LAST_TRY:
            raise
        message = _no_room(order.path)
        _discard(context)
        store.mark_failed(video_id=video_id, reason=message)
        raise JobFailed(message) from error


def _ingest(work: _Work) -> None:
    context, order = work.context, work.order
    store.mark_checking(video_id=order.video_id)
    context.progress(0.0, "Checking the film")
    source, facts = straight.straighten(
        order.path,
        probe.probe(order.path, halt=crew.halt(context)),
        context.shared_dir,
        halt=crew.halt(context),
    )
    store.set_source_facts(
        source_id=order.source_id, facts=facts.plain(), duration=timedelta(seconds=float(facts.duration))
    )
    made = _plan(facts, work.options)
    _check_room(made, source)
    context.check()
    store.mark_encoding(video_id=order.video_id)
    pieces = _encode(work, made, source)
    texts = _texts(work, made, pieces, source)
    context.progress(_ENCODING_TO, "Putting the package together")
    folder = context.work_dir / "package"
    folder.mkdir(parents=True)
    manifest = package.assemble(
        made, video_id=order.video_id, chunks=pieces.chunks, sounds=pieces.sounds, texts=texts, folder=folder
    )
    context.check()
    _take_pictures(work, folder, manifest)
    shelf.publish(folder, package_id(manifest))
    with context.commit():
        store.record_package(video_id=order.video_id, manifest=manifest, replaces=order.current_package)
        if not (work.options.keep_source and order.keep_source):
            transaction.on_commit(partial(store.delete_source, source_id=order.source_id), robust=True)
    logger.info("%s (%s) can be played.", order.name, order.source_name)


def _plan(facts: Facts, options: IngestOptions) -> Plan:
    try:
        return plan.make(
            facts, ladder_name=options.ladder, preset=options.preset, tool=tools.ffmpeg().fingerprint
        )
    except ValueError as error:
        raise JobFailed(f"The options make no sense: {error}.") from error


def _encode(work: _Work, made: Plan, source: Path) -> crew.Pieces:
    """Make what is not there yet, several pieces at once."""
    context = work.context

    def report(fraction: float, note: str) -> None:
        context.progress(_ENCODING_FROM + (_ENCODING_TO - _ENCODING_FROM) * fraction, note)

    return crew.encode_all(
        made,
        source=source,
        done=context.shared_dir / made.key,
        scratch=context.work_dir,
        context=context,
        report=report,
        at_once=work.options.encoders,
    )


def _texts(work: _Work, made: Plan, pieces: crew.Pieces, source: Path) -> list[Written]:
    """Subtitles, written anew for a film of exactly this length."""
    duration = sum(piece.frames for piece in pieces.chunks) / made.rate
    return text.gather(
        made.facts,
        source=source,
        named=[*work.options.text, *text.beside(work.order.path)],
        duration=float(duration),
        scratch=work.context.work_dir,
        halt=crew.halt(work.context),
    )


def _take_pictures(work: _Work, folder: Path, manifest: bytes) -> None:
    """Poster, backdrop and still from the film, where nobody chose any. A film without pictures is still a film."""
    context, video_id = work.context, work.order.video_id
    wanted = store.needs_artwork(video_id=video_id)
    if not wanted:
        return
    context.progress(_PICTURES_FROM, "Choosing pictures")
    try:
        pictures = stills.take(
            wanted, folder=folder, manifest=manifest, scratch=context.work_dir, halt=crew.halt(context)
        )
        for kind, data in pictures.items():
            context.check()
            store.set_artwork_from_film(video_id=video_id, kind=kind, data=data)
    except (ToolFailed, OSError, ValueError) as error:
        logger.warning("%s: no pictures were taken: %s", work.order.name, error)


def _check_room(made: Plan, source: Path) -> None:
    """Refuse to begin what the disk cannot hold: pieces and package stand side by side for a moment."""
    seconds = float(made.facts.duration)
    most = sum(rung.cap for rung in made.rungs) + len(made.facts.sounds) * sound.AUDIO_BITRATE
    needed = int(most / 8 * seconds * _COPIES) + _ROOM_SPARE
    free = _free(source)
    if free < needed:
        raise JobFailed(
            f"There is not enough room on the disk: up to {needed / 1024**3:.1f} GB are needed and "
            f"{free / 1024**3:.1f} GB are free. Make room, then try again."
        )


def _is_full(tail: str, source: Path) -> bool:
    """Whether a program failed for want of room: it says so, or there is none."""
    return "No space left" in tail or "quota exceeded" in tail or _free(source) < _ROOM_SPARE // 8


def _free(source: Path) -> int:
    """Bytes left where sources, packages and pieces are, whichever has least."""
    places = [place for place in (source.parent, Path(settings.WORK_DIR)) if place.exists()]
    return min(int(shutil.disk_usage(place).free) for place in places)


def _no_room(source: Path) -> str:
    return (
        f"The disk became full while the film was encoded ({_free(source) / 1024**3:.1f} GB are free now). "
        "Make room, then try again."
    )


def _discard(context: JobContext) -> None:
    """Remove what was half made."""
    shutil.rmtree(context.work_dir, ignore_errors=True)
    shutil.rmtree(context.shared_dir, ignore_errors=True)


def _explain(failed: ToolFailed) -> str:
    """Words for people when the encoder gave up on a film that looked fine."""
    if isinstance(failed, Stalled):
        return (
            f"{failed.what} stood still and was stopped. The film may be damaged there: convert it with another "
            "program, then hand it in again."
        )
    return (
        f"{failed}. The film may be damaged: convert it with another program, then hand it in again. The worker's log "
        "has more."
    )
