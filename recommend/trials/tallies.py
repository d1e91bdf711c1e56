"""How things do: showings and plays that fade, as they stood when the day began.

A row holds the day's beginning and what came since apart: what a draw of today reads is the same until midnight (UTC),
so that a page stays as it was and a propensity can be worked out again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from django.conf import settings

from recommend.trials import models

#: What was shown so many days ago counts half (the study, §5.7).
HALF_LIFE_DAYS = 14.0
#: More than any page asks for; a day's numbers do not change, so they need no expiry but the next day.
_REMEMBERED = 50_000

#: Rows of one of these kinds are told apart by what follows the first dash.
_FAMILIES = frozenset(("because", "genre"))
#: The other rows that pages have. What a browser says besides is counted as one kind, however many names it makes up.
_SINGLE = frozenset(
    ("continue", "my-list", "picks", "next", "taste", "trending", "new", "recent", "gems", "again", "popular")
)
OTHER = "other"

Row = TypeVar("Row", bound=models.Counting)


@dataclass(frozen=True, slots=True)
class Count:
    """Faded showings and plays."""

    shown: float = 0.0
    played: float = 0.0


NOTHING = Count()


def kind_of(row_key: str) -> str:
    """The kind of a row by its key: 'because' of 'because-night-mail'; OTHER for what no page has."""
    family, _dash, rest = row_key.partition("-")
    if rest and family in _FAMILIES:
        return family
    return row_key if row_key in _SINGLE else OTHER


def scope(*, kids: bool) -> str:
    """Children's pages and grown-ups' are counted apart."""
    return "kids" if kids else "all"


def picture_keys(scope: str, artwork_id: UUID, leaning: str) -> list[str]:
    """Where a picture's numbers stand: everybody's, and those of who leans to the same genre."""
    key = f"{scope}:art:{artwork_id}"
    return [key, f"{key}:{leaning}"] if leaning else [key]


def today(now: datetime) -> date:
    """The day of a moment, in UTC."""
    return now.astimezone(UTC).date()


def faded(row: models.Counting, day: date) -> Count:
    """What a row says as of the beginning of `day`."""
    if row.day >= day:
        return Count(row.shown, row.played)
    factor = 0.5 ** ((day - row.day).days / HALF_LIFE_DAYS)
    return Count((row.shown + row.shown_today) * factor, (row.played + row.played_today) * factor)


def counted(row: Row, day: date, shown: float, played: float) -> Row:
    """The row with what came on `day` added; not saved. Late news of an earlier day count for the row's own day."""
    if row.day < day:
        before = faded(row, day)
        row.shown, row.played, row.day = before.shown, before.played, day
        row.shown_today = row.played_today = 0.0
    row.shown_today += shown
    row.played_today += played
    return row


def read(keys: Iterable[str], day: date) -> Mapping[str, Count]:
    """What is known of each key as of the beginning of `day`; every key asked for is in the answer."""
    known = _known(day)
    have = {key: known.get(key) for key in keys}
    missing = [key for key, count in have.items() if count is None]
    found: dict[str, Count] = {}
    if missing:
        found = {row.key: faded(row, day) for row in models.Tally.objects.filter(key__in=missing)}
        # Put in whole: another thread must not take for nothing what is not read yet.
        if len(known) > _REMEMBERED:
            known.clear()
        known.update({key: found.get(key, NOTHING) for key in missing})
    return {key: count or found.get(key, NOTHING) for key, count in have.items()}


def add(changes: Mapping[str, tuple[float, float]], day: date) -> None:
    """Add showings and plays by key, in the transaction that is open. Rows are taken in one order: no deadlock."""
    if not changes:
        return
    rows = {
        row.key: row
        for row in models.Tally.objects.select_for_update().filter(key__in=changes).order_by("key")
    }
    new = []
    for key in sorted(changes):
        row = rows.get(key)
        if row is None:
            new.append(counted(models.Tally(key=key, day=day), day, *changes[key]))
        else:
            counted(row, day, *changes[key])
    models.Tally.objects.bulk_create(new, ignore_conflicts=True)
    models.Tally.objects.bulk_update(
        rows.values(), ["day", "shown", "played", "shown_today", "played_today"], batch_size=200
    )


def read_profile(profile_id: UUID, day: date) -> dict[str, Count]:
    """How each kind of row does with a profile."""
    rows = models.ProfileTally.objects.filter(profile_id=profile_id)
    return {row.kind: faded(row, day) for row in rows}


def add_profile(profile_id: UUID, changes: Mapping[str, tuple[float, float]], day: date) -> None:
    """The same for one profile, by kind of row."""
    found = models.ProfileTally.objects.select_for_update().filter(profile_id=profile_id, kind__in=changes)
    rows = {row.kind: row for row in found}
    for kind in sorted(changes):
        row = rows.get(kind) or models.ProfileTally(profile_id=profile_id, kind=kind, day=day)
        counted(row, day, *changes[kind]).save()


@lru_cache(maxsize=1)
def _of_the_day(day: date) -> dict[str, Count]:
    return {}


def _known(day: date) -> dict[str, Count]:
    """What this process has read for `day`; nothing is kept in tests, which turn the clock at will."""
    return {} if settings.TESTING else _of_the_day(day)
