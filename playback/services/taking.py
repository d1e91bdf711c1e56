"""What a player's report does to its session's row and to the bookmark. Within a transaction of the caller's."""

import logging
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import DatabaseError, transaction

from playback import events, models, progress
from playback.live import LIVE
from playback.services import places
from playback.services.steer import DECISIONS_MAX
from playback.types import Ended, Report, Viewing, ViewingAdvanced

log = logging.getLogger("playback")

_ZERO = timedelta(0)
#: What is kept of a sample even when there is nothing to tell; the rest is left out.
_ALWAYS = ("node", "ok", "failures", "ttfb_ms", "bps")


def take(row: models.PlaybackSession, report: Report, *, now: datetime) -> None:
    """Bring the session's figures up to a report; a milestone that it passed is told after the transaction."""
    before = _milestones(row)
    position = max(_ZERO, min(report.position, row.duration))
    more = progress.watched(
        before=row.position,
        now=position,
        wall=now - row.last_seen_at,
        paused=report.paused,
        said=report.watched,
    )
    row.watched += more
    row.replayed = _ZERO if position >= row.finish_at else row.replayed + more
    row.position, row.paused = position, report.paused
    # Whoever touched something was there: no beacon that was overtaken says otherwise.
    row.alone = report.alone and (row.alone or not (row.beats or row.viewing_id))
    row.beats += 1
    row.last_seen_at = max(now, row.last_seen_at)
    row.node = report.node or row.node
    row.height = report.height or row.height
    # Beacons may overtake each other: counters only grow.
    row.stalls = max(row.stalls, report.stalls)
    row.stall_time = max(row.stall_time, report.stall_time)
    row.dropped = max(row.dropped, report.dropped)
    row.decisions = with_pending(row)
    if _milestones(row) > before and not row.trailer:
        news = ViewingAdvanced(so_far(row), row.duration, row.finish_at)
        transaction.on_commit(
            partial(events.viewing_advanced.send_robust, sender=ViewingAdvanced, event=news)
        )


def so_far(row: models.PlaybackSession) -> Viewing:
    """What would be kept of a session if it ended now."""
    whole = row.duration.total_seconds()
    return Viewing(
        id=row.viewing_id or row.id,
        profile_id=row.profile_id,
        video_id=row.video_id,
        title_id=row.title_id,
        watched=row.watched_before + row.watched,
        fraction=min(1.0, row.position.total_seconds() / whole) if whole else 0.0,
        started_at=row.viewing_since or row.started_at,
        ended_at=row.ended_at or row.last_seen_at,
        alone=row.alone,
    )


def _milestones(row: models.PlaybackSession) -> int:
    watched = row.watched_before + row.watched
    return progress.milestones(position=row.position, watched=watched, finish=row.finish_at)


def with_pending(row: models.PlaybackSession) -> list[dict[str, object]]:
    """The session's decisions, with those that were not written down yet."""
    return [*row.decisions, *LIVE.take_pending(row.id)][-DECISIONS_MAX:]


def move_bookmark(row: models.PlaybackSession, *, now: datetime, goes_on: bool = False) -> None:
    """Bring the profile's bookmark to where the session is; `goes_on`: it plays as it did at the last report."""
    if row.trailer:
        return
    places.move(
        profile_id=row.profile_id,
        video_id=row.video_id,
        title_id=row.title_id,
        position=row.position,
        duration=row.duration,
        finish=row.finish_at,
        watched=row.watched,
        replayed=row.replayed,
        now=now,
        goes_on=goes_on,
    )


def take_late(row: models.PlaybackSession, report: Report, *, now: datetime) -> datetime | None:
    """Bring the row up to a report that waited; → when it was made, None when it tells nothing that we may use.

    Of a session that was closed or replaced meanwhile only the bookmark may move: its figures are told already.
    """
    at = made(row, report, now)
    if row.ended in ("", Ended.SILENT) and at > row.last_seen_at:
        take(row, report, now=at)
        return at
    if row.ended in (Ended.CLOSED, Ended.REPLACED) and at > row.started_at:
        row.position = max(_ZERO, min(report.position, row.duration))
        return at
    return None


def made(row: models.PlaybackSession, report: Report, now: datetime) -> datetime:
    """When a report was made: no player reports before its session began."""
    return max(row.started_at, now - report.age)


def set_since(row: models.PlaybackSession, at: datetime) -> bool:
    """Whether the bookmark was set after that, or its title taken off continue watching."""
    own = models.Bookmark.objects.filter(profile_id=row.profile_id, video_id=row.video_id)
    mark = own.values_list("updated_at", "removed").first()
    return mark is not None and (mark[0] >= at or mark[1])


def keep(session_id: UUID, reports: Sequence[Report], *, now: datetime) -> None:
    """Keep the beacons, in the database that is made for many small writes.

    The record of a beacon is worth less than the bookmark that was just saved: an error is logged, not raised.
    """
    try:
        models.Beacon.objects.bulk_create([_beacon(session_id, one, now - one.age) for one in reports])
    except DatabaseError:
        log.exception("Beacons of session %s were not kept.", session_id)


def _beacon(session_id: UUID, report: Report, at: datetime) -> models.Beacon:
    return models.Beacon(
        session_id=session_id,
        at=at,
        position=report.position.total_seconds(),
        paused=report.paused,
        buffer=report.buffer.total_seconds() if report.buffer is not None else None,
        rendition=report.rendition,
        height=report.height,
        stalls=report.stalls,
        stall_ms=round(report.stall_time.total_seconds() * 1000),
        dropped=report.dropped,
        node=report.node,
        event=report.event,
        samples=[
            {name: value for name, value in asdict(one).items() if value or name in _ALWAYS}
            for one in report.samples
        ],
    )
