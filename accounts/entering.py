"""Which profile a session has entered, and which locked ones it may change. Nothing else writes these keys.

A session keeps the stamp of the lock that it came through: when the PIN is set, changed or taken away, the stamp is
another one, and sessions that came through the old lock stand before the gate again.
"""

import time
from functools import partial
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest

from accounts import events, services
from accounts import maturity as ages
from accounts.doors import SESSION_KEY, STAMP_KEY, device_of
from accounts.signing import recency
from accounts.types import Entrance, Profile, ProfileEntered

#: Locked profiles whose PIN was given to change them: profile id → [stamp, when].
PROOFS_KEY = "profile_pins"
#: For how long that holds, in seconds.
PROOF_FOR = 600


def chosen(request: HttpRequest) -> Profile | None:
    """The profile that this session has entered, if it belongs to who is signed in and its lock is the same still."""
    try:
        profile_id = UUID(str(request.session.get(SESSION_KEY, "")))
    except ValueError:
        return None
    profile = services.entered(profile_id, str(request.session.get(STAMP_KEY, "")))
    return profile if profile is not None and profile.user_id == request.user.pk else None


def enter(request: HttpRequest, profile: Profile, pin: str = "") -> Entrance:
    """Watch as this profile from now on. Who is in it already needs no PIN.

    Raises PinNeeded, PinWrong, PinWait; the session stays with whom it was.
    """
    here = getattr(request, "profile", None)
    if isinstance(here, Profile) and here.id == profile.id:
        return Entrance(stamp=str(request.session.get(STAMP_KEY, "")), wrong=0, last_wrong_at=None)
    entrance = services.enter(profile_id=profile.id, pin=pin, actor=request.user.pk)
    request.session[SESSION_KEY] = str(profile.id)
    request.session[STAMP_KEY] = entrance.stamp
    if device_id := device_of(request):
        news = ProfileEntered(user_id=profile.user_id, device_id=device_id, profile_id=profile.id)
        request.session.save()  # who hears of it asks at once
        transaction.on_commit(partial(events.profile_entered.send_robust, sender=ProfileEntered, event=news))
    return entrance


def prove(request: HttpRequest, profile: Profile, pin: str) -> None:
    """Give a locked profile's PIN to change it, without entering it. Raises PinNeeded, PinWrong, PinWait."""
    entrance = services.enter(profile_id=profile.id, pin=pin, actor=request.user.pk)
    proofs = request.session.get(PROOFS_KEY, {})
    request.session[PROOFS_KEY] = {**proofs, str(profile.id): [entrance.stamp, int(time.time())]}


def may_change(request: HttpRequest, profile: Profile) -> bool:
    """Whether this session may change the profile: it has no lock, or its PIN or the account's proof was given."""
    here = getattr(request, "profile", None)
    if not profile.locked or (isinstance(here, Profile) and here.id == profile.id):
        return True
    stamp, at = request.session.get(PROOFS_KEY, {}).get(str(profile.id), ("", 0))
    fresh = time.time() - at < PROOF_FOR and services.entered(profile.id, stamp) is not None
    return fresh or recency.is_recent(request)


def may_allow(
    request: HttpRequest, *, is_kid: bool, maturity: int | None, before: Profile | None = None
) -> bool:
    """Whether this session may give a profile this age (None: the usual one, or `before`'s own).

    Where there are children or PINs, nobody lets a profile see more than their own but with the account's proof.

    Else who was given a low age would set it up, or make a profile of eighteen beside the locked one.
    """
    usual = (
        before.maturity if before is not None and before.is_kid == is_kid else ages.default_for(is_kid=is_kid)
    )
    age = usual if maturity is None else maturity
    here = getattr(request, "profile", None)
    known = [one.maturity for one in (here, before) if isinstance(one, Profile)]
    if known and age <= max(known):
        return True
    return recency.is_recent(request) or request.user.pk is None or not services.guarded(request.user.pk)


def may_unblock(request: HttpRequest, title_id: UUID) -> bool:
    """Whether this session may let a profile see a blocked title again: not one blocked for itself, as above."""
    here = getattr(request, "profile", None)
    if not isinstance(here, Profile) or title_id not in here.blocked:
        return True
    return recency.is_recent(request) or not services.guarded(here.user_id)


def keep(request: HttpRequest, profile: Profile, stamp: str) -> None:
    """The lock of `profile` was changed from this session: who is in it stays in it."""
    here = getattr(request, "profile", None)
    if isinstance(here, Profile) and here.id == profile.id:
        request.session[STAMP_KEY] = stamp
