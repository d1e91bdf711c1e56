"""What a node holds, counted against its byte budget, and who goes when that is spent.

Two kinds of objects share the budget: planned ones (`protect`), which only the plan lets go, and the others, which
viewers brought and demand evicts (`policy`).
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from cdn.edge.clock import local
from cdn.edge.cold import Cold, trim_rendition
from cdn.edge.disk import Disk
from cdn.edge.faults import Faults
from cdn.edge.held import Held, Hit, Open, object_key
from cdn.edge.manifest import HEAD_SECONDS, RenditionIndex
from cdn.edge.parting import Parting
from cdn.edge.plan import Plan
from cdn.edge.policy import VIEWERS_BACK, Entry, Policy, on_the_way
from cdn.edge.shelves import Shelves
from cdn.edge.trouble import Trouble

log = logging.getLogger("edge")

_Result = TypeVar("_Result")
_Work = Callable[[], object]


class Room:
    """The tables and the sums. Nothing here waits for the disk."""

    def __init__(self, disk: Disk, budget: int, faults: Faults) -> None:
        self.disk, self.budget = disk, budget
        self.trouble = Trouble(budget, faults)
        #: What can be served at once, by "<package>/<rendition>/<name>".
        self.hits: dict[bytes, Hit] = {}
        #: Hears of every hit that comes, and of every one that goes, before its bytes do: they are given back when
        #: the function that comes with it was called (in the loop's thread).
        self.on_hit: Callable[[Hit], None] | None = None
        self.on_gone: Callable[[Hit, Callable[[], None]], None] | None = None
        self.shelves = Shelves()
        #: Bytes on disk.
        self.used = 0
        self._plan = Plan(whole=not disk.can_punch)
        self._claimed: dict[tuple[str, str, int], Held] = {}
        self._policy = Policy(self._wanted)
        self._packages: dict[str, Open] = {}
        self._small_total = 0
        self._renewing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._parting = Parting(self._submit)
        self._cold = Cold(self._plan, self.shelves)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Do disk work in the disk's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _submit(self, work: _Work) -> None:
        """Do disk work whose outcome nobody waits for."""

        def guarded() -> None:
            try:
                work()
            except OSError as error:
                log.warning("the cache's disk: %s", error)

        self._thread.submit(guarded)

    # What is told --------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> int:
        """Rises with each change of what is held that is worth telling."""
        return self.shelves.epoch

    def holdings(self) -> dict[str, dict[str, list[str | int]]]:
        """{package: {rendition: [none|head|partial|full, segments here]}}; for what changed see `shelves.changes`."""
        return self.shelves.holdings()

    @property
    def planned(self) -> int:
        """Bytes on disk that demand may not evict."""
        return self._plan.planned

    # The plan ------------------------------------------------------------------------------------------------

    def protect(self, package: str, rendition: str, segments: int | None = None) -> None:
        """Demand may not evict these any more: the first so many segments and all playlists and init segments of a
        rendition, None for all of it; what is here now and what will come.

        Not kept over a restart: whoever has the plan says so again, before anything is served.
        """
        # Of an open package also when it was said before: there may be room on the plan's side now.
        if self._plan.protect(package, rendition, segments) or package in self._packages:
            self._judge_anew(package, rendition)

    def unprotect(self, package: str, rendition: str | None = None) -> None:
        """The plan lets go of a rendition, or of all of a package: demand decides about it from now on."""
        if self._plan.unprotect(package, rendition):
            self._judge_anew(package, rendition)

    def _judge_anew(self, package: str, rendition: str | None) -> None:
        """Put what is here of a rendition on the side of the budget where it belongs now."""
        opened = self._packages.get(package)
        if opened is not None:
            for held in opened.held:
                if rendition in (None, held.rendition.name) and held.planned != self._plan.covers(held):
                    self._plan.release(held)
                    self._policy.remove(held)
                    if not self._plan.admit(held, self.budget):
                        self._policy.add(held)
        elif package in self._cold:
            self._cold.judge_anew(package)

    # What comes ----------------------------------------------------------------------------------------------

    def _shelve(self, opened: Open, held: Held) -> None:
        """Count an object in, on the plan's side of the budget or on demand's."""
        opened.held.add(held)
        self.used += held.room
        if not self._plan.admit(held, self.budget):
            self._policy.add(held)

    def _neighbour(self, rendition: RenditionIndex, number: int) -> Hit | None:
        return self.hits.get(object_key(rendition, f"{number}.m4s"))

    def _wanted(self, entry: Entry) -> bool:
        """Whether a viewer is on the way to this segment: one before it was asked for, and this one not since."""
        assert isinstance(entry, Held)
        rendition, now = entry.rendition, local()
        if entry.number >= len(rendition.offsets):
            return False
        seconds = HEAD_SECONDS / max(1, rendition.head_segments)
        for back in VIEWERS_BACK:
            before = self._neighbour(rendition, entry.number - back)
            way = back * seconds
            if before is not None and on_the_way(before.used, entry.used, now, way):
                return True
        return False

    # What goes -----------------------------------------------------------------------------------------------

    def _make_room(self, room: int) -> bool:
        """Evict until so many bytes fit. False when all the rest is planned or being read, or it could never fit."""
        limit = min(self.budget, self.trouble.ceiling)
        if room > limit:
            return False
        while self.used + room > limit:
            cold = self._cold.first
            if cold is not None:
                self._trim(cold, self.used + room - limit)
                continue
            victim = self._policy.victim()
            if victim is None:
                return False
            assert isinstance(victim, Held)
            self._evict(victim)
        return True

    def _trim(self, package: str, need: int) -> None:
        """Evict of a cold package what is not planned, a rendition at a time."""
        name, freed = self._cold.trim(package, need)
        self.used -= freed
        if not self.shelves.packages[package].shelves:
            self._drop_cold(package)
        if not name or package not in self._cold:
            return
        first = self._plan.firsts(package).get(name)
        self._parting.after(package, None, partial(trim_rendition, self.disk, package, name, first))

    def _drop_cold(self, package: str) -> None:
        self._warm_up(package)
        self._parting.cancel(package, None)
        self._submit(partial(self.disk.drop_package, package))

    def _warm_up(self, package: str) -> int:
        """A package is not cold any more: neither here nor in the sums → the bytes that its manifest takes."""
        self.used -= self.shelves.packages[package].room
        return self._cold.remove(package)

    def drop_package(self, package: str) -> None:
        """Let all of a package go, planned or not; who is being sent a part of it gets that part."""
        opened = self._packages.get(package)
        if opened is not None:
            for held in tuple(opened.held):
                self._policy.remove(held)
                self._remove(held)
            del self._packages[package]
            self.used -= self.shelves.standing(package).overhead
            self.shelves.drop(package)
            self._parting.cancel(package, None)
            self._submit(partial(self.disk.drop_package, package))
        elif package in self._cold:
            self._drop_cold(package)

    def _evict(self, held: Held) -> None:
        """Give one object's room back; where no holes can be made, that of its whole rendition."""
        if self.disk.can_punch:
            self._give_back(held)
            return
        rendition = held.rendition
        for other in [
            other for other in self._packages[rendition.package].held if other.rendition is rendition
        ]:
            self._policy.remove(other)
            self._remove(other)
            self.shelves.take(rendition, other.number, other.room)
        self._submit(partial(self.disk.drop_rendition, rendition.package, rendition.name))

    def _give_back(self, held: Held) -> None:
        """An object that is out of the policy goes from the tables now, from the disk when nobody sends it."""
        rendition = held.rendition
        self._remove(held)
        self.shelves.take(rendition, held.number, held.room)
        # A damaged one may be on its way to somebody: no hole is made then, only the map forgets.
        hole = self.disk.can_punch and not held.readers
        work = partial(self.disk.forget, rendition, held.number, held.offset, held.length if hole else 0)
        self._parting.after(rendition.package, (rendition.name, held.number), work)

    def _remove(self, held: Held) -> None:
        """Take an object out of the tables and the sums; it is out of the policy already."""
        self.used -= held.room
        self._plan.release(held)
        self._packages[held.rendition.package].held.discard(held)
        self._unlist(held)

    def _unlist(self, held: Held) -> None:
        """No request finds this object any more."""
        if not isinstance(held, Hit):
            del self._claimed[held.rendition.package, held.rendition.name, held.number]
            return
        del self.hits[held.key]
        if held.answer:
            self._small_total -= held.length
        if held.number and (before := self._neighbour(held.rendition, held.number - 1)):
            before.lead = held.number < len(held.rendition.offsets)
        if self.on_gone is not None:
            item = (held.rendition.name, held.number)
            self._parting.gone(held.rendition.package, item, partial(self.on_gone, held))
