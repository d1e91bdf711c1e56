"""Periodic work of the audit log; each is safe to run twice."""

from datetime import timedelta

from accounts.audit import checking, sealing
from netflixlite.jobs import services as jobs


def forget_addresses() -> None:
    """Forget from where things were done that were done long ago."""
    sealing.forget_addresses()


def drop_anchor() -> None:
    """Keep the newest link beside the database."""
    checking.drop_anchor()


jobs.register_periodic("audit.forget_addresses", timedelta(hours=6))(forget_addresses)
jobs.register_periodic("audit.drop_anchor", timedelta(hours=6))(drop_anchor)
