"""What other apps may know of people: ids and frozen values, never rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in and pays."""

    id: UUID
    name: str
    email: str
    is_operator: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is watching. `maturity` is the highest age rating this profile may see, in years."""

    id: UUID
    user_id: UUID
    name: str
    avatar: str
    maturity: int
    is_kid: bool
    language: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user's subscription allows. `max_height` caps the picture, in pixels; None means no cap."""

    id: UUID
    name: str
    streams: int
    max_height: int | None


@dataclass(frozen=True, slots=True)
class ProfileDeleted:
    """News: a profile is gone; whoever keeps something under its id forgets it."""

    profile_id: UUID


@dataclass(frozen=True, slots=True)
class Device:
    """A browser, television or app on which a user signed in.

    `label` is what to call it; `name` what its owner called it, or ''. `kind` is 'computer', 'phone', 'tablet', 'tv' or
    'app'. `place` is no finer than a city or a network. `sessions` counts the sessions that are open there.
    """

    id: UUID
    user_id: UUID
    label: str
    name: str
    kind: str
    player: str
    place: str
    first_used_at: datetime
    last_used_at: datetime
    last_profile: str
    sessions: int

    @property
    def signed_in(self) -> bool:
        """Whether anybody is signed in there now."""
        return self.sessions > 0


@dataclass(frozen=True, slots=True)
class DeviceEnded:
    """News: a device was signed out; what plays there stops."""

    user_id: UUID
    device_id: UUID
