"""Something to watch while the ladder is being made: a copy of the source, or its lowest useful rung as it grows.

Each publication is an ordinary immutable package of its own; whoever watches an older one is handed over by the player.
"""

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from uuid import UUID

from catalog import keyring, store
from catalog.manifests import package_id
from catalog.media import chunks, crew, encode, facts, ladder, package, passthrough, plan, shelf, tools
from catalog.media.encode import Piece
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts
from catalog.media.plan import Plan
from catalog.media.tracks import SoundTrack, VideoTrack
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

COPY, GROW, OFF = "copy", "grow", "off"
#: Shorter films than this are encoded about as fast as they would be published early, in seconds.
_WORTH_IT = 12
#: The lowest rung that is still pleasant: at most this high.
_USEFUL = 432
#: It is thrown away when the ladder is there: quick rather than small.
_PRESET = "superfast"
#: Segments in the first chunks: the sooner the first is done, the sooner people watch.
_FIRST = (2, 4)
#: Chunks of the film's first so many seconds are urgent; later ones come behind measuring and sound, before the ladder.
_URGENT, _LATER = 150.0, 30
_KEY = "early"


@dataclass(frozen=True, slots=True)
class State:
    """How far early publishing is. `published` counts chunks; a finished copy is 1 and OFF. `package` is the newest."""

    mode: str
    published: int = 0
    package: str = ""


def begin(context: JobContext, known: Facts, *, wanted: bool, burn: bool = False) -> State:
    """How this film is published early: as it was begun, or as it fits."""
    told = context.checkpoint.get(_KEY)
    if told is not None:
        return State(**told)
    if not wanted:
        return State(OFF)
    if not burn and not facts.copyable(known) and chunks.room_left() > known.bytes + 2 * chunks.ROOM:
        return State(COPY)
    return State(GROW if known.duration >= _WORTH_IT else OFF)


def keep(context: JobContext, state: State) -> State:
    """Remember it for the attempts to come."""
    context.save_checkpoint(context.checkpoint | {_KEY: asdict(state)})
    return state


def publish_copy(context: JobContext, video_id: UUID, known: Facts, source: Path) -> State:
    """Publish the source without encoding it; when that does not work, the lowest rung grows instead."""
    context.progress(0.01, "Making it playable")
    try:
        copied = passthrough.copy(known, source, scratch=context.work_dir, halt=crew.halt(context))
    except ToolFailed as failed:
        if chunks.is_full(failed):
            raise
        logger.info("The film is not copied: %s", failed)
        return keep(context, State(GROW))
    try:
        name = publish(context, video_id, copied.videos, copied.sounds)
    except encode.Unsound as unsound:
        logger.info("The copied film cannot be packaged: %s", unsound)
        return keep(context, State(GROW))
    finally:
        shutil.rmtree(copied.folder, ignore_errors=True)
    return keep(context, State(OFF, 1, name))


def grow(context: JobContext, video_id: UUID, known: Facts, source: Path, state: State) -> State:
    """Hand out chunks of the lowest rung and publish what is there, when it is twice what was published."""
    made = rung_plan(known)
    try:
        pieces = chunks.ensure(
            context,
            made,
            source,
            kind=chunks.EARLY_KIND,
            priority=lambda chunk: chunks.EARLY if made.starts_at(chunk) < _URGENT else _LATER,
            sounds=False,
        )
    except chunks.PartFailed as failed:
        logger.warning("There is no early package: %s", failed)
        return keep(context, replace(state, mode=OFF))
    ready = pieces.chunks if pieces else chunks.there(context.shared_dir / made.key, made)
    complete = pieces is not None
    if not complete and len(ready) < max(1, 2 * state.published):
        return state
    try:
        name = _publish_grown(context, video_id, made, ready, source, complete=complete)
    except ToolFailed as failed:
        if chunks.is_full(failed):
            raise
        logger.warning("An early package was not made: %s", failed)
        return keep(context, replace(state, mode=OFF))
    return keep(context, State(OFF if complete else GROW, len(ready), name or state.package))


def rung_plan(known: Facts) -> Plan:
    """The plan of the lowest useful rung alone."""
    width, height = known.picture.display
    rungs = ladder.rungs(width=width, height=height, rate=known.picture.rate)
    rung = next((one for one in rungs if min(one.width, one.height) <= _USEFUL), rungs[-1])
    return plan.make(known, rungs=(rung,), preset=_PRESET, tool=tools.ffmpeg().fingerprint, first=_FIRST)


def publish(
    context: JobContext,
    video_id: UUID,
    videos: Sequence[VideoTrack],
    sounds: Sequence[SoundTrack],
    *,
    complete: bool = True,
    expected: Fraction | None = None,
) -> str:
    """Make these tracks the video's package, for the time being; returns its id."""
    folder = context.work_dir / "early"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    key = keyring.wanted(video_id)
    manifest = package.build(
        video_id=video_id,
        videos=videos,
        sounds=sounds,
        folder=folder,
        tool=tools.ffmpeg().fingerprint,
        complete=complete,
        expected=expected,
        key=key,
    )
    context.check()
    name = package_id(manifest)
    shelf.publish(folder, name)
    with context.effects():
        if key is not None:
            keyring.keep(name, video_id=video_id, key=key)
        store.record_package(video_id=video_id, manifest=manifest, stage=store.EARLY)
    logger.info("%s can be watched early as %s.", video_id, name)
    return name


def _publish_grown(
    context: JobContext, video_id: UUID, made: Plan, ready: Sequence[Piece], source: Path, *, complete: bool
) -> str:
    """A package of the chunks that are there, with sound of the same length; returns its id, '' when all are empty."""
    filled = [piece for piece in ready if piece.frames]
    if not filled:
        return ""
    short = replace(made, chunks=made.chunks[: len(ready)])
    folder = context.work_dir / "early-sound"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return publish(
            context,
            video_id,
            package.plan_videos(made, filled),
            [
                passthrough.quick_sound(short, one, source, folder, crew.halt(context))
                for one in passthrough.first_sounds(made.facts)
            ],
            complete=complete,
            expected=None if complete else made.frames / made.rate,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
