"""What rows and grids are drawn from: a card with what the profile has said of its title."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.types import Profile
from catalog.types import Image, Title
from recommend import services as recommend
from recommend.types import Card, Row

#: Two, or five, across: no ragged end.
SUGGESTED = 10


@dataclass(frozen=True, slots=True)
class Tile:
    """A card as a template draws it: with what the profile has said of its title.

    `picture` is shown where the card lies on its side, None for the usual one. `match` (1 … 99, or None) and `reason`
    are this profile's alone: `{% card %}` puts them in after drawing.
    """

    title: Title
    video_id: UUID | None
    progress: float | None
    caption: str
    listed: bool
    picture: Image | None = None
    match: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row as a template draws it. `shape` is 'wide', 'poster' or 'ranked'; `url` leads to more of it, or ''."""

    key: str
    name: str
    reason: str
    shape: str
    url: str
    removable: bool
    tiles: tuple[Tile, ...]


def sight(profile: Profile) -> dict[str, Any]:
    """What the catalogue is asked for in a profile's name: its age, and what is blocked on it."""
    return {"maturity": profile.maturity, "without": profile.blocked}


def listed_among(profile: Profile, cards: Iterable[Card]) -> set[UUID]:
    """Which of these titles are on the profile's list."""
    ids = list({card.title.id for card in cards})
    said = recommend.about(profile.id, ids) if ids else {}
    return {title_id for title_id, about in said.items() if about.listed}


def tile_of(card: Card, listed: Set[UUID]) -> Tile:
    """One card as it is drawn; `listed` is what the profile keeps, or what `listed_among` said of it."""
    # The card shows the title's name already: an episode's caption need not say it again.
    caption = card.caption.removeprefix(f"{card.title.name} · ")
    return Tile(
        card.title,
        card.video_id,
        card.progress,
        caption,
        card.title.id in listed,
        picture=card.picture,
        match=card.match,
        reason=card.reason,
    )


def tiles_of(profile: Profile, cards: Sequence[Card]) -> list[Tile]:
    """Cards as they are drawn, with what the profile keeps on its list: one question for all."""
    listed = listed_among(profile, cards)
    return [tile_of(card, listed) for card in cards]


def title_tiles(profile: Profile, titles: list[Title]) -> list[Tile]:
    """Titles as cards, in their order."""
    return tiles_of(profile, recommend.cards(titles, profile.id))


def shelf_of(row: Row, listed: Set[UUID]) -> Shelf:
    """A row in the shape that suits it: places in a ranking, standing posters for what is new, wide for the rest."""
    shape = {"trending": "ranked", "new": "poster", "recent": "poster"}.get(row.key, "wide")
    tiles = tuple(tile_of(card, listed) for card in row.cards[: 10 if shape == "ranked" else None])
    genre = row.key.removeprefix("genre-") if row.key.startswith("genre-") else ""
    url = reverse("browse", args=[genre]) if genre else reverse("my_list") if row.key == "my-list" else ""
    return Shelf(row.key, row.name, row.reason, shape, url, row.key == "continue", tiles)
