"""What trials keep of people: what they were shown, and sums of what they did while they were in an experiment."""

from collections.abc import Iterable
from uuid import UUID

from accounts import services as accounts
from catalog import services as catalog
from netflixlite import personal
from netflixlite.personal import Json, Kind
from recommend.trials import models

CLASSES: dict[str, Kind] = {
    "recommend.Impression": Kind.PERSONAL,
    "recommend.Participation": Kind.PERSONAL,
    "recommend.Decision": Kind.DERIVED,
    "recommend.ProfileTally": Kind.DERIVED,
    "recommend.Showing": Kind.DERIVED,
    "recommend.CountedViewing": Kind.DERIVED,
    # Sums over everybody: half of them is gone after 14 days, and no row says who was counted.
    "recommend.Tally": Kind.NONE,
    "recommend.SeenDay": Kind.NONE,
    "recommend.Experiment": Kind.NONE,
    "recommend.Arm": Kind.NONE,
}

_OF_A_PROFILE = (
    models.Impression,
    models.Participation,
    models.Decision,
    models.ProfileTally,
    models.Showing,
    models.CountedViewing,
)


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """What each profile was shown in the last month, and the experiments it took part in."""
    for profile in accounts.profiles(user_id):
        seen = models.Impression.objects.filter(profile_id=profile.id).order_by("-at")
        rows = personal.listing(seen, hide={"id", "request_id", "profile_id"})
        yield f"profiles/{profile.id}/shown", _named(rows)
        part = models.Participation.objects.filter(profile_id=profile.id).order_by("first_at")
        names = {row.pk: row.name for row in models.Experiment.objects.all()}
        joined = personal.listing(part, hide={"id", "profile_id"})
        yield (
            f"profiles/{profile.id}/experiments",
            [
                {"experiment": names.get(UUID(str(row["experiment_id"])), ""), **row}
                for row in joined
                if isinstance(row, dict)
            ],
        )


def erase(user_id: UUID) -> dict[str, int]:
    """It goes with its profiles."""
    counts: dict[str, int] = {}
    for profile in accounts.profiles(user_id):
        counts = personal.add(counts, forget_profile(profile.id))
    return counts


def forget_profile(profile_id: UUID) -> dict[str, int]:
    """All rows of one profile; how many of which model. Safe to run twice."""
    counts: dict[str, int] = {}
    for model in _OF_A_PROFILE:
        rows = model._base_manager.filter(profile_id=profile_id)
        counts = personal.add(counts, personal.remove(rows))
    return counts


def _named(rows: list[Json]) -> Json:
    found = [row for row in rows if isinstance(row, dict)]
    titles = catalog.titles(list({UUID(str(row["title_id"])) for row in found}), people=False)
    names = {str(title_id): title.name for title_id, title in titles.items()}
    return [{"title": names.get(str(row["title_id"]), ""), **row} for row in found]


personal.register("recommend.trials", classes=CLASSES, export=export, erase=erase)
