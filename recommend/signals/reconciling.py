"""Bringing signals to what is true: history that was there before, news that were missed, and time's own work."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Kind
from netflixlite.jobs import services as jobs
from playback import services as playback
from playback.types import Viewing
from recommend import models as said
from recommend.signals import hearing, models, reading, trends, writing
from recommend.signals.shapes import VERDICTS, Act, Did

#: Rows that are looked at at once, and how many times in one turn.
BATCH, BATCHES = 500, 20
#: And for so many seconds: all periodic work of a worker shares one thread.
LONGEST = 15.0
#: So far back is looked again each hour, for what came late and was missed: a device that was offline.
AGAIN = timedelta(hours=48)
#: Tastes that are made anew in one turn, and after how long each: what was left becomes abandoned then.
TASTES, TASTE_EVERY = 200, timedelta(hours=20)
#: How many signals are deleted at once.
PRUNE_BATCH = 5000
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_HISTORY, _THUMBS, _LISTS = reading.HISTORY, "thumbs", "lists"

Row = TypeVar("Row", said.Thumb, said.ListEntry)


def catch_up(*, now: datetime | None = None) -> int:
    """Take in viewings, thumbs and lists that are not signals yet; returns how many. Safe to run again. Periodic.

    At first that is everything there ever was. Each turn does a bounded piece, and the next one goes on from there.
    """
    now = now or timezone.now()
    return _viewings(_mark(_HISTORY), now) + _thumbs(now) + _lists(now)


def look_back(*, now: datetime | None = None) -> int:
    """Look at the last days' viewings again, for those that were told late and missed; returns how many. Periodic."""
    now = now or timezone.now()
    return _viewings(now - AGAIN, now)


def look_after_tastes(*, now: datetime | None = None) -> int:
    """Make some tastes anew, those that were not for longest; returns how many. Periodic.

    What is left of a profile that is gone (its end was missed) goes.
    """
    now = now or timezone.now()
    stale = models.Taste.objects.filter(checked_at__lt=now - TASTE_EVERY) | models.Taste.objects.filter(
        checked_at=None
    )
    # NULL sorts first in one database and last in the other: say which.
    never = list(stale.filter(checked_at=None).values_list("profile_id", flat=True)[:TASTES])
    old = stale.exclude(checked_at=None).order_by("checked_at").values_list("profile_id", flat=True)
    ids = [*never, *old[: TASTES - len(never)]]
    for profile_id in ids:
        if accounts.profile(profile_id) is None:
            writing.forget_profile(profile_id, now=now)
        else:
            writing.rebuild(profile_id, now=now)
    return len(ids)


def prune(*, now: datetime | None = None) -> int:
    """Delete signals that are older than they are kept; returns how many. Wishes for the page stay. Periodic."""
    now, days = now or timezone.now(), settings.RECOMMEND_SIGNAL_DAYS
    deleted = 0
    if days > 0:
        old = models.Signal.objects.filter(did=Did.WATCHED, at__lt=now - timedelta(days=days))
        while ids := list(old.values_list("id", flat=True)[:PRUNE_BATCH]):
            deleted += models.Signal.objects.filter(id__in=ids).delete()[0]
    withdrawals = models.Mark.objects.filter(name__startswith=trends.WITHDRAWN)
    withdrawals.filter(at__lt=reading.withdrawn_at() or now).delete()
    return deleted


def _viewings(since: datetime, now: datetime) -> int:
    """Viewings in the order in which they ended, from a moment on."""
    passed: set[UUID] = set()
    taken = 0
    began = time.monotonic()
    for _turn in range(BATCHES):
        if time.monotonic() - began > LONGEST:
            break
        found = playback.viewings_after(since, limit=BATCH, passed=passed)
        if not found:
            break
        taken += _take_in(found, now=now)
        last = found[-1].ended_at
        passed = {one.id for one in found if one.ended_at == last} | (passed if last == since else set())
        since = last
    _move(_HISTORY, min(since, now))
    return taken


def _take_in(viewings: list[Viewing], *, now: datetime) -> int:
    """Of these, what is not known yet, with how long the films are as far as the catalogue knows."""
    known = set(
        models.Signal.objects.filter(did=Did.WATCHED, ref__in=[one.id for one in viewings]).values_list(
            "ref", flat=True
        )
    )
    new = [one for one in viewings if one.id not in known]
    if not new:
        return 0
    videos = catalog.videos({one.video_id for one in new})
    series = catalog.among({one.title_id for one in new}, maturity=hearing.ANY_AGE, kind=Kind.SERIES)
    acts = []
    for one in new:
        video = videos.get(one.video_id)
        if video is not None and video.trailer:
            continue
        length = (video.duration if video else None) or timedelta(0)
        acts.append(hearing.act_of(one, duration=length, finish_at=length, over=True, series=series))
    return writing.import_acts(_not_forgotten(acts), now=now)


def _thumbs(now: datetime) -> int:
    def act(row: said.Thumb) -> Act:
        return Act(row.profile_id, row.title_id, Did.THUMB, at=row.rated_at, value=VERDICTS[row.value])

    return _in_turns(_THUMBS, said.Thumb.objects.all(), "rated_at", act, now=now)


def _lists(now: datetime) -> int:
    def act(row: said.ListEntry) -> Act:
        return Act(row.profile_id, row.title_id, Did.LISTED, at=row.added_at)

    return _in_turns(_LISTS, said.ListEntry.objects.all(), "added_at", act, now=now)


def _in_turns(
    name: str, rows: "QuerySet[Row]", column: str, act: Callable[[Row], Act], *, now: datetime
) -> int:
    """What was said from the mark on, in the order in which it was: a bounded piece, as of viewings."""
    since, passed, taken = _mark(name), set[int](), 0
    began = time.monotonic()
    for _turn in range(BATCHES):
        if time.monotonic() - began > LONGEST:
            break
        left = rows.filter(**{f"{column}__gte": since}).exclude(pk__in=passed)
        found = list(left.order_by(column, "pk")[:BATCH])
        if not found:
            break
        taken += writing.import_acts(_not_forgotten([act(row) for row in found]), now=now)
        last: datetime = getattr(found[-1], column)
        here = {row.pk for row in found if getattr(row, column) == last}
        passed = here | passed if last == since else here
        since = last
        _move(name, min(since, now))
    return taken


def _not_forgotten(acts: list[Act]) -> list[Act]:
    """Without what its profile took back afterwards."""
    ids = {act.title_id for act in acts}
    rows = models.Signal.objects.filter(did=Did.FORGOTTEN, title_id__in=ids)
    back = {
        (profile_id, title_id): at
        for profile_id, title_id, at in rows.values_list("profile_id", "title_id", "at")
    }
    return [act for act in acts if (at := back.get((act.profile_id, act.title_id))) is None or act.at > at]


def _mark(name: str) -> datetime:
    return models.Mark.objects.filter(name=name).values_list("at", flat=True).first() or _EVER


def _move(name: str, at: datetime) -> None:
    models.Mark.objects.update_or_create(name=name, defaults={"at": max(at, _mark(name))})


def register() -> None:
    """Have it done by the workers."""
    jobs.register_periodic("recommend.signals_catch_up", timedelta(minutes=1))(_catch_up)
    jobs.register_periodic("recommend.signals_look_back", timedelta(hours=1))(_look_back)
    jobs.register_periodic("recommend.signals_tastes", timedelta(minutes=1))(_tastes)
    jobs.register_periodic("recommend.signals_trends", timedelta(hours=24))(_trends)
    jobs.register_periodic("recommend.signals_prune", timedelta(hours=24))(_prune)


def _catch_up() -> None:
    catch_up()


def _look_back() -> None:
    look_back()


def _tastes() -> None:
    look_after_tastes()


def _trends() -> None:
    trends.rebuild()


def _prune() -> None:
    prune()
