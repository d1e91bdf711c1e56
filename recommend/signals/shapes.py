"""What is said of viewers inside recommend: what they did, what is known of their taste, and what they switched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Did(StrEnum):
    """What a profile did with a title."""

    #: One viewing of a film or an episode, however often it was told.
    WATCHED = "watched"
    #: A verdict; `value` is -1 (down), 1 (up) or 2 (two thumbs).
    THUMB = "thumb"
    LISTED = "listed"
    #: 'Not interested'.
    HIDDEN = "hidden"
    #: Named as one it likes when it was new here.
    PICKED = "picked"
    #: Took back what was known of the title until then.
    FORGOTTEN = "forgotten"


#: What a thumb's word is as a value.
VERDICTS = {"down": -1.0, "up": 1.0, "double_up": 2.0}


class Kind(StrEnum):
    """What a title is known for with a profile: the strongest that it did. The order is stored: append only."""

    FINISHED = "finished"
    WATCHED = "watched"
    SERIES = "series"
    AGAIN = "again"
    UP = "up"
    DOUBLE_UP = "double_up"
    DOWN = "down"
    PICKED = "picked"
    LEFT = "left"
    ABANDONED = "abandoned"
    LISTED = "listed"
    HIDDEN = "hidden"


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a profile did, as it is told to `writing.record`.

    `ref` makes telling it twice harmless: a viewing's id; None where there is one of a title. `value` is how far it
    came (0 … 1, credits left out) for `WATCHED`, the verdict for `THUMB`, else 1. `watched` is how long the picture
    moved, `length` how long the film is without credits (0: not known); `over`: the viewing has ended; `part`: it is an
    episode of a series; `alone`: it began by itself after another, and nobody was seen to watch it.
    """

    profile_id: UUID
    title_id: UUID
    did: Did
    at: datetime
    ref: UUID | None = None
    value: float = 1.0
    video_id: UUID | None = None
    watched: timedelta = timedelta(0)
    length: timedelta = timedelta(0)
    over: bool = True
    part: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class TasteEntry:
    """What one title says of a profile: `weight` above 0 for what it likes, below for what it does not."""

    title_id: UUID
    weight: float
    at: datetime
    kind: Kind


@dataclass(frozen=True, slots=True)
class Taste:
    """A profile's taste as pages use it: the newest entry first. `version` grows with every change.

    `hidden` is not to be shown to it, `seen` it watched a quarter of or more.
    """

    version: int = 0
    entries: tuple[TasteEntry, ...] = ()
    hidden: frozenset[UUID] = frozenset()
    seen: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Switches:
    """What a profile lets be done: `personal` rows for it; `learn` from what it does; `shared`: it counts for what
    others are shown; `steady`: nothing is tried out on its pages.
    """

    personal: bool = True
    learn: bool = True
    shared: bool = True
    steady: bool = False


@dataclass(frozen=True, slots=True)
class TasteChanged:
    """News: a profile's taste, what is hidden from it or its switches are others now."""

    profile_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Trend:
    """What is watched here now: `values` in decayed profiles, and by how many accounts at least each was lately."""

    values: Mapping[UUID, float]
    accounts: Mapping[UUID, int]
