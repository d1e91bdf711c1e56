"""`manage.py prepare`: databases migrated, cache table made, static files collected. Safe to run again at any time."""

import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from netflixlite import setup


class Command(BaseCommand):
    help = "Bring databases and static files up to date (what `make up` does before it starts the processes)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--state", action="store_true", help="print one JSON object about this installation instead"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["state"]:
            link = "" if setup.has_operator() else setup.one_time_link()
            self.stdout.write(json.dumps({"first_run_link": link, "site": settings.SITE_URL}))
            return
        for alias in settings.DATABASES:
            call_command("migrate", database=alias, interactive=False, verbosity=0)
        if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
            call_command("createcachetable", database="cache", verbosity=0)
        call_command("collectstatic", interactive=False, clear=False, verbosity=0)
        self.stdout.write("databases and static files are up to date")
