"""News that trials listen to."""

from typing import Any

from django.dispatch import receiver

from accounts.events import profile_deleted
from accounts.types import ProfileDeleted
from catalog.events import title_removed
from catalog.types import TitleRemoved
from playback.events import playback_ended
from playback.types import PlaybackEnded
from recommend.events import thumb_changed
from recommend.trials import outcomes, privacy, taking_part
from recommend.types import Thumb, ThumbChanged


@receiver(playback_ended, dispatch_uid="recommend.trials.watched")
def on_playback_ended(*, event: PlaybackEnded, **_: Any) -> None:
    """Something was watched: what had been shown for it?"""
    outcomes.watched(event.viewing)


@receiver(thumb_changed, dispatch_uid="recommend.trials.judged")
def on_thumb_changed(*, event: ThumbChanged, **_: Any) -> None:
    """A verdict was given; one that is taken back is none."""
    if event.thumb is not None:
        taking_part.judged(event.profile_id, up=event.thumb is not Thumb.DOWN)


@receiver(title_removed, dispatch_uid="recommend.trials.forget_title")
def on_title_removed(*, event: TitleRemoved, **_: Any) -> None:
    """A title is gone for good."""
    outcomes.forget_title(event.title_id)


@receiver(profile_deleted, dispatch_uid="recommend.trials.forget_profile")
def on_profile_deleted(*, event: ProfileDeleted, **_: Any) -> None:
    """A profile is gone."""
    privacy.forget_profile(event.profile_id)
