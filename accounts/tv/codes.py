"""The codes of televisions: asked for, looked at, answered and redeemed once. Source: RFC 8628."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from accounts import places
from accounts.devices.words import describe
from accounts.models.tv import TvCode

#: Letters that nobody takes for one another and that make no words (RFC 8628, 6.1): 20^8 codes, 34.6 bits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LETTERS = 8
LIFE = timedelta(minutes=10)
#: How long a television waits between two questions, and how much longer after it was too quick, in seconds.
INTERVAL = 3
SLOWER_BY = 5
#: Clocks and networks jitter: who comes this much early is on time, in seconds.
TOLERANCE = 0.5
#: So many requests may wait at once: with more of them, a guess would hit one sooner.
MOST_WAITING = 500
#: What is over is forgotten after this long.
KEPT = timedelta(days=1)


class State(StrEnum):
    """What a television hears when it asks."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class Asked:
    """A new request, as the television gets it. `device_code` is its secret, `user_code` what it shows."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as it is shown to who may say yes. `name` is what the device says of itself: hostile text."""

    id: UUID
    name: str
    player: str
    place: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What a television hears. `user_id` only with APPROVED, and only once."""

    state: State
    interval: int = INTERVAL
    user_id: UUID | None = None
    name: str = ""


class TooManyWaiting(Exception):
    """More televisions wait than the site lets wait at once."""


def ask(*, name: str = "", user_agent: str = "", address: str = "") -> Asked:
    """A television wants to be signed in. Raises TooManyWaiting."""
    now = timezone.now()
    if TvCode.objects.filter(state=TvCode.State.PENDING, expires_at__gt=now).count() >= MOST_WAITING:
        raise TooManyWaiting
    place = places.find(address)
    while True:
        device_code = secrets.token_urlsafe(32)
        user_code = "".join(secrets.choice(ALPHABET) for _letter in range(LETTERS))
        try:
            TvCode.objects.create(
                device_digest=_digest(device_code),
                user_digest=_user_digest(user_code),
                name=" ".join(name.split())[:40],
                player=describe(user_agent).player[:60],
                place=place.name or (_("Home network") if places.is_local(place.network) else place.network),
                created_at=now,
                expires_at=now + LIFE,
                interval_s=INTERVAL,
            )
        except IntegrityError:  # this code is taken: one in thousands of millions
            continue
        return Asked(device_code, shown(user_code), int(LIFE.total_seconds()), INTERVAL)


def look(user_code: str) -> Asking | None:
    """The request that waits under a code as somebody typed it; None for a wrong, an old or an answered one."""
    letters = read(user_code)
    if letters is None:
        return None
    row = TvCode.objects.filter(
        user_digest=_user_digest(letters), state=TvCode.State.PENDING, expires_at__gt=timezone.now()
    ).first()
    if row is None:
        return None
    return Asking(row.id, row.name, row.player, row.place, row.created_at, row.expires_at)


def answer(code_id: UUID, *, user_id: UUID, yes: bool) -> bool:
    """Somebody says yes or no. False when the request has ended or was answered meanwhile."""
    state = TvCode.State.APPROVED if yes else TvCode.State.DENIED
    waiting = TvCode.objects.filter(id=code_id, state=TvCode.State.PENDING, expires_at__gt=timezone.now())
    return bool(waiting.update(state=state, user_id=user_id))


def redeem(device_code: str, *, now: datetime | None = None) -> Answer:
    """What a television hears now. Who hears APPROVED is to be signed in: nobody hears it a second time."""
    now = now or timezone.now()
    row = TvCode.objects.filter(device_digest=_digest(device_code)).first()
    if row is None or row.state == TvCode.State.USED or row.expires_at <= now:
        return Answer(State.EXPIRED)
    too_quick = row.polled_at is not None and now - row.polled_at < timedelta(
        seconds=row.interval_s - TOLERANCE
    )
    interval = row.interval_s + SLOWER_BY * too_quick
    TvCode.objects.filter(id=row.id).update(polled_at=now, interval_s=min(interval, 60))
    if too_quick:
        return Answer(State.SLOW_DOWN, interval)
    if row.state == TvCode.State.DENIED:
        return Answer(State.DENIED)
    if row.state == TvCode.State.PENDING:
        return Answer(State.PENDING, interval)
    if not TvCode.objects.filter(id=row.id, state=TvCode.State.APPROVED).update(state=TvCode.State.USED):
        return Answer(State.EXPIRED)
    return Answer(State.APPROVED, interval, row.user_id, row.name)


def withdraw(user_id: UUID) -> int:
    """What this account approved and no television has fetched yet is over; returns how many. For who signs out
    everywhere: a yes of before would let somebody in afterwards.
    """
    waiting = TvCode.objects.filter(user_id=user_id, state=TvCode.State.APPROVED)
    return waiting.update(state=TvCode.State.DENIED)


def prune() -> int:
    """Forget requests that have been over for a day; returns how many."""
    return TvCode.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()[0]


def shown(user_code: str) -> str:
    """As it stands on the screen: XXXX-XXXX."""
    return f"{user_code[:4]}-{user_code[4:]}"


def read(typed: str) -> str | None:
    """The letters of a code as somebody typed it, in any case, with or without dash and spaces; None for no code."""
    letters = "".join(each for each in typed.upper()[:40] if each.isalnum())
    return letters if len(letters) == LETTERS and set(letters) <= set(ALPHABET) else None


def _digest(device_code: str) -> str:
    return hashlib.sha256(device_code.encode()).hexdigest()


def _user_digest(user_code: str) -> str:
    """Keyed: 34 bits would be found from a plain digest within minutes by who has a copy of the database."""
    return salted_hmac("accounts.tv", user_code, algorithm="sha256").hexdigest()
