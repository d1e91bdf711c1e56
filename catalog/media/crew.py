"""What coordinating jobs and their parts share: the finished pieces of a film, and how programs are stopped."""

from dataclasses import dataclass

from catalog.media import sandbox
from catalog.media.encode import Piece
from catalog.media.sound import Wanted
from netflixlite.jobs.context import JobContext


@dataclass(frozen=True, slots=True)
class Pieces:
    """All finished pieces of a film, in order."""

    chunks: tuple[Piece, ...]
    sounds: tuple[tuple[Wanted, Piece], ...]


def halt(context: JobContext) -> sandbox.Halt:
    """Programs stop when the job has to."""
    return sandbox.Halt(context=context)
