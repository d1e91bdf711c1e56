"""What signals keep of people: handed out, and erased."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from uuid import UUID

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Title
from netflixlite import personal
from netflixlite.personal import Json, Kind
from recommend.signals import models, reading, writing

CLASSES: dict[str, Kind] = {
    "recommend.Signal": Kind.PERSONAL,
    # What a profile switched is handed out; the rest of the row is made from the signals.
    "recommend.Taste": Kind.PERSONAL,
    "recommend.Vote": Kind.DERIVED,
    # Sums over profiles, from which a profile's part is taken when it goes.
    "recommend.TrendCell": Kind.NONE,
    "recommend.Mark": Kind.NONE,
}


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """What each profile did, what that is taken to mean, and its switches."""
    for profile in accounts.profiles(user_id):
        rows = models.Signal.objects.filter(profile_id=profile.id).order_by("-at", "-id")
        taste, switches = reading.both(profile.id)
        known = [entry.title_id for entry in taste.entries]
        listed = personal.listing(rows, hide={"id"})
        named = [row for row in listed if isinstance(row, dict)]
        titles = catalog.titles({*known, *(UUID(str(row["title_id"])) for row in named)}, people=False)
        yield (
            f"profiles/{profile.id}/signals",
            [{"title": _name(titles, UUID(str(row["title_id"]))), **row} for row in named],
        )
        yield (
            f"profiles/{profile.id}/taste",
            {
                "switches": personal.plain(asdict(switches)),
                "entries": [
                    {"title": _name(titles, entry.title_id), **_said(personal.plain(asdict(entry)))}
                    for entry in taste.entries
                ],
                "hidden": [str(title_id) for title_id in sorted(taste.hidden, key=str)],
            },
        )


def erase(user_id: UUID) -> dict[str, int]:
    """All of it, and its part in what is trending. Models are made anew without it (recommend/learning)."""
    counts: dict[str, int] = {}
    for profile in accounts.profiles(user_id):
        counts = personal.add(counts, writing.forget_profile(profile.id))
    return personal.add(counts, personal.remove(models.Vote.objects.filter(user_id=user_id)))


def _name(titles: Mapping[UUID, Title], title_id: UUID) -> str:
    return titles[title_id].name if title_id in titles else ""


def _said(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


personal.register("recommend.signals", classes=CLASSES, export=export, erase=erase)
