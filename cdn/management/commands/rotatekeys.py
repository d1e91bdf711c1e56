"""manage.py rotatekeys: a new key for playback tokens."""

from argparse import ArgumentParser
from datetime import timedelta

from django.core.management.base import BaseCommand

from cdn import keys, services


class Command(BaseCommand):
    """Rotate the keys that sign playback tokens."""

    help = "Make a new token key. Nodes hear of it at once; it signs after the notice. Old tokens stay valid."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument(
            "--notice-minutes",
            type=float,
            default=keys.NOTICE.total_seconds() / 60,
            help="how long nodes know the key before it signs (default: %(default)g)",
        )

    def handle(self, *args: object, **options: object) -> None:
        """Make the key and say when it begins."""
        notice = timedelta(minutes=float(str(options["notice_minutes"])))
        kid = services.rotate_keys(notice=notice)
        self.stdout.write(f"Token key {kid} is made and signs in {notice.total_seconds() / 60:g} minutes.")
