"""Periodic work on devices."""

from datetime import timedelta

from accounts import services
from netflixlite.jobs import services as jobs


def prune_devices() -> None:
    """Forget sessions that are over and devices that nobody uses any more."""
    services.prune_devices()


jobs.register_periodic("accounts.prune_devices", timedelta(hours=1))(prune_devices)
