"""A site whose clocks run faster, for `bench/longrun.py`: a bench-only setting, so that hours of film fit into minutes.

As `DJANGO_SETTINGS_MODULE` these are the site's settings with one app more; the app divides by BENCH_SPEED how long
rankings are kept and how often players report. Tokens have a setting of their own.
"""

import os

from django.apps import AppConfig

from netflixlite.settings import *  # noqa: F403
from netflixlite.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "bench._hurried.Hurried"]


class Hurried(AppConfig):
    """Divides the constants once all apps are there."""

    name, label, path = "bench", "bench", os.path.dirname(__file__)

    def ready(self) -> None:
        """Divide."""
        from playback.services import opening, steer

        speed = float(os.environ["BENCH_SPEED"])
        steer.STEERING_TTL /= speed
        steer.TROUBLE_TTL /= speed
        opening.BEACON_INTERVAL /= speed
