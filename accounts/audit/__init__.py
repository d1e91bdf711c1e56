"""The audit log: who did what to which account, in a chain that shows tampering (docs/privacy.md)."""


def begin() -> None:
    """Hear what Django, its admin and allauth tell, and offer the periodic work. Once the apps are loaded."""
    from django.apps import apps
    from django.db.models.signals import post_migrate

    from accounts.audit import receivers, tasks, triggers  # noqa: F401 (importing connects and registers)

    if apps.is_installed("allauth.mfa"):
        receivers.hear_second_steps()
    post_migrate.connect(triggers.after_migrate, dispatch_uid="audit.triggers")
