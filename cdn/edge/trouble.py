"""How the cache's disk is: full, read-only, or well. While it takes nothing, objects pass through."""

import errno
import logging
import time

from cdn.edge.faults import Faults

log = logging.getLogger("edge")

#: After the disk refused a write, nothing is written for so many seconds, unless it is seen to be well before.
PAUSE = 30.0
#: A full disk is tried again sooner: the cache has made itself smaller.
FULL_PAUSE = 1.0
#: A full disk makes the cache smaller by this part of what it holds, each time that it refuses.
SHRINK_PART = 16
_FULL = (errno.ENOSPC, errno.EDQUOT)
_READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


class Trouble:
    """What is wrong with the disk, and what follows from it."""

    def __init__(self, budget: int, faults: Faults) -> None:
        self._faults = faults
        self._paused_until = 0.0
        #: What the cache may take while the disk has less room than the budget says, in bytes.
        self.ceiling = budget
        #: What keeps the cache from being written, in words; '' when nothing does. `read_only` when that is why.
        self.problem = self.read_only = ""
        #: Whether there is less room on the disk than the budget says.
        self.squeezed = False

    @property
    def pausing(self) -> bool:
        """Whether nothing is to be written now."""
        return time.monotonic() < self._paused_until

    def refused(self, error: OSError, used: int) -> None:
        """The disk refused a write while the cache took so many bytes: say so once, write nothing for a while."""
        full = error.errno in _FULL
        self._say(in_words(error) + ("; the cache makes do with less" if full else ""))
        self._paused_until = time.monotonic() + (FULL_PAUSE if full else PAUSE)
        if full:
            self.squeezed = True
            self.ceiling = max(0, min(self.ceiling, used) - used // SHRINK_PART)
        if error.errno in _READ_ONLY:
            self.read_only = self.problem

    def examined(self, error: OSError | None, *, used: int, budget: int, free: int, reserve: int) -> None:
        """The disk was asked: `error` keeps it from being written, `free` is what is left on it, in bytes."""
        self.ceiling = min(budget, max(0, used + free - reserve))
        if error is not None and free > reserve:
            self.refused(error, used)
            return
        # What it gave up itself is no sign that the disk has room again.
        if self.ceiling == budget or self.ceiling > used + used // (SHRINK_PART // 2):
            self.squeezed = False
        self.written()

    def written(self) -> None:
        """The disk takes writes (a full one: since the cache is smaller than it should be)."""
        self._paused_until = 0.0
        if self.problem and not self.squeezed:
            log.info("the cache can be written again")
            self.problem = self.read_only = ""

    def _say(self, words: str) -> None:
        if words != self.problem:
            log.error("%s; objects pass through", words)
            self._faults.note("disk", detail=words)
        self.problem = words


def in_words(error: OSError) -> str:
    """What the disk refused, in words."""
    return f"the cache cannot be written: {error.strerror or error}"
