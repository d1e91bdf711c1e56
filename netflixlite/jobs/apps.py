"""Lease-based jobs: infrastructure below the five apps."""

from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class JobsConfig(AppConfig):
    """Jobs. Knows no app: handlers register themselves by kind."""

    name = "netflixlite.jobs"
    label = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        """Register the house's own periodic work, and the extra handlers that NETFLIXLITE_JOB_MODULES names."""
        from netflixlite.jobs import housekeeping  # noqa: F401 (imported for what it registers)

        for module in settings.JOB_MODULES:
            import_module(module)
