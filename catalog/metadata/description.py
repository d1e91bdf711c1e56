"""What is known about a title or an episode, from whatever source, made harmless. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from catalog.types import Credit

GENRES_MAX, PEOPLE_MAX = 12, 60
NAME_MAX, TAGLINE_MAX, SYNOPSIS_MAX, PERSON_MAX, GENRE_MAX = 200, 200, 6000, 120, 60
YEARS = range(1870, 2201)
ROLES = ("director", "writer", "creator", "cast", "composer", "producer")
#: Turn the reading direction round: a name that holds them can show as another.
_TURNERS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


@dataclass(frozen=True, slots=True)
class Description:
    """What a source says; None is 'says nothing'. Texts are clean and within the lengths that rows have.

    `maturity` is an age in years. `people` are in order of importance.
    """

    name: str | None = None
    year: int | None = None
    tagline: str | None = None
    synopsis: str | None = None
    maturity: int | None = None
    genres: tuple[str, ...] | None = None
    people: tuple[Credit, ...] | None = None
    tmdb_id: int | None = None
    imdb_id: str | None = None
    season: int | None = None
    episode: int | None = None


def line(text: object, most: int) -> str | None:
    """One line of text without control characters, at most so long; None when nothing is left."""
    if not isinstance(text, str):
        return None
    clean = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: most * 8])
    clean = "".join(c for c in clean if c not in _TURNERS and not unicodedata.category(c).startswith("Cs"))
    return re.sub(r"\s+", " ", clean).strip()[:most].strip() or None


def paragraphs(text: object, most: int = SYNOPSIS_MAX) -> str | None:
    """A text of several lines, each clean; None when nothing is left."""
    if not isinstance(text, str):
        return None
    lines = (line(one, most) or "" for one in re.split(r"\r\n?|\n", text[: most * 8]))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()[:most].strip() or None


def number(value: object, within: range) -> int | None:
    """A whole number in a range, out of a number or a text that begins with one; else None."""
    if isinstance(value, int):
        return value if value in within else None
    match = re.match(r"\s*(\d{1,9})(?!\d)", value) if isinstance(value, str) else None
    return int(match[1]) if match and int(match[1]) in within else None


def imdb(value: object) -> str | None:
    """An IMDb number ('tt0027961'), or None."""
    match = re.fullmatch(r"\s*(tt\d{6,9})\s*", value) if isinstance(value, str) else None
    return match[1] if match else None


def names(values: Iterable[object], *, most: int, longest: int) -> tuple[str, ...]:
    """Clean names, each once whatever its capitals, at most so many."""
    found: dict[str, str] = {}
    for value in values:
        name = line(value, longest)
        if name:
            found.setdefault(name.casefold(), name)
        if len(found) == most:
            break
    return tuple(found.values())


def credits(parts: Iterable[tuple[object, str, object]]) -> tuple[Credit, ...]:
    """Clean credits out of (person, role, character), each part once, at most `PEOPLE_MAX`."""
    return numbered((person, role, character, None) for person, role, character in parts)


def numbered(parts: Iterable[tuple[object, str, object, object]]) -> tuple[Credit, ...]:
    """The same with the number that TMDB has for the person, which tells people of one name apart."""
    found: dict[tuple[str, str, str], Credit] = {}
    for person, role, character, tmdb_id in parts:
        name = line(person, PERSON_MAX)
        if name is None or role not in ROLES:
            continue
        one = Credit(
            person=name,
            role=role,
            character=line(character, PERSON_MAX) or "",
            tmdb_id=number(tmdb_id, range(1, 2**31)),
        )
        found.setdefault((one.person, one.role, one.character), one)
        if len(found) == PEOPLE_MAX:
            break
    return tuple(found.values())
