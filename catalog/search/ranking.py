"""Which of two good answers comes first, and what somebody meant who mistyped. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from catalog.search import slips
from catalog.search.text import BREAK, Entry, entry_of, forms

#: What it adds when the question is a name, is how a name begins, stands in a name.
_IS, _BEGINS_WORDS, _BEGINS, _STANDS = 3.0, 1.7, 1.5, 0.7
_NO_WORDS = frozenset({"the", "a", "an"})


class Names(NamedTuple):
    """The plain names of a document, its own first; names of other languages follow."""

    names: tuple[str, ...]


def names_of(index: str) -> Names:
    """The names in an index text."""
    entry = entry_of(index)
    several = [entry.name.split("\t")[0]]
    if entry.others:
        several += entry.others.split("\t")[0].split(f" {BREAK} ")
    return Names(tuple(several))


def likeness(asked: str, names: Names) -> float:
    """What a document's names add to its points when they hold the question as it is, in one piece."""
    return max(_likeness(asked, name) for name in names.names)


def _likeness(asked: str, name: str) -> float:
    if asked not in name:
        bare = _without_article(asked)
        return _IS - 0.2 if bare == _without_article(name) else 0.0
    if name == asked:
        return _IS
    if _without_article(name) == _without_article(asked):
        return _IS - 0.1
    for start in (name, _without_article(name)):
        if start.startswith(f"{asked} "):
            return _BEGINS_WORDS
        if start.startswith(asked):
            return _BEGINS
    return _STANDS if f" {asked}" in name else 0.0


def _without_article(name: str) -> str:
    first, _space, rest = name.partition(" ")
    return rest if rest and first in _NO_WORDS else name


def corrected(question: Sequence[str], entry: Entry) -> str:
    """The question with each mistyped word as the document has it; '' when there is nothing to correct."""
    standing = [
        word
        for line in (entry.name, entry.others, entry.people, entry.about, entry.parts)
        for half in line.split("\t")
        for word in half.split()
        if word != BREAK
    ]
    words = [_meant(word, standing) for word in question]
    return " ".join(words) if words != list(question) else ""


def _meant(word: str, standing: Sequence[str]) -> str:
    """The word of the document that a typed one was meant to be: itself when it stands there in any way."""
    likely = set(forms(word))
    if any(other.startswith(word) or word in other or other in likely for other in standing):
        return word
    most = slips.allowed(word)
    ranked = sorted(
        (count, place, other)
        for place, other in enumerate(standing)
        if (count := slips.distance(word, other, most)) <= most
    )
    if ranked:
        return ranked[0][2]
    begun = sorted(
        (count, place, other)
        for place, other in enumerate(standing)
        if (count := slips.distance(word, other[: len(word)], most)) <= most
    )
    return begun[0][2] if begun else word
