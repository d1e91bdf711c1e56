"""News from below: forget what is gone. A title that was missed here only leaves rows that no page shows."""

from typing import Any

from django.dispatch import receiver

from accounts.events import profile_deleted
from accounts.types import ProfileDeleted
from catalog.events import title_removed
from catalog.types import TitleRemoved
from recommend import services


@receiver(title_removed, dispatch_uid="recommend.forget_title")
def on_title_removed(*, event: TitleRemoved, **_: Any) -> None:
    """A title is gone for good: so are the thumbs and list entries for it."""
    services.forget_title(title_id=event.title_id)


@receiver(profile_deleted, dispatch_uid="recommend.forget_profile")
def on_profile_deleted(*, event: ProfileDeleted, **_: Any) -> None:
    """A profile is gone: so is its taste."""
    services.forget_profile(profile_id=event.profile_id)
