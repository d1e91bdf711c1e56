"""App config of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who is watching: users, profiles, plans."""

    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        """Connect the receivers and register the periodic work."""
        from accounts import audit, signals
        from accounts.billing import tasks as billing_tasks  # noqa: F401 (registers)
        from accounts.devices import receivers, tasks  # noqa: F401 (importing connects and registers)
        from accounts.privacy import session  # noqa: F401 (connects)
        from accounts.privacy import tasks as privacy_tasks  # noqa: F401 (registers)
        from accounts.signing import receivers as signing  # noqa: F401 (connects)
        from accounts.signing import tasks as signing_tasks  # noqa: F401 (registers)

        audit.begin()
        signals.begin()
