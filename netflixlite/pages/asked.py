"""Reading what an address asks for (it is typed by people, so nothing in it is an error), and links that ask."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Choices = TypeVar("Choices", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Choice:
    """A link among several of which one may be the current."""

    name: str
    url: str
    current: bool


def member(choices: type[Choices], value: str) -> Choices | None:
    """The member with this value, or None when there is none."""
    return next((each for each in choices if each.value == value), None)


def whole(text: str, *, most: int = 10_000) -> int:
    """A whole number from the address: 0 for anything that is not one, bounded so that nothing absurd is asked."""
    return min(int(text), most) if len(text) < 10 and text.isascii() and text.isdigit() else 0
