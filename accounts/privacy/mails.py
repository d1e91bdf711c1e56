"""The letters about copies and erasures."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts import letters, models

log = logging.getLogger("accounts")
_PLACE = "accounts/privacy/email"


@dataclass(frozen=True, slots=True)
class Farewell:
    """To whom the last letter goes: read while the account is still there, kept nowhere."""

    to: str
    language: str


def language_of(user: models.User) -> str:
    """The language of a user's first profile: accounts have none of their own."""
    first = models.Profile.objects.of(user.id).values_list("language", flat=True).first()
    return first or str(settings.LANGUAGE_CODE)


def farewell(user: models.User) -> Farewell:
    """To whom the last letter goes."""
    return Farewell(to=user.email, language=language_of(user))


def export_is_ready(user_id: UUID) -> None:
    """Tell that the copy can be downloaded. A relay that refuses costs the letter, not the copy."""
    user = models.User.objects.filter(id=user_id).first()
    if user is not None:
        _send("export_ready", farewell(user), {"address": _absolute(reverse("account_data"))})


def erasure_was_asked(user_id: UUID, *, receipt: str, erasure: models.Erasure) -> None:
    """The receipt, and how to keep the account after all."""
    user = models.User.objects.filter(id=user_id).first()
    if user is not None:
        context = {
            "receipt": receipt,
            "number": erasure.id,
            "due_at": erasure.due_at,
            "address": _absolute(reverse("account_login")),
            "proof": _absolute(reverse("erasure_proof", args=[erasure.id])),
        }
        _send("erasure_asked", farewell(user), context)


def erasure_was_cancelled(user_id: UUID) -> None:
    """The account stays."""
    user = models.User.objects.filter(id=user_id).first()
    if user is not None:
        _send("erasure_cancelled", farewell(user), {"address": _absolute(reverse("account_data"))})


def send_farewell(letter: Farewell, proof_id: UUID, counts: Mapping[str, int]) -> None:
    """It is done, and here is the proof."""
    proof = models.ErasureProof.objects.filter(id=proof_id).first()
    context = {
        "number": proof_id,
        "rows": sum(counts.values()),
        "digest": proof.digest if proof else "",
        "erased_at": proof.erased_at if proof else None,
        "proof": _absolute(reverse("erasure_proof", args=[proof_id])),
    }
    _send("erasure_done", letter, context)


def _absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def _send(name: str, letter: Farewell, context: dict[str, Any]) -> None:
    if not letter.to:
        return
    try:
        with translation.override(letter.language):
            letters.send(f"{_PLACE}/{name}", to=letter.to, context=context)
    except Exception:
        # Nothing of the letter goes into the log: it has the address in it.
        log.exception("A letter (%s) could not be sent.", name)
