"""Lists of titles: what there is of a kind, a genre, a time, in which order, and what scoring needs of it."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from catalog import models, types
from catalog.services.reading import LIMIT_MAX, titles

#: Of how many of a title's people scoring hears: the first ones are why people watch it.
BILLED = 10


def browse(
    *,
    maturity: int,
    kind: types.Kind | None = None,
    genre_slug: str | None = None,
    order: types.Order = types.Order.NEWEST,
    limit: int = 40,
    offset: int = 0,
    without: Collection[UUID] = (),
    years: tuple[int, int] | None = None,
    up_to: int | None = None,
    people: bool = True,
) -> list[types.Title]:
    """Titles that a profile of this maturity may see now, sorted, at most 200 at a time; `without` as in `titles`.

    `years`: only from the first to the last of them. `up_to`: only what asks for no higher age. `people` as in
    `titles`.
    """
    rows = _visible(maturity, kind, genre_slug, without, years, up_to)
    start = max(0, offset)
    ids = _sorted_ids(rows, order)[start : start + _bounded(limit)]
    chosen = list(ids)
    found = titles(chosen, people=people)
    return [found[each] for each in chosen if each in found]


def among(
    ids: Iterable[UUID],
    *,
    maturity: int,
    kind: types.Kind | None = None,
    genre_slug: str | None = None,
    without: Collection[UUID] = (),
    years: tuple[int, int] | None = None,
    up_to: int | None = None,
) -> set[UUID]:
    """Which of these titles `browse` has for the same wishes."""
    rows = _visible(maturity, kind, genre_slug, without, years, up_to).filter(id__in=list(ids))
    return set(rows.order_by().values_list("id", flat=True))


def newest_ids(
    *,
    maturity: int,
    kind: types.Kind | None = None,
    genre_slug: str | None = None,
    without: Collection[UUID] = (),
    years: tuple[int, int] | None = None,
    up_to: int | None = None,
    limit: int = 2000,
) -> list[UUID]:
    """The ids of what `browse` has for the same wishes, the newest first."""
    rows = _visible(maturity, kind, genre_slug, without, years, up_to)
    return list(_sorted_ids(rows, types.Order.NEWEST)[: max(0, limit)])


def count(
    *,
    maturity: int,
    kind: types.Kind | None = None,
    genre_slug: str | None = None,
    without: Collection[UUID] = (),
    years: tuple[int, int] | None = None,
    up_to: int | None = None,
) -> int:
    """How many titles `browse` has altogether."""
    return _visible(maturity, kind, genre_slug, without, years, up_to).count()


def range_of(
    *,
    maturity: int,
    kind: types.Kind | None = None,
    genre_slug: str | None = None,
    without: Collection[UUID] = (),
) -> types.Range:
    """Which decades and ages `browse` has something of."""
    rows = _visible(maturity, kind, genre_slug, without).order_by()
    pairs = set(rows.values_list("year", "maturity").distinct())
    decades = {year // 10 * 10 for year, _age in pairs if year}
    return types.Range(
        decades=tuple(sorted(decades, reverse=True)), ages=tuple(sorted({age for _year, age in pairs}))
    )


def traits(ids: Iterable[UUID]) -> dict[UUID, types.Traits]:
    """What scoring asks of titles: three queries, and no rows of people. Unknown ids are missing from the answer."""
    wanted = list(ids)
    genres: dict[UUID, list[str]] = {}
    for title_id, slug in models.Title.genres.through.objects.filter(title_id__in=wanted).values_list(
        "title_id", "genre__slug"
    ):
        genres.setdefault(title_id, []).append(slug)
    people: dict[UUID, list[str]] = {}
    billed = models.Credit.objects.filter(title_id__in=wanted, position__lt=BILLED).order_by()
    for title_id, name in billed.values_list("title_id", "person__name"):
        people.setdefault(title_id, []).append(name)
    rows = models.Title.objects.filter(id__in=wanted).values_list("id", "kind", "year", "published_at")
    return {
        title_id: types.Traits(
            kind=types.Kind(kind),
            genres=frozenset(genres.get(title_id, ())),
            people=frozenset(people.get(title_id, ())),
            year=year,
            published_at=published_at,
        )
        for title_id, kind, year, published_at in rows
    }


def sharing_people(
    title_id: UUID, *, maturity: int, without: Collection[UUID] = (), limit: int = 100
) -> list[UUID]:
    """Other titles that such a profile may see of the people who are billed first in this one, the newest first."""
    people = models.Credit.objects.filter(title_id=title_id, position__lt=BILLED).values("person_id")
    others = models.Credit.objects.filter(person_id__in=people).values("title_id")
    rows = _visible(maturity, None, None, without).filter(id__in=others).exclude(id=title_id)
    return list(_sorted_ids(rows, types.Order.NEWEST)[: max(0, limit)])


# Rows of titles -----------------------------------------------------------------------------------------

_ORDERS: dict[types.Order, tuple[str, ...]] = {
    types.Order.NEWEST: ("-published_at", "id"),
    types.Order.NAME: ("name", "id"),
    types.Order.YEAR: ("-year", "name", "id"),
}


def _bounded(limit: int) -> int:
    return max(0, min(limit, LIMIT_MAX))


def _sorted_ids(rows: models.TitleQuerySet, order: types.Order) -> "QuerySet[models.Title, UUID]":
    """Ids alone, in order: the database sorts narrow rows, and whole ones are read only of what is shown."""
    return rows.order_by(*_ORDERS[order]).values_list("id", flat=True)


def _visible(
    maturity: int,
    kind: types.Kind | None,
    genre_slug: str | None,
    without: Collection[UUID],
    years: tuple[int, int] | None = None,
    up_to: int | None = None,
) -> models.TitleQuerySet:
    rows = models.Title.objects.published().suitable_for(maturity).without(without)
    if kind is not None:
        rows = rows.filter(kind=kind.value)
    if genre_slug is not None:
        rows = rows.filter(Q(genres__slug=genre_slug))
    if years is not None:
        rows = rows.filter(year__gte=years[0], year__lte=years[1])
    if up_to is not None:
        rows = rows.suitable_for(up_to)
    return rows
