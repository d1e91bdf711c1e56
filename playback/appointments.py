"""When players are to ask again. Pure: a clock's reading in, seconds out.

Each answer books a second of the future, and no second takes more than a process can bear: with few players they come
back when it is best for them, with very many a little later, and a crowd that arrived in one second is spread.
"""

#: So many questions a second are invited, of each process.
PER_SECOND = 200
#: Nobody is sent away for longer, in seconds: players clamp what they are told there.
LONGEST = 600
_RING = 1024


class Appointments:
    """The seconds ahead and how many are expected in each. One lock's worth of state: the caller holds it."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        self._per_second = per_second
        self._counts = [0] * _RING
        self._second = 0

    def book(self, now: float, wish: float) -> float:
        """The seconds until one more player should ask, `wish` or more. Times are of one steady clock."""
        self._forget_until(int(now))
        first = int(now + wish)
        for second in range(first, int(now) + LONGEST):
            if self._counts[second % _RING] < self._per_second:
                self._counts[second % _RING] += 1
                return wish if second == first else second + 0.5 - now
        return float(LONGEST)

    def give_back(self, second: int) -> None:
        """Whoever was to ask in that second (of the steady clock) has asked already."""
        if self._second <= second < self._second + _RING and self._counts[second % _RING]:
            self._counts[second % _RING] -= 1

    def _forget_until(self, second: int) -> None:
        """What was booked for the past is over."""
        if second - self._second >= _RING:
            self._counts = [0] * _RING
        else:
            for past in range(self._second, second):
                self._counts[past % _RING] = 0
        self._second = max(second, self._second)
