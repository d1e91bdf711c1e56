"""`manage.py audit --verify`: is the audit log what was written?"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import checking, verbs
from accounts.audit.checking import Anchor
from accounts.models import AuditEntry


class Command(BaseCommand):
    """Checks the chain, or shows the newest entries."""

    help = "Check the audit log's chain (--verify), or show its newest entries (--tail)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """--verify, --anchor, --tail."""
        parser.add_argument(
            "--verify", action="store_true", help="look at every entry; fails when one was tampered with"
        )
        parser.add_argument(
            "--anchor",
            action="append",
            default=[],
            metavar="NUMBER:LINK",
            help="what an earlier --verify printed: that entry must still be the same (may be repeated)",
        )
        parser.add_argument("--tail", type=int, default=0, metavar="N", help="show the newest N entries")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked for; --verify when nothing was."""
        if options["tail"] > 0:
            self._tail(options["tail"])
        if options["verify"] or options["anchor"] or options["tail"] <= 0:
            self._verify([_anchor(text) for text in options["anchor"]])

    def _verify(self, anchors: list[Anchor]) -> None:
        verdict = checking.verify(anchors)
        for problem in verdict.problems:
            self.stderr.write(self.style.ERROR(problem))
        if verdict.problems:
            raise CommandError("The audit log is not what was written.")
        self.stdout.write(
            f"{verdict.entries} entries, unbroken. {verdict.without_address} without their address, "
            f"{verdict.forgotten} of erased accounts; {verdict.anchors} anchors hold."
        )
        if verdict.last:
            self.stdout.write(f"Keep this elsewhere: --anchor {verdict.last.number}:{verdict.last.chain}")

    def _tail(self, number: int) -> None:
        for row in reversed(AuditEntry.objects.order_by("-number")[:number]):
            who = str(row.actor or "—")[:8]
            self.stdout.write(
                f"{row.number:>8} {row.at:%Y-%m-%d %H:%M:%S} {who:<8} {verbs.words(row.verb)} {row.target}"
            )


def _anchor(text: str) -> Anchor:
    number, _colon, link = text.partition(":")
    if not number.isdigit() or not link:
        raise CommandError(f"--anchor {text} is none: write NUMBER:LINK as --verify printed it.")
    return Anchor(number=int(number), chain=link)
