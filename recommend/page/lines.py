"""Rows before they have words and pictures: ids, and what they rest on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Lead(NamedTuple):
    """What mostly speaks for a title: another one, with its share of all that does; `liked`: it got a thumb up."""

    title_id: UUID
    share: float
    liked: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One row: its titles in order. `kind` is the first part of `key`. `because`: the title that it grew from.

    `liked`: that one got a thumb up. `tried`: the title that was put in to be got to know, with its chance.
    """

    key: str
    kind: str
    ids: tuple[UUID, ...]
    because: UUID | None = None
    liked: bool = False
    propensity: float = 1.0
    tried: tuple[UUID, float] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A page of rows, without the viewer's own. `billboard`: what may be the big picture, best first, one of the first
    `drawn` of it each day. `leads`: of single titles what mostly speaks for them.

    `match`: 1 … 99, of those of which something can be said. `counts`: how many titles a genre has for this profile.
    `liked_genres` are those it leans to, the most first. `personal`: it rests on what the profile did.
    """

    lines: tuple[Line, ...]
    billboard: tuple[UUID, ...]
    drawn: int = 8
    leads: Mapping[UUID, Lead] = field(default_factory=dict)
    match: Mapping[UUID, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    liked_genres: tuple[str, ...] = ()
    personal: bool = False
