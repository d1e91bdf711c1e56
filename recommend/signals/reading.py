"""What is known of viewers, for whoever makes pages and models. Every question is one query, most of one row."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Count, Max
from django.utils import timezone

from recommend.signals import models, packing, trends
from recommend.signals.settings import current_weights
from recommend.signals.shapes import Did, Kind, Switches, Taste, TasteEntry, Trend
from recommend.signals.weights import Fact, opinion

__all__ = [
    "Kind",
    "Switches",
    "Taste",
    "TasteEntry",
    "Trend",
    "accounts_behind",
    "active",
    "both",
    "caught_up",
    "events_for_training",
    "not_interested",
    "switches",
    "taste",
    "trend",
    "trending",
    "version",
    "withdrawn_at",
]

_TASTE = ("version", "entries", "hidden", "seen")
_SWITCHES = ("personal", "learn", "shared", "steady")
#: The mark of how far viewings were taken in.
HISTORY = "history"
_FACT = ("did", "value", "at", "video_id", "watched", "length", "over", "part", "counts", "alone")


def taste(profile_id: UUID) -> Taste:
    """What a profile likes, what is hidden from it and what it has seen; empty for who did nothing yet."""
    row = models.Taste.objects.filter(profile_id=profile_id).values_list(*_TASTE).first()
    return _taste(row) if row else Taste()


def switches(profile_id: UUID) -> Switches:
    """What a profile lets be done."""
    row = models.Taste.objects.filter(profile_id=profile_id).values_list(*_SWITCHES).first()
    return Switches(*row) if row else Switches()


def both(profile_id: UUID) -> tuple[Taste, Switches]:
    """`taste` and `switches` at the price of one."""
    row = models.Taste.objects.filter(profile_id=profile_id).values_list(*_TASTE, *_SWITCHES).first()
    return (_taste(row[:4]), Switches(*row[4:])) if row else (Taste(), Switches())


def version(profile_id: UUID) -> int:
    """Grows with every change of a profile's taste, of what is hidden from it, and of its switches. 0: nothing yet."""
    found = models.Taste.objects.filter(profile_id=profile_id).values_list("version", flat=True).first()
    return found or 0


def not_interested(profile_id: UUID) -> tuple[tuple[UUID, datetime], ...]:
    """What a profile said it is not interested in, and when; the latest first. Thumbs down are not among these."""
    rows = models.Signal.objects.filter(profile_id=profile_id, did=Did.HIDDEN).order_by("-at", "-id")
    return tuple(rows.values_list("title_id", "at"))


def trend(maturity: int, *, kids: bool, days: int | None = None) -> Mapping[UUID, float]:
    """What is watched here now: by title, decayed profiles. Only what may be seen at this age (years) is in it.

    `days` is the half-life: 1, 7 or 30; None takes the shortest for which enough is watched here. Children's profiles
    hear of what children watch (grown-ups count a quarter), others of what grown-ups watch.
    """
    return trends.trending(maturity, kids=kids, days=days).values


def trending(maturity: int, *, kids: bool, days: int | None = None) -> Trend:
    """The same, with the number of accounts behind each: what fewer than three watched names somebody."""
    return trends.trending(maturity, kids=kids, days=days)


def accounts_behind(title_ids: Collection[UUID], *, days: int = 30) -> dict[UUID, int]:
    """By how many accounts each of these titles was watched in the last days; those by none are left out."""
    since = timezone.now() - timedelta(days=days)
    rows = (
        models.Vote.objects.filter(title_id__in=list(title_ids), at__gte=since).values("title_id").order_by()
    )
    counted = rows.annotate(accounts=Count("user_id", distinct=True))
    return dict(counted.values_list("title_id", "accounts"))


def active(*, days: int = 7) -> int:
    """How many profiles watched something in the last days."""
    since = timezone.now() - timedelta(days=days)
    return models.Vote.objects.filter(at__gte=since).aggregate(n=Count("profile_id", distinct=True))["n"] or 0


def caught_up() -> bool:
    """Whether viewings from before signals were kept have been taken in (reconciling.py)."""
    return models.Mark.objects.filter(name=HISTORY).exists()


def withdrawn_at() -> datetime | None:
    """When somebody's influence was last withdrawn (erased, or not to count for others any more).

    A model that was trained on signals from before that must be trained anew within 24 hours, and then thrown away.
    """
    marks = models.Mark.objects.filter(name__startswith=trends.WITHDRAWN)
    found: datetime | None = marks.aggregate(at=Max("at"))["at"]
    return found


def events_for_training(since: datetime | None = None) -> Iterator[tuple[UUID, UUID, float, datetime]]:
    """(profile, title, weight > 0, when) of all who let it count for others, one for each profile and title.

    Sorted by profile and title, not by time; read in pieces, so that millions do not lie in memory. Only what was done
    at or after `since`. However often somebody plays something: it is one event, weighing 1.5 at most.
    """
    kept_out = models.Taste.objects.filter(shared=False).values("profile_id")
    rows = models.Signal.objects.exclude(profile_id__in=kept_out)
    if since is not None:
        rows = rows.filter(at__gte=since)
    weights, now = current_weights(), timezone.now()
    found = rows.order_by("profile_id", "title_id").values_list("profile_id", "title_id", *_FACT)
    for (profile_id, title_id), told in groupby(found.iterator(chunk_size=5000), key=lambda row: row[:2]):
        said = opinion([fact(row[2:]) for row in told], weights, now=now)
        if said is not None and said.worth.train > 0:
            yield profile_id, title_id, said.worth.train, said.at


def fact(row: tuple[object, ...]) -> Fact:
    """A signal's columns, in the order of `FACT`, as the weights know it."""
    did, *rest = row
    return Fact(Did(str(did)), *rest)  # type: ignore[arg-type]  # the columns' own types


FACT = _FACT


def _taste(row: tuple[int, bytes, bytes, bytes]) -> Taste:
    version, entries, hidden, seen = row
    return Taste(
        version, packing.entries(bytes(entries)), packing.ids(bytes(hidden)), packing.ids(bytes(seen))
    )
