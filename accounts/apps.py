"""App config of accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who is watching: users, profiles, plans."""

    name = "accounts"
    verbose_name = "People"
