"""The edge fleet: registry, signing, origin."""

from django.apps import AppConfig


class CdnConfig(AppConfig):
    """Where the bytes are."""

    name = "cdn"
    verbose_name = "Edge network"
    default_auto_field = "django.db.models.BigAutoField"
