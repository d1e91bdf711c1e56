"""The playback app: pressing play, staying playing, and remembering where one stopped."""

from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    """Hears the news from the apps below and registers the periodic work once the apps are ready."""

    name = "playback"
    verbose_name = "Playback"

    def ready(self) -> None:
        """Connect the receivers and register the periodic work."""
        from playback import privacy, receivers, tasks  # noqa: F401 (importing connects and registers)
