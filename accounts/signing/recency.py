"""How recently who is signed in here has proved it, and by what. allauth keeps the record in the session."""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.http import HttpRequest

#: A code typed at a television's request is no proof: whoever holds the telephone gave it, not who holds the remote.
_PROOFS = frozenset({"password", "mfa"})


def is_recent(request: HttpRequest) -> bool:
    """Whether a password, a passkey or a code was given in this session within `ACCOUNT_REAUTHENTICATION_TIMEOUT`."""
    times = [record["at"] for record in _records(request) if record.get("method") in _PROOFS]
    return bool(times) and time.time() - max(times) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def had_factor(request: HttpRequest) -> bool:
    """Whether a second factor was given in this session, or a passkey, which is two in one."""
    return any(record.get("method") == "mfa" for record in _records(request))


def note(request: HttpRequest, method: str, **more: Any) -> None:
    """Keep in the session that who is signed in has proved it just now by `method`: password, mfa or tv."""
    record_authentication(request, request.user, method, **more)


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    if not request.user.is_authenticated:
        return []
    return list(get_authentication_records(request, request.user))
