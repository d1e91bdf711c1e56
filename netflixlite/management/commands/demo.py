"""`manage.py demo`: build the demo catalogue, or what is missing of it."""

import fcntl
import os
import shutil
import signal
import sys
from pathlib import Path
from time import monotonic
from typing import IO, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from netflixlite.demo import build, content, progress

#: Elsewhere than on a terminal a line is written for each tenth of the work, and at least this often, in seconds.
PLAIN_EVERY = 30.0
CELLS = 28
#: Making films must not make the site slow, nor hold up the encoder (nice 10), which brings them to the screen.
NICENESS = 12


class Command(BaseCommand):
    help = "Build the demo catalogue: generated films with artwork and sound. Safe to run again at any time."

    def add_arguments(self, parser: CommandParser) -> None:
        """What may be said."""
        parser.add_argument(
            "--if-empty",
            action="store_true",
            help="only when the catalogue is empty, or to finish what an earlier run began (what `make up` does)",
        )
        parser.add_argument(
            "--only", action="append", default=[], metavar="SLUG", help="just this title (repeat)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Build, showing how far it is."""
        only = frozenset(options["only"])
        if unknown := only - {title.slug for title in content.titles()}:
            raise CommandError(f"There is no demo title called {', '.join(sorted(unknown))}.")
        home = Path(settings.HOME)
        home.mkdir(parents=True, exist_ok=True)
        with (home / "demo.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CommandError("The demo catalogue is being built already.") from None
            if options["if_empty"] and _settled():
                return
            progress.write(0.0)
            self._build(only)
            progress.write(None)

    def _build(self, only: frozenset[str]) -> None:
        before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
        os.nice(NICENESS)
        began = monotonic()
        meter = _Meter(sys.stdout)
        try:
            outcome = build.build(say=_both(meter), only=only)
        except KeyboardInterrupt:
            meter.close()
            raise CommandError("Stopped. What is ready stays; run it again to go on.") from None
        finally:
            meter.close()
            signal.signal(signal.SIGTERM, before)
        seconds = monotonic() - began
        self.stdout.write(
            f"demo catalogue: {outcome.made} films made, {outcome.present} were there, "
            f"{outcome.published} titles published, {seconds:.0f} s"
        )
        for name, reason in outcome.failed.items():
            self.stderr.write(f"{name}: {reason}")
        if outcome.failed:
            raise CommandError("Some titles could not be made; run it again to try them once more.")


def _settled() -> bool:
    """Nothing to do for `--if-empty`: an earlier run finished, or somebody has filled the catalogue themselves."""
    state = progress.state()
    return state == "done" if state else build.has_titles()


def _both(meter: "_Meter") -> build.Say:
    """Say it to whoever looks at the terminal and to whoever looks at the home page."""

    def say(fraction: float, words: str) -> None:
        meter.show(fraction, words)
        progress.write(fraction)

    return say


class _Meter:
    """A bar that moves on a terminal, plain lines elsewhere."""

    def __init__(self, out: IO[str]) -> None:
        self._out, self._moving = out, out.isatty()
        self._words, self._at, self._tenth, self._open = "", -PLAIN_EVERY, -1, False

    def show(self, fraction: float, words: str) -> None:
        """Show how much is done (0 … 1) and what is going on."""
        words = words or self._words
        percent = f"{100 * fraction:3.0f} %"
        if self._moving:
            full = round(CELLS * fraction)
            line = f"{'█' * full}{'░' * (CELLS - full)} {percent}  {words}"
            self._out.write("\r\x1b[2K" + line[: shutil.get_terminal_size().columns - 1])
            self._open = True
        elif int(10 * fraction) > self._tenth or monotonic() - self._at >= PLAIN_EVERY:
            self._out.write(f"{percent}  {words}\n")
            self._at, self._tenth = monotonic(), int(10 * fraction)
        self._words = words
        self._out.flush()

    def close(self) -> None:
        """Leave the last line standing."""
        if self._open:
            self._out.write("\n")
            self._out.flush()
        self._open = False
