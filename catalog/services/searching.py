"""Search: the database finds who may answer, `catalog.search` says how well."""

from functools import reduce
from operator import and_, or_
from uuid import UUID

from django.db.models import Case, IntegerField, Q, Value, When

from catalog import models, types
from catalog import search as matching
from catalog.services.reading import LIMIT_MAX, titles

#: How many rows are scored for one question; the likeliest come first.
CANDIDATES_MAX = 600


def search(text: str, *, maturity: int, limit: int = 40) -> list[types.Title]:
    """Titles that answer `text` (a name, people, genres), best first, that a profile of this maturity may see now."""
    question = matching.words(text)
    if not question:
        return []
    ranked: list[tuple[float, str, UUID]] = []
    for title_id, name, index in _candidates(question, maturity):
        points = matching.score(question, matching.entry_of(index))
        if points > 0:
            ranked.append((-points, name, title_id))
    ranked.sort()
    chosen = [title_id for _points, _name, title_id in ranked[: max(0, min(limit, LIMIT_MAX))]]
    found = titles(chosen, maturity=maturity)
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


def _candidates(question: list[str], maturity: int) -> list[tuple[UUID, str, str]]:
    possible = reduce(
        and_,
        (
            reduce(or_, (Q(search_index__contains=piece) for piece in matching.pieces(word)))
            for word in question
        ),
    )
    exact = reduce(and_, (Q(search_index__contains=word) for word in question))
    rows = (
        models.Title.objects.published()
        .suitable_for(maturity)
        .filter(possible)
        .annotate(likely=Case(When(exact, then=Value(0)), default=Value(1), output_field=IntegerField()))
        .order_by("likely", "name", "id")
    )
    return list(rows.values_list("id", "name", "search_index")[:CANDIDATES_MAX])
