"""What titles are about, for whoever compares them: in bulk, without rows of people or pictures."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from catalog import models, types
from catalog.services.listing import BILLED

#: Titles that are asked for at once: three queries for each lot.
_LOT = 1000


def descriptions(*, published_after: datetime | None = None) -> Iterator[types.Description]:
    """All titles that were ever published, in the order of their ids; with a time only those published after it.

    Whether somebody may see them now is not asked: this is for learning, not for showing.
    """
    rows = models.Title.objects.filter(published_at__isnull=False)
    if published_after is not None:
        rows = rows.filter(published_at__gt=published_after)
    ids = list(rows.order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), _LOT):
        yield from _described(ids[start : start + _LOT])


def _described(ids: list[UUID]) -> Iterator[types.Description]:
    genres: dict[UUID, list[str]] = {}
    links = models.Title.genres.through.objects.filter(title_id__in=ids)
    for title_id, slug in links.order_by("title_id", "genre_id").values_list("title_id", "genre__slug"):
        genres.setdefault(title_id, []).append(slug)
    people: dict[UUID, list[str]] = {}
    billed = models.Credit.objects.filter(title_id__in=ids, position__lt=BILLED).order_by(
        "title_id", "position"
    )
    for title_id, slug in billed.values_list("title_id", "person__slug"):
        people.setdefault(title_id, []).append(slug)
    rows = models.Title.objects.filter(id__in=ids).order_by("id")
    for title_id, kind, year, tagline, synopsis, imdb in rows.values_list(
        "id", "kind", "year", "tagline", "synopsis", "imdb_id"
    ):
        yield types.Description(
            id=title_id,
            kind=types.Kind(kind),
            genres=tuple(genres.get(title_id, ())),
            people=tuple(people.get(title_id, ())),
            text=f"{tagline} {synopsis}".strip(),
            year=year,
            imdb_id=imdb,
        )
