"""manage.py steering: why a session was sent where it was sent, and what came of it."""

from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from playback import services


class Command(BaseCommand):
    """Decisions and deliveries of one session, or the sessions that play."""

    help = "List the sessions that play; with --explain SESSION say why one was sent where, and what nodes gave it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("--explain", metavar="SESSION", default="", help="a session's id")

    def handle(self, *args: object, **options: object) -> None:
        """Print."""
        if options["explain"]:
            self._explain(str(options["explain"]))
            return
        playing = services.active_sessions()
        for one in playing:
            self.stdout.write(f"{one.id}  {one.node or '-':<8} {one.title_name} ({one.device_name})")
        if not playing:
            self.stdout.write("Nothing plays now.")

    def _explain(self, text: str) -> None:
        try:
            session_id = UUID(text)
            decisions = services.decisions(session_id)
        except (ValueError, services.NotFound) as error:
            raise CommandError(
                f"No session is called {text!r}: manage.py steering lists those that play."
            ) from error
        for one in decisions:
            self.stdout.write(f"{one.at:%H:%M:%S}  {one.why}")
            for place, node in enumerate(one.order, start=1):
                self.stdout.write(f"    {place}. {node.node:<8} {node.reason}")
            for node in one.passed:
                self.stdout.write(f"       {node.node:<8} {node.reason}")
        found = services.misses(session_id)
        whole = sum(one.bytes for one in found) or 1
        self.stdout.write(
            "What nodes gave (they tell about a minute later):" if found else "No node has told yet."
        )
        for given in found:
            share = f"{given.bytes / whole:>6.1%} {given.answers:>5} answers"
            self.stdout.write(f"    {given.node:<8} {share}  {given.kind}: {given.why}")
