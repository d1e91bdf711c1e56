"""Periodic work of signing in: what is over is forgotten."""

from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.tv import codes
from netflixlite.jobs import services as jobs


def prune_signing_in() -> None:
    """Forget sessions that are over, what was kept of them, and the requests of televisions."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    live = set(Session.objects.values_list("session_key", flat=True))
    gone = [pk for pk, key in UserSession.objects.values_list("pk", "session_key") if key not in live]
    for start in range(0, len(gone), 500):
        UserSession.objects.filter(pk__in=gone[start : start + 500]).delete()
    codes.prune()


jobs.register_periodic("accounts.prune_signing_in", timedelta(hours=1))(prune_signing_in)
