"""What is decided for a page, and what a browser says was seen of it. Ids and numbers only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

#: A day's draws are the same all day, in UTC.
DAY_SECONDS = 86_400


class Arranged(NamedTuple):
    """Rows in the order to show. `propensities[i]` is how likely the row at place i was to stand there (0 … 1; 1.0 for
    the fixed head, and everywhere when nothing is tried)."""

    order: tuple[str, ...]
    propensities: tuple[float, ...]


class Tried(NamedTuple):
    """A title to put at `position` (0 is the first card) of a row; `propensity` is how likely just that was."""

    title_id: UUID
    position: int
    propensity: float


class Drafted(NamedTuple):
    """Two rankings in one. `teams[i]` is the arm ('' when both are the same list) that gave the title at place i."""

    order: tuple[UUID, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """One tried slot as it is kept: the options it was drawn from, each with its prior and what was known of it."""

    row_key: str
    tried: Tried
    options: tuple[tuple[UUID, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that was decided for one page. It goes to the browser signed, and comes back with what was seen."""

    profile_id: UUID
    request_id: UUID
    at: float
    given: tuple[str, ...] = ()
    fixed: int = 0
    order: tuple[str, ...] = ()
    propensities: tuple[float, ...] = ()
    slots: tuple[Slot, ...] = ()
    experiment: str = ""
    teams: Mapping[UUID, str] = field(default_factory=dict)
    leaning: str = ""
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A card that was in view: in which row, which place the row had on the page and the card in the row, from 0."""

    row_key: str
    row_place: int
    title_id: UUID
    position: int
    artwork_id: UUID | None = None
