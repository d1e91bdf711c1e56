"""What the shell shows: rows of cards, each with a reason."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from catalog.types import Title


class Thumb(StrEnum):
    """A profile's verdict on a title."""

    DOWN = "down"
    UP = "up"
    DOUBLE_UP = "double_up"


@dataclass(frozen=True, slots=True)
class Card:
    """A title in a row. `video_id` is what Play starts; `progress` is 0 … 1 for continue watching."""

    title: Title
    video_id: UUID | None
    progress: float | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A named shelf of cards. `reason` says in plain words why this row is here."""

    key: str
    name: str
    reason: str
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """The home page of a profile. `billboard` is None while nothing has a picture large enough for it."""

    billboard: Card | None
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ProfileTitle:
    """What a profile has said of a title."""

    title_id: UUID
    listed: bool
    thumb: Thumb | None


@dataclass(frozen=True, slots=True)
class ListChanged:
    """News: a profile put a title on its list, or took it off."""

    profile_id: UUID
    title_id: UUID
    listed: bool


@dataclass(frozen=True, slots=True)
class ThumbChanged:
    """News: a profile said what it thinks of a title; None took it back."""

    profile_id: UUID
    title_id: UUID
    thumb: Thumb | None


@dataclass(frozen=True, slots=True)
class Suits:
    """How a title should suit a profile: 1 … 99, where 50 is neither way, and the reason in plain words."""

    percent: int
    reason: str
