"""The shell as a Django app, so that it may own commands, template tags and checks."""

from django.apps import AppConfig


class ShellConfig(AppConfig):
    name = "netflixlite"
    label = "shell"
    verbose_name = "netflixlite"

    def ready(self) -> None:
        from netflixlite import checks, privacy  # noqa: F401 (register themselves)
