"""How many heavy jobs a worker does at once."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from netflixlite.jobs import machine, registry


@dataclass(slots=True)
class Seat:
    """What may be claimed now; `keep` is set when it was a heavy job that was claimed."""

    kinds: Collection[str]
    reserved: bool
    keep: bool = False


class Room:
    """How many heavy jobs a worker does at once: as many as it was told, and fewer while memory is short."""

    def __init__(self, kinds: Sequence[str], *, heavy: int) -> None:
        self._all = kinds
        self._light = [kind for kind in kinds if kind not in registry.heavy()]
        self._most = max(1, heavy)
        self._lock = threading.Lock()
        self._busy = 0

    def kinds(self) -> Sequence[str]:
        """What could be claimed now."""
        with self._lock:
            return self._all if self._is_room() else self._light

    @contextmanager
    def claiming(self) -> Iterator[Seat]:
        """Hold a place among the heavy jobs while claiming, if there is one, and keep it if it was needed."""
        with self._lock:
            reserved = self._is_room()
            self._busy += reserved
        seat = Seat(kinds=self._all if reserved else self._light, reserved=reserved)
        try:
            yield seat
        finally:
            if reserved and not seat.keep:
                self.leave()

    def leave(self) -> None:
        """A heavy job has ended."""
        with self._lock:
            self._busy -= 1

    def _is_room(self) -> bool:
        return self._busy == 0 or (self._busy < self._most and machine.memory_free() >= machine.HEAVY_JOB)
