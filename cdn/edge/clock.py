"""What time it is, as the site sees it: tokens are made by the site's clock, so they are judged by the site's clock.

A machine's own clock may be wrong when it starts (no battery), be corrected in one step, or drift. The time of the
site's last answer, carried on by the kernel's steady clock, has none of that. Before the site was heard in this
process's life there is only the machine's clock, and one thing is sure: it is not earlier than when the site was heard
last, and it goes on from there.
"""

import logging
import time
from email.utils import parsedate_to_datetime

log = logging.getLogger("edge")

#: An HTTP date is cut to whole seconds, and answers take time: differences up to this mean nothing, in seconds.
SLACK = 2.0
#: A clock this far off is told to the operator, in seconds: nobody's answer takes that long.
WRONG = 5.0


#: What makes the monotonic clock look like this machine's, as that was when the process began: connections' deadlines,
#: verdicts and the cache's ages are counted so, and nobody is cut off when somebody sets the clock.
ZERO = time.time() - time.monotonic()


def local() -> float:
    """Seconds since 1970 by this machine's clock at the process's beginning, carried on: it never jumps."""
    return time.monotonic() + ZERO


def steady() -> float:
    """Seconds that nothing sets: they go on through suspension, unlike the monotonic clock's."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """The site's time in seconds since 1970."""

    def __init__(self, *, not_before: float = 0.0) -> None:
        """`not_before` is when the site was heard last, by its own clock, in this life or an earlier one."""
        self._not_before = not_before - steady() if not_before else float("-inf")
        #: The site's time when the steady clock was zero; None until the site was heard.
        self._base: float | None = None

    def now(self) -> float:
        """The site's time as well as it is known here."""
        if self._base is None:
            return max(time.time(), self._not_before + steady())
        return self._base + steady()

    @property
    def skew(self) -> float:
        """How far this machine's clock is ahead of the site's, in seconds."""
        return time.time() - self.now()

    def ahead(self) -> float:
        """How far `local` is ahead of the site's time, in seconds."""
        return local() - self.now()

    @property
    def wrong(self) -> str:
        """What is wrong with this machine's clock, in words; '' when nothing is."""
        skew = self.skew
        return f"this machine's clock is {skew:+.0f} s off: set it (NTP)" if abs(skew) > WRONG else ""

    def hear(self, site_time: float, *, took: float = 0.0) -> None:
        """The site said what time it is in an answer that took so many seconds."""
        # Cut to whole seconds: half of one later is the best guess. `took` bounds how old it may be by now.
        base = site_time + 0.5 - steady()
        if self._base is None or abs(base - self._base) > SLACK + took:
            if self._base is not None:
                log.warning("the site's clock moved by %+.1f s", base - self._base)
            self._base = base

    def hear_date(self, header: str, *, took: float = 0.0) -> None:
        """The same from an answer's Date header; one that makes no sense is passed over."""
        try:
            self.hear(parsedate_to_datetime(header).timestamp(), took=took)
        except (TypeError, ValueError):
            return
