"""PINs of profiles: setting one, trying one, and what wrong tries lead to.

A profile's lock stands before its gate only. No number of wrong tries locks the account, another profile, or the way
past it: who proves to be the account's owner sets a new PIN or takes it away.
"""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import models, pins
from accounts.audit.recording import audit
from accounts.services.errors import InvalidField, NotFound
from accounts.services.telling import tell_of_wrong_pins
from accounts.types import Entrance, Gate

#: The owner gets a letter about wrong PINs this often at most.
LETTER_EVERY = timedelta(hours=12)


class PinNeeded(InvalidField):
    """The profile has a PIN, and none was given."""

    def __init__(self) -> None:
        super().__init__("pin", _("Give the PIN of this profile."))


class PinWrong(InvalidField):
    """Not the PIN. `left` tries cost nothing; `wait` is what this one costs."""

    def __init__(self, *, left: int, wait: timedelta) -> None:
        words = _("That is not the PIN.")
        if wait:
            words += " " + waiting_words(wait)
        elif left <= 3:
            words += " " + ngettext("%(n)d more try.", "%(n)d more tries.", left) % {"n": left}
        super().__init__("pin", words)
        self.left, self.wait = left, wait


class PinWait(InvalidField):
    """Too many wrong ones: no PIN is looked at for `wait` more."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("pin", _("Too many wrong PINs.") + " " + waiting_words(wait))
        self.wait = wait


def waiting_words(wait: timedelta) -> str:
    """'Try again in 2 minutes.'"""
    seconds = max(1, round(wait.total_seconds()))
    if seconds < 60:
        return ngettext("Try again in %(n)d second.", "Try again in %(n)d seconds.", seconds) % {"n": seconds}
    minutes = -(-seconds // 60)
    return ngettext("Try again in %(n)d minute.", "Try again in %(n)d minutes.", minutes) % {"n": minutes}


def set_pin(*, profile_id: UUID, pin: str, actor: UUID | None = None) -> str:
    """Give the profile this PIN, or another one. Whoever entered by the old one enters again.

    Returns the lock's new stamp, for the session that set it. Raises InvalidField (field `pin`), NotFound.
    """
    if not pins.is_one(pin):
        raise InvalidField("pin", _("A PIN has four to eight digits."))
    if pins.is_obvious(pin):
        raise InvalidField("pin", _("That PIN is the first that anybody tries. Take another one."))
    kept, stamp = pins.hashed(pin, profile_id), secrets.token_hex(8)
    with transaction.atomic():
        row = models.Profile.objects.select_for_update().filter(id=profile_id).first()
        if row is None:
            raise NotFound(f"There is no profile {profile_id}.")
        models.ProfileLock.objects.update_or_create(
            profile=row,
            defaults={
                "secret": kept,
                "stamp": stamp,
                "set_at": timezone.now(),
                "tries": 0,
                "tried_at": None,
                "wait_until": None,
                "told_at": None,
            },
        )
        audit(actor, "pin.set", f"profile:{profile_id}", account=row.user_id)
    return stamp


def remove_pin(*, profile_id: UUID, actor: UUID | None = None) -> bool:
    """Take the profile's PIN away. False when it had none."""
    with transaction.atomic():
        row = models.ProfileLock.objects.filter(profile_id=profile_id).select_related("profile").first()
        if row is None:
            return False
        owner = row.profile.user_id
        row.delete()
        audit(actor, "pin.removed", f"profile:{profile_id}", account=owner)
    return True


def gate(profile_id: UUID, *, now: datetime | None = None) -> Gate:
    """How the profile's gate stands: whether it has a PIN, and whether it may be tried now."""
    row = models.ProfileLock.objects.filter(profile_id=profile_id).first()
    if row is None:
        return Gate(locked=False, tries=0, wait=timedelta(), tried_at=None)
    return Gate(locked=True, tries=row.tries, wait=_left(row, now or timezone.now()), tried_at=row.tried_at)


def enter(
    *,
    profile_id: UUID,
    pin: str = "",
    actor: UUID | None = None,
    address: str = "",
    now: datetime | None = None,
) -> Entrance:
    """Open the profile's gate, with its PIN when it has one. The answer is for the session that entered.

    A try counts before it is looked at, so that no number of them at the same time is more than one after the other.
    Raises NotFound, PinNeeded (nothing is counted), PinWrong, PinWait.
    """
    now = now or timezone.now()
    owner = models.Profile.objects.filter(id=profile_id).values_list("user_id", flat=True).first()
    if owner is None:
        raise NotFound(f"There is no profile {profile_id}.")
    row = models.ProfileLock.objects.filter(profile_id=profile_id).first()
    if row is None:
        return Entrance(stamp="", wrong=0, last_wrong_at=None)
    if not pin:
        raise PinNeeded
    before = _count_try(row, now)
    if not pins.is_one(pin) or not pins.matches(pin, profile_id, before.secret):
        wait = pins.wait_after(before.tries + 1)
        said = {"tries": before.tries + 1, "wait_seconds": round(wait.total_seconds())}
        audit(actor, "pin.wrong", f"profile:{profile_id}", detail=said, account=owner)
        if wait:
            _tell_owner(before, now)
        raise PinWrong(left=max(0, pins.FREE_TRIES - before.tries - 1), wait=wait)
    models.ProfileLock.objects.filter(profile_id=profile_id, stamp=before.stamp).update(
        tries=0, tried_at=None, wait_until=None
    )
    return Entrance(stamp=before.stamp, wrong=before.tries, last_wrong_at=before.tried_at)


def stamps(user_id: UUID) -> dict[UUID, str]:
    """The locks of a user's profiles: profile id → what a session that entered it rightfully holds."""
    rows = models.ProfileLock.objects.filter(profile__user_id=user_id)
    return dict(rows.values_list("profile_id", "stamp"))


def _count_try(row: models.ProfileLock, now: datetime) -> models.ProfileLock:
    """Count one more try and return the lock as it was before, or raise PinWait. Others may try at the same time."""
    while True:
        if left := _left(row, now):
            raise PinWait(left)
        wait = pins.wait_after(row.tries + 1)
        same = models.ProfileLock.objects.filter(profile_id=row.profile_id, stamp=row.stamp, tries=row.tries)
        if same.update(tries=row.tries + 1, tried_at=now, wait_until=now + wait if wait else None):
            return row
        again = models.ProfileLock.objects.filter(profile_id=row.profile_id).first()
        if again is None:  # taken away in this very moment
            raise NotFound(f"Profile {row.profile_id} has no PIN any more.")
        row = again


def _left(row: models.ProfileLock, now: datetime) -> timedelta:
    return max(timedelta(), row.wait_until - now) if row.wait_until else timedelta()


def _tell_owner(row: models.ProfileLock, now: datetime) -> None:
    """A letter to the owner, not more often than LETTER_EVERY."""
    due = models.ProfileLock.objects.filter(profile_id=row.profile_id).exclude(told_at__gt=now - LETTER_EVERY)
    if due.update(told_at=now):
        tell_of_wrong_pins(row.profile_id, tries=row.tries + 1, at=now)
