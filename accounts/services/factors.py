"""Second steps, for who runs the site."""

from allauth.mfa.models import Authenticator
from django.db import transaction

from accounts import models
from accounts.audit.recording import audit
from accounts.services.devices import end_all_devices
from accounts.services.errors import NotFound


def forget_factors(login: str) -> int:
    """Take all second steps, passkeys and recovery codes from an account and sign it out everywhere.

    For who has lost them all: whoever does this must know who asks. `login` is a name or an e-mail address. Returns how
    many steps and passkeys there were. Raises NotFound.
    """
    with transaction.atomic():
        row = models.User.objects.select_for_update().filter(username__iexact=login).first()
        row = (
            row
            or models.User.objects.select_for_update().filter(email__iexact=login).exclude(email="").first()
        )
        if row is None:
            raise NotFound(f"There is no user {login!r}.")
        mine = Authenticator.objects.filter(user_id=row.id)
        gone = mine.exclude(type=Authenticator.Type.RECOVERY_CODES).count()
        mine.delete()
        end_all_devices(row.id)
        audit(None, "mfa.removed", f"user:{row.id}", detail={"by": "an operator at the machine", "all": True})
    return int(gone)
