"""Tokens of stock players: they cannot renew theirs, so that it lasts as long as the film. It is no leave for ever."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from cdn import services as cdn
from playback import models
from playback.services import going
from playback.services.errors import NotFound
from playback.types import Ended


def end_forbidden(*, now: datetime | None = None) -> int:
    """End what stock players may not see any more, and return how many those were. Periodic.

    Players that renew their tokens are asked again each time: whether the user is blocked, or the profile's or the
    title's age was set otherwise. Of these players nobody else asks, silent or not.
    """
    now = now or timezone.now()
    return _end_those(models.PlaybackSession.objects.lasting(now), now)


def look_again(profile_id: UUID, *, now: datetime | None = None) -> int:
    """A profile may see less than before: end what it plays and may not see any more; returns how many."""
    now = now or timezone.now()
    playing = models.PlaybackSession.objects.filter(profile_id=profile_id)
    return _end_those(playing.filter(ended_at=None) | playing.lasting(now), now)


def _end_those(rows: models.PlaybackSessionQuerySet, now: datetime) -> int:
    """Of these, end what their profiles may not see."""
    ended = 0
    for row in list(rows):
        if going.may_watch(row):
            continue
        with suppress(NotFound), transaction.atomic():
            held = going.locked(row.id)
            if held.ended_at is None:
                going.end(held, Ended.FORGOTTEN, now=now)
            elif held.ended == Ended.SILENT:
                models.PlaybackSession.objects.filter(id=held.id).update(ended=Ended.FORGOTTEN)
            cdn.deny(held.id, now + going.LONGEST)
            ended += 1
    return ended
