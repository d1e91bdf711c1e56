"""What the shell shows: rows of cards, each with a reason."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from catalog.types import Image, Title
from recommend.signals.shapes import Kind as Known
from recommend.signals.shapes import Switches, Taste, TasteChanged, TasteEntry

__all__ = [
    "Card",
    "Cause",
    "Ground",
    "HiddenChanged",
    "Home",
    "Known",
    "ListChanged",
    "ProfileTitle",
    "Row",
    "Source",
    "Suits",
    "Switches",
    "Taste",
    "TasteChanged",
    "TasteEntry",
    "Thumb",
    "ThumbChanged",
    "Why",
]


class Thumb(StrEnum):
    """A profile's verdict on a title."""

    DOWN = "down"
    UP = "up"
    DOUBLE_UP = "double_up"


class Source(StrEnum):
    """What chose a card, a row or a page."""

    #: The viewer itself: where it stopped, what it keeps.
    OWN = "own"
    #: The trained model, from what this profile did.
    TASTE = "taste"
    #: What is watched here.
    TREND = "trend"
    #: The catalogue: what is new, what shares a genre, the same for everybody of that age.
    CATALOGUE = "catalogue"
    #: Shown to find out whether it is liked (docs/recommend-trials.md).
    TRIAL = "trial"


class Ground(StrEnum):
    """What a reason rests on."""

    #: It was begun; it is on the list.
    BEGUN = "begun"
    LISTED = "listed"
    #: It goes with a title that the profile watched, gave a thumb, or said to like when it began.
    WATCHED = "watched"
    LIKED = "liked"
    PICKED = "picked"
    #: It goes with the profile's taste altogether; with a genre or a person of it.
    TASTE = "taste"
    GENRE = "genre"
    PERSON = "person"
    #: Watched here lately; watched here all along; just added; seldom watched; finished before.
    TREND = "trend"
    POPULAR = "popular"
    NEW = "new"
    GEM = "gem"
    AGAIN = "again"
    #: There to be got to know.
    TRIAL = "trial"


@dataclass(frozen=True, slots=True)
class Card:
    """A title in a row. `video_id` is what Play starts; `progress` is 0 … 1 for continue watching.

    `picture` is the one of its pictures that this profile is shown, None for the usual one.
    `reason` says in plain words why this very title is here, '' where the row's reason says it all. `match` is how well
    it should suit, 1 … 99, None when too little is known. `propensity` is the chance with which it was put where it is:
    1 unless something was tried.
    """

    title: Title
    video_id: UUID | None
    progress: float | None = None
    caption: str = ""
    reason: str = ""
    source: Source = Source.CATALOGUE
    match: int | None = None
    propensity: float = 1.0
    picture: Image | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A named shelf of cards. `reason` says in plain words why this row is here, `ground` what that rests on.

    `because` is the title that it grew from, if it is such a row. `propensity` is the chance with which the row stands
    where it stands.
    """

    key: str
    name: str
    reason: str
    cards: tuple[Card, ...]
    source: Source = Source.CATALOGUE
    ground: Ground = Ground.NEW
    because: UUID | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Home:
    """The home page of a profile. `billboard` is None while nothing has a picture large enough for it.

    `source` is `TASTE` when the rows are this profile's own, made with the model of that `model_version` ('' when there
    is none). `ticket` is what the page sends back with what was seen of it (docs/recommend-trials.md), '' for nothing.
    `listed` is all that the profile keeps for later. `is_new`: it lets its pages be personal, and nothing is known of
    it yet.
    """

    billboard: Card | None
    rows: tuple[Row, ...]
    source: Source = Source.CATALOGUE
    model_version: str = ""
    ticket: str = ""
    listed: frozenset[UUID] = frozenset()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Cause:
    """One true thing that speaks for a title, in plain words.

    `title` is what the profile did something with, if it is that: what `ground` names (`WATCHED`, `LIKED`, `LISTED`,
    `PICKED`) can be taken back there. `share` is its part of all that speaks for it, 0 … 1; 0 where nothing is
    summed up.
    """

    ground: Ground
    text: str
    title: Title | None = None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class Why:
    """Why a profile is shown a title: at least one cause, the weightiest first. `personal`: it rests on what it did."""

    title: Title
    causes: tuple[Cause, ...]
    personal: bool
    source: Source
    model_version: str = ""


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
class HiddenChanged:
    """News: a profile is not interested in a title, or took that back."""

    profile_id: UUID
    title_id: UUID
    hidden: bool


@dataclass(frozen=True, slots=True)
class Suits:
    """How a title should suit a profile: 1 … 99, where 50 is neither way, and the reason in plain words."""

    percent: int
    reason: str
