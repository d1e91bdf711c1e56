"""Warnings are kept for three months."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import FraudSignal
from netflixlite.jobs import services as jobs

KEPT_FOR = timedelta(days=90)


def forget_old() -> None:
    """Remove warnings of what was last seen long ago. Safe to run twice."""
    FraudSignal.objects.filter(last_at__lt=timezone.now() - KEPT_FOR).delete()


jobs.register_periodic("signals.forget_old", timedelta(hours=6))(forget_old)
