"""How a report moves a bookmark, and how much of it was really watched. Pure.

Rules, each from somebody's lost evening:
- finished is at 95 % or inside the credits, whichever comes first;
- a few seconds of replay never make a finished film unfinished again;
- a player that reports 0 before it has jumped to the bookmark does not lose the bookmark;
- time watched is time that the picture moved, not how far the playhead was dragged.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from catalog.types import Marker

#: From this share on a video counts as finished.
FINISHED = 0.95
#: Credits that begin before this share of the video are a slip of the editor: not believed.
CREDITS_FROM = 0.5
#: A bookmark this close to the start is no place worth remembering over a later one.
START = timedelta(seconds=10)
#: So much must be watched before a finished video is being watched again …
REPLAY = timedelta(seconds=60)
#: … or this share of it, when it is short.
REPLAY_SHARE = 0.2
#: Shares of a video that say something of who watches it, when they are passed: of its place, and of time watched.
MILESTONES = (0.03, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
#: Beacons come every 10 s. A longer gap (sleep, a tunnel) tells nothing about what was watched in it.
LONGEST_GAP = timedelta(seconds=30)

_ZERO = timedelta(0)


@dataclass(frozen=True, slots=True)
class Place:
    """A bookmark, as far as the rules are concerned."""

    position: timedelta
    finished: bool


def finish_at(duration: timedelta, markers: Iterable[Marker]) -> timedelta:
    """From which position on the video counts as finished."""
    ends = [duration * FINISHED]
    ends += [one.start for one in markers if one.kind == "credits" and one.start >= duration * CREDITS_FROM]
    return min(ends)


def watched(
    *, before: timedelta, now: timedelta, wall: timedelta, paused: bool, said: timedelta | None
) -> timedelta:
    """How long the picture moved since the last report, `wall` ago.

    `said` is the player's own account of it, when it keeps one. Neither that nor the playhead can make it more
    than the time that went by.
    """
    gone = max(_ZERO, wall)
    if said is not None:
        return max(_ZERO, min(said, gone))
    limit = min(gone, LONGEST_GAP)
    moved = now - before
    if moved <= _ZERO or (paused and moved > limit * 2):
        return _ZERO
    return min(moved, limit)


def milestones(*, position: timedelta, watched: timedelta, finish: timedelta) -> int:
    """How many milestones a viewing has passed, by its place and by the time that its picture moved."""
    if finish <= _ZERO:
        return 0
    return bisect_right(MILESTONES, position / finish) + bisect_right(MILESTONES, watched / finish)


def move(
    old: Place | None,
    position: timedelta,
    *,
    finish: timedelta,
    duration: timedelta,
    watched: timedelta,
    replayed: timedelta,
) -> Place:
    """Where the bookmark stands after a report.

    `watched` is what this session has watched so far, `replayed` what of it came after the video was last finished.
    """
    position = max(_ZERO, min(position, duration))
    if duration > _ZERO and position >= finish:
        return Place(position, finished=True)
    if old is None:
        return Place(position, finished=False)
    if old.finished:
        enough = min(REPLAY, duration * REPLAY_SHARE)
        return Place(position, finished=False) if replayed >= enough else old
    if position < START and position < old.position and watched < START:
        return old
    return Place(position, finished=False)
