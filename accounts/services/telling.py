"""Letters about profiles, to the account's owner and to whom a profile is handed. Sent after the transaction."""

import logging
from datetime import datetime
from functools import partial
from smtplib import SMTPException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from accounts import letters, models

log = logging.getLogger("accounts")


def tell_of_wrong_pins(profile_id: UUID, *, tries: int, at: datetime) -> None:
    """Somebody guesses at a PIN: tell the owner, in the language of the profile."""
    row = models.Profile.objects.select_related("user").filter(id=profile_id).first()
    if row is None or not row.user.email:
        return
    address = settings.SITE_URL + reverse("profile_pin", args=[profile_id])
    context = {"name": row.user.name, "profile": row.name, "tries": tries, "at": at, "address": address}
    _send("accounts/letters/wrong_pin", to=row.user.email, context=context, language=row.language)


def tell_of_transfer(*, to: str, profile: str, giver: str, address: str, language: str) -> None:
    """The link by which a profile goes to an account of its own."""
    context = {"profile": profile, "giver": giver, "address": address}
    _send("accounts/letters/transfer", to=to, context=context, language=language)


def _send(prefix: str, *, to: str, context: dict[str, Any], language: str) -> None:
    transaction.on_commit(partial(_deliver, prefix, to, context, language))


def _deliver(prefix: str, to: str, context: dict[str, Any], language: str) -> None:
    """A relay that is away is no reason to fail what the letter is about."""
    try:
        with translation.override(language):
            letters.send(prefix, to=to, context=context)
    except (OSError, SMTPException):
        log.exception("The letter %s could not be sent.", prefix)
