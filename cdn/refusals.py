"""Why machines that wanted to join were not admitted: for who waits for them at the fleet's page. In memory only."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

#: A refusal is shown this long after it happened: the next try follows within a minute.
SHOWN = timedelta(minutes=10)
#: Names are given by whoever asks: so many are kept, the oldest go.
_MOST = 256


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a machine that called was not admitted."""

    at: datetime
    message: str


class _Refusals:
    """The last refusal by name, in the memory of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: OrderedDict[str, Refusal] = OrderedDict()

    def note(self, name: str, message: str) -> None:
        """A machine that calls itself `name` was refused."""
        with self._lock:
            self._by_name.pop(name, None)
            self._by_name[name] = Refusal(timezone.now(), message)
            while len(self._by_name) > _MOST:
                self._by_name.popitem(last=False)

    def of(self, name: str, now: datetime) -> Refusal | None:
        """The last one, unless it is long ago."""
        found = self._by_name.get(name)
        return found if found is not None and now - found.at < SHOWN else None

    def forget(self) -> None:
        """As in a fresh process."""
        with self._lock:
            self._by_name.clear()


refusals = _Refusals()
