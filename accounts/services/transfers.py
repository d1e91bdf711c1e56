"""A profile moves out: it goes to an account of its own, and all that is kept under its id goes along.

The owner makes a link; whoever opens it and is signed in to another account takes the profile. The link works once, for
a week. Only a digest of it is kept.
"""

import secrets
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from uuid import UUID

from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, models
from accounts.audit.recording import audit
from accounts.services.errors import PROFILE_LIMIT, InvalidField, NotFound, TooManyProfiles
from accounts.services.profiles import value
from accounts.services.telling import tell_of_transfer
from accounts.types import Profile, ProfileMoved, Transfer

#: How long the link works.
OPEN_FOR = timedelta(days=7)
#: Letters that one account may have sent to others in a day: the site is no way to write to strangers.
LETTERS_A_DAY = 5


def offer_profile(
    *,
    profile_id: UUID,
    email: str = "",
    actor: UUID | None = None,
    address: str = "",
    now: datetime | None = None,
) -> tuple[Transfer, str]:
    """Open the way for a profile to move out. → the transfer, and the secret of its link, which is told only here.

    An earlier link of the profile stops working. A kids profile stays with its household.
    Raises NotFound, InvalidField.
    """
    now = now or timezone.now()
    email = email.strip().lower()
    secret = secrets.token_urlsafe(24)
    with transaction.atomic():
        row = models.Profile.objects.select_for_update().filter(id=profile_id).first()
        if row is None:
            raise NotFound(f"There is no profile {profile_id}.")
        if row.is_kid:
            raise InvalidField("", _("A kids profile stays with its household."))
        _check_address(row, email, now)
        kept, _made = models.ProfileTransfer.objects.update_or_create(
            profile=row,
            defaults={
                "digest": _digest(secret),
                "email": email,
                "made_at": now,
                "expires_at": now + OPEN_FOR,
            },
        )
        audit(actor, "profile.transfer_offered", f"profile:{profile_id}", account=row.user_id)
    return _value(kept), secret


def write_to(*, transfer: Transfer, address: str) -> None:
    """Send the link `address` to whom the transfer names. Does nothing when it names nobody."""
    row = models.Profile.objects.select_related("user").get(id=transfer.profile_id)
    if transfer.email:
        tell_of_transfer(
            to=transfer.email, profile=row.name, giver=str(row.user), address=address, language=row.language
        )


def offered(profile_id: UUID, *, now: datetime | None = None) -> Transfer | None:
    """The open transfer of this profile, or None."""
    row = _open(now).filter(profile_id=profile_id).first()
    return _value(row) if row else None


def transfer_of(secret: str, *, now: datetime | None = None) -> Transfer | None:
    """The transfer that this link opens, or None when it was used, withdrawn or is too old."""
    row = _open(now).filter(digest=_digest(secret)).first()
    return _value(row) if row else None


def withdraw_offer(*, profile_id: UUID, actor: UUID | None = None) -> bool:
    """The profile stays: its link stops working. False when there was none."""
    with transaction.atomic():
        row = models.ProfileTransfer.objects.filter(profile_id=profile_id).select_related("profile").first()
        if row is None:
            return False
        owner = row.profile.user_id
        row.delete()
        audit(actor, "profile.transfer_withdrawn", f"profile:{profile_id}", account=owner)
    return True


def take_profile(*, secret: str, user_id: UUID, now: datetime | None = None) -> Profile:
    """The profile moves to this user, with its history, list and taste. Its PIN and its blocked titles stay behind.

    Raises NotFound when the link is no good, InvalidField when the user cannot take it.
    """
    with transaction.atomic():
        found = _open(now).filter(digest=_digest(secret)).first()
        if found is None:
            raise NotFound("This link was used already, or is too old.")
        # Both households are held, in one order, so that no two moves wait for one another.
        users = sorted([found.profile.user_id, user_id], key=str)
        held = list(
            models.User.objects.select_for_update().filter(id__in=users).order_by("id").values_list("id")
        )
        row = models.Profile.objects.select_for_update().get(id=found.profile_id)
        if len(held) != len(set(users)):
            raise NotFound(f"There is no user {user_id}.")
        if row.user_id == user_id:
            raise InvalidField(
                "", _("The profile is in this account already. Sign in to the other account first.")
            )
        if row.is_kid:
            raise InvalidField("", _("A kids profile stays with its household."))
        if models.Profile.objects.of(user_id).count() >= PROFILE_LIMIT:
            raise TooManyProfiles
        if not models.ProfileTransfer.objects.filter(id=found.id).delete()[0]:
            raise NotFound("This link was used already.")
        moved = _move(row, user_id)
        for account in (moved.from_user_id, user_id):  # each of the two finds it in its own log
            audit(user_id, "profile.transferred", f"profile:{row.id}", account=account)
        transaction.on_commit(partial(events.profile_moved.send_robust, sender=ProfileMoved, event=moved))
    return value(models.Profile.objects.select_related("lock").get(id=row.id))


def _move(row: models.Profile, user_id: UUID) -> ProfileMoved:
    giver = row.user_id
    models.ProfileLock.objects.filter(profile=row).delete()
    row.user_id, row.blocked, row.created_at = user_id, [], timezone.now()
    row.name = _free_name(row.name, user_id)
    row.save(update_fields=["user", "name", "blocked", "created_at"])
    return ProfileMoved(profile_id=row.id, from_user_id=giver, to_user_id=user_id)


def _free_name(name: str, user_id: UUID) -> str:
    """The name, with a number when another profile has it."""
    taken = {each.lower() for each in models.Profile.objects.of(user_id).values_list("name", flat=True)}
    names = [name, *(f"{name[:37]} {number}" for number in range(2, PROFILE_LIMIT + 2))]
    return next(each for each in names if each.lower() not in taken)


def _check_address(row: models.Profile, email: str, now: datetime) -> None:
    if not email:
        return
    try:
        validate_email(email)
    except ValidationError as error:
        raise InvalidField("email", error.messages[0]) from error
    key = f"accounts.transfer_letters.{row.user_id}.{now:%Y%m%d}"
    cache.add(key, 0, timeout=24 * 60 * 60)
    if cache.incr(key) > LETTERS_A_DAY:
        raise InvalidField("email", _("That is enough letters for today. Hand the link over yourself."))


def _open(now: datetime | None) -> QuerySet[models.ProfileTransfer]:
    return models.ProfileTransfer.objects.select_related("profile").filter(
        expires_at__gt=now or timezone.now(), profile__user__is_active=True
    )


def _digest(secret: str) -> str:
    return sha256(f"netflixlite.transfer:{secret}".encode()).hexdigest()


def _value(row: models.ProfileTransfer) -> Transfer:
    return Transfer(
        profile_id=row.profile_id,
        profile_name=row.profile.name,
        avatar=row.profile.avatar,
        from_user_id=row.profile.user_id,
        email=row.email,
        expires_at=row.expires_at,
    )
