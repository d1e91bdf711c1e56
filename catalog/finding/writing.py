"""Writes what a title is found by, when its name, people, genres, texts or episodes change."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Model, Prefetch, Value
from django.db.models.functions import Concat
from django.db.models.signals import post_delete, post_save
from django.utils import timezone

from catalog import models
from catalog.finding.rows import SearchChange
from catalog.search import text
from netflixlite.jobs import services as jobs

logger = logging.getLogger(__name__)

#: Titles that one turn of the periodic work writes anew, at most.
_AT_ONCE = 1000
#: Changes are kept so long: a process that has slept longer reads everything.
_KEPT = timedelta(days=1)
#: Letters of episodes' names that count.
_PARTS_MAX = 20_000


def reindex(title_id: UUID) -> None:
    """Write the search text of one title anew."""
    reindex_many([title_id])


def reindex_many(ids: Iterable[UUID]) -> int:
    """Write the search texts of titles anew; returns how many changed."""
    rows = models.Title.objects.filter(id__in=list(ids)).prefetch_related(
        "texts",
        Prefetch("genres", queryset=models.Genre.objects.prefetch_related("texts")),
        Prefetch("credits", queryset=models.Credit.objects.select_related("person")),
        Prefetch(
            "seasons__episodes",
            queryset=models.Episode.objects.only("id", "season_id", "name").prefetch_related("texts"),
        ),
    )
    changed = []
    for row in rows:
        index = _index(row)
        if index != row.search_index:
            row.search_index = index
            changed.append(row)
    models.Title.objects.bulk_update(changed, ["search_index"], batch_size=100)
    return len(changed)


def settle() -> None:
    """Write anew what is stale or of an older form, and forget old changes. Runs now and then in a worker."""
    current = f"\n{text.FORMAT}"
    stale = models.Title.objects.exclude(search_index__endswith=current).values_list("id", flat=True)
    if written := reindex_many(stale[:_AT_ONCE]):
        logger.info("search texts of %d titles written anew", written)
    newest = SearchChange.objects.order_by("-id").values_list("id", flat=True).first()
    old = SearchChange.objects.filter(at__lt=timezone.now() - _KEPT)
    if newest is not None:
        old.exclude(id=newest).delete()


def mark_stale(title_id: UUID | None) -> None:
    """Have the next `settle` write a title's text anew: for what comes in hundreds, as episodes do."""
    if title_id is None:
        return
    fresh = models.Title.objects.filter(id=title_id, search_index__endswith=f"\n{text.FORMAT}")
    fresh.update(search_index=Concat("search_index", Value(text.STALE)))


def register() -> None:
    """Have workers settle, and listen to rows that bring new words."""
    jobs.register_periodic("catalog.search", timedelta(seconds=20))(settle)
    for model in (models.TitleText, models.Episode, models.EpisodeText):
        post_save.connect(_said, sender=model, dispatch_uid=f"search.{model.__name__}.saved")
        post_delete.connect(_said, sender=model, dispatch_uid=f"search.{model.__name__}.gone")
    for event in (post_save, post_delete):
        event.connect(_genre_said, sender=models.GenreText, dispatch_uid="search.genre")


def _index(row: models.Title) -> str:
    episodes = [part for season in row.seasons.all() for part in season.episodes.all()]
    parts, room = [], _PARTS_MAX
    for part in episodes:
        for name in (part.name, *(said.name for said in part.texts.all())):
            room -= len(name)
            if name and room >= 0:
                parts.append(name)
    genres = [
        name for genre in row.genres.all() for name in (genre.name, *(t.name for t in genre.texts.all()))
    ]
    return text.of_title(
        name=row.name,
        kind=row.kind,
        year=row.year,
        people=[(credit.person.name, credit.character) for credit in row.credits.all()],
        genres=genres,
        others=[said.name for said in row.texts.all()],
        parts=parts,
    )


def _said(sender: type[Model], instance: Any, **_more: Any) -> None:
    """A title's own texts count at once; those of episodes soon, as they come in hundreds."""
    if isinstance(instance, models.TitleText):
        reindex(instance.title_id)
    elif isinstance(instance, models.Episode):
        seasons = models.Season.objects.filter(id=instance.season_id)
        mark_stale(seasons.values_list("title_id", flat=True).first())
    elif isinstance(instance, models.EpisodeText):
        seasons = models.Season.objects.filter(episodes__id=instance.episode_id)
        mark_stale(seasons.values_list("title_id", flat=True).first())


def _genre_said(sender: type[Model], instance: Any, **_more: Any) -> None:
    for title_id in models.Title.objects.filter(genres__id=instance.genre_id).values_list("id", flat=True):
        mark_stale(title_id)
