"""Search: the database finds who may answer, `catalog.search` says how well."""

from collections.abc import Collection
from functools import reduce
from operator import and_, or_
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Length

from catalog import models, types
from catalog import search as matching
from catalog.services.reading import LIMIT_MAX, titles

#: How many rows are scored for one question; the likeliest come first.
CANDIDATES_MAX = 400


def search(text: str, *, maturity: int, limit: int = 40, without: Collection[UUID] = ()) -> list[types.Title]:
    """Titles that answer `text` (a name, people, genres), best first, that a profile of this maturity may see now.

    Never those of `without`: what is blocked on a profile.
    """
    question = matching.words(text)
    if not question:
        return []
    wanted = max(0, min(limit, LIMIT_MAX))
    seen = models.Title.objects.published().suitable_for(maturity).without(without)
    ranked = _ranked(question, _holding(question), seen)
    if len(ranked) < wanted:
        # Mistyped words cost a wider net; it is cast only when the words as typed did not fill the page.
        ranked |= _ranked(question, _near(question), seen)
    chosen = sorted(ranked, key=lambda title_id: ranked[title_id])[:wanted]
    found = titles(chosen, maturity=maturity, without=without)
    return [found[title_id] for title_id in chosen if title_id in found]


def reindex(title_id: UUID) -> None:
    """Write the search column of one title anew, after its name, people or genres changed."""
    row = models.Title.objects.filter(id=title_id).first()
    if row is None:
        return
    people = [f"{credit.person.name} {credit.character}" for credit in row.credits.select_related("person")]
    genres = [genre.name for genre in row.genres.all()]
    entry = matching.Entry(
        name=row.name, people=" ".join(people), genres=" ".join([*genres, row.get_kind_display()])
    )
    models.Title.objects.filter(id=title_id).update(search_index=matching.index_text(entry))


def _ranked(question: list[str], possible: Q, seen: models.TitleQuerySet) -> dict[UUID, tuple[float, str]]:
    """What sorts each answering title: its score turned round, and its name."""
    rows = seen.filter(possible)
    # The name decides who is scored when there are more than can be: short names that begin so come first.
    rows = rows.annotate(
        likely=Case(
            When(search_index__startswith=f" {question[0]}", then=Value(0)),
            default=Value(1),
            output_field=IntegerField(),
        )
    ).order_by("likely", Length("name"), "id")
    ranked = {}
    for title_id, name, index in rows.values_list("id", "name", "search_index")[:CANDIDATES_MAX]:
        points = matching.score(question, matching.entry_of(index))
        if points > 0:
            ranked[title_id] = (-points, name)
    return ranked


def _holding(question: list[str]) -> Q:
    """Every word as it was typed, anywhere."""
    return reduce(and_, (Q(search_index__contains=word) for word in question))


def _near(question: list[str]) -> Q:
    """Of every word a piece that survives a slip."""
    return reduce(
        and_,
        (
            reduce(or_, (Q(search_index__contains=piece) for piece in matching.pieces(word)))
            for word in question
        ),
    )
