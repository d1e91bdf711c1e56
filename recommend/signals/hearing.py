"""What playback tells of a viewing, as an act."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from catalog import services as catalog
from catalog.types import Kind
from playback import services as playback
from playback.types import Viewing
from recommend.signals import models, writing
from recommend.signals.shapes import Act, Did
from recommend.signals.weights import WATCHED

#: An age that may see everything.
ANY_AGE = 99


def take_in(
    viewing: Viewing,
    *,
    duration: timedelta = timedelta(0),
    finish_at: timedelta = timedelta(0),
    over: bool = True,
    now: datetime | None = None,
) -> None:
    """A viewing ended (`over`), or has come past a milestone. The credits of a film do not count as film.

    What plays and has not come to a quarter yet says nothing, and writes nothing.
    """
    act = act_of(viewing, duration=duration, finish_at=finish_at, over=over, series=frozenset())
    if not over and act.value < WATCHED:
        return
    series = catalog.among([viewing.title_id], maturity=ANY_AGE, kind=Kind.SERIES)
    if series:
        act = act_of(viewing, duration=duration, finish_at=finish_at, over=over, series=series)
    writing.record(act, now=now)


def act_of(
    viewing: Viewing,
    *,
    duration: timedelta,
    finish_at: timedelta,
    over: bool,
    series: Collection[UUID],
) -> Act:
    """The same as an act; `series` are the ids of titles that are series."""
    length = finish_at if finish_at > timedelta(0) else duration
    place = viewing.fraction * duration
    return Act(
        profile_id=viewing.profile_id,
        title_id=viewing.title_id,
        did=Did.WATCHED,
        at=viewing.ended_at,
        ref=viewing.id,
        value=min(1.0, place / length) if length and duration else viewing.fraction,
        video_id=viewing.video_id,
        watched=viewing.watched,
        length=length,
        over=over,
        part=viewing.title_id in series,
        alone=viewing.alone,
    )


def forget_watched(profile_id: UUID, title_ids: Collection[UUID]) -> None:
    """A profile took back that it watched something of these titles; what is still in its history stays."""
    told = models.Signal.objects.filter(profile_id=profile_id, did=Did.WATCHED, title_id__in=list(title_ids))
    left = playback.still_there(list(told.values_list("ref", flat=True)))
    writing.forget_viewings(profile_id, title_ids, but=left)
