"""Has a film measured by whichever worker is free, and chooses its renditions when that is done."""

import logging
from pathlib import Path
from typing import Any

from catalog.media import chunks, complexity, crew, ladder, pertitle
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts
from catalog.media.ladder import Rung
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext, JobFailed, shared_folder
from netflixlite.jobs.types import JobState

logger = logging.getLogger(__name__)

PER_TITLE = "per-title"
KIND = "catalog.measure_film"
#: Beside an early package's chunks: the ladder waits for it.
_URGENCY = 45
_ORDER, _FOUND = "measure-{codec}.json", "measured-{codec}.json"


def register() -> None:
    """Offer the handler to workers."""
    jobs.register(KIND, heavy=True, group=chunks.GROUP)(measure)


def rungs(
    context: JobContext, facts: Facts, source: Path, *, preset: str, codec: str = "h264"
) -> tuple[Rung, ...] | None:
    """The film's own ladder; None while it is being measured. A film that cannot be measured gets the standard one."""
    width, height = facts.picture.display
    rate = facts.picture.rate
    told = chunks.read_json(context.shared_dir / _FOUND.format(codec=codec))
    if told is not None and (known := told.get("measurement")):
        try:
            measurement = pertitle.Measurement.load(known)
            return pertitle.rungs(measurement, width=width, height=height, rate=rate, codec=codec)
        except (KeyError, TypeError, ValueError) as error:
            logger.warning("What was measured cannot be used: %s", error)
            told = {"why": str(error)}
    if told is None and not _has_failed(context, codec):
        _order(context, facts, source, preset, codec)
        return None
    return ladder.rungs(width=width, height=height, rate=rate)


def measure(context: JobContext) -> None:
    """The handler: measure the film of the parent job. Payload: {"codec": …}."""
    if context.parent_id is None:
        raise JobFailed("Measuring is a part of another job.")
    folder, codec = shared_folder(context.parent_id), str(context.payload["codec"])
    told = chunks.read_json(folder / _ORDER.format(codec=codec))
    if told is None:
        raise JobFailed("What was to be measured is gone.")
    if chunks.room_left() < chunks.ROOM:
        chunks.wait_for_room(context)
    try:
        found = complexity.measure(
            Facts.load(told["facts"]),
            chunks.found(told["source"]),
            scratch=context.work_dir,
            halt=crew.halt(context),
            on_progress=lambda share: context.progress(share, "Looking how the film is encoded best"),
            codec=codec,
            preset=str(told["preset"]),
        )
        answer: dict[str, Any] = {"measurement": found.plain()}
    except (complexity.NotMeasurable, ToolFailed) as error:
        logger.warning("The film is not measured, it gets the standard ladder: %s", error)
        answer = {"why": str(error)}
    chunks.write_json(folder / _FOUND.format(codec=codec), answer)


def _order(context: JobContext, facts: Facts, source: Path, preset: str, codec: str) -> None:
    order = {"facts": facts.plain(), "source": chunks.place(source), "preset": preset}
    chunks.write_json(context.shared_dir / _ORDER.format(codec=codec), order)
    jobs.enqueue(
        KIND,
        payload={"label": f"{context.payload.get('label', '')}: measuring", "codec": codec},
        dedupe_key=f"{context.job_id.hex}:measure:{codec}",
        priority=chunks.urgency(context) + _URGENCY,
        parent=context.job_id,
    )


def _has_failed(context: JobContext, codec: str) -> bool:
    """Whether the worker died of it too often: then the film is encoded without."""
    return any(
        part.kind == KIND and part.payload.get("codec") == codec and part.state is JobState.FAILED
        for part in jobs.children(context.job_id)
    )
