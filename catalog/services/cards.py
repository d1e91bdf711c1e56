"""Titles for cards: read as narrow tuples, because a page of rows has hundreds of them."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Subquery
from django.db.models.functions import Coalesce

from catalog import artwork, models, texts, types

_COLUMNS = (
    "id", "slug", "kind", "name", "tagline", "synopsis", "year", "maturity", "accent", "credit", "published_at",
    "video__id", "video__duration", "video__current_package_id", "has_playable_part", "seasons_in_all",
)  # fmt: skip
#: What a text may say instead of the title's own row.
_WORDS = ("name", "tagline", "synopsis")


def cards(rows: models.TitleQuerySet) -> dict[UUID, types.Title]:
    """The same values as `title_value` makes, without people; three queries, two more in another language."""
    playable_part = models.Video.objects.filter(
        episode__season__title=OuterRef("pk"), current_package__isnull=False
    ).order_by()
    season_count = (
        models.Season.objects.filter(title=OuterRef("pk"))
        .order_by()
        .values("title")
        .annotate(number_of=Count("pk"))
        .values("number_of")
    )
    found = list(
        rows.order_by()
        .annotate(has_playable_part=Exists(playable_part), seasons_in_all=Coalesce(Subquery(season_count), 0))
        .values_list(*_COLUMNS)
    )
    ids = [row[0] for row in found]
    if not ids:
        return {}
    genres, pictures, said = _genres(ids), _pictures(ids), _said(ids)
    return {row[0]: _value(row, genres, pictures, said.get(row[0], {})) for row in found}


def _value(
    row: tuple[Any, ...],
    genres: dict[UUID, list[types.Genre]],
    pictures: dict[UUID, dict[str, tuple[types.Image, str]]],
    said: dict[str, str],
) -> types.Title:
    (
        title_id, slug, kind, name, tagline, synopsis, year, maturity, accent, credit, published_at,
        video_id, duration, package_id, has_part, seasons,
    ) = row  # fmt: skip
    held = pictures.get(title_id, {})
    poster, backdrop = held.get("poster"), held.get("backdrop")
    shade = backdrop or poster
    runtime: timedelta | None = duration
    return types.Title(
        id=title_id,
        slug=slug,
        kind=types.Kind(kind),
        name=said.get("name") or name,
        tagline=said.get("tagline") or tagline,
        synopsis=said.get("synopsis") or synopsis,
        year=year,
        maturity=maturity,
        genres=tuple(genres.get(title_id, ())),
        people=(),
        runtime=runtime,
        video_id=video_id,
        season_count=int(seasons),
        poster=poster[0] if poster else None,
        backdrop=backdrop[0] if backdrop else None,
        accent=accent or (shade[1] if shade else artwork.FALLBACK_ACCENT),
        credit=credit,
        playable=package_id is not None or bool(has_part),
        published_at=published_at,
    )


def _genres(ids: list[UUID]) -> dict[UUID, list[types.Genre]]:
    """By title, in the order of their names in the catalogue's own language."""
    links = models.Title.genres.through.objects.filter(title_id__in=ids).order_by()
    held: dict[tuple[str, UUID, str], list[UUID]] = {}
    for title_id, name, genre_id, slug in links.values_list(
        "title_id", "genre__name", "genre_id", "genre__slug"
    ):
        held.setdefault((name, genre_id, slug), []).append(title_id)
    words: dict[UUID, dict[str, str]] = {}
    languages = texts.chain()
    if languages and held:
        rows = models.GenreText.objects.filter(
            language__in=languages, genre_id__in=[each[1] for each in held]
        )
        for genre_id, language, name in rows.values_list("genre_id", "language", "name"):
            words.setdefault(genre_id, {})[language] = name
    found: dict[UUID, list[types.Genre]] = {}
    # Genres are few: they are put in order here, and not once for each title of theirs.
    for name, genre_id, slug in sorted(held):
        spoken = words.get(genre_id, {})
        own = next((spoken[each] for each in languages if spoken.get(each)), name)
        value = types.Genre(id=genre_id, slug=slug, name=own)
        for title_id in held[name, genre_id, slug]:
            found.setdefault(title_id, []).append(value)
    return found


def _pictures(ids: list[UUID]) -> dict[UUID, dict[str, tuple[types.Image, str]]]:
    """By title and kind: the picture and its colour."""
    rows = models.Artwork.objects.filter(title_id__in=ids, kind__in=("poster", "backdrop"))
    found: dict[UUID, dict[str, tuple[types.Image, str]]] = {}
    base: str = settings.MEDIA_URL
    for title_id, kind, picture_id, widths, width, height, accent in rows.values_list(
        "title_id", "kind", "id", "widths", "width", "height", "accent"
    ):
        if title_id is not None:
            image = _image(base, picture_id, tuple(widths), width, height)
            found.setdefault(title_id, {})[kind] = (image, accent)
    return found


@lru_cache(maxsize=1 << 15)
def _image(base: str, picture_id: UUID, widths: tuple[int, ...], width: int, height: int) -> types.Image:
    """A picture never changes under its id, and its addresses are long to write."""
    return artwork.image(models.Artwork(id=picture_id, widths=list(widths), width=width, height=height))


def _said(ids: Iterable[UUID]) -> dict[UUID, dict[str, str]]:
    """By title, what the viewer's language says of it, where that is another than the catalogue's."""
    languages = texts.chain()
    if not languages:
        return {}
    rows = models.TitleText.objects.filter(title_id__in=ids, language__in=languages)
    found: dict[UUID, dict[str, dict[str, str]]] = {}
    for title_id, language, *words in rows.values_list("title_id", "language", *_WORDS):
        found.setdefault(title_id, {})[language] = dict(zip(_WORDS, words, strict=True))
    return {
        title_id: {
            field: next((by[each][field] for each in languages if by.get(each, {}).get(field)), "")
            for field in _WORDS
        }
        for title_id, by in found.items()
    }
