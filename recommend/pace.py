"""How fast one profile may say things: nobody thumbs a hundred films a minute, and each word costs a transaction.

Counted in this process and forgotten with it: a bound on cost, and none that safety rests on. Several web processes
each count by themselves.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

#: So many profiles are counted at once; those that were silent longest are forgotten.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and then one each `every` seconds."""

    burst: int
    every: float


class Pace:
    """One kind of doing, by profile. Safe for several threads."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = rate, clock
        self._lock = threading.Lock()
        #: When all that was done is paid off (a leaky bucket as one number: GCRA).
        self._paid: OrderedDict[UUID, float] = OrderedDict()

    def wait(self, profile_id: UUID) -> float:
        """Do it once more: 0 when it may be done, else seconds until it may. What may not be done is not counted."""
        now, rate = self._clock(), self.rate
        with self._lock:
            paid = max(now, self._paid.get(profile_id, now)) + rate.every
            too_soon = paid - now - rate.burst * rate.every
            if too_soon > 1e-6:
                return too_soon
            self._paid[profile_id] = paid
            self._paid.move_to_end(profile_id)
            while len(self._paid) > _MOST:
                self._paid.popitem(last=False)
        return 0.0


#: Thumbs, my list and 'not interested'.
SAYING = Pace(Rate(burst=120, every=1.0))
#: What browsers tell of cards in view: some reports for each page.
SHOWING = Pace(Rate(burst=120, every=1.0))
#: Switches, starting anew, forgetting, erasing: each may have models trained again.
WITHDRAWING = Pace(Rate(burst=40, every=5.0))


class _Paced(BaseThrottle):
    """429 with `Retry-After` to a profile that is too fast. Reading is free."""

    pace: Pace
    _left = 0.0

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Whether it may; permissions have found the profile before."""
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return True
        profile = getattr(request, "profile", None)
        self._left = self.pace.wait(profile.id) if profile is not None else 0.0
        return self._left == 0

    def wait(self) -> float | None:
        """Seconds."""
        return self._left


class Saying(_Paced):
    """For what a viewer says of a title."""

    pace = SAYING


class Showing(_Paced):
    """For what was in view."""

    pace = SHOWING


class Withdrawing(_Paced):
    """For what is taken back or switched."""

    pace = WITHDRAWING
