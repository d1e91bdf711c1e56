"""What is watched here now: votes of profiles, and their decayed sums by title.

A profile counts once for a title: what it plays again takes its older vote's place. And only so many titles of one
profile count in a day. So nobody makes a hit by playing, be it a hundred thousand times, and what a profile gave can be
taken back to the last bit.
"""

import math
import time
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as dt_time
from threading import Lock
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from accounts.services import PROFILE_LIMIT
from accounts.types import Profile
from catalog import services as catalog
from recommend.signals import models
from recommend.signals.shapes import Trend

#: Half-lives in days, by the cell's column.
HALF_LIVES = {"day": 1.0, "week": 7.0, "month": 30.0}
_COLUMN = {1: "day", 7: "week", 30: "month"}
#: A half-life leads when the votes of the last such time make at least this much together.
ENOUGH = 50.0
#: What is left of less than this is nothing.
NOTHING = 1e-6
#: So many titles are in an answer at most, those that are watched most.
LIMIT = 2000
#: So many titles' votes are summed in one transaction.
BATCH = 200
#: From so many accounts on it does not matter how many exactly; and of so many titles they are counted else.
SURE, COUNTED = 6, 400
#: What a grown-up's vote counts in a children's profile.
GROWN_UP_FOR_KIDS = 0.25
#: Votes older than this weigh nothing any more and are dropped.
FORGET_AFTER = timedelta(days=365)
#: Marks of when influence was withdrawn begin so; the latest counts.
WITHDRAWN = "withdrawn"
#: How many accounts are behind a title is asked for this time.
LATELY = timedelta(days=30)

_DAY = timedelta(days=1)
_lock = Lock()
_made: dict[tuple[object, ...], tuple[float, dict[int | None, Trend]]] = {}


def decayed(age: timedelta, half_life: float) -> float:
    """What is left of 1 after that age; the half-life is in days. The future counts as now."""
    return float(0.5 ** (max(0.0, age / _DAY) / half_life))


def vote(profile: Profile, title_id: UUID, *, at: datetime) -> bool:
    """A profile watched a title. False when it counts no more today. Within a transaction that holds its taste."""
    old = models.Vote.objects.filter(profile_id=profile.id, title_id=title_id).first()
    if old is not None and at <= old.at:
        return False
    if _used_up(profile.id, title_id, at):
        return False
    moves: dict[bool, list[tuple[float, datetime]]] = {}
    if old is not None:
        moves.setdefault(old.kids, []).append((-1.0, old.at))
        old.at, old.kids, old.user_id = at, profile.is_kid, profile.user_id
        old.save(update_fields=["at", "kids", "user_id"])
    else:
        models.Vote.objects.create(
            profile_id=profile.id, user_id=profile.user_id, title_id=title_id, kids=profile.is_kid, at=at
        )
    moves.setdefault(profile.is_kid, []).append((1.0, at))
    for kids in sorted(moves):
        _move(title_id, kids, moves[kids])
    return True


def vote_for_many(profile: Profile, latest: Mapping[UUID, datetime]) -> set[UUID]:
    """Votes of one profile for many titles at once, by when it watched each; → the titles that `sum_anew` has to sum.

    Within a transaction that holds its taste.
    """
    old = {one.title_id: one for one in models.Vote.objects.filter(profile_id=profile.id)}
    most: int = settings.RECOMMEND_VOTES_A_DAY
    days: dict[date, int] = {}
    for one in old.values():
        days[_day(one.at)] = days.get(_day(one.at), 0) + 1
    new, newer = [], []
    for title_id, at in sorted(latest.items(), key=lambda one: (one[1], str(one[0]))):
        had, day = old.get(title_id), _day(at)
        if (had is not None and at <= had.at) or days.get(day, 0) >= most:
            continue
        days[day] = days.get(day, 0) + 1
        if had is None:
            ids = {"profile_id": profile.id, "user_id": profile.user_id, "title_id": title_id}
            new.append(models.Vote(**ids, kids=profile.is_kid, at=at))
        else:
            had.at, had.kids, had.user_id = at, profile.is_kid, profile.user_id
            newer.append(had)
    models.Vote.objects.bulk_create(new, batch_size=500)
    models.Vote.objects.bulk_update(newer, ["at", "kids", "user_id"], batch_size=200)
    return {one.title_id for one in (*new, *newer)}


def withdraw(profile_id: UUID, title_ids: Collection[UUID] | None = None) -> int:
    """Take a profile's votes back, all or those for some titles; returns how many those were."""
    mine = models.Vote.objects.filter(profile_id=profile_id)
    if title_ids is not None:
        mine = mine.filter(title_id__in=list(title_ids))
    with transaction.atomic():
        gone = sorted(mine.values_list("id", "title_id", "kids", "at"), key=lambda row: (str(row[1]), row[2]))
        models.Vote.objects.filter(id__in=[row[0] for row in gone]).delete()
        for _id, title_id, kids, at in gone:
            _move(title_id, kids, [(-1.0, at)])
    forget()
    return len(gone)


def rebuild(*, now: datetime | None = None) -> int:
    """Sum all votes anew, and drop those too old to weigh; → how many cells there are. Some titles at a time."""
    now = now or timezone.now()
    ids = {*models.Vote.objects.order_by().values_list("title_id", flat=True).distinct()}
    ids.update(models.TrendCell.objects.values_list("title_id", flat=True))
    return sum_anew(ids, now=now)


def sum_anew(title_ids: Collection[UUID], *, now: datetime) -> int:
    """The same for some titles."""
    ordered = sorted(title_ids, key=str)
    made = sum(_sum_anew(ordered[at : at + BATCH], now) for at in range(0, len(ordered), BATCH))
    forget()
    return made


def _sum_anew(title_ids: list[UUID], now: datetime) -> int:
    votes = models.Vote.objects.filter(title_id__in=title_ids)
    cells = models.TrendCell.objects.filter(title_id__in=title_ids)
    with transaction.atomic():
        votes.filter(at__lt=now - FORGET_AFTER).delete()
        # Whoever votes meanwhile waits for the cell and then moves the new sum: so first the cells are there and held,
        # and only then are the votes read.
        wanted = sorted(votes.order_by().values_list("title_id", "kids").distinct(), key=str)
        models.TrendCell.objects.bulk_create(
            [models.TrendCell(title_id=title_id, kids=kids, at=now) for title_id, kids in wanted],
            ignore_conflicts=True,
        )
        held = list(cells.select_for_update().order_by("title_id", "kids"))
        sums: dict[tuple[UUID, bool], list[float]] = {}
        for title_id, kids, at in votes.values_list("title_id", "kids", "at").iterator(chunk_size=5000):
            row = sums.setdefault((title_id, kids), [0.0] * len(HALF_LIVES))
            for place, half_life in enumerate(HALF_LIVES.values()):
                row[place] += decayed(now - at, half_life)
        for cell in held:
            cell.at = now
            cell.day, cell.week, cell.month = sums.get((cell.title_id, cell.kids), (0.0, 0.0, 0.0))
        models.TrendCell.objects.bulk_update(held, ["at", *HALF_LIVES], batch_size=200)
        empty = [cell.pk for cell in held if (cell.title_id, cell.kids) not in sums]
        models.TrendCell.objects.filter(pk__in=empty).delete()
    return len(held) - len(empty)


#: A trend moves by the hour: it may be older than what else pages share, so many times.
LASTS_LONGER = 12.0


def trending(maturity: int, *, kids: bool, days: int | None = None) -> Trend:
    """What is watched here, by title. Remembered for some seconds, as pages' other shared parts are."""
    if days is not None and days not in _COLUMN:
        raise ValueError(f"days is {days}; there are half-lives of 1, 7 and 30 days")
    lasts: float = LASTS_LONGER * settings.PAGES_REMEMBER_SECONDS
    if lasts <= 0:
        return _made_now(maturity, kids)[days]
    key = (maturity, kids, catalog.version())
    with _lock:
        had = _made.get(key)
    if had is not None and time.monotonic() - had[0] < lasts:
        return had[1][days]
    made = _made_now(maturity, kids)
    with _lock:
        if len(_made) > 64:
            _made.clear()
        _made[key] = (time.monotonic(), made)
    return made[days]


def forget() -> None:
    """Make the answers anew when they are next asked for, in this process."""
    with _lock:
        _made.clear()


def _made_now(maturity: int, kids: bool) -> dict[int | None, Trend]:
    """By half-life; under None the one that leads. Three queries for all of them."""
    now = timezone.now()
    sums: dict[int, dict[UUID, float]] = {days: {} for days in _COLUMN}
    profiles: dict[UUID, float] = {}
    cells = models.TrendCell.objects.all()
    if not kids and not settings.RECOMMEND_KIDS_COUNT:
        cells = cells.filter(kids=False)
    rows = cells.order_by("-month").values_list("title_id", "kids", "at", *_COLUMN.values())[:LIMIT]
    for title_id, by_kids, at, *values in rows:
        counts = GROWN_UP_FOR_KIDS if kids and not by_kids else 1.0
        for (days, found), value in zip(sums.items(), values, strict=True):
            left = value * decayed(now - at, days)
            found[title_id] = found.get(title_id, 0.0) + counts * left
        profiles[title_id] = profiles.get(title_id, 0.0) + left  # the last is the month's
    visible = catalog.among(profiles, maturity=maturity) if profiles else set()
    shown = sorted(visible, key=lambda each: (-profiles[each], str(each)))
    accounts = _accounts({each: profiles[each] for each in shown}, now, kids=kids)
    made: dict[int | None, Trend] = {}
    for days, found in sums.items():
        most = sorted(shown, key=lambda each: -found[each])
        values = {each: found[each] for each in most if found[each] > NOTHING}
        made[days] = Trend(values, {each: accounts[each] for each in values})
    # The shortest for which enough is watched here leads: news where many watch, memory where few do.
    enough = (days for days, found in sums.items() if sum(found.values()) >= ENOUGH)
    made[None] = made[next(enough, max(sums))]
    return made


def _accounts(profiles: dict[UUID, float], now: datetime, *, kids: bool) -> dict[UUID, int]:
    """By how many accounts at least each title was watched. A vote is 1 at most and an account has few profiles: where
    much was watched that says enough, and only the rest, of which there are few votes, is counted.
    """
    surely = {each: math.ceil(sure / PROFILE_LIMIT) for each, sure in profiles.items()}
    unsure = [each for each, accounts in surely.items() if accounts < SURE][:COUNTED]
    if not unsure:
        return surely
    votes = models.Vote.objects.filter(at__gte=now - LATELY, title_id__in=unsure)
    if not kids and not settings.RECOMMEND_KIDS_COUNT:
        votes = votes.filter(kids=False)
    rows = votes.order_by().values("title_id").annotate(n=Count("user_id", distinct=True))
    counted = dict(rows.values_list("title_id", "n"))
    return surely | {each: counted.get(each, 0) for each in unsure}


def _used_up(profile_id: UUID, title_id: UUID, at: datetime) -> bool:
    """Whether a profile's titles of that day count already as many as may."""
    day = datetime.combine(_day(at), dt_time.min, UTC)
    voted = models.Vote.objects.filter(profile_id=profile_id, at__gte=day, at__lt=day + _DAY)
    most: int = settings.RECOMMEND_VOTES_A_DAY
    return voted.exclude(title_id=title_id).count() >= most


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()


def _move(title_id: UUID, kids: bool, moves: Iterable[tuple[float, datetime]]) -> None:
    """Add votes to a title's cell, each as old as it is."""
    now = timezone.now()
    cell, _new = models.TrendCell.objects.select_for_update().get_or_create(
        title_id=title_id, kids=kids, defaults={"at": now}
    )
    for name, half_life in HALF_LIVES.items():
        value = getattr(cell, name) * decayed(now - cell.at, half_life)
        value += sum(count * decayed(now - at, half_life) for count, at in moves)
        setattr(cell, name, max(0.0, value))
    cell.at = max(now, cell.at)
    cell.save()
