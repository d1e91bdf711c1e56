"""`manage.py rotatesecret`: a new secret key, without signing anybody out."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from netflixlite import secret


class Command(BaseCommand):
    """Change the key that signs sessions, links and players' keys."""

    help = "Make a new secret key and keep the earlier one for what it has signed; --forget drops the earlier ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--forget", action="store_true", help="drop earlier keys: everyone signs in anew")

    def handle(self, *args: object, **options: Any) -> None:
        """Change it and say what comes next."""
        folder = Path(settings.KEYS_DIR)
        if os.environ.get("NETFLIXLITE_SECRET_KEY"):
            raise CommandError(
                "NETFLIXLITE_SECRET_KEY is set in the environment and wins over the file. Change it there, and put "
                "the present one into NETFLIXLITE_SECRET_KEY_FALLBACKS."
            )
        if options["forget"]:
            count = secret.forget(folder)
            self.stdout.write(f"{count} earlier keys are dropped. Restart the site and its workers.")
            return
        try:
            kept = secret.rotate(folder)
        except secret.NotKeptHere as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"There is a new secret key; {kept} earlier ones still open what they signed. Restart the site and its "
            "workers. When 90 days have passed, or at once if a key was stolen: manage.py rotatesecret --forget."
        )
