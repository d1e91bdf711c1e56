"""Stretches of a film: from its chapters, and as people write their times. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.media.facts import Chapter

#: What chapters of openings, endings and recaps are called, in the languages that mostly do.
_KINDS = (
    (
        "recap",
        re.compile(
            r"(?:story )?recap|previously(?: on .*)?|r(?:ü|ue)ckblick|r[ée]sum[ée]|riassunto|resumen",
            re.IGNORECASE,
        ),
    ),
    (
        "intro",
        re.compile(
            r"intro(?:duction)?|(?:main )?titles?|title sequence|opening(?: (?:credits|titles|theme|song))?|op ?\d?"
            r"|vorspann|g[ée]n[ée]rique(?: (?:de d[ée]but|d'ouverture))?|sigla(?: iniziale)?|cabecera",
            re.IGNORECASE,
        ),
    ),
    (
        "credits",
        re.compile(
            r"(?:end(?:ing)?|closing|final) (?:credits|titles|theme|song)|credits|ending|ed ?\d?|outro|abspann"
            r"|g[ée]n[ée]rique de fin|sigla finale|cr[ée]ditos(?: finales)?",
            re.IGNORECASE,
        ),
    ),
)
#: Stretches beyond these are what somebody named wrongly: seconds.
_LENGTHS = {"intro": (3.0, 240.0), "recap": (3.0, 300.0), "credits": (3.0, 1200.0)}
NAME_MAX = 120
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,3})?)|(\d{1,6}(?:[.,]\d{1,3})?)\s*s?")


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of a video in seconds; `kind` is 'intro', 'recap', 'credits' or 'chapter'."""

    kind: str
    start: float
    end: float
    name: str = ""


def from_chapters(chapters: Sequence[Chapter]) -> list[Stretch]:
    """The markers that chapters make: each a chapter, and what is called an opening, a recap or credits that, too.

    One chapter alone says nothing. The first of several openings counts, and the last of several credits.
    """
    real = [one for one in sorted(chapters, key=lambda one: one.start) if one.end > one.start >= 0]
    if len(real) < 2:
        return []
    found = [Stretch("chapter", _round(one.start), _round(one.end), one.name[:NAME_MAX]) for one in real]
    special: dict[str, Stretch] = {}
    for one in real:
        kind = kind_of(one.name)
        least, most = _LENGTHS.get(kind, (0.0, 0.0))
        if kind and least <= one.end - one.start <= most and (kind == "credits" or kind not in special):
            special[kind] = Stretch(kind, _round(one.start), _round(one.end))
    return [*found, *special.values()]


def kind_of(name: str) -> str:
    """'intro', 'recap' or 'credits' when a chapter is called so, else ''."""
    cleaned = re.sub(r"^\s*(?:chapter\s*)?\d+\s*[.:)\-]\s*", "", name, flags=re.IGNORECASE).strip(" .:-[]()")
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(cleaned)), "")


def overlap(one: Stretch, other: Stretch) -> float:
    """How much of the shorter of two stretches lies in the other, 0 … 1."""
    shorter = min(one.end - one.start, other.end - other.start)
    shared = min(one.end, other.end) - max(one.start, other.start)
    return max(0.0, shared / shorter) if shorter > 0 else 0.0


def seconds(written: str) -> float | None:
    """What people write: `1:02:03.5`, `62:03`, `95`; None when it is no time."""
    match = _CLOCK.fullmatch(written.strip())
    if match is None:
        return None
    if match[4] is not None:
        return float(match[4].replace(",", "."))
    last = float(match[3].replace(",", "."))
    if last >= 60 or (match[1] is not None and int(match[2]) >= 60):
        return None
    return int(match[1] or 0) * 3600 + int(match[2]) * 60 + last


def clock(value: float) -> str:
    """As a form shows it: `0:01:05`, with a fraction when there is one."""
    tenths = round(value * 10)
    whole, rest = divmod(tenths, 10)
    said = f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{said}.{rest}" if rest else said


def _round(value: float) -> float:
    return round(value, 3)
