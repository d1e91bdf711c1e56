"""Reading what an address asks for: it is typed by people, so nothing in it is an error."""

from enum import StrEnum
from typing import TypeVar

Choices = TypeVar("Choices", bound=StrEnum)


def member(choices: type[Choices], value: str) -> Choices | None:
    """The member with this value, or None when there is none: addresses are typed by people."""
    return next((each for each in choices if each.value == value), None)


def whole(text: str) -> int:
    """A number of a sheet from the address: 0 for anything that is not one; bounded, so that no offset is absurd."""
    return min(int(text), 10_000) if text.isascii() and text.isdigit() else 0
