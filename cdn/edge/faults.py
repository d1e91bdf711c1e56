"""What went wrong with this node's disk, its bytes or its peers, kept until the control plane has taken note of it."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal
from uuid import uuid4

Kind = Literal["corrupt", "disk", "peer"]
#: So many wait to be told; the oldest give way. So many are told with one heartbeat.
MOST, AT_ONCE = 256, 16
#: The same fault is noted once within so many seconds: a disk that refuses every write is one fault, not thousands.
AGAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `at` is seconds since 1970; `detail` is for people."""

    id: str
    kind: Kind
    package: str
    rendition: str
    name: str
    detail: str
    at: float


class Faults:
    """Faults not yet taken note of, oldest first."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._waiting: OrderedDict[str, Fault] = OrderedDict()
        self._last: dict[tuple[str, ...], float] = {}
        #: All faults since this process began.
        self.total = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def note(
        self, kind: Kind, package: str = "", rendition: str = "", name: str = "", detail: str = ""
    ) -> None:
        """Remember a fault. Called from the event loop's thread only."""
        now = self._clock()
        subject = (kind, package, rendition, name, "" if package else detail)
        if now - self._last.get(subject, float("-inf")) < AGAIN_SECONDS:
            return
        if len(self._last) > 4 * MOST:
            self._last = {key: at for key, at in self._last.items() if now - at < AGAIN_SECONDS}
        self._last[subject] = now
        self.total += 1
        fault = Fault(uuid4().hex[:16], kind, package, rendition, name, detail[:255], round(now, 3))
        self._waiting[fault.id] = fault
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)

    def told(self) -> list[dict[str, Any]]:
        """What the next heartbeat says."""
        return [asdict(fault) for fault in list(self._waiting.values())[:AT_ONCE]]

    def seen(self, ids: Iterable[str]) -> None:
        """The control plane has taken note of these."""
        for fault in ids:
            self._waiting.pop(fault, None)
