"""Live news as a Django app of the shell, so that it may have a table."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """Hears the apps' events once they are ready."""

    name = "netflixlite.live"
    label = "live"
    verbose_name = "Live news"

    def ready(self) -> None:
        """Connect the receivers, register the periodic work and what is kept of people."""
        from netflixlite.live import privacy, receivers, tasks  # noqa: F401 (importing connects and registers)
