"""Making, changing, publishing and removing titles."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from catalog import keyring, models, people, removal, types
from catalog.events import title_published, title_removed
from catalog.services.reading import title
from catalog.services.searching import reindex


class InvalidTitle(ValueError):
    """A value is not allowed. `field` names it, the text says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotPlayable(ValueError):
    """The title has nothing to play yet; the text says what is missing, for an operator."""


@transaction.atomic
def create_title(
    *,
    name: str,
    kind: types.Kind = types.Kind.FILM,
    slug: str = "",
    tagline: str = "",
    synopsis: str = "",
    year: int | None = None,
    maturity: int = 0,
    genres: Sequence[str] = (),
    people: Sequence[types.Credit] = (),
    credit: str = "",
    accent: str = "",
    available_from: datetime | None = None,
    available_until: datetime | None = None,
) -> types.Title:
    """Make a title, hidden until it is published. `genres` are names, made when new. Raises `InvalidTitle`."""
    row = models.Title(
        name=name.strip(),
        kind=kind.value,
        slug=_free_slug(models.Title, slug or name),
        tagline=tagline,
        synopsis=synopsis,
        year=year,
        maturity=maturity,
        credit=credit,
        accent=accent,
        available_from=available_from,
        available_until=available_until,
        encrypted=keyring.usual(),
    )
    _save(row)
    _set_genres(row, genres)
    _set_people(row, people)
    reindex(row.id)
    return _answer(row.id)


@transaction.atomic
def update_title(
    *,
    title_id: UUID,
    name: str | None = None,
    tagline: str | None = None,
    synopsis: str | None = None,
    year: int | None = None,
    maturity: int | None = None,
    genres: Sequence[str] | None = None,
    people: Sequence[types.Credit] | None = None,
    credit: str | None = None,
    accent: str | None = None,
) -> types.Title:
    """Change what is given (None leaves as it is). Raises `InvalidTitle`, LookupError when there is no such title."""
    row = _locked(title_id)
    given = {
        "name": name.strip() if name is not None else None,
        "tagline": tagline,
        "synopsis": synopsis,
        "year": year,
        "maturity": maturity,
        "credit": credit,
        "accent": accent,
    }
    for field, value in given.items():
        if value is not None:
            setattr(row, field, value)
    _save(row)
    if genres is not None:
        _set_genres(row, genres)
    if people is not None:
        _set_people(row, people)
    reindex(row.id)
    return _answer(row.id)


@transaction.atomic
def add_season(*, title_id: UUID, number: int, name: str = "") -> types.Season:
    """Give a series a season. Raises `InvalidTitle` when the number is taken or the title is a film."""
    row = _locked(title_id)
    if row.kind != models.Title.Kind.SERIES:
        raise InvalidTitle("kind", _("Only a series has seasons."))
    season = models.Season(title=row, number=number, name=name)
    _save(season)
    return types.Season(id=season.id, number=season.number, name=str(season), episodes=())


@transaction.atomic
def add_episode(*, title_id: UUID, season: int, number: int, name: str, synopsis: str = "") -> types.Episode:
    """Add an episode; its season is made when it is the first. Raises `InvalidTitle` when the number is taken."""
    row = _locked(title_id)
    if row.kind != models.Title.Kind.SERIES:
        raise InvalidTitle("kind", _("Only a series has episodes."))
    parent, _made = models.Season.objects.get_or_create(title=row, number=season)
    part = models.Episode(season=parent, number=number, name=name.strip(), synopsis=synopsis)
    _save(part)
    return types.Episode(
        id=part.id,
        title_id=row.id,
        season=parent.number,
        number=part.number,
        name=part.name,
        synopsis=part.synopsis,
        runtime=None,
        video_id=None,
        still=None,
        playable=False,
    )


@transaction.atomic
def publish(title_id: UUID, *, now: datetime | None = None) -> types.Title:
    """Let everyone see a title whose profile allows it. Publishing twice changes nothing.

    Raises `NotPlayable` when nothing of it can be played yet, LookupError when there is no such title.
    """
    row = _locked(title_id)
    before = _answer(row.id)
    if not before.playable:
        raise NotPlayable(_why_not_playable(row))
    if row.published_at is None:
        row.published_at = now or timezone.now()
        row.save(update_fields=["published_at", "updated_at"])
        news = types.TitlePublished(title_id=row.id)
        transaction.on_commit(partial(title_published.send_robust, sender=types.TitlePublished, event=news))
    return _answer(row.id)


@transaction.atomic
def unpublish(title_id: UUID) -> types.Title:
    """Hide a title; nothing of it is lost. Raises LookupError when there is no such title."""
    row = _locked(title_id)
    row.published_at = None
    row.save(update_fields=["published_at", "updated_at"])
    return _answer(row.id)


@transaction.atomic
def remove_title(title_id: UUID) -> None:
    """Remove a title for good: rows now; packages, pictures and sources after commit. Unknown ids are no error."""
    row = models.Title.objects.select_for_update().filter(id=title_id).first()
    if row is None:
        return
    leavings = removal.of_title(row.id)
    removal.cancel_jobs(leavings.video_ids)
    row.delete()
    news = types.TitleRemoved(title_id=title_id, video_ids=leavings.video_ids)
    transaction.on_commit(partial(title_removed.send_robust, sender=types.TitleRemoved, event=news))
    # A storage may fail in ways of its own; the title is gone all the same, and the page should say so.
    transaction.on_commit(lambda: removal.sweep(leavings), robust=True)  # a partial has no name to log


def _locked(title_id: UUID) -> models.Title:
    row = models.Title.objects.select_for_update().filter(id=title_id).first()
    if row is None:
        raise LookupError(title_id)
    return row


def _answer(title_id: UUID) -> types.Title:
    found = title(title_id)
    if found is None:
        raise LookupError(title_id)
    return found


def _save(row: Any) -> None:
    """Validate as forms do (database constraints included), then save. Raises `InvalidTitle`."""
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidTitle(field, " ".join(messages)) from error
    row.save()


def _free_slug(model: type[models.Title] | type[models.Genre], text: str) -> str:
    """An address that no other row has. Names in scripts that addresses cannot carry get a number after a word."""
    stem = slugify(text)[:50] or model.__name__.lower()
    taken = set(model._default_manager.filter(slug__startswith=stem).values_list("slug", flat=True))
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


def _set_genres(row: models.Title, names: Sequence[str]) -> None:
    wanted = []
    for name in names:
        genre = models.Genre.objects.filter(name__iexact=name.strip()).first()
        if genre is None:
            genre = models.Genre(name=name.strip(), slug=_free_slug(models.Genre, name))
            _save(genre)
        wanted.append(genre)
    row.genres.set(wanted)


def _set_people(row: models.Title, parts: Sequence[types.Credit]) -> None:
    known = people.rows_for(parts, title_id=row.id)
    row.credits.all().delete()
    for position, (one, person) in enumerate(zip(parts, known, strict=True)):
        part = models.Credit(
            title=row, person=person, role=one.role, character=one.character, position=position
        )
        _save(part)


def _why_not_playable(row: models.Title) -> str:
    if row.kind == models.Title.Kind.SERIES:
        return _("No episode of “%(name)s” can be played yet. Upload a source file to one of them first.") % {
            "name": row.name
        }
    film = models.Video.objects.filter(title=row).first()
    if film is None:
        return _("“%(name)s” has no video yet. Upload a source file first.") % {"name": row.name}
    if film.state in (models.Video.State.REFUSED, models.Video.State.FAILED):
        return _("“%(name)s” cannot be played: %(reason)s") % {"name": row.name, "reason": film.reason}
    return _("“%(name)s” is still being prepared. It can be published as soon as it is ready.") % {
        "name": row.name
    }
