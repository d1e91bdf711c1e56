"""What happens when a television's request was approved: it is signed in, and the account's owner hears of it."""

import logging
from uuid import UUID

from allauth.account import signals
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts import letters
from accounts.devices.words import Kind
from accounts.models import User
from accounts.signing import recency
from accounts.tv.codes import Asking

log = logging.getLogger("accounts")


def sign_in(request: HttpRequest, user_id: UUID, *, name: str) -> bool:
    """Sign the television in with a session of its own; False when the account may not be used any more.

    The session counts as no proof: changes to the account ask for the password there.
    """
    user = User.objects.filter(id=user_id, is_active=True).first()
    if user is None:
        return False
    request.device_kind = Kind.TV.value  # type: ignore[attr-defined]  # what names the device of a session
    request.device_name = name  # type: ignore[attr-defined]
    get_adapter(request).login(request, user)
    request.session.set_expiry(settings.SESSION_COOKIE_AGE)
    recency.note(request, "tv")
    signals.user_logged_in.send(sender=User, request=request, response=HttpResponse(), user=user)
    return True


def tell_owner(user_id: UUID, asking: Asking) -> None:
    """A mail that a television was let in."""
    address = User.objects.filter(id=user_id).values_list("email", flat=True).first()
    if not address:
        return
    try:
        letters.send("account/email/tv_signed_in", to=address, context={"asking": asking})
    except OSError:  # a relay that is away must not keep anybody from the television
        log.exception("The mail about a television could not be sent.")
