"""Who takes the money: nobody, the operator by invoices, or Stripe. Chosen by NETFLIXLITE_PAYMENTS."""

from django.conf import settings

from accounts.billing.providers.base import Provider, ProviderFailed
from accounts.billing.providers.manual import ManualProvider
from accounts.billing.providers.stripe import StripeProvider

__all__ = ["Provider", "ProviderFailed", "provider", "provider_in_use"]

_KNOWN: dict[str, type[Provider]] = {"manual": ManualProvider, "stripe": StripeProvider}


def provider_in_use() -> Provider | None:
    """The provider that new subscriptions go to; None where nobody pays."""
    return provider(settings.PAYMENTS)


def provider(name: str) -> Provider | None:
    """The provider of this name: subscriptions stay with the one that they began with."""
    made = _KNOWN.get(name)
    return made() if made else None
