"""manage.py drain: take one node out of use kindly."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from cdn import lever
from cdn.management.commands import evacuate


class Command(BaseCommand):
    """The same as `evacuate node`, in fewer words."""

    help = (
        "Drain a node: its viewers move on by and by, then it may be switched off (`nodes --back` ends it)."
    )
    requires_system_checks = ()  # as with `evacuate`

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("name", help="the node's name, pathway (n3) or id")
        lever.options(parser)

    def handle(self, *args: object, **given: Any) -> None:
        """Forecast; then, unless it is a dry run, begin."""
        evacuate.begin(self, "node", str(given["name"]), given)
