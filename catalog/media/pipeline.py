"""The job that turns a source into a package: probe → something to watch soon → chunks by many hands → package.

It is a coordinator: each time it is woken it looks what is there, hands out what is missing, publishes what can be
watched, and parks. It may be killed at any moment and be taken up by another worker: what was found out and made waits
in the job's shared folder, a package appears by one rename, and the row that makes it current is written while the
job is held. What comes out does not depend on how often that happened.
"""

import logging
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import NoReturn
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import annotations, keyring, store
from catalog.manifests import package_id
from catalog.media import (
    chunks,
    crew,
    early,
    glimpses,
    hardware,
    ladder,
    measuring,
    package,
    plan,
    probe,
    refusals,
    shelf,
    sound,
    stills,
    straight,
    text,
    tools,
    trickplay,
)
from catalog.media.errors import Refused, Stalled, ToolFailed, ToolMissing
from catalog.media.facts import Facts
from catalog.media.plan import Plan
from catalog.media.tracks import Sheets, Written
from catalog.types import IngestOptions
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed

logger = logging.getLogger(__name__)

#: Where encoding begins and ends, and taking pictures begins, on the job's scale of 0 … 1.
_ENCODING_FROM, _ENCODING_TO, _PICTURES_FROM = 0.02, 0.94, 0.97
#: Room wanted on the disk: what the ladder is likely to be (this share of its caps), twice (pieces and package), and
#: this many bytes. Should it be more, each part waits for room by itself.
_LIKELY, _COPIES, _ROOM_SPARE = 0.6, 2, 256 * 1024**2
#: From this attempt on, an encoder that fails is told to people instead of being tried again.
_LAST_TRY = 2
#: From so many failures on that nobody foresaw, the job is given up.
_STUMBLES = 3
#: A file that changes while it is encoded is begun anew after so many seconds, until it has done so this often.
_CALM, _CHANGES = 20, 5
#: A coordinator is woken by its parts; it looks by itself after so many seconds.
_LOOK_AGAIN = 60
_FACTS = "facts.json"


@dataclass(frozen=True, slots=True)
class _Work:
    """What one attempt works with."""

    context: JobContext
    order: store.VideoOrder
    options: IngestOptions


@dataclass(frozen=True, slots=True)
class _Film:
    """The file that is encoded (the source, or a straightened copy of it) and what is known of it."""

    path: Path
    facts: Facts
    mark: list[int] | None


def register() -> None:
    """Offer the handlers to workers, and have them tidy the shelf now and then."""
    jobs.register(store.INGEST_KIND)(handle)
    chunks.register()
    measuring.register()
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
        _advance(work)
    except Refused as refused:
        if (failed := refusals.blamed_on_machine(refused)) is not None:
            _tool_failed(work, failed)
        logger.info("%s (%s) is refused: %s", order.name, order.source_name, refused.code)
        _discard(context)
        store.mark_refused(video_id=video_id, source_id=source_id, reason=refused.message)
        raise JobFailed(refused.message) from refused
    except ToolMissing as missing:
        store.mark_failed(video_id=video_id, source_id=source_id, reason=str(missing))
        raise JobFailed(str(missing)) from missing
    except chunks.SourceChanged as changed:
        _begin_anew(work, changed)
    except chunks.PartFailed as failed:
        _give_up(work, failed)
    except (ToolFailed, OSError) as failed:
        if chunks.is_full(failed):
            chunks.wait_for_room(context, _ENCODING_FROM)
        if isinstance(failed, OSError):
            _stumbled(work, failed)
        _tool_failed(work, failed)
    except JobFailed:
        raise
    except Exception as error:
        _stumbled(work, error)


def _advance(work: _Work) -> None:
    """Do what can be done now; park when the rest is in other hands."""
    context = work.context
    film = _examined(work)
    _check_unchanged(film)
    state = early.begin(
        context,
        film.facts,
        wanted=work.options.early and not work.order.finished_before,
        burn=film.facts.burn is not None,
    )
    video_id = work.order.video_id
    if state.mode == early.COPY:
        state = early.publish_copy(context, video_id, film.facts, film.path)
    if state.mode == early.GROW:
        state = early.grow(context, video_id, film.facts, film.path, state)
    made = _plan(work, film)
    if made is None:
        _wait(work, "Looking how the film is encoded best")
    _check_room(work, made)
    share, at_once = _ENCODING_TO - _ENCODING_FROM, work.options.encoders
    pieces = chunks.ensure(context, made, film.path, share=share, at_once=at_once)
    if pieces is None:
        glimpses.show(context, video_id, state.package)  # while others encode
        _wait(
            work, _encoding_note(made), chunks.frames_there(context.shared_dir / made.key, made) / made.frames
        )
    _finish(work, film, made, pieces)


def _examined(work: _Work) -> _Film:
    """The film and its facts: probed by the first attempt, read by the others."""
    context, order = work.context, work.order
    told = chunks.read_json(context.shared_dir / _FACTS)
    if told is not None and (path := chunks.found(told["source"])).exists():
        return _Film(path, Facts.load(told["facts"]), told.get("mark", chunks.mark(path)))
    store.mark_checking(video_id=order.video_id)
    context.progress(0.0, "Checking the film")
    before = chunks.mark(order.path)
    source, facts = straight.straighten(
        order.path,
        probe.probe(order.path, halt=crew.halt(context)),
        context.shared_dir,
        halt=crew.halt(context),
    )
    if work.options.burn is not None:
        if work.options.burn not in {words.index for words in text.pictures(facts)}:
            raise JobFailed(
                "The film has no such picture subtitles to draw into the picture. Choose others, or none."
            )
        facts = replace(facts, burn=work.options.burn)
    store.set_source_facts(
        source_id=order.source_id, facts=facts.plain(), duration=timedelta(seconds=float(facts.duration))
    )
    context.check()
    store.mark_encoding(video_id=order.video_id)
    if chunks.mark(order.path) != before:
        raise chunks.SourceChanged
    mark = before if source == order.path else chunks.mark(source)
    told = {"facts": facts.plain(), "source": chunks.place(source), "mark": mark}
    chunks.write_json(context.shared_dir / _FACTS, told)
    return _Film(source, facts, mark)


def _check_unchanged(film: _Film) -> None:
    """Pieces of two different files make no film: one of a library may still be growing, or be replaced."""
    if film.path.stat().st_size != film.facts.bytes or chunks.mark(film.path) != film.mark:
        raise chunks.SourceChanged


def _begin_anew(work: _Work, changed: chunks.SourceChanged) -> NoReturn:
    """The file is another one now: forget all pieces and look at it again, a few times."""
    context = work.context
    times = int(context.checkpoint.get("changed", 0)) + 1
    for part in jobs.children(context.job_id):
        jobs.cancel(part.id)
    _discard(context)
    if times >= _CHANGES:
        raise JobFailed(
            "The file was changed while it was being encoded. Try again when it is complete."
        ) from changed
    context.save_checkpoint({"changed": times})
    context.progress(0.0, "The file was changed or replaced: starting again with it as it is now")
    context.park(_CALM)


def _plan(work: _Work, film: _Film) -> Plan | None:
    """What is to be made; None while the film is still being measured."""
    options = work.options
    name = options.ladder or settings.LADDER
    try:
        if name == measuring.PER_TITLE:
            rungs = measuring.rungs(work.context, film.facts, film.path, preset=options.preset)
            if rungs is None:
                return None
        else:
            width, height = film.facts.picture.display
            rungs = ladder.rungs(width=width, height=height, rate=film.facts.picture.rate, ladder=name)
        if options.encoder == "hardware":
            choice = hardware.choose()
            logger.info("%s: %s", work.order.name, choice.words)
            rungs = hardware.equip(rungs, choice)
        return plan.make(film.facts, rungs=rungs, preset=options.preset, tool=tools.ffmpeg().fingerprint)
    except ValueError as error:
        raise JobFailed(f"The options make no sense: {error}.") from error


def _finish(work: _Work, film: _Film, made: Plan, pieces: crew.Pieces) -> None:
    """Put the package together, publish it, and end the job."""
    context, order = work.context, work.order
    key = keyring.wanted(order.video_id)
    chunks.check_join(context, pieces, _ENCODING_TO, copies=1 if key is None else 2)
    _check_unchanged(film)
    context.progress(_ENCODING_TO, "Putting the package together")
    texts = _texts(work, film, made, pieces)
    sheets = _sheets(work, made, pieces)
    manifest = _build(work, made, pieces, texts, context.work_dir / "package", key, sheets)
    context.check()
    _take_pictures(work, made, pieces, manifest, key)
    name = package_id(manifest)
    told = {one.name: sound.loudness_of(piece.folder) for one, piece in pieces.sounds}
    annotations.keep_loudness(order.source_id, told)
    shelf.publish(context.work_dir / "package", name)
    with context.commit():
        shelf.confirm(name)
        if key is not None:
            keyring.keep(name, video_id=order.video_id, key=key)
        store.record_package(video_id=order.video_id, manifest=manifest, replaces=order.current_package)
        keep = work.options.keep_source and order.keep_source
        # Else AV1 is made of it first, or somebody wants it encoded anew already.
        if not keep and (work.options.av1 or settings.AV1) == "never" and _is_latest(context, order):
            transaction.on_commit(partial(store.delete_source, source_id=order.source_id), robust=True)
    logger.info("%s (%s) can be played.", order.name, order.source_name)


def _is_latest(context: JobContext, order: store.VideoOrder) -> bool:
    """Whether nobody has asked for the same source again meanwhile."""
    key = store.ingest_key(order.source_id)
    latest = jobs.latest([key]).get(key)
    return latest is None or latest.id == context.job_id


def _build(
    work: _Work,
    made: Plan,
    pieces: crew.Pieces,
    texts: list[Written],
    folder: Path,
    key: bytes | None,
    sheets: Sheets | None = None,
) -> bytes:
    folder.mkdir(parents=True)
    return package.assemble(
        made,
        video_id=work.order.video_id,
        chunks=pieces.chunks,
        sounds=pieces.sounds,
        texts=texts,
        folder=folder,
        sheets=sheets,
        key=key,
    )


def _sheets(work: _Work, made: Plan, pieces: crew.Pieces) -> Sheets | None:
    """Small pictures for scrubbing. A film without them is still a film."""
    small = package.plan_videos(made, pieces.chunks)[-1]
    try:
        return trickplay.make(small, scratch=work.context.work_dir, halt=crew.halt(work.context))
    except (ToolFailed, OSError) as error:
        logger.warning("%s: no pictures for scrubbing were drawn: %s", work.order.name, error)
        return None


def _texts(work: _Work, film: _Film, made: Plan, pieces: crew.Pieces) -> list[Written]:
    """Subtitles, written anew for a film of exactly this length."""
    duration = sum(piece.frames for piece in pieces.chunks) / made.rate
    return text.gather(
        film.facts,
        source=film.path,
        named=[*work.options.text, *text.beside(work.order.path)],
        duration=float(duration),
        uploaded=annotations.text_tracks(work.order.video_id, duration=float(duration)),
        scratch=work.context.work_dir,
        halt=crew.halt(work.context),
    )


def _take_pictures(work: _Work, made: Plan, pieces: crew.Pieces, manifest: bytes, key: bytes | None) -> None:
    """Poster, backdrop and still from the film, where nobody chose any. A film without pictures is still a film."""
    context, video_id = work.context, work.order.video_id
    wanted = tuple({*store.needs_artwork(video_id=video_id), *glimpses.provisional(context)})
    if not wanted:
        return
    context.progress(_PICTURES_FROM, "Choosing pictures")
    folder = context.work_dir / "package"
    try:
        if key is not None:  # pictures are read from what can be read
            folder = context.work_dir / "clear"
            manifest = _build(work, made, pieces, [], folder, None)
        pictures = stills.take(
            wanted, folder=folder, manifest=manifest, scratch=context.work_dir, halt=crew.halt(context)
        )
        for kind, data in pictures.items():
            context.check()
            store.set_artwork_from_film(video_id=video_id, kind=kind, data=data)
    except (ToolFailed, OSError, ValueError) as error:
        logger.warning("%s: no pictures were taken: %s", work.order.name, error)


def _wait(work: _Work, note: str, fraction: float = 0.0) -> NoReturn:
    """Show how far it is, and sleep until a part ends."""
    work.context.progress(_ENCODING_FROM + (_ENCODING_TO - _ENCODING_FROM) * fraction, note)
    work.context.park(_LOOK_AGAIN)


def _encoding_note(made: Plan) -> str:
    return f"Encoding {made.rungs[0].label} to {made.rungs[-1].label}"


def _check_room(work: _Work, made: Plan) -> None:
    """Wait with what the disk cannot hold: pieces and package stand side by side for a moment."""
    done = work.context.shared_dir / made.key
    if done.exists():
        return  # it had room when it began; each part looks for itself
    seconds = float(made.facts.duration)
    most = sum(rung.cap for rung in made.rungs) + sum(one.bit_rate for one in sound.wanted(made.facts))
    needed = int(most * _LIKELY / 8 * seconds * _COPIES) + _ROOM_SPARE
    free = chunks.room_left()
    if free < needed:
        note = (
            f"Waiting for room on the disk: about {needed / 1024**3:.1f} GB are needed and "
            f"{free / 1024**3:.1f} GB are free. Make room."
        )
        _wait(work, note)


def _give_up(work: _Work, failed: chunks.PartFailed) -> NoReturn:
    """A piece of the film cannot be made."""
    _discard(work.context)
    if failed.poison:
        reason = (
            f"This film was set aside, because it stopped the program that encodes it again and again ({failed}). "
            "Convert it with another program and hand it in again, or delete it."
        )
        store.quarantine(source_id=work.order.source_id, reason=reason)
    else:
        reason = _explain(str(failed))
        store.mark_failed(video_id=work.order.video_id, source_id=work.order.source_id, reason=reason)
    raise JobFailed(reason) from failed


def _tool_failed(work: _Work, failed: ToolFailed) -> NoReturn:
    """A program failed in a step of the coordinator's own: try again, then say so."""
    context, order = work.context, work.order
    logger.warning("%s: %s\n%s", order.name, failed, failed.tail)
    tried = list(context.checkpoint.get("failed", ()))
    if context.attempt < _LAST_TRY and failed.what not in tried:
        # Remembered by name: other steps that get further meanwhile must not hide that this one never will.
        context.save_checkpoint(context.checkpoint | {"failed": [*tried, failed.what]})
        raise failed
    if isinstance(failed, Stalled):
        _give_up(work, chunks.PartFailed(str(failed), poison=True))
    _discard(context)
    reason = _explain(str(failed))
    store.mark_failed(video_id=order.video_id, source_id=order.source_id, reason=reason)
    raise JobFailed(reason) from failed


def _stumbled(work: _Work, error: Exception) -> NoReturn:
    """Something that nobody foresaw: a few tries, however many workers have died meanwhile."""
    context = work.context
    times = int(context.checkpoint.get("stumbled", 0)) + 1
    if times >= _STUMBLES:
        _discard(context)
        reason = f"It went wrong {times} times: {error}. The worker's log has more."
        store.mark_failed(video_id=work.order.video_id, source_id=work.order.source_id, reason=reason)
        raise JobFailed(reason) from error
    context.save_checkpoint(context.checkpoint | {"stumbled": times})
    raise error


def _discard(context: JobContext) -> None:
    """Remove what was half made."""
    shutil.rmtree(context.work_dir, ignore_errors=True)
    shutil.rmtree(context.shared_dir, ignore_errors=True)


def _explain(what: str) -> str:
    """Words for people when the encoder gave up on a film that looked fine."""
    return (
        f"{what}. The film may be damaged: convert it with another program, then hand it in again. The worker's log "
        "has more."
    )
