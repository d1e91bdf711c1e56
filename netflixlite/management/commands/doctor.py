"""`manage.py doctor`: look at this installation and explain what is wrong with it."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from netflixlite.doctor import ground, stores, what_runs  # noqa: F401 (their looks are in the list by this)
from netflixlite.doctor.findings import LOOKS, Level, examine

_MARK = {Level.GOOD: "  ok  ", Level.WARN: " warn ", Level.BAD: " BAD  "}


class Command(BaseCommand):
    """One line for each thing that was looked at; the exit code is 1 when something is broken."""

    help = "Look at settings, secrets, disks, databases, workers, nodes and mail, and say what to do."
    # What Django would refuse before we begin is told by us, with a remedy.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument(
            "--only", metavar="NAME", action="append", default=[], help=f"one of {', '.join(LOOKS)}"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object for each finding")

    def handle(self, *args: object, **options: Any) -> None:
        """Tell each finding as it comes, then the sum."""
        unknown = [name for name in options["only"] if name not in LOOKS]
        if unknown:
            raise CommandError(f"There is no look named '{unknown[0]}'. Looks: {', '.join(LOOKS)}.")
        counts = dict.fromkeys(Level, 0)
        for name, finding in examine(options["only"]):
            counts[finding.level] += 1
            if options["json"]:
                self.stdout.write(
                    json.dumps(
                        {"look": name, "level": finding.level, "what": finding.what, "remedy": finding.remedy}
                    )
                )
                continue
            self.stdout.write(f"[{_MARK[finding.level]}] {name}: {finding.what}")
            if finding.remedy:
                self.stdout.write(f"           → {finding.remedy}")
        if not options["json"]:
            self.stdout.write(
                f"{counts[Level.GOOD]} fine, {counts[Level.WARN]} to think about, {counts[Level.BAD]} broken."
            )
        if counts[Level.BAD]:
            raise SystemExit(1)
