"""What other apps may know of people: ids and frozen values, never rows."""

from dataclasses import dataclass
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
