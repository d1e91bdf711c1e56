"""What may be kept on a device: which tracks, on how many devices, and for how long. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from catalog.types import Rendition, RenditionKind
from playback import multivariant
from playback.types import Capabilities

#: So many films and episodes are kept on one device at most, whatever its plan.
MOST_ON_DEVICE = 100
#: A token for fetching what is to be kept: longer than a player's, since nobody looks at a download all the time; it
#: opens the chosen tracks alone, is renewed and revoked like any other, and none is given once all of it has come.
TOKEN_FOR = timedelta(hours=1)
#: What was begun and has not come within so long is begun anew: its package may be gone from the origin.
FETCHED_WITHIN = timedelta(days=7)
#: How long a licence that is over is remembered, so that a device which was away hears why.
REMEMBERED_FOR = timedelta(days=30)


def pictures(
    renditions: Sequence[Rendition], *, max_height: int | None, can: Capabilities
) -> list[Rendition]:
    """The pictures to choose one of, small to large: one for each height, as the plan and the device allow."""
    allowed = multivariant.allowed(renditions, max_height=max_height, can=can)
    of_height: dict[int, Rendition] = {}
    for one in sorted(allowed, key=lambda one: one.bandwidth):
        if one.kind is RenditionKind.VIDEO:
            of_height[one.height or 0] = one
    return [of_height[height] for height in sorted(of_height)]


def sounds(renditions: Sequence[Rendition], can: Capabilities) -> list[Rendition]:
    """The sounds to choose from: stereo, and surround alone where the device says that it has it."""
    known = Capabilities(av1=can.av1, surround=bool(can.surround))
    allowed = multivariant.allowed(renditions, max_height=None, can=known)
    return [one for one in allowed if one.kind is RenditionKind.AUDIO]


def usual_sounds(offered: Sequence[Rendition], language: str) -> list[Rendition]:
    """What is kept when nobody chooses: the film's own sound, and the profile's language."""
    main = multivariant.main_sound(offered)
    return [one for one in offered if one is main or _speaks(one, language)]


def companions(renditions: Sequence[Rendition]) -> list[Rendition]:
    """What is kept with every film: all text, and the small pictures of the timeline."""
    return [one for one in renditions if one.kind in (RenditionKind.TEXT, RenditionKind.IMAGES)]


def _speaks(one: Rendition, language: str) -> bool:
    return bool(language) and one.language.split("-")[0] == language.split("-")[0]


def room_for(device: UUID, holding: Mapping[UUID, int], *, devices: int) -> str:
    """Why this device may not keep one more: 'plan' (no downloads), 'devices', 'titles'; '' when it may.

    `holding`: how many films each device of the household keeps; `devices`: the plan's number.
    """
    if devices <= 0:
        return "plan"
    others = [one for one, count in holding.items() if count and one != device]
    if len(others) >= devices and not holding.get(device):
        return "devices"
    return "titles" if holding.get(device, 0) >= MOST_ON_DEVICE else ""


def beyond(holding: Iterable[tuple[UUID, datetime]], *, devices: int) -> set[UUID]:
    """The devices that a plan of so many does not cover: all but those that were heard of last."""
    latest: dict[UUID, datetime] = {}
    for device, at in holding:
        latest[device] = max(at, latest.get(device, at))
    ordered = sorted(latest, key=lambda one: (latest[one], one.hex), reverse=True)
    return set(ordered[max(0, devices) :])


def until(now: datetime, *, days: int, plan_ends_at: datetime | None) -> datetime:
    """When a kept film stops to play unless its device is online before: the plan's days, or its end if sooner."""
    due = now + timedelta(days=days)
    return due if plan_ends_at is None else max(now, min(due, plan_ends_at))
