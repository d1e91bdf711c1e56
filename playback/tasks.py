"""Periodic work; each is one service call and safe to run twice."""

from collections.abc import Collection
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from catalog import services as catalog
from netflixlite.jobs import services as jobs
from playback import services
from playback.models import PlaybackSession
from playback.services.going import LONGEST
from playback.types import Ended


def close_silent_sessions() -> None:
    """Make history of what fell silent."""
    services.close_silent()


def prune_beacons() -> None:
    """Forget reports that nobody will ask about any more."""
    services.prune()


def drop_prepared() -> None:
    """Forget what was prepared and never begun."""
    services.drop_prepared()


def end_forbidden() -> None:
    """Take back what stock players may not see any more."""
    services.end_forbidden()


def look_at_licences() -> None:
    """End what may be kept on devices no more."""
    services.look_at_licences()


def held_packages(packages: Collection[str]) -> set[str]:
    """Which of these packages somebody watches or fetches, or did when it fell silent: a laptop that slept goes on."""
    may_go_on = Q(ended=Ended.SILENT, started_at__gt=timezone.now() - LONGEST)
    rows = PlaybackSession.objects.filter(may_go_on | Q(ended_at=None), package_id__in=list(packages))
    return set(rows.values_list("package_id", flat=True)) | services.held_by_licences(packages)


catalog.hold_packages(held_packages)
jobs.register_periodic("playback.close_silent_sessions", timedelta(seconds=10))(close_silent_sessions)
jobs.register_periodic("playback.prune_beacons", timedelta(hours=1))(prune_beacons)
jobs.register_periodic("playback.end_forbidden", timedelta(seconds=30))(end_forbidden)
jobs.register_periodic("playback.look_at_licences", timedelta(minutes=5))(look_at_licences)
jobs.register_periodic("playback.drop_prepared", timedelta(hours=1))(drop_prepared)
