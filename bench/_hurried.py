"""A site whose clocks run faster, for `bench/longrun.py`: a bench-only setting, so that hours of film fit into minutes.

As `DJANGO_SETTINGS_MODULE` these are the site's settings with one app more; the app divides by BENCH_SPEED how long
rankings are kept and how often players report. Tokens have a setting of their own.
"""

import os
from importlib import import_module

from django.apps import AppConfig

from netflixlite.settings import *  # noqa: F403
from netflixlite.settings import INSTALLED_APPS as _APPS

INSTALLED_APPS = [*_APPS, "bench._hurried.Hurried"]


class Hurried(AppConfig):
    """Divides the constants once all apps are there."""

    name, label, path = "bench", "bench", os.path.dirname(__file__)

    def ready(self) -> None:
        """Divide."""
        # Not `from playback.services import …`: that names the function of the same name.
        steer, opening = (import_module(f"playback.services.{name}") for name in ("steer", "opening"))
        speed = float(os.environ["BENCH_SPEED"])
        for module, name in ((steer, "STEERING_TTL"), (steer, "TROUBLE_TTL"), (opening, "BEACON_INTERVAL")):
            setattr(module, name, getattr(module, name) / speed)
