"""One row of the corpus: how a file is made and what must become of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: What stands in the four corners of every good film here, as red, green and blue.
CORNERS = {"R": (190, 40, 40), "G": (40, 160, 60), "B": (40, 60, 190), "W": (200, 200, 200)}


@dataclass(frozen=True, slots=True)
class Plays:
    """What a good row must give: the size and rate of the largest rendition (None: not asked), its length in seconds,
    how many sound and text renditions, and which colours stand in its corners (top left, top right, bottom left,
    bottom right), each channel within `tolerance`; '' when the colours are not to be judged."""

    size: tuple[int, int] = (320, 180)
    rate: float | None = 25
    seconds: float = 2.0
    sounds: int = 1
    texts: int = 0
    corners: str = "RGBW"
    tolerance: int = 14


@dataclass(frozen=True, slots=True)
class Row:
    """`make` writes the file into a folder of its own and returns it; `odd` says for the table what is odd about it;
    `outcome` is what it must play as, or the code of its refusal."""

    name: str
    odd: str
    make: Callable[[Path], Path]
    outcome: Plays | str

    def line(self) -> str:
        """The row of the table in docs/sources.md."""
        told = self.outcome
        if isinstance(told, Plays):
            rate = "its rate made even" if told.rate is None else f"{told.rate:g} frames a second"
            words = f"plays: {told.size[0]} x {told.size[1]}, {rate}, {told.seconds:g} s"
            words += f", {told.texts} subtitles" if told.texts else ""
            words += ", no sound" if not told.sounds else ""
        else:
            words = f"refused: `{told}`"
        name = self.name.replace("|", "\\|")
        return f"| `{name}` | {self.odd} | {words} |"
