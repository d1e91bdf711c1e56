"""May this device have a session prepared? Pure: data in, verdict out.

A prepared session holds no stream slot, so its token must not be a way to watch without one. It lives for seconds: long
enough to fetch a film's beginning. A device gets a few in a row, for somebody who looks around, and then one for each
such life: for longer than a moment, what is prepared is never more than what one device may watch anyway.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from playback.concurrency import Verdict

#: How long the token of a prepared session lives: what is fetched with it is kept by the player.
TOKEN_FOR = timedelta(seconds=20)
#: How long a prepared session may be begun. Everything is asked again then.
KEPT_FOR = timedelta(minutes=15)
#: How many a device may have in a row, and how long until it may have one more.
IN_A_ROW = 8
ONE_MORE_AFTER = TOKEN_FOR


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many sessions a device may still have prepared, as of a moment."""

    left: float
    at: datetime

    def grown(self, now: datetime) -> "Allowance":
        """The same, later."""
        more = max(timedelta(0), now - self.at) / ONE_MORE_AFTER
        return Allowance(min(float(IN_A_ROW), self.left + more), now)

    def spent(self) -> "Allowance":
        """One less."""
        return Allowance(self.left - 1, self.at)


def fresh(now: datetime) -> Allowance:
    """That of a device which has had nothing prepared lately."""
    return Allowance(float(IN_A_ROW), now)


def allowed(
    verdict: Verdict, elsewhere: Iterable[datetime], allowance: Allowance, *, limit: int, now: datetime
) -> bool:
    """Whether one more may be prepared.

    `verdict` is what pressing play would be told now; `elsewhere` is when the household's other devices had theirs
    prepared. Those whose token still lives count like streams: together they never exceed the plan.
    """
    alive = sum(1 for made_at in elsewhere if now - made_at < TOKEN_FOR)
    return allowance.left >= 1 and len(verdict.holding) + alive < limit
