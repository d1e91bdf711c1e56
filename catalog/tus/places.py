"""Where an upload belongs: a film, an episode, or an episode of a series that the file's name tells."""

import re
from uuid import UUID

from django.utils.translation import gettext as _

from catalog import models, services
from catalog.services.ingesting import check_place
from catalog.tus.protocol import TusError, Wanted

#: `S01E02`, `s1.e2`, `1x02`: season and number.
_EPISODE = re.compile(
    r"(?<![a-z0-9])s(\d{1,3})[ ._-]?e(\d{1,4})(?!\d)|(?<![a-z0-9])(\d{1,2})x(\d{2,3})(?!\d)", re.I
)


def of(wanted: Wanted) -> tuple[UUID | None, UUID | None, dict[str, int]]:
    """(title, episode, options) of an announced upload; none of them: a new film. Raises TusError.

    For a series without an episode the options name season and number, as the file's name does: the episode is made
    when the file has arrived, so that an upload that is given up leaves no empty episode. For a trailer they say so.
    """
    title_id, episode_id = _uuid("title", wanted.title), _uuid("episode", wanted.episode)
    if title_id is None and episode_id is None:
        return None, None, {}
    if wanted.trailer:
        _check(title_id, episode_id, trailer=True)
        return title_id, None, {"trailer": 1}
    if episode_id is None and title_id is not None and _is_series(title_id):
        return title_id, None, _numbers(wanted.name)
    _check(title_id, episode_id)
    return title_id, episode_id, {}


def episode_of(title_id: UUID, *, season: int, number: int) -> UUID:
    """The episode of a series, made when there is none yet. Raises LookupError when the series is gone."""
    found = models.Episode.objects.filter(season__title_id=title_id, season__number=season, number=number)
    episode_id = found.values_list("id", flat=True).first()
    if episode_id is not None:
        return episode_id
    name = _("Episode %(number)d") % {"number": number}
    return services.add_episode(title_id=title_id, season=season, number=number, name=name).id


def _check(title_id: UUID | None, episode_id: UUID | None, *, trailer: bool = False) -> None:
    try:
        check_place(title_id=title_id, episode_id=episode_id, trailer=trailer)
    except services.CannotIngest as error:
        raise TusError(422, "place", str(error)) from error


def _is_series(title_id: UUID) -> bool:
    return models.Title.objects.filter(id=title_id, kind=models.Title.Kind.SERIES).exists()


def _numbers(name: str) -> dict[str, int]:
    match = _EPISODE.search(name)
    if match is None:
        words = _(
            "Which episode is “%(name)s”? Its name does not say (S01E02, or 1x02). "
            "Rename it, or upload it at its episode."
        )
        raise TusError(422, "episode", words % {"name": name[:120]})
    season, number = (int(text) for text in match.groups() if text is not None)
    return {"season": season, "number": number}


def _uuid(field: str, text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        words = _("The metadata %(field)s is not the id of anything here.") % {"field": field}
        raise TusError(422, "place", words) from error
