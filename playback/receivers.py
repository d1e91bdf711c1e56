"""News from below that playback acts upon. Hints: what is missed here harms nobody, ids that are gone match nothing."""

from typing import Any

from django.dispatch import receiver

from accounts.events import profile_deleted
from accounts.types import ProfileDeleted
from catalog.events import title_removed
from catalog.types import TitleRemoved
from cdn.events import package_taken_down
from cdn.types import PackageTakenDown
from playback import services


@receiver(title_removed, dispatch_uid="playback.forget_title")
def forget_title(event: TitleRemoved, **_: Any) -> None:
    """Nobody plays, resumes or is counted for a title that is gone."""
    services.forget_title(event.title_id)


@receiver(package_taken_down, dispatch_uid="playback.end_package")
def end_package(event: PackageTakenDown, **_: Any) -> None:
    """Nobody goes on playing what was taken down. Who opens it or renews a token is refused anyway."""
    services.end_package(event.package_id)


@receiver(profile_deleted, dispatch_uid="playback.forget_profile")
def forget_profile(event: ProfileDeleted, **_: Any) -> None:
    """Nothing is kept of a profile that is gone."""
    services.forget_profile(event.profile_id)
