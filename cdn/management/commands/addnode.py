"""manage.py addnode: a one-time code, and the one command to type on the new node."""

import json
from argparse import ArgumentParser
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cdn import services
from cdn.edge.reach import is_loopback
from cdn.enrolment import CODE_LIFE

_SAME_MACHINE = """\
Mind that SITE_URL is {url}, which only this machine can reach: the command works here and nowhere else. For other
machines set NETFLIXLITE_SITE_URL to the address that they reach the site at, and make a new one.
"""
_TAKEN = """\
Mind that there is a node '{name}' already: the machine that runs this takes its place, and the one of now is turned
away. For one more node choose another name.
"""


class Command(BaseCommand):
    """Let one new edge node join."""

    help = "Print a one-time enrolment code for an edge node and the command that starts it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("name", nargs="?", default="", help="the node's name, e.g. paris-1")
        parser.add_argument("--name", dest="named", default="", help="the same")
        parser.add_argument("--json", action="store_true", help="print one JSON object instead of words")

    def handle(self, *args: object, **options: object) -> None:
        """Make the code; it is shown once and kept only as a hash."""
        name = str(options["name"] or options["named"])
        if not name:
            raise CommandError("Name the node: manage.py addnode paris-1")
        try:
            code = services.enrolment_code(name=name)
        except services.Refused as error:
            raise CommandError(error.message) from error
        command = services.node_command(name=name, code=code)
        if options["json"]:
            self.stdout.write(
                json.dumps({"name": name, "code": code, "origin": settings.SITE_URL, "command": command})
            )
            return
        minutes = CODE_LIFE.total_seconds() / 60
        self.stdout.write(
            f"On the machine of '{name}', within {minutes:.0f} minutes (Python 3.11 is all it needs; behind it you "
            f"may add --install to make it a service, or --help):\n\n  {command}\n"
        )
        if any(one.node.name == name for one in services.health()):
            self.stdout.write(_TAKEN.format(name=name))
        if is_loopback(urlsplit(settings.SITE_URL).hostname or ""):
            self.stdout.write(_SAME_MACHINE.format(url=settings.SITE_URL))
