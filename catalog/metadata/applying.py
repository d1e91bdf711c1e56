"""Writes descriptions into titles and episodes, and never over what a person wrote.

A row remembers what machines wrote last (`written`). A value that is no longer that was changed by a person and
stays; a value that nobody wrote and that is empty may be filled.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.text import slugify

from catalog import keyring, models, people
from catalog.metadata.description import Description
from catalog.search import text
from catalog.services.searching import reindex
from catalog.types import Credit

#: Fields of a title that are plain columns.
COLUMNS = ("name", "year", "tagline", "synopsis", "maturity", "tmdb_id", "imdb_id")
#: Fields of a title that a description may say something about.
FIELDS = (*COLUMNS, "genres", "people")


class Shelf:
    """Genres by name, each looked up or made once. Good for one transaction."""

    def __init__(self) -> None:
        self._genres: dict[str, models.Genre] = {}

    def genres(self, names: Iterable[str]) -> list[models.Genre]:
        """Rows for names, whatever their capitals; new ones are made."""
        if not self._genres:
            self._genres = {row.name.casefold(): row for row in models.Genre.objects.all()}
        return list({row.id: row for row in (self._genre(name) for name in names)}.values())

    def _genre(self, name: str) -> models.Genre:
        known = self._genres.get(name.casefold())
        if known is None:
            stem = slugify(name)[:50] or "genre"
            taken = {row.slug for row in self._genres.values()}
            slug = next(s for s in (stem, *(f"{stem}-{n}" for n in range(2, 10_000))) if s not in taken)
            known = models.Genre.objects.create(name=name, slug=slug)
            self._genres[name.casefold()] = known
        return known


def values(said: Description) -> dict[str, Any]:
    """What a description says, as plain JSON by field; what it says nothing about is left out."""
    plain: dict[str, Any] = {
        field: getattr(said, field) for field in COLUMNS if getattr(said, field) is not None
    }
    if said.genres is not None:
        plain["genres"] = list(said.genres)
    if said.people is not None:
        plain["people"] = [[one.person, one.role, one.character] for one in said.people]
    return plain


def current(row: models.Title) -> dict[str, Any]:
    """What a title says now, in the same form."""
    now: dict[str, Any] = {field: getattr(row, field) for field in COLUMNS}
    now["genres"] = [genre.name for genre in row.genres.all()]
    credits = row.credits.select_related("person")
    now["people"] = [[one.person.name, one.role, one.character] for one in credits]
    return now


def is_free(field: str, now: Any, written: Mapping[str, Any]) -> bool:
    """Whether a machine may write a field that has this value now."""
    if field in written:
        before = written[field]
        return bool(sorted(now) == sorted(before) if field == "genres" else now == before)
    return now in (None, "", [])


def create(
    *, kind: str, slug: str, said: Description, maturity: int, shelf: Shelf, remember: bool = True
) -> models.Title:
    """Make a hidden title of a description that has a name. `maturity` counts when the description says nothing."""
    new = values(said)
    new.setdefault("maturity", maturity)
    if said.genres is not None:
        new["genres"] = sorted(genre.name for genre in shelf.genres(said.genres))  # as they are called here
    row = models.Title(kind=kind, slug=slug, written=new if remember else {}, encrypted=keyring.usual())
    for field in COLUMNS:
        if field in new:
            setattr(row, field, new[field])
    row.search_index = text.of_title(
        name=row.name,
        kind=row.kind,
        year=row.year,
        people=[(one.person, one.character) for one in said.people or ()],
        genres=said.genres or (),
    )
    row.save(force_insert=True)
    _set_genres(row, said.genres or (), shelf, fresh=True)
    _set_people(row, said.people or (), fresh=True)
    return row


def apply(
    row: models.Title, said: Description, *, shelf: Shelf | None = None, chosen: frozenset[str] | None = None
) -> list[str]:
    """Write what a description says into a title; returns the fields that changed.

    Without `chosen` a person's values stay as they are. With it exactly these fields are written, whoever wrote
    them before: that is what a person asked for. Run it inside a transaction.
    """
    new, now, shelf = values(said), current(row), shelf or Shelf()
    if chosen is None:
        new = {field: value for field, value in new.items() if is_free(field, now[field], row.written)}
    else:
        new = {field: value for field, value in new.items() if field in chosen}
    if "genres" in new:
        new["genres"] = sorted(genre.name for genre in shelf.genres(new["genres"]))
        now["genres"] = sorted(now["genres"])
    changed = [field for field, value in new.items() if now[field] != value]
    if not changed and all(row.written.get(field) == value for field, value in new.items()):
        return []
    row.written = row.written | new
    for field in COLUMNS:
        if field in changed:
            setattr(row, field, new[field])
    row.save(update_fields=["written", "updated_at", *(field for field in COLUMNS if field in changed)])
    if "genres" in changed:
        _set_genres(row, said.genres or (), shelf)
    if "people" in changed:
        _set_people(row, said.people or ())
    if {"name", "genres", "people", "year"} & set(changed):
        reindex(row.id)
    return changed


def apply_texts(row: models.Title, texts: Mapping[str, Mapping[str, str]]) -> int:
    """Say a title in other languages, by language and field; never over what a person wrote. Returns in how many."""
    known = {text.language: text for text in row.texts.all()}
    changed = 0
    for language, said in texts.items():
        text = known.get(language) or models.TitleText(title=row, language=language)
        new = {field: value for field, value in said.items() if value}
        free = {
            field: value
            for field, value in new.items()
            if is_free(field, getattr(text, field), text.written) and getattr(text, field) != value
        }
        if free:
            for field, value in free.items():
                setattr(text, field, value)
            text.written = text.written | free
            text.save()
            changed += 1
    return changed


def apply_to_episode(
    row: models.Episode, *, name: str | None, synopsis: str | None, chosen: bool = False
) -> list[str]:
    """The same for an episode. A name that we had made up ('Episode 3') is no person's."""
    new = {"name": name, "synopsis": synopsis}
    said = {field: value for field, value in new.items() if value is not None}
    if not chosen:
        said = {
            field: value for field, value in said.items() if is_free(field, getattr(row, field), row.written)
        }
    changed = [field for field, value in said.items() if getattr(row, field) != value]
    if changed or any(row.written.get(field) != value for field, value in said.items()):
        row.written = row.written | said
        for field in changed:
            setattr(row, field, said[field])
        row.save(update_fields=["written", *changed])
    return changed


def _set_genres(row: models.Title, names: Iterable[str], shelf: Shelf, *, fresh: bool = False) -> None:
    rows = shelf.genres(names)
    if fresh:
        through = models.Title.genres.through
        through.objects.bulk_create([through(title_id=row.id, genre_id=genre.id) for genre in rows])
    else:
        row.genres.set(rows)


def _set_people(row: models.Title, parts: Sequence[Credit], *, fresh: bool = False) -> None:
    known = people.rows_for(parts, title_id=None if fresh else row.id) if parts else []
    if not fresh:
        row.credits.all().delete()
    models.Credit.objects.bulk_create(
        models.Credit(title=row, person=person, role=one.role, character=one.character, position=position)
        for position, (one, person) in enumerate(zip(parts, known, strict=True))
    )
