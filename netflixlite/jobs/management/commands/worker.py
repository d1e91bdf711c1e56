"""`manage.py worker`: does jobs until it is told to stop."""

import logging
import os
import signal
import threading
from datetime import timedelta
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from netflixlite.jobs import registry
from netflixlite.jobs.runner import Runner

log = logging.getLogger("netflixlite.jobs")


class Command(BaseCommand):
    """Jobs are taken from the database; the broker only shortens the wait. SIGTERM, SIGINT: stop gracefully."""

    help = "Does jobs until it is stopped (SIGTERM or Ctrl-C: gracefully)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the command."""
        parser.add_argument(
            "--kinds", default="", help="only these kinds, separated by commas (default: all)"
        )
        parser.add_argument(
            "--slots", type=int, default=0, help="jobs at once (default: the setting, or the cores)"
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=10.0,
            help="seconds that handlers get to stop before their jobs go back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped."""
        kinds = {kind.strip() for kind in str(options["kinds"]).split(",") if kind.strip()}
        if unknown := kinds - registry.kinds():
            raise CommandError(f"Nothing here does {', '.join(sorted(unknown))}. Known: {_known()}.")
        slots = int(options["slots"]) or settings.WORKER_SLOTS or os.cpu_count() or 1
        runner = Runner(slots=slots, kinds=kinds, lease=timedelta(seconds=settings.JOB_LEASE_SECONDS))
        stop = threading.Event()
        _on_signals(stop)
        runner.start()
        log.info("Worker %s: %d slots for %s.", runner.name, slots, ", ".join(runner.kinds) or "nothing yet")
        threading.Thread(target=_listen, args=(runner,), name="listener", daemon=True).start()
        stop.wait()
        runner.stop(grace=float(options["grace"]))
        log.info("Worker %s has stopped.", runner.name)


def _listen(runner: Runner) -> None:
    """Take wake-ups from the broker."""
    from netflixlite.jobs import broker  # after the slots have begun: Celery takes a while to import

    broker.listen(runner.bell.ring)


def _on_signals(stop: threading.Event) -> None:
    """Stop on SIGTERM and SIGINT."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)


def _known() -> str:
    return ", ".join(sorted(registry.kinds())) or "none"
