"""What happened in the apps, as news for open pages."""

import threading
import time
from collections import OrderedDict
from typing import Any
from uuid import UUID

from django.contrib.auth.signals import user_logged_out
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import doors
from accounts.events import (
    device_ended,
    profile_deleted,
    profile_entered,
    profile_moved,
    profile_narrowed,
    profiles_changed,
)
from accounts.types import (
    DeviceEnded,
    ProfileDeleted,
    ProfileEntered,
    ProfileMoved,
    ProfileNarrowed,
    ProfilesChanged,
)
from netflixlite.live.hub import HUB
from netflixlite.live.telling import tell
from netflixlite.live.words import Topic, Word
from playback.events import (
    downloads_changed,
    history_forgotten,
    place_moved,
    playback_ended,
    session_stopped,
    streams_changed,
)
from playback.types import (
    DownloadsChanged,
    HistoryForgotten,
    PlaceMoved,
    PlaybackEnded,
    SessionStopped,
    StreamsChanged,
)
from recommend.events import hidden_changed, list_changed, taste_changed, thumb_changed
from recommend.types import HiddenChanged, ListChanged, TasteChanged, ThumbChanged

#: A film that goes on is told at most so often, in seconds: each report would be a row for everybody who watches.
GOES_ON_EVERY = 30.0
_TOLD_MOST = 20_000


class Pace:
    """When each profile's film was last told to go on, by this process. Bounded: the longest ago go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: OrderedDict[UUID, float] = OrderedDict()

    def due(self, profile_id: UUID, *, now: float) -> bool:
        """Whether it is time to tell again; if so, it counts as told."""
        with self._lock:
            if now - self._told.get(profile_id, float("-inf")) < GOES_ON_EVERY:
                return False
            self._told[profile_id] = now
            self._told.move_to_end(profile_id)
            while len(self._told) > _TOLD_MOST:
                self._told.popitem(last=False)
            return True


PACE = Pace()


@receiver(place_moved, dispatch_uid="live.place_moved")
def on_place_moved(event: PlaceMoved, **_: Any) -> None:
    """Somebody is at another place in a film."""
    if event.goes_on and not PACE.due(event.profile_id, now=time.monotonic()):
        return
    tell(Topic.CONTINUE, profile_id=event.profile_id, title=str(event.title_id))


@receiver(playback_ended, dispatch_uid="live.playback_ended")
def on_playback_ended(event: PlaybackEnded, **_: Any) -> None:
    """A film was left: where it goes on. What is shown because of it follows (`on_taste_changed`)."""
    viewing = event.viewing
    tell(Topic.CONTINUE, profile_id=viewing.profile_id, title=str(viewing.title_id))


@receiver(history_forgotten, dispatch_uid="live.history_forgotten")
def on_history_forgotten(event: HistoryForgotten, **_: Any) -> None:
    """Somebody took back that they watched something: one title, or many at once."""
    if len(event.title_ids) == 1:
        (title_id,) = event.title_ids
        tell(Topic.CONTINUE, profile_id=event.profile_id, title=str(title_id))
    else:
        tell(Topic.CONTINUE, profile_id=event.profile_id)
    tell(Topic.ROWS, profile_id=event.profile_id)


@receiver(list_changed, dispatch_uid="live.list_changed")
def on_list_changed(event: ListChanged, **_: Any) -> None:
    """A title was put on a list, or taken off."""
    tell(Topic.LIST, profile_id=event.profile_id, title=str(event.title_id), listed=event.listed)


@receiver(thumb_changed, dispatch_uid="live.thumb_changed")
def on_thumb_changed(event: ThumbChanged, **_: Any) -> None:
    """Somebody said what they think of a title."""
    said = event.thumb.value if event.thumb else None
    tell(Topic.THUMB, profile_id=event.profile_id, title=str(event.title_id), thumb=said)


@receiver(hidden_changed, dispatch_uid="live.hidden_changed")
def on_hidden_changed(event: HiddenChanged, **_: Any) -> None:
    """Somebody is not interested in a title, or took that back."""
    tell(Topic.HIDDEN, profile_id=event.profile_id, title=str(event.title_id), hidden=event.hidden)


@receiver(taste_changed, dispatch_uid="live.taste_changed")
def on_taste_changed(event: TasteChanged, **_: Any) -> None:
    """What a profile did is known now: its suggestions follow."""
    tell(Topic.ROWS, profile_id=event.profile_id)


@receiver(streams_changed, dispatch_uid="live.streams_changed")
def on_streams_changed(event: StreamsChanged, **_: Any) -> None:
    """Somebody of a household began to watch, or ended."""
    tell(Topic.WATCHING, user_id=event.user_id)


@receiver(session_stopped, dispatch_uid="live.session_stopped")
def on_session_stopped(event: SessionStopped, **_: Any) -> None:
    """A playback was ended on purpose: its player's question may be held by another process."""
    tell(Topic.STOPPED, user_id=event.user_id, session=str(event.session_id))


@receiver(downloads_changed, dispatch_uid="live.downloads_changed")
def on_downloads_changed(event: DownloadsChanged, **_: Any) -> None:
    """A household has something more, or less, to watch without a network."""
    tell(Topic.DOWNLOADS, user_id=event.user_id)


@receiver(profiles_changed, dispatch_uid="live.profiles_changed")
def on_profiles_changed(event: ProfilesChanged, **_: Any) -> None:
    """A profile of an account was made, changed or removed."""
    tell(Topic.PROFILES, user_id=event.user_id)


@receiver(profile_entered, dispatch_uid="live.profile_entered")
def on_profile_entered(event: ProfileEntered, **_: Any) -> None:
    """A browser watches as another profile from now on."""
    tell(Topic.ANEW, user_id=event.user_id, device=str(event.device_id))


@receiver(profile_narrowed, dispatch_uid="live.profile_narrowed")
@receiver(profile_moved, dispatch_uid="live.profile_moved")
def on_profile_closed(event: ProfileNarrowed | ProfileMoved, **_: Any) -> None:
    """A profile may see less, or is another account's: who listens as it shows anew who they are."""
    tell(Topic.ANEW, profile_id=event.profile_id)


@receiver(profile_deleted, dispatch_uid="live.profile_deleted")
def on_profile_deleted(event: ProfileDeleted, **_: Any) -> None:
    """A profile is gone. Nothing is written, since nothing may name it any more; other processes end its lines when
    they ask anew who listens, within minutes.
    """
    HUB.deliver(Word(0, Topic.ANEW, profile_id=event.profile_id))


@receiver(device_ended, dispatch_uid="live.device_ended")
def on_device_ended(event: DeviceEnded, **_: Any) -> None:
    """A device was signed out."""
    tell(Topic.ANEW, user_id=event.user_id, device=str(event.device_id))


@receiver(user_logged_out, dispatch_uid="live.signed_out")
def on_signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    """Somebody signed out in this browser; its other tabs still listen."""
    if user is None or request is None or getattr(request, "session", None) is None:
        return
    device_id = doors.device_of(request)
    # Without one all of the account's browsers show anew who they are.
    detail: dict[str, Any] = {} if device_id is None else {"device": str(device_id)}
    transaction.on_commit(lambda: tell(Topic.ANEW, user_id=user.pk, **detail))
