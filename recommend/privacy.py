"""What recommend keeps of people."""

from collections.abc import Iterable
from uuid import UUID

from accounts import services as accounts
from catalog import services as catalog
from netflixlite import personal
from netflixlite.personal import Json, Kind
from recommend import models

CLASSES: dict[str, Kind] = {
    "recommend.Thumb": Kind.PERSONAL,
    "recommend.ListEntry": Kind.PERSONAL,
    # Sums over many, and which of them is served. After an erasure they are made anew (learning/tending.py).
    "recommend.ModelVersion": Kind.OPERATIONAL,
    "recommend.Serving": Kind.OPERATIONAL,
}


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """My list and thumbs of each profile."""
    for profile in accounts.profiles(user_id):
        thumbs = models.Thumb.objects.filter(profile_id=profile.id).order_by("-rated_at")
        listed = models.ListEntry.objects.filter(profile_id=profile.id).order_by("-added_at")
        yield f"profiles/{profile.id}/thumbs", _named(personal.listing(thumbs, hide={"id"}))
        yield f"profiles/{profile.id}/my-list", _named(personal.listing(listed, hide={"id"}))


def erase(user_id: UUID) -> dict[str, int]:
    """Taste goes with its profiles."""
    ids = [profile.id for profile in accounts.profiles(user_id)]
    counts = personal.remove(models.Thumb.objects.filter(profile_id__in=ids))
    return personal.add(counts, personal.remove(models.ListEntry.objects.filter(profile_id__in=ids)))


def _named(rows: list[Json]) -> Json:
    """The rows, each with its title's name where that is still there."""
    found = [row for row in rows if isinstance(row, dict)]
    titles = catalog.titles([UUID(str(row["title_id"])) for row in found])
    names = {str(title_id): title.name for title_id, title in titles.items()}
    return [{"title": names.get(str(row["title_id"]), ""), **row} for row in found]


personal.register("recommend", classes=CLASSES, export=export, erase=erase)
