"""Periodic work of the fleet; each is safe to run twice."""

from datetime import timedelta

from django.utils import timezone

from cdn import bundles, deliveries, planning, popularity
from netflixlite.jobs import services as jobs


def tend_placement() -> None:
    """Follow the catalogue, count what was watched, and make the plans that follow from both."""
    bundles.reconcile()
    popularity.count()
    now = timezone.now()
    if planning.pulse.due(now) and any(change.changed for change in planning.plan(now)):
        # What one node gives up only once another was told to fetch it takes another turn.
        planning.pulse.forget()


def prune_deliveries() -> None:
    """Forget the oldest of the delivery log."""
    deliveries.prune()


def register() -> None:
    """Offer the app's work to the workers."""
    jobs.register_periodic("cdn.tend_placement", timedelta(seconds=30))(tend_placement)
    jobs.register_periodic("cdn.prune_deliveries", timedelta(hours=1))(prune_deliveries)
