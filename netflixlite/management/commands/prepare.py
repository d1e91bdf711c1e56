"""`manage.py prepare`: databases migrated, cache table made, static files collected. Safe to run again at any time."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from netflixlite import setup


class Command(BaseCommand):
    help = "Bring databases and static files up to date (what `make up` does before it starts the processes)."

    def handle(self, *args: Any, **options: Any) -> None:
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        if str(settings.CACHES["default"]["BACKEND"]).endswith("DatabaseCache"):
            call_command("createcachetable", database="cache", verbosity=0)
        call_command("collectstatic", interactive=False, clear=False, verbosity=0)
        if setup.has_operator():
            setup.close()
        else:
            setup.one_time_token()
        self.stdout.write("databases and static files are up to date")
