"""May this household open one more stream? Pure: data in, verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Stream:
    """An open session, as far as counting is concerned. `device` is a hash that stays the same on one browser."""

    id: UUID
    profile_id: UUID
    video_id: UUID
    device: str
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to play what, and where. `leaves` is the session that the device says it is leaving for this one."""

    profile_id: UUID
    video_id: UUID
    device: str
    leaves: UUID | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`replaced` sessions end in any case that allows; `silent` ones hold no slot; `holding` ones do."""

    allowed: bool
    replaced: tuple[UUID, ...]
    silent: tuple[UUID, ...]
    holding: tuple[UUID, ...]


def decide(
    streams: Sequence[Stream], wish: Wish, *, limit: int, now: datetime, silence: timedelta
) -> Verdict:
    """Count the household's other live streams against the plan's `limit`.

    A stream that was not heard from for `silence` holds no slot, whether or not anybody has closed it yet. The same
    profile opening the same video on the same device is a reload: it takes the place of the old session instead of
    a slot of its own; so does the session that the device itself says it leaves (the previous episode).
    """
    replaced, silent, holding = [], [], []
    for stream in streams:
        same_device = bool(wish.device) and stream.device == wish.device
        reload = same_device and (stream.profile_id, stream.video_id) == (wish.profile_id, wish.video_id)
        if reload or (same_device and stream.id == wish.leaves):
            replaced.append(stream.id)
        elif stream.last_seen_at + silence <= now:
            silent.append(stream.id)
        else:
            holding.append(stream.id)
    return Verdict(
        allowed=len(holding) < limit, replaced=tuple(replaced), silent=tuple(silent), holding=tuple(holding)
    )
