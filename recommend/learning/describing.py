"""What the catalogue says of titles, as the engine's features."""

import re
from collections.abc import Container, Iterator
from datetime import datetime
from uuid import UUID

from catalog import services as catalog
from catalog.types import Description
from recommend.engine.content import Features

#: Words of a synopsis that are kept, in their order; shorter ones say little in any language that has spaces.
_MOST_WORDS = 60
_SHORTEST_WORD = 4
_WORD = re.compile(r"[^\W\d_]+")


def features_of(description: Description) -> Features:
    """A title's features. Common words weigh next to nothing by their rarity, so no list of them is needed."""
    words = (word.casefold() for word in _WORD.findall(description.text))
    told = dict.fromkeys(word for word in words if len(word) >= _SHORTEST_WORD)
    return Features(
        genres=description.genres,
        people=description.people,
        words=tuple(told)[:_MOST_WORDS],
        year=description.year,
        kind=description.kind.value,
    )


def newer(known: Container[UUID], *, published_after: datetime, most: int) -> dict[UUID, Features]:
    """Titles that were published after a time and are not `known`, `most` of them at once."""
    found: dict[UUID, Features] = {}
    for description in _unknown(known, published_after):
        found[description.id] = features_of(description)
        if len(found) == most:
            break
    return found


def _unknown(known: Container[UUID], published_after: datetime) -> Iterator[Description]:
    described = catalog.descriptions(published_after=published_after)
    return (each for each in described if each.id not in known)
