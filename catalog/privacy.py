"""What the catalogue keeps of people who use it: who uploaded. People in credits are those of the films."""

from collections.abc import Iterable
from uuid import UUID

from catalog import models
from netflixlite import personal
from netflixlite.personal import Json, Kind

#: Who uploaded what nobody's account uploaded.
NOBODY = UUID(int=0)

CLASSES: dict[str, Kind] = {
    "catalog.Genre": Kind.NONE,
    "catalog.Person": Kind.NONE,
    "catalog.Title": Kind.NONE,
    "catalog.Title_genres": Kind.NONE,
    "catalog.TitleText": Kind.NONE,
    "catalog.SeasonText": Kind.NONE,
    "catalog.EpisodeText": Kind.NONE,
    "catalog.GenreText": Kind.NONE,
    "catalog.SearchChange": Kind.NONE,
    "catalog.SpokenVideo": Kind.NONE,
    "catalog.SpokenTrack": Kind.NONE,
    "catalog.SpokenLine": Kind.NONE,
    "catalog.Credit": Kind.NONE,
    "catalog.Season": Kind.NONE,
    "catalog.Episode": Kind.NONE,
    "catalog.Artwork": Kind.NONE,
    "catalog.OtherPicture": Kind.NONE,
    "catalog.Video": Kind.NONE,
    "catalog.Source": Kind.NONE,
    "catalog.Package": Kind.NONE,
    "catalog.Marker": Kind.NONE,
    "catalog.ContentKey": Kind.NONE,
    "catalog.TextTrack": Kind.NONE,
    "catalog.Upload": Kind.OPERATIONAL,
    "catalog.LibraryFile": Kind.NONE,
}


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """What an operator uploaded."""
    rows = models.Upload.objects.filter(user_id=user_id).order_by("-created_at")
    yield "studio/uploads", personal.listing(rows, hide={"sha256", "user_id"})


def erase(user_id: UUID) -> dict[str, int]:
    """The films stay; who uploaded them is forgotten."""
    return {"catalog.Upload": models.Upload.objects.filter(user_id=user_id).update(user_id=NOBODY)}


personal.register("catalog", classes=CLASSES, export=export, erase=erase)
