"""The edge fleet: registry, signing, origin."""

from django.apps import AppConfig


class CdnConfig(AppConfig):
    """Where the bytes are."""

    name = "cdn"
    verbose_name = "Edge network"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers and offer the periodic work."""
        from cdn import privacy, receivers, tasks  # noqa: F401 (importing connects)

        tasks.register()
