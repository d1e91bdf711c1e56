"""The whole catalogue in a few columns, for whoever ranks all of it; and which titles changed since."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import connections, router
from django.db.models import Exists, OuterRef

from catalog import models, types
from catalog.finding.rows import SearchChange

#: More changes than this are no news, but another catalogue.
CHANGES_MAX = 500
#: PostgreSQL numbers changes before they are committed: one may come to light after later ones. So far before the
#: newest, numbers that are missing are part of the version.
LATE_MOST = 1000
#: The newest change; and of each change after a gap its number, its mark and the number before the gap.
_NEWEST_AND_GAPS = """
    WITH newest AS (SELECT max(id) AS number FROM catalog_searchchange)
    SELECT id, mark, CASE WHEN id - before > 1 THEN before END FROM (
        SELECT id, mark, number, lag(id, 1, greatest(0, number - %(most)s - 1)) OVER (ORDER BY id) AS before
        FROM catalog_searchchange, newest
        WHERE id >= number - %(most)s
    ) AS noted
    WHERE id = number OR id - before > 1 ORDER BY id DESC
"""
_COLUMNS = (
    "id", "kind", "maturity", "year", "published_at", "available_from", "available_until",
    "video__current_package_id", "has_playable_part",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Glance:
    """A title at a glance. `published`, `opens` and `closes` are seconds since 1970 (0, -inf and inf where not said).

    `published` is 0 while the title is a draft. `genres` are slugs.
    """

    id: UUID
    series: bool
    maturity: int
    year: int
    published: float
    opens: float
    closes: float
    playable: bool
    genres: tuple[str, ...]


def overview(ids: Collection[UUID] | None = None) -> list[Glance]:
    """Every title, hidden ones too, or these alone. Two queries; about 10 µs a title."""
    playable_part = models.Video.objects.filter(
        episode__season__title=OuterRef("pk"), current_package__isnull=False
    ).order_by()
    rows = models.Title.objects.order_by().annotate(has_playable_part=Exists(playable_part))
    links = models.Title.genres.through.objects.order_by()
    if ids is not None:
        rows, links = rows.filter(id__in=ids), links.filter(title_id__in=ids)
    names = dict(models.Genre.objects.order_by().values_list("id", "slug"))
    genres: dict[UUID, list[str]] = {}
    for title_id, genre_id in links.values_list("title_id", "genre_id"):
        if genre_id in names:
            genres.setdefault(title_id, []).append(names[genre_id])
    return [
        Glance(
            id=title_id,
            series=kind == types.Kind.SERIES,
            maturity=maturity,
            year=year or 0,
            published=published.timestamp() if published else 0.0,
            opens=opens.timestamp() if opens else -math.inf,
            closes=closes.timestamp() if closes else math.inf,
            playable=package_id is not None or bool(part),
            genres=tuple(genres.get(title_id, ())),
        )
        for title_id, kind, maturity, year, published, opens, closes, package_id, part in rows.values_list(
            *_COLUMNS
        )
    ]


def version() -> tuple[int, ...] | None:
    """Changes whenever a title is added, published, withdrawn, renamed or given other genres or people, in any process.

    What it does not notice (a picture, a package) may be remembered for some seconds at most. For keys and for
    `changed_since`: number and mark of the newest change, and for each gap before it the numbers on both sides.
    """
    connection = connections[router.db_for_read(SearchChange)]
    if connection.vendor != "postgresql":
        return SearchChange.objects.order_by("-id").values_list("id", "mark").first()
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_AND_GAPS, {"most": LATE_MOST})
        rows = cursor.fetchall()
    if not rows:
        return None
    gaps = [side for number, _mark, before in rows if before is not None for side in (before, number)]
    return (*rows[0][:2], *gaps)


def changed_since(version: tuple[int, ...] | None) -> set[UUID] | None:
    """Titles that changed after a `version()`; None when that cannot be told: look at all then."""
    if version is None:
        return None
    newest, mark, *sides = version
    gaps = list(zip(sides[::2], sides[1::2], strict=True))
    rows = SearchChange.objects.filter(id__gte=min(sides, default=newest)).order_by("-id")
    seen = False
    titles: set[UUID] = set()
    for place, (number, found, kind, subject) in enumerate(
        rows.values_list("id", "mark", "kind", "subject")[: CHANGES_MAX + LATE_MOST + 1]
    ):
        if number == newest:
            seen = found == mark
        elif number > newest and place >= CHANGES_MAX:
            return None
        elif kind == "title" and (number > newest or any(low < number < high for low, high in gaps)):
            titles.add(subject)
    return titles if seen else None
