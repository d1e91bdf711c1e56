"""Bytes are given back only when nobody may be sending them: other processes of this node are asked first.

A hit that goes is told to them at once (`gone`); a hole in its place is made when all have said that they are done.
"""

from collections.abc import Callable, Hashable
from functools import partial

Work = Callable[[], object]


class Parting:
    """Disk work that waits for such answers. Methods are called from the event loop's thread only."""

    def __init__(self, submit: Callable[[Work], object]) -> None:
        self._submit = submit
        #: Farewells without an answer, by package and object.
        self._open: dict[str, dict[Hashable, int]] = {}
        self._waiting: dict[str, list[tuple[Hashable | None, Work]]] = {}

    def gone(self, package: str, item: Hashable, tell: Callable[[Callable[[], None]], None]) -> None:
        """Tell the others that this object went; `tell` gets what has to be called once they are done with it."""
        items = self._open.setdefault(package, {})
        items[item] = items.get(item, 0) + 1
        tell(partial(self._answered, package, item, [False]))

    def after(self, package: str, item: Hashable | None, work: Work) -> None:
        """Do this when nobody sends the object any more; with None: nobody sends anything of the package."""
        if self._busy(package, item):
            self._waiting.setdefault(package, []).append((item, work))
        else:
            self._submit(work)

    def cancel(self, package: str, item: Hashable | None) -> None:
        """What waits to be done to this object is not wanted any more; with None: to anything of the package."""
        waiting = self._waiting.get(package)
        if waiting is None:
            return
        left = [pair for pair in waiting if item is not None and pair[0] != item]
        if left:
            self._waiting[package] = left
        else:
            del self._waiting[package]

    def _busy(self, package: str, item: Hashable | None) -> bool:
        items = self._open.get(package)
        return items is not None and (item is None or item in items)

    def _answered(self, package: str, item: Hashable, answered: list[bool]) -> None:
        if answered[0]:
            return
        answered[0] = True
        items = self._open[package]
        items[item] -= 1
        if not items[item]:
            del items[item]
        if not items:
            del self._open[package]
        waiting = self._waiting.get(package)
        if waiting is None:
            return
        ready = [pair for pair in waiting if not self._busy(package, pair[0])]
        left = [pair for pair in waiting if self._busy(package, pair[0])]
        if left:
            self._waiting[package] = left
        else:
            del self._waiting[package]
        for _, work in ready:
            self._submit(work)
