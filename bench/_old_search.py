"""Search as it was before there was an index: the database looks through every title's text for parts of the words,
and what it finds is scored one by one. The thing to beat, over the same rows."""

import re
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

_CANDIDATES = 400


def search(question: list[str], *, maturity: int, limit: int = 40) -> list[UUID]:
    """Ids of titles that hold the words, or pieces of them that outlive a slip of the finger."""
    from django.db.models import Case, IntegerField, Q, Value, When
    from django.db.models.functions import Length

    from catalog import models

    def ranked(possible: Any) -> dict[UUID, tuple[float, str]]:
        rows = models.Title.objects.published().suitable_for(maturity).filter(possible)
        likely = Case(
            When(search_index__startswith=question[0], then=Value(0)),
            default=Value(1),
            output_field=IntegerField(),
        )
        rows = rows.annotate(likely=likely).order_by("likely", Length("name"), "id")
        found = {}
        for title_id, name, index in rows.values_list("id", "name", "search_index")[:_CANDIDATES]:
            points = _score(question, index)
            if points:
                found[title_id] = (-points, name)
        return found

    found = ranked(reduce(and_, (Q(search_index__contains=word) for word in question)))
    if len(found) < limit:
        found |= ranked(
            reduce(and_, (reduce(or_, (Q(search_index__contains=p) for p in _pieces(w))) for w in question))
        )
    return sorted(found, key=lambda one: found[one])[:limit]


def _pieces(word: str) -> list[str]:
    allowed = _allowed(word)
    if not allowed:
        return [word]
    if len(word) < 6:
        return [word, word[:2], word[-2:]]
    count = min(2 * allowed + 1, len(word) // 2)
    size = len(word) // count
    return [word, *(word[at : at + size] for at in range(0, size * count, size))]


def _allowed(word: str) -> int:
    return 0 if len(word) < 4 or word.isdigit() else 1 if len(word) < 8 else 2


def _score(question: list[str], index: str) -> float:
    from catalog.search.slips import distance

    fields = [re.split(r"[\s;]+", line) for line in index.split("\n")[:4]]
    total = 0.0
    for word in question:
        allowed, best = _allowed(word), 0.0
        for weight, field in zip((3.0, 2.9, 2.0, 1.2), fields, strict=False):
            for other in field:
                if other == word:
                    best = max(best, weight)
                elif other.startswith(word):
                    best = max(best, weight * (0.75 + 0.2 * len(word) / len(other)))
                elif len(word) >= 3 and word in other:
                    best = max(best, weight * 0.5)
                elif allowed and best < weight * 0.45:
                    near = min(distance(word, other, allowed), distance(word, other[: len(word)], allowed))
                    if near <= allowed:
                        best = max(best, weight * (0.45 - 0.1 * near))
        if not best:
            return 0.0
        total += best
    return total / len(question)
