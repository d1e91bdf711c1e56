"""What a look finds, and the list of looks."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: fine, worth a thought, or broken."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do; '' when all is well."""

    level: Level
    what: str
    remedy: str = ""


Look = Callable[[], Iterable[Finding]]

#: Every look by name, in the order in which they are told.
LOOKS: dict[str, Look] = {}


def look(name: str) -> Callable[[Look], Look]:
    """Add a look to the list."""

    def add(function: Look) -> Look:
        LOOKS[name] = function
        return function

    return add


def good(what: str) -> Finding:
    """All is well with this."""
    return Finding(Level.GOOD, what)


def warn(what: str, remedy: str) -> Finding:
    """It works, and will not always."""
    return Finding(Level.WARN, what, remedy)


def bad(what: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(Level.BAD, what, remedy)


def examine(names: Iterable[str] = ()) -> Iterator[tuple[str, Finding]]:
    """Look at everything, or at what is named; one finding after another as they come.

    A look that fails itself is a finding: one broken part must not hide the others.
    """
    for name in names or LOOKS:
        try:
            for finding in LOOKS[name]():
                yield name, finding
        except Exception as error:
            yield (
                name,
                bad(
                    f"Could not be looked at: {type(error).__name__}: {error}",
                    "Mend what is said above first, then look again.",
                ),
            )
