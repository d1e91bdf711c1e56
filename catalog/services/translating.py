"""Saying titles, seasons, episodes and genres in other languages than the catalogue's own."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog import models
from catalog.services.editing import InvalidTitle


def set_title_text(
    *,
    title_id: UUID,
    language: str,
    name: str = "",
    tagline: str = "",
    synopsis: str = "",
    replace: bool = True,
) -> bool:
    """Say a title in a language ("de", "pt-br"); what is empty is said in the next language that has it.

    Without `replace` texts that are there stay. True when something was written. Raises `InvalidTitle`, LookupError
    when there is no such title.
    """
    said = {"name": name, "tagline": tagline, "synopsis": synopsis}
    return _set(models.TitleText, "title", models.Title, title_id, language, said, replace=replace)


def set_episode_text(
    *, episode_id: UUID, language: str, name: str = "", synopsis: str = "", replace: bool = True
) -> bool:
    """The same for an episode."""
    said = {"name": name, "synopsis": synopsis}
    return _set(models.EpisodeText, "episode", models.Episode, episode_id, language, said, replace=replace)


def set_season_text(*, season_id: UUID, language: str, name: str, replace: bool = True) -> bool:
    """The same for a season's name."""
    return _set(
        models.SeasonText, "season", models.Season, season_id, language, {"name": name}, replace=replace
    )


def set_genre_text(*, slug: str, language: str, name: str, replace: bool = True) -> bool:
    """The same for a genre's name, by the genre's address."""
    genre = models.Genre.objects.filter(slug=slug).values_list("id", flat=True).first()
    if genre is None:
        raise LookupError(slug)
    return _set(models.GenreText, "genre", models.Genre, genre, language, {"name": name}, replace=replace)


@transaction.atomic
def _set(
    model: Any, owner: str, of: Any, owner_id: UUID, language: str, said: dict[str, str], *, replace: bool
) -> bool:
    if not of.objects.select_for_update().filter(id=owner_id).exists():
        raise LookupError(owner_id)
    row = model.objects.filter(language=language, **{f"{owner}_id": owner_id}).first()
    if row is not None and not replace:
        return False
    row = row or model(language=language, **{f"{owner}_id": owner_id})
    if row.pk and all(getattr(row, field) == text for field, text in said.items()):
        return False
    for field, text in said.items():
        setattr(row, field, text.strip())
    try:
        row.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidTitle(field, " ".join(messages)) from error
    row.save()
    return True
