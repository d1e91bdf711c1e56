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

from netflixlite.jobs import machine, registry
from netflixlite.jobs.runner import Runner

log = logging.getLogger("netflixlite.jobs")
#: Below the web process: pages come first.
NICE = 5


class Command(BaseCommand):
    """Jobs are taken from the database; the broker only shortens the wait. SIGTERM, SIGINT: stop gracefully."""

    help = "Does jobs until it is stopped (SIGTERM or Ctrl-C: gracefully)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the command."""
        parser.add_argument(
            "--kinds",
            default="",
            help="only these kinds or groups of kinds (encode), separated by commas (default: all)",
        )
        parser.add_argument(
            "--slots", type=int, default=0, help="jobs at once (default: the setting, or the cores)"
        )
        parser.add_argument(
            "--heavy",
            type=int,
            default=0,
            help="encoders at once (default: one for each core, fewer while memory is short)",
        )
        parser.add_argument(
            "--cpus", default="", help="use only these processor cores, e.g. 0,1 or 0-3 (default: all)"
        )
        parser.add_argument(
            "--memory", default="", help="what each encoder may use at most, e.g. 4G (default: 6G)"
        )
        parser.add_argument(
            "--grace",
            type=float,
            default=10.0,
            help="seconds that handlers get to stop before their jobs go back",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until stopped."""
        kinds = _kinds(str(options["kinds"]))
        _limit(cpus=str(options["cpus"]), memory=str(options["memory"]))
        # One more than encoders: checking, sound and publishing go on while all cores are busy.
        slots = int(options["slots"]) or settings.WORKER_SLOTS or machine.cores() + 1
        lease = timedelta(seconds=settings.JOB_LEASE_SECONDS)
        runner = Runner(slots=slots, kinds=kinds, lease=lease, heavy=int(options["heavy"]) or machine.cores())
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


def _kinds(told: str) -> set[str]:
    """The kinds that were named, alone or as a group."""
    kinds: set[str] = set()
    for name in filter(None, (part.strip() for part in told.split(","))):
        members = registry.groups().get(name, {name} & registry.kinds())
        if not members:
            known = ", ".join(sorted({*registry.groups(), *registry.kinds()})) or "none"
            raise CommandError(f"Nothing here does {name}. Known: {known}.")
        kinds |= members
    return kinds


def _limit(*, cpus: str, memory: str) -> None:
    """Bound what this worker and its programs use; before any thread is there."""
    os.nice(max(0, NICE - os.nice(0)))
    try:
        if cpus:
            machine.keep_to(_numbers(cpus))
    except (ValueError, OSError) as error:
        raise CommandError(f"--cpus {cpus}: {error}. Say for example --cpus 0,1 or --cpus 0-3.") from error
    try:
        machine.limit_programs(machine.size(memory) if memory else None)
    except ValueError as error:
        raise CommandError(f"--memory {memory}: say for example --memory 4G.") from error


def _numbers(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found
