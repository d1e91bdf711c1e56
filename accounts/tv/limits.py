"""How often codes may be asked for and tried: by address, by account and over all."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest

#: allauth's notation. "key" is one count for the whole site. A wrong code counts, a right one does not.
RATES = {
    "ask": "12/10m/ip,400/10m/key",
    "poll": "120/m/ip",
    "guess": "10/10m/user,20/10m/ip,200/10m/key",
}


def may(request: HttpRequest, action: str) -> ratelimit.RateLimitUsage | None:
    """Whether this may be done once more: what was counted (call `.rollback()` to count it not), or None."""
    return ratelimit.consume(
        request, app="accounts.tv", action=action, config=RATES, key="all", limit_get=True
    )
