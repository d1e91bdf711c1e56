"""What playback keeps of people: what they watched, when, on what, and how it went."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from cdn import services as cdn
from netflixlite import personal
from netflixlite.personal import Json, Kind
from playback import models

CLASSES: dict[str, Kind] = {
    "playback.Household": Kind.DERIVED,
    "playback.PlaybackSession": Kind.PERSONAL,
    "playback.Prepared": Kind.DERIVED,
    "playback.Licence": Kind.PERSONAL,
    "playback.Bookmark": Kind.PERSONAL,
    "playback.TrackChoice": Kind.PERSONAL,
    "playback.Viewing": Kind.PERSONAL,
    "playback.Beacon": Kind.PERSONAL,
}
#: The longest that a token of a session could still be taken by a node.
_TOKENS_FOR = timedelta(days=1)
_BATCH = 200
#: What steering considered is ours to know, and tells of nodes, not of people.
_OURS = frozenset({"renditions", "decisions", "device", "id"})


def export(user_id: UUID) -> Iterable[tuple[str, Json]]:
    """History and bookmarks of each profile; sessions of the account, and what players reported of them."""
    for profile in accounts.profiles(user_id):
        viewings = models.Viewing.objects.filter(profile_id=profile.id).order_by("-ended_at")
        bookmarks = models.Bookmark.objects.filter(profile_id=profile.id).order_by("-updated_at")
        choices = models.TrackChoice.objects.filter(profile_id=profile.id).order_by("-updated_at")
        yield f"profiles/{profile.id}/tracks", _named(personal.listing(choices, hide={"id"}))
        yield f"profiles/{profile.id}/history", personal.listing(viewings, hide={"id", "user_id"})
        yield f"profiles/{profile.id}/bookmarks", _named(personal.listing(bookmarks, hide={"id"}))
    sessions = models.PlaybackSession.objects.filter(user_id=user_id).order_by("-started_at")
    yield "playback/sessions", personal.listing(sessions, hide=_OURS - {"id"})
    ids = list(sessions.values_list("id", flat=True))
    beacons: list[Json] = []
    deliveries: list[Json] = []
    for some in _batches(ids):
        beacons += personal.listing(
            models.Beacon.objects.filter(session_id__in=some).order_by("at"), hide={"id"}
        )
        deliveries += _deliveries(some)
    kept = models.Licence.objects.filter(user_id=user_id).order_by("-made_at")
    deliveries += _deliveries(kept.values_list("id", flat=True))
    yield "playback/downloads", personal.listing(kept, hide={"renditions"})
    yield "playback/reports", beacons
    yield "playback/deliveries", deliveries


def erase(user_id: UUID) -> dict[str, int]:
    """End what plays, and forget all of it; nodes' logs no longer tell which answers were for these sessions."""
    profiles = [profile.id for profile in accounts.profiles(user_id)]
    sessions = models.PlaybackSession.objects.filter(user_id=user_id)
    ids = list(sessions.values_list("id", flat=True))
    now = timezone.now()
    playing = {row.id for rows in (sessions.open(), sessions.lasting(now)) for row in rows}
    licences = list(models.Licence.objects.filter(user_id=user_id).values_list("id", flat=True))
    for session_id in (*playing, *licences):
        cdn.deny(session_id, now + _TOKENS_FOR)
    counts: dict[str, int] = {}
    for some in _batches(ids):
        counts = personal.add(counts, personal.remove(models.Beacon.objects.filter(session_id__in=some)))
        counts = personal.add(counts, {"cdn.Delivery": cdn.forget_sessions(some)})
    counts = personal.add(counts, {"cdn.Delivery": cdn.forget_sessions(licences)})
    for rows in (
        models.Licence.objects.filter(user_id=user_id),
        models.PlaybackSession.objects.filter(id__in=ids),
        models.PlaybackSession.objects.filter(profile_id__in=profiles),
        models.Prepared.objects.filter(user_id=user_id),
        models.Viewing.objects.filter(user_id=user_id),
        models.Viewing.objects.filter(profile_id__in=profiles),
        models.Bookmark.objects.filter(profile_id__in=profiles),
        models.TrackChoice.objects.filter(profile_id__in=profiles),
        models.Household.objects.filter(user_id=user_id),
    ):
        counts = personal.add(counts, personal.remove(rows))
    return counts


def _deliveries(session_ids: Iterable[UUID]) -> list[Json]:
    return [personal.plain(asdict(one)) for each in session_ids for one in cdn.deliveries_of(each)]


def _batches(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH))


def _named(rows: list[Json]) -> Json:
    """The rows, each with its title's name where that is still there."""
    found = [row for row in rows if isinstance(row, dict)]
    titles = catalog.titles([UUID(str(row["title_id"])) for row in found])
    names = {str(title_id): title.name for title_id, title in titles.items()}
    return [{"title": names.get(str(row["title_id"]), ""), **row} for row in found]


personal.register("playback", classes=CLASSES, export=export, erase=erase)
