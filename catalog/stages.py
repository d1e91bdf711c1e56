"""How far a source has come, in the few steps that people understand. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from catalog.types import IngestState


class Step(StrEnum):
    """The steps of every film, in order."""

    RECEIVED = "received"
    CHECKED = "checked"
    PLAYABLE = "playable"
    LADDER = "ladder"
    AV1 = "av1"


class Mark(StrEnum):
    """Where a step stands."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    BAD = "bad"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Second:
    """The second ladder: whether it is wanted, under way, there."""

    wanted: bool
    running: bool
    there: bool


def steps(state: IngestState, *, playable: bool, checked: bool, second: Second) -> dict[Step, Mark]:
    """Every step's mark. `playable`: viewers can watch something; `checked`: the probe found this source good."""
    marks = dict.fromkeys(Step, Mark.LATER)
    marks[Step.RECEIVED] = Mark.NOW if state is IngestState.RECEIVING else Mark.DONE
    if playable:
        marks[Step.PLAYABLE] = Mark.DONE
    if checked or state in (IngestState.ENCODING, IngestState.READY):
        marks[Step.CHECKED] = Mark.DONE
    if state is IngestState.CHECKING:
        marks[Step.CHECKED] = Mark.NOW
    elif state is IngestState.ENCODING:
        marks[Step.LADDER if playable else Step.PLAYABLE] = Mark.NOW
    elif state is IngestState.READY:
        marks[Step.LADDER] = Mark.DONE
    elif state is IngestState.REFUSED:
        marks[Step.CHECKED] = Mark.BAD
    elif state is IngestState.FAILED:
        failed = next(
            step for step in (Step.CHECKED, Step.PLAYABLE, Step.LADDER) if marks[step] is not Mark.DONE
        )
        marks[failed] = Mark.BAD
    marks[Step.AV1] = _second(second, ready=state is IngestState.READY)
    return marks


def _second(second: Second, *, ready: bool) -> Mark:
    """While a film is encoded anew, what there is in AV1 is of the old package: it will be made again."""
    if second.there and ready:
        return Mark.DONE
    if second.running:
        return Mark.NOW
    return Mark.LATER if second.wanted else Mark.SKIPPED
