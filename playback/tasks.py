"""Periodic work; each is one service call and safe to run twice."""

from datetime import timedelta

from netflixlite.jobs import services as jobs
from playback import services


def close_silent_sessions() -> None:
    """Make history of what fell silent."""
    services.close_silent()


def prune_beacons() -> None:
    """Forget reports that nobody will ask about any more."""
    services.prune()


jobs.register_periodic("playback.close_silent_sessions", timedelta(seconds=10))(close_silent_sessions)
jobs.register_periodic("playback.prune_beacons", timedelta(hours=1))(prune_beacons)
