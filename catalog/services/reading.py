"""Looking titles, episodes and videos up."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog import artwork, models, texts, types
from catalog.services.cards import cards

#: No list is longer than this, whatever was asked for.
LIMIT_MAX = 200


def titles(
    ids: Iterable[UUID],
    *,
    maturity: int | None = None,
    without: Collection[UUID] = (),
    people: bool = True,
) -> dict[UUID, types.Title]:
    """Many titles by id; ids that are unknown are missing from the answer.

    With `maturity` (an age) only those that such a profile may see now; without, hidden ones too. Never those of
    `without`: what is blocked on a profile. Cards need no `people`: without them titles come much faster, and their
    `people` are empty.
    """
    rows = models.Title.objects.filter(id__in=list(ids)).without(without)
    if maturity is not None:
        rows = rows.published().suitable_for(maturity)
    if not people:
        return cards(rows)
    return {row.id: title_value(row) for row in with_cards(rows)}


def title(
    title_id: UUID, *, maturity: int | None = None, without: Collection[UUID] = ()
) -> types.Title | None:
    """One title. With `maturity` only when such a profile may see it now; `without` as in `titles`."""
    return titles([title_id], maturity=maturity, without=without).get(title_id)


def title_by_slug(
    slug: str, *, maturity: int | None = None, without: Collection[UUID] = ()
) -> types.Title | None:
    """One title by its address; `maturity` and `without` as in `titles`."""
    rows = models.Title.objects.filter(slug=slug).without(without)
    if maturity is not None:
        rows = rows.published().suitable_for(maturity)
    row = with_cards(rows).first()
    return title_value(row) if row else None


def genres(*, maturity: int | None = None, without: Collection[UUID] = ()) -> list[types.Genre]:
    """All genres by name; with `maturity` only those in which such a profile finds something."""
    rows = models.Genre.objects.prefetch_related(*texts.in_chain(models.GenreText))
    if maturity is not None:
        seen = models.Title.objects.published().suitable_for(maturity).without(without)
        # One title of each is enough. To `EXISTS` PostgreSQL joins all titles with all their genres first.
        visible = seen.filter(genres=OuterRef("pk")).order_by().values("pk")[:1]
        rows = rows.alias(seen=Subquery(visible)).filter(seen__isnull=False)
    found = [genre_value(row) for row in rows]
    return sorted(found, key=lambda genre: genre.name.casefold()) if texts.chain() else found


def person(slug: str, *, maturity: int, without: Collection[UUID] = ()) -> types.Person | None:
    """Somebody by the address of their page, with what such a profile may see of their work, the newest first.

    None where there is nobody, or nothing of theirs that may be seen. `without` as in `titles`.
    """
    row = models.Person.objects.filter(slug=slug).prefetch_related("artwork").first()
    if row is None:
        return None
    parts = list(row.credits.order_by("position", "id").values_list("title_id", "role", "character"))
    found = titles({part[0] for part in parts}, maturity=maturity, without=without)
    seen = [types.Appearance(found[part[0]], part[1], part[2]) for part in parts if part[0] in found]
    if not seen:
        return None
    seen.sort(key=lambda one: (-(one.title.year or 0), one.title.name))
    portrait = next((picture for picture in row.artwork.all() if picture.kind == "portrait"), None)
    return types.Person(
        slug=row.slug,
        name=row.name,
        note=row.note,
        photo=artwork.image(portrait) if portrait else None,
        appearances=tuple(seen),
    )


def seasons(title_id: UUID) -> list[types.Season]:
    """A series' seasons with their episodes, in order; the specials (season 0) come last."""
    rows = list(
        models.Season.objects.filter(title_id=title_id).prefetch_related(
            Prefetch("episodes", queryset=_episodes().order_by("number")),
            *texts.in_chain(models.SeasonText),
        )
    )
    rows.sort(key=lambda season: (season.number == 0, season.number))
    return [
        types.Season(
            id=row.id,
            number=row.number,
            name=texts.season_name(row),
            episodes=tuple(episode_value(part) for part in row.episodes.all()),
        )
        for row in rows
    ]


def episode(episode_id: UUID) -> types.Episode | None:
    """One episode."""
    row = _episodes().filter(id=episode_id).first()
    return episode_value(row) if row else None


def first_video(title_id: UUID) -> UUID | None:
    """What Play starts: the film, or the first episode that can be played; None when nothing can."""
    film = models.Video.objects.filter(title_id=title_id, current_package__isnull=False).first()
    if film:
        return film.id
    parts = _playable_parts_of([title_id]).get(title_id)
    return parts[0][1] if parts else None


def next_episode(video_id: UUID) -> types.Episode | None:
    """The next playable episode after this video, over the end of its season; None for a film or the last."""
    return next_episodes([video_id]).get(video_id)


def next_episodes(video_ids: Iterable[UUID]) -> dict[UUID, types.Episode]:
    """What comes after many videos, as in `next_episode`; films and last episodes are missing from the answer."""
    places = {
        video_id: (series, _place(season, number))
        for video_id, series, season, number in models.Video.objects.filter(
            id__in=list(video_ids), episode__isnull=False
        ).values_list("id", "episode__season__title_id", "episode__season__number", "episode__number")
    }
    parts = _playable_parts_of({series for series, _here in places.values()})
    after: dict[UUID, UUID] = {}
    for video_id, (series, here) in places.items():
        following = (one for at, _video, one in parts.get(series, []) if at > here and at[0] == here[0])
        if (episode_id := next(following, None)) is not None:
            after[video_id] = episode_id
    found = {row.id: episode_value(row) for row in _episodes().filter(id__in=after.values())} if after else {}
    return {video_id: found[episode_id] for video_id, episode_id in after.items() if episode_id in found}


def video(video_id: UUID) -> types.Video | None:
    """One video."""
    return videos([video_id]).get(video_id)


def trailer(title_id: UUID) -> UUID | None:
    """The video of a title's trailer; None while there is none that can be played."""
    return trailers([title_id]).get(title_id)


def trailer_video(title_id: UUID) -> UUID | None:
    """The video of a title's trailer, whether or not it can be played yet."""
    return models.Video.objects.filter(trailer_of_id=title_id).values_list("id", flat=True).first()


def trailers(title_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The videos of many titles' trailers; titles without one that can be played are missing from the answer."""
    rows = models.Video.objects.filter(trailer_of_id__in=list(title_ids), current_package__isnull=False)
    return {title_id: video_id for title_id, video_id in rows.values_list("trailer_of_id", "id") if title_id}


def videos(ids: Iterable[UUID]) -> dict[UUID, types.Video]:
    """Many videos by id; unknown ids are missing from the answer."""
    rows = (
        models.Video.objects.filter(id__in=list(ids))
        .select_related("title", "episode__season__title", "trailer_of")
        .prefetch_related(
            *texts.in_chain(models.TitleText, "title__texts"),
            *texts.in_chain(models.TitleText, "trailer_of__texts"),
            *texts.in_chain(models.TitleText, "episode__season__title__texts"),
            *texts.in_chain(models.EpisodeText, "episode__texts"),
        )
    )
    now = timezone.now()
    return {row.id: video_value(row, now) for row in rows}


def playable_videos(ids: Iterable[UUID]) -> set[UUID]:
    """Which of these videos there are, and can be played."""
    rows = models.Video.objects.filter(id__in=list(ids), current_package__isnull=False)
    return set(rows.values_list("id", flat=True))


# From rows to values: used by the other modules of this package, never outside this app. ---------------


def with_cards(rows: QuerySet[models.Title]) -> QuerySet[models.Title]:
    """Everything that `title_value` needs, in a fixed number of queries."""
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
    credits = models.Credit.objects.select_related("person").order_by("position", "id")
    return (
        rows.select_related("video")
        .annotate(has_playable_part=Exists(playable_part), seasons_in_all=Coalesce(Subquery(season_count), 0))
        .prefetch_related(
            Prefetch(
                "genres", queryset=models.Genre.objects.prefetch_related(*texts.in_chain(models.GenreText))
            ),
            "artwork",
            *texts.in_chain(models.TitleText),
            Prefetch("credits", queryset=credits),
        )
    )


def title_value(row: models.Title) -> types.Title:
    """A title's row as others may see it; the row comes from `with_cards`."""
    film = getattr(row, "video", None)
    pictures = {picture.kind: picture for picture in row.artwork.all()}
    poster, backdrop = pictures.get("poster"), pictures.get("backdrop")
    shade = backdrop or poster
    return types.Title(
        id=row.id,
        slug=row.slug,
        kind=types.Kind(row.kind),
        name=texts.said(row, "name"),
        tagline=texts.said(row, "tagline"),
        synopsis=texts.said(row, "synopsis"),
        year=row.year,
        maturity=row.maturity,
        genres=tuple(genre_value(genre) for genre in row.genres.all()),
        people=tuple(
            types.Credit(
                person=credit.person.name,
                role=credit.role,
                character=credit.character,
                slug=credit.person.slug,
                tmdb_id=credit.person.tmdb_id,
            )
            for credit in row.credits.all()
        ),
        runtime=film.duration if film else None,
        video_id=film.id if film else None,
        season_count=int(getattr(row, "seasons_in_all", 0)),
        poster=artwork.image(poster) if poster else None,
        backdrop=artwork.image(backdrop) if backdrop else None,
        accent=row.accent or (shade.accent if shade else artwork.FALLBACK_ACCENT),
        credit=row.credit,
        playable=bool(film and film.current_package_id) or bool(getattr(row, "has_playable_part", False)),
        published_at=row.published_at,
    )


def genre_value(row: models.Genre) -> types.Genre:
    """A genre's row as others may see it."""
    return types.Genre(id=row.id, slug=row.slug, name=texts.said(row, "name"))


def episode_value(row: models.Episode) -> types.Episode:
    """An episode's row as others may see it; the row comes from `_episodes`."""
    media = getattr(row, "video", None)
    still = next((picture for picture in row.artwork.all() if picture.kind == "still"), None)
    return types.Episode(
        id=row.id,
        title_id=row.season.title_id,
        season=row.season.number,
        number=row.number,
        name=texts.said(row, "name"),
        synopsis=texts.said(row, "synopsis"),
        runtime=media.duration if media else None,
        video_id=media.id if media else None,
        still=artwork.image(still) if still else None,
        playable=bool(media and media.current_package_id),
    )


def video_value(row: models.Video, now: datetime) -> types.Video:
    """A video's row as others may see it."""
    part, owner = row.episode, row.owner
    assert owner is not None
    name = texts.said(owner, "name")
    if part:
        name = f"{name} · S{part.season.number} E{part.number} · {texts.said(part, 'name')}"
    elif row.trailer_of_id:
        name = _("%(title)s: trailer") % {"title": name}
    return types.Video(
        id=row.id,
        title_id=owner.id,
        episode_id=part.id if part else None,
        name=name,
        maturity=owner.maturity,
        duration=row.duration,
        package_id=row.current_package_id,
        available=is_available(owner, now),
        trailer=row.trailer_of_id is not None,
    )


def is_available(row: models.Title, now: datetime) -> bool:
    """Whether viewers may see the title at `now`: the same rule as `TitleQuerySet.published`, on one row."""
    return (
        row.published_at is not None
        and (row.available_from is None or row.available_from <= now)
        and (row.available_until is None or row.available_until > now)
    )


def _episodes() -> QuerySet[models.Episode]:
    rows = models.Episode.objects.select_related("season", "video")
    return rows.prefetch_related("artwork", *texts.in_chain(models.EpisodeText))


def _place(season: int, number: int) -> tuple[bool, int, int]:
    """Where an episode stands in its series; the specials (season 0) come last."""
    return season == 0, season, number


def _playable_parts_of(
    title_ids: Iterable[UUID],
) -> dict[UUID, list[tuple[tuple[bool, int, int], UUID, UUID]]]:
    """By title: (place, video id, episode id) of every episode that can be played, in order. One query."""
    rows = models.Video.objects.filter(
        episode__season__title_id__in=list(title_ids), current_package__isnull=False
    ).values_list(
        "episode__season__title_id", "episode__season__number", "episode__number", "id", "episode_id"
    )
    parts: dict[UUID, list[tuple[tuple[bool, int, int], UUID, UUID]]] = {}
    for title_id, season, number, video_id, episode_id in rows:
        parts.setdefault(title_id, []).append((_place(season, number), video_id, episode_id))
    return {title_id: sorted(several) for title_id, several in parts.items()}
