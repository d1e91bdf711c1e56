"""What other apps may know of people: ids and frozen values, never rows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from accounts.look import Look


@dataclass(frozen=True, slots=True)
class User:
    """Who signs in and pays."""

    id: UUID
    name: str
    email: str
    is_operator: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Who is watching. `maturity` is the highest age rating this profile may see, in years.

    `blocked` are titles that it does not see at any age. `locked`: it has a PIN. `data_saver` is 'on', 'off', or '' (as
    the browser says). `skips` is what becomes of openings and recaps:
    'ask', 'auto' or 'never'. `previews`: pages may show moving pictures of films.
    """

    id: UUID
    user_id: UUID
    name: str
    avatar: str
    maturity: int
    is_kid: bool
    language: str
    locked: bool = False
    autoplay_next: bool = True
    previews: bool = True
    data_saver: str = ""
    skips: str = "ask"
    look: Look = field(default_factory=Look)
    blocked: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Gate:
    """How the gate of a profile stands: `tries` wrong PINs in a row, the last `tried_at`, and for how long to wait."""

    locked: bool
    tries: int
    wait: timedelta
    tried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entrance:
    """A gate that opened. A session keeps `stamp` to show that it entered; `wrong` PINs were tried before."""

    stamp: str
    wrong: int
    last_wrong_at: datetime | None


@dataclass(frozen=True, slots=True)
class Transfer:
    """A profile's way to an account of its own, open until `expires_at`."""

    profile_id: UUID
    profile_name: str
    avatar: str
    from_user_id: UUID
    email: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user's subscription allows. `max_height` caps the picture, in pixels; None means no cap.

    `price` is in minor units of `currency` (ISO 4217) for each `period` ('month' or 'year'). `may_watch` is false for
    who would have to subscribe first. `downloads` is on how many devices films may be kept, and `offline_days` for how
    long one plays there before its device must be online once.
    """

    id: UUID
    name: str
    streams: int
    max_height: int | None
    about: str = ""
    downloads: int = 0
    offline_days: int = 30
    price: int = 0
    currency: str = "EUR"
    period: str = "month"
    may_watch: bool = True


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription that is not over: `state` is 'pending', 'active', 'past_due' or 'cancelled' (until `period_end`).

    `next_plan` holds from `period_end` on; '' when nothing changes. `provider` is 'manual' or 'stripe'.
    """

    id: UUID
    plan_id: UUID
    plan: str
    state: str
    price: int
    currency: str
    period: str
    period_end: datetime | None
    grace_until: datetime | None
    next_plan_id: UUID | None
    next_plan: str
    provider: str


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


@dataclass(frozen=True, slots=True)
class ProfileMoved:
    """News: a profile belongs to another user now; what is kept under its id goes along."""

    profile_id: UUID
    from_user_id: UUID
    to_user_id: UUID


@dataclass(frozen=True, slots=True)
class ProfileNarrowed:
    """News: a profile may see less than before; what it plays is looked at again."""

    profile_id: UUID


@dataclass(frozen=True, slots=True)
class ProfileEntered:
    """News: a session on this device watches as this profile from now on."""

    user_id: UUID
    device_id: UUID
    profile_id: UUID


@dataclass(frozen=True, slots=True)
class ProfilesChanged:
    """News: a profile of this user was made, changed or removed."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class DataExport:
    """A copy of everything about an account. `progress` is 0 … 1; `bytes` is 0 and `ready_at` None until it is made."""

    id: UUID
    asked_at: datetime
    ready_at: datetime | None
    expires_at: datetime
    bytes: int
    progress: float
    problem: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """An account that will be erased at `due_at`, unless its owner keeps it. The id will be the proof's."""

    id: UUID
    asked_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class ErasureProof:
    """That an account was erased: how many rows of which model. `holds` is False when somebody changed the proof."""

    id: UUID
    erased_at: datetime
    counts: dict[str, int]
    digest: str
    holds: bool
