"""News from below that become signals. Hints: what is missed here the reconciler finds (reconciling.py)."""

from typing import Any

from django.dispatch import receiver

from accounts.events import profile_deleted, profile_moved
from accounts.types import ProfileDeleted, ProfileMoved
from catalog.events import title_removed
from catalog.types import TitleRemoved
from playback.events import history_forgotten, playback_ended, viewing_advanced
from playback.types import HistoryForgotten, PlaybackEnded, ViewingAdvanced
from recommend.signals import hearing, writing


@receiver(viewing_advanced, dispatch_uid="signals.viewing_advanced")
def on_viewing_advanced(event: ViewingAdvanced, **_: Any) -> None:
    """Something that plays has come so far that it says something."""
    hearing.take_in(event.viewing, duration=event.duration, finish_at=event.finish_at, over=False)


@receiver(playback_ended, dispatch_uid="signals.playback_ended")
def on_playback_ended(event: PlaybackEnded, **_: Any) -> None:
    """Something was watched, or left."""
    hearing.take_in(event.viewing, duration=event.duration, finish_at=event.finish_at)


@receiver(history_forgotten, dispatch_uid="signals.history_forgotten")
def on_history_forgotten(event: HistoryForgotten, **_: Any) -> None:
    """Somebody took back that they watched something."""
    hearing.forget_watched(event.profile_id, event.title_ids)


@receiver(title_removed, dispatch_uid="signals.title_removed")
def on_title_removed(event: TitleRemoved, **_: Any) -> None:
    """A title is gone for good."""
    writing.forget_title(event.title_id)


@receiver(profile_deleted, dispatch_uid="signals.profile_deleted")
def on_profile_deleted(event: ProfileDeleted, **_: Any) -> None:
    """A profile is gone."""
    writing.forget_profile(event.profile_id)


@receiver(profile_moved, dispatch_uid="signals.profile_moved")
def on_profile_moved(event: ProfileMoved, **_: Any) -> None:
    """A profile is another account's now, and takes along what it did."""
    writing.move_profile(event.profile_id, event.to_user_id)
