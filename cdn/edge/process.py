"""A worker as the first process sees it: a program that is started, a channel to it, and what is known of it."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cdn.edge
from cdn.edge import channel, clock
from cdn.edge.channel import Channel
from cdn.edge.verdicts import Verdict

#: Runs a worker from wherever this program lies, be it a folder or one zipped file. It counts its time from where the
#: first process does, whatever the machine's clock says by now.
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from cdn.edge import clock; clock.ZERO = float(sys.argv[3]); "
    "from cdn.edge.worker import main; main(int(sys.argv[2]))"
)


class Process:
    """One worker, started and spoken with."""

    def __init__(self, share: int, on_word: "Callable[[Process, list[Any], list[int]], None]",
                 on_end: "Callable[[Process], None]") -> None:  # fmt: skip
        """Start it. Raises OSError."""
        self.share = share
        self.pid = 0
        self.ready = self.retiring = False
        self.heard = time.monotonic()
        self.connections = self.bytes = 0
        self.verdicts: dict[int, Verdict] = {}
        #: Objects that it was told are gone and may still be sending.
        self.owes: set[int] = set()
        self.files: set[int] = set()
        ours, theirs = channel.pair()
        root = Path(cdn.edge.__file__).parent.parent.parent
        flags = ["-I"] if sys.flags.isolated else []
        try:
            self.process = subprocess.Popen(
                [sys.executable, *flags, "-c", _START, str(root), str(theirs.fileno()), repr(clock.ZERO)],
                pass_fds=[theirs.fileno()],
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        self.pid = self.process.pid
        self.channel = Channel(
            ours, on_word=lambda word, fds: on_word(self, word, fds), on_end=lambda: on_end(self)
        )

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.channel.close()
