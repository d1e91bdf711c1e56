"""A progress meter for shells: one line that moves on a terminal, a plain line now and then elsewhere."""

import shutil
import time
from typing import IO

#: Elsewhere than on a terminal a line is written when the words change, or this often, in seconds.
PLAIN_EVERY = 10.0
CELLS = 24


class Meter:
    """Shows fraction and words. `close` leaves the last line standing."""

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._moving = bool(out.isatty())
        self._shown = ""
        self._words = ""
        self._at = 0.0

    def show(self, fraction: float, words: str, *, left: str = "") -> None:
        """Show how far it is (0 … 1), at what, and how long it may take."""
        percent = f"{100 * min(max(fraction, 0.0), 1.0):3.0f} %"
        text = " · ".join(part for part in (words, left) if part)
        if not self._moving:
            due = time.monotonic() - self._at >= PLAIN_EVERY and percent != self._shown
            if words != self._words or due:
                self._write(f"{percent}  {text}\n", percent, words)
            return
        full = round(CELLS * min(max(fraction, 0.0), 1.0))
        line = f"{'█' * full}{'░' * (CELLS - full)} {percent}  {text}"[
            : shutil.get_terminal_size().columns - 1
        ]
        if line != self._shown:
            self._write(f"\r\x1b[2K{line}", line, words)

    def close(self) -> None:
        """Nothing more comes."""
        if self._moving and self._shown:
            self._out.write("\n")
            self._out.flush()
        self._shown = ""

    def _write(self, text: str, shown: str, words: str) -> None:
        self._out.write(text)
        self._out.flush()
        self._shown, self._words, self._at = shown, words, time.monotonic()
