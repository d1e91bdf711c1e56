"""News from below that playback acts upon. Hints: what is missed here harms nobody, ids that are gone match nothing."""

from typing import Any

from django.dispatch import receiver

from accounts.events import device_ended, profile_deleted, profile_moved, profile_narrowed
from accounts.types import DeviceEnded, ProfileDeleted, ProfileMoved, ProfileNarrowed
from catalog.events import title_removed
from catalog.types import TitleRemoved
from cdn.events import package_taken_down
from cdn.types import PackageTakenDown
from playback import services


@receiver(title_removed, dispatch_uid="playback.forget_title")
def forget_title(event: TitleRemoved, **_: Any) -> None:
    """Nobody plays, resumes or is counted for a title that is gone."""
    services.forget_title(event.title_id)
    services.end_licences_of_title(event.title_id)


@receiver(package_taken_down, dispatch_uid="playback.end_package")
def end_package(event: PackageTakenDown, **_: Any) -> None:
    """Nobody goes on playing what was taken down. Who opens it or renews a token is refused anyway."""
    services.end_package(event.package_id)
    services.end_licences_of_package(event.package_id)


@receiver(device_ended, dispatch_uid="playback.stop_device")
def stop_device(event: DeviceEnded, **_: Any) -> None:
    """Nothing plays on a device that was signed out, and nothing is kept there."""
    services.stop_device(event.device_id)
    services.end_licences_of_device(event.device_id)


@receiver(profile_deleted, dispatch_uid="playback.forget_profile")
def forget_profile(event: ProfileDeleted, **_: Any) -> None:
    """Nothing is kept of a profile that is gone."""
    services.end_licences_of_profile(event.profile_id)
    services.forget_profile(event.profile_id)


@receiver(profile_moved, dispatch_uid="playback.move_profile")
def move_profile(event: ProfileMoved, **_: Any) -> None:
    """A profile has gone to another user with all that it watched; what it kept on devices is over."""
    services.end_licences_of_profile(event.profile_id)
    services.move_profile(profile_id=event.profile_id, to_user_id=event.to_user_id)


@receiver(profile_narrowed, dispatch_uid="playback.look_again")
def look_again(event: ProfileNarrowed, **_: Any) -> None:
    """A profile may see less: what it plays and may not see any more ends now, not at its next token."""
    services.look_again(event.profile_id)
    services.look_at_licences(event.profile_id)
