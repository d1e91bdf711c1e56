"""Periodic work on subscriptions."""

from datetime import timedelta

from accounts.billing import events, keeping
from netflixlite.jobs import services as jobs


def keep_subscriptions() -> None:
    """End, renew, remind."""
    keeping.keep()


def retry_events() -> None:
    """Take news that failed before."""
    events.retry_failed()


def prune_events() -> None:
    """Forget old news."""
    events.prune()


jobs.register_periodic("accounts.keep_subscriptions", timedelta(minutes=10))(keep_subscriptions)
jobs.register_periodic("accounts.retry_payment_events", timedelta(minutes=1))(retry_events)
jobs.register_periodic("accounts.prune_payment_events", timedelta(days=1))(prune_events)
