"""What to watch next: my list, thumbs and the rows of the home page."""

from django.apps import AppConfig


class RecommendConfig(AppConfig):
    """The topmost app: nobody above it listens, it listens to the apps below."""

    name = "recommend"
    verbose_name = "Recommendations"

    def ready(self) -> None:
        """Connect to the news of lower apps."""
        from recommend import privacy, receivers  # noqa: F401 (connecting is the import's effect)
        from recommend.learning import checks, tending  # noqa: F401
        from recommend.signals import checks as signals_checks  # noqa: F401
        from recommend.signals import privacy as signals_privacy  # noqa: F401
        from recommend.signals import receivers as signals_receivers  # noqa: F401
        from recommend.signals import reconciling
        from recommend.trials import privacy as trials_privacy  # noqa: F401
        from recommend.trials import receivers as trials_receivers  # noqa: F401
        from recommend.trials import upkeep

        tending.register()
        reconciling.register()
        upkeep.register()
