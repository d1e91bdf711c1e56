"""What this node holds: a table of verified objects, a byte budget, and who goes when it is spent.

Two kinds of objects share the budget: planned ones (`protect`), which only the plan lets go, and the others, which
viewers brought and demand evicts (`policy`). docs/cache.md says what is promised and why.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cdn.edge import files, manifest
from cdn.edge.clock import local
from cdn.edge.cold import Cold, read_package, trim_rendition
from cdn.edge.disk import Disk, proves
from cdn.edge.faults import Faults
from cdn.edge.files import OwnedFd
from cdn.edge.held import Held, Hit, Open, head, object_key
from cdn.edge.manifest import HEAD_SECONDS, PackageIndex, RenditionIndex, Spec, pages
from cdn.edge.parting import Parting
from cdn.edge.plan import Plan
from cdn.edge.policy import VIEWERS_BACK, Entry, Policy, on_the_way
from cdn.edge.shelves import Shelves
from cdn.edge.takedowns import Takedowns
from cdn.edge.trouble import Trouble

__all__ = ["Held", "Hit", "Store", "head", "object_key"]

log = logging.getLogger("edge")

#: Objects up to this size are kept in memory too, in bytes, and all of them together up to the second figure.
SMALL = 32 * 1024
SMALL_TOTAL = 64 << 20
#: So many packages are open at once: their segments' tables in memory, their files' descriptors. Others are cold.
OPEN_MOST = 256
#: So many objects are in those tables at once, more or less: each takes half a kilobyte of memory, a hit twice that.
OBJECTS_MOST = 500_000
#: How often the disk is told that a package is in use, in seconds.
TOUCH_SECONDS = 600.0
_Result = TypeVar("_Result")
_Work = Callable[[], object]


class Store:
    """Objects on disk within a byte budget. Methods are called from the event loop's thread only."""

    def __init__(
        self, folder: Path, budget: int, *, open_most: int = OPEN_MOST, faults: Faults | None = None
    ) -> None:
        self.disk = Disk(folder / "packages")
        self.budget = budget
        self.faults = Faults() if faults is None else faults
        self.takedowns = Takedowns(folder / "takedowns.json")
        self.trouble = Trouble(budget, self.faults)
        #: What can be served at once, by "<package>/<rendition>/<name>".
        self.hits: dict[bytes, Hit] = {}
        #: Hears of every hit that comes, and of every one that goes, before its bytes do: they are given back when
        #: the function that comes with it was called (in the loop's thread).
        self.on_hit: Callable[[Hit], None] | None = None
        self.on_gone: Callable[[Hit, Callable[[], None]], None] | None = None
        #: Hears of planned objects that were lost to a fault and should be fetched again: package, rendition, number.
        self.on_lost: Callable[[str, str, int], None] | None = None
        self.shelves = Shelves()
        self._plan = Plan(whole=not self.disk.can_punch)
        self._claimed: dict[tuple[str, str, int], Held] = {}
        self._policy = Policy(self._wanted)
        self._packages: dict[str, Open] = {}
        self._open_most = open_most
        self._small_total = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._parting = Parting(self._submit)
        self._cold = Cold(self._plan, self.shelves)
        for package, standing in self.disk.scan().items():
            if self.takedowns.forbids(package):
                self._submit(partial(self.disk.drop_package, package))
            else:
                self.shelves.packages[package] = standing
                self._cold.add(package, 0)
        self.used = sum(standing.room for standing in self.shelves.packages.values())

    def close(self) -> None:
        """Finish the disk work that was begun."""
        for package, opened in self._packages.items():
            self._touch(package, opened)
        self._thread.submit(self.disk.end)
        self._thread.shutdown(wait=True)

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

    # What others ask --------------------------------------------------------------------------------------

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

    @property
    def problem(self) -> str:
        """What keeps the cache from being written, in words; '' when nothing does."""
        return self.trouble.problem

    @property
    def read_only(self) -> str:
        """The same, when it is that the disk is read-only."""
        return self.trouble.read_only

    def ask_disk(self) -> int:
        """Ask the disk how it is and take it to heart → bytes free on it. Blocks: for the start. Raises OSError."""
        return self._examined(self.disk.refusal(), self.disk.free())

    async def examine(self) -> int:
        """The same, in the disk's thread."""
        return self._examined(*await self.run(lambda: (self.disk.refusal(), self.disk.free())))

    def _examined(self, error: OSError | None, free: int) -> int:
        reserve = self.disk.reserve
        self.trouble.examined(error, used=self.used, budget=self.budget, free=free, reserve=reserve)
        return free

    # Packages ---------------------------------------------------------------------------------------------

    def known(self, package: str) -> PackageIndex | None:
        """A package whose manifest is in memory."""
        found = self._packages.get(package)
        if found is None:
            return None
        found.used = local()
        return found.index

    async def recall(self, package: str) -> PackageIndex | None:
        """A package whose manifest is in memory or on disk."""
        index = self.known(package)
        if index is not None or package not in self._cold:
            return index
        self._parting.cancel(package, None)
        found = await self.run(partial(read_package, self.disk, package))
        if package not in self._cold:  # somebody else recalled it meanwhile, or it went
            return self.known(package)
        if found is None:
            self._drop_cold(package)
            return None
        index, claims = found
        overhead = self._warm_up(package)
        self.used += overhead
        self.shelves.standing(package).overhead = overhead
        opened = self._open(package, index)
        for rendition in index.renditions.values():
            self._claim(opened, rendition, claims[rendition.name])
        self.shelves.note(package)
        return index

    def _warm_up(self, package: str) -> int:
        """A package is not cold any more: neither here nor in the sums → the bytes that its manifest takes."""
        self.used -= self.shelves.packages[package].room
        return self._cold.remove(package)

    def _open(self, package: str, index: PackageIndex) -> Open:
        """Keep a package's index at hand, and let go of the one longest unused that is at rest when there are many."""
        opened = self._packages[package] = Open(index)
        objects = len(self.hits) + len(self._claimed)
        if len(self._packages) > self._open_most or objects > OBJECTS_MOST:
            by_use = sorted(self._packages.items(), key=lambda item: item[1].used)
            for name, other in by_use:
                if other is not opened and other.at_rest:
                    self._lay_down(name)
                    break
        return opened

    def _lay_down(self, package: str) -> None:
        """Forget what memory holds of a package. What the disk holds stays: claims, as after a restart."""
        opened = self._packages.pop(package)
        self._touch(package, opened)
        planned = sum(held.room for held in opened.held if held.planned)
        for held in opened.held:
            self._policy.remove(held)
            self._unlist(held)
        opened.held.clear()
        self.shelves.standing(package)  # it is known, also when nothing of it is here
        self._cold.add(package, planned)

    def _touch(self, package: str, opened: Open) -> None:
        """Let the disk know when the package was used last, now and then."""
        if opened.used - opened.touched > TOUCH_SECONDS and not self.problem:
            opened.touched = opened.used
            self._submit(partial(self.disk.touch, package))

    def _claim(self, opened: Open, rendition: RenditionIndex, numbers: Iterable[int]) -> None:
        """Take in what an earlier process says that it left of a rendition."""
        room, here = 0, bytearray(rendition.objects // 8 + 1)
        for number in numbers:
            place = rendition.place(number)
            if place is None:
                continue
            held = Held(rendition, number, *place)
            self._claimed[rendition.package, rendition.name, number] = held
            self._shelve(opened, held)
            room += held.room
            here[number >> 3] |= 1 << (number & 7)
        if room:
            self.shelves.fill(rendition, int.from_bytes(here, "little"), room)

    async def adopt(self, package: str, text: bytes) -> PackageIndex:
        """Take in a manifest that was fetched. Raises manifest.BadManifest."""
        # In the thread too: a long film's takes tens of milliseconds.
        index = await self.run(partial(manifest.parse, package, text))
        if self.takedowns.forbids(package):
            raise manifest.BadManifest("this package was taken down")
        self._make_room(pages(len(text)))
        try:
            await self.run(partial(self.disk.save_manifest, package, text))
        except OSError as error:
            self.trouble.refused(error, self.used)
        else:
            room = pages(len(text))
            standing = self.shelves.standing(package)
            self.used += room - standing.overhead
            standing.overhead = room
        self._open(package, index)
        return index

    # Objects ----------------------------------------------------------------------------------------------

    async def look(self, spec: Spec) -> Hit | None:
        """An object that an earlier process left, if it is still whole."""
        key = (spec.rendition.package, spec.rendition.name, spec.number)
        held = self._claimed.get(key)
        opened = self._packages.get(spec.rendition.package)
        if held is None or opened is None:
            return None
        held.readers += 1  # not to be evicted while it is hashed
        found, words = None, "its bytes are not what they were"
        try:
            found = await self._verified(spec)
        except OSError as error:
            words = f"it cannot be read: {error.strerror or error}"
        finally:
            held.readers -= 1
        if self._claimed.get(key) is not held:
            return None  # it went meanwhile
        self._policy.remove(held)
        self._remove(held)
        if found is None:
            self.shelves.take(held.rendition, held.number, held.room)
            self._lost(held, spec.name, words)
            return None
        hit = self._install(opened, spec, *found)
        hit.visited = 1  # it came back
        return hit

    async def _verified(self, spec: Spec) -> tuple[OwnedFd, bytes, int] | None:
        """The file, the hash and the CRC of an object that is here and whole; a false claim is taken back.

        Hashed beside the disk's thread: after a restart much has to be. Raises OSError.
        """
        claim = await self.run(partial(self.disk.claimed, spec))
        if claim is None:
            return None
        file, mark = claim
        hashing = partial(files.sums, file.fd, spec.offset, spec.length)
        digest, crc = await asyncio.get_running_loop().run_in_executor(None, hashing)
        if proves(digest, mark, spec):
            return file, digest, crc
        self._submit(partial(self.disk.disown, spec))
        return None

    async def keep(self, spec: Spec, source: OwnedFd, digest: bytes) -> Hit | None:
        """Write an object to disk and serve it from there on. None when it cannot be kept: it passes through."""
        package = spec.rendition.package
        opened = self._packages.get(package)
        room = pages(spec.length)
        if opened is None or self.trouble.pausing or not self._make_room(room):
            return None
        self._parting.cancel(package, (spec.rendition.name, spec.number))
        self.used += room
        opened.busy += 1  # not to be laid down meanwhile
        try:
            file, crc = await self.run(partial(self.disk.write, spec, source.fd, digest))
        except OSError as error:
            self.trouble.refused(error, self.used - room)
            return None
        finally:
            opened.busy -= 1
            self.used -= room
        if self._packages.get(package) is not opened:
            return None  # it was dropped meanwhile
        self.trouble.written()
        self._touch(package, opened)
        found = self.hits.get(object_key(spec.rendition, spec.name))
        if found is not None:
            return found
        claim = self._claimed.get((package, spec.rendition.name, spec.number))
        if claim is not None:  # what an earlier process had written there is overwritten
            self._policy.remove(claim)
            self._remove(claim)
            self.shelves.take(claim.rendition, claim.number, room)
        self.shelves.put(spec.rendition, spec.number, room)
        return self._install(opened, spec, file, digest, crc)

    def doubt(self, hit: Hit, words: str = "its bytes on disk are not what they were") -> None:
        """A hit was found damaged: it is not served again, and the fault is noted."""
        if self.hits.get(hit.key) is not hit:
            return
        self._policy.remove(hit)
        self._give_back(hit)
        self._lost(hit, hit.name, words)

    def damaged(self, spec: Spec, words: str) -> None:
        """An object on disk was found damaged by the scrub, whether its package is open or not."""
        rendition = spec.rendition
        hit = self.hits.get(object_key(rendition, spec.name))
        claim = self._claimed.get((rendition.package, rendition.name, spec.number))
        if hit is not None:
            self.doubt(hit, words)
        elif claim is not None:
            self._policy.remove(claim)
            self._give_back(claim)
            self._lost(claim, spec.name, words)
        elif rendition.package in self._cold:
            held = Held(rendition, spec.number, spec.offset, spec.length)
            self.shelves.take(rendition, spec.number, held.room)
            self.used -= held.room
            forget = partial(self.disk.forget, rendition, spec.number, spec.offset, spec.length)
            self._parting.after(rendition.package, (rendition.name, spec.number), forget)
            self._lost(held, spec.name, words)

    def _lost(self, held: Held, name: str, words: str) -> None:
        rendition = held.rendition
        if self.disk.torn and not isinstance(held, Hit):
            log.info("%s of %s/%s was torn when the machine stopped", name, rendition.package, rendition.name)
        else:
            log.error("%s of %s/%s is dropped: %s", name, rendition.package, rendition.name, words)
            self.faults.note("corrupt", rendition.package, rendition.name, name, words)
        if self.on_lost is not None and self._plan.covers(held):
            self.on_lost(rendition.package, rendition.name, held.number)

    def _install(self, opened: Open, spec: Spec, file: OwnedFd, digest: bytes, crc: int) -> Hit:
        hit = Hit(spec, file, digest, crc, opened)
        hit.used = local()
        if spec.length <= SMALL and self._small_total + spec.length <= SMALL_TOTAL and hit.read_small():
            self._small_total += spec.length
        self.hits[hit.key] = hit
        self._shelve(opened, hit)
        last = len(spec.rendition.offsets) - 1
        if spec.number <= last:
            hit.lead = spec.number < last and self._neighbour(spec.rendition, spec.number + 1) is None
            if before := self._neighbour(spec.rendition, spec.number - 1):
                before.lead = False
        if self.on_hit is not None:
            self.on_hit(hit)
        return hit

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

    # The plan ---------------------------------------------------------------------------------------------

    def protect(self, package: str, rendition: str, segments: int | None = None) -> None:
        """Demand may not evict these any more: the first so many segments and all playlists and init segments of a
        rendition, None for all of it; what is here now and what will come.

        Not kept over a restart: whoever has the plan says so again, before anything is served.
        """
        self._plan.protect(package, rendition, segments)
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

    # Room -------------------------------------------------------------------------------------------------

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
        if held.body is not None:
            self._small_total -= held.length
        if held.number and (before := self._neighbour(held.rendition, held.number - 1)):
            before.lead = held.number < len(held.rendition.offsets)
        if self.on_gone is not None:
            item = (held.rendition.name, held.number)
            self._parting.gone(held.rendition.package, item, partial(self.on_gone, held))

    # Takedowns --------------------------------------------------------------------------------------------

    async def take_down(self, news: Iterable[Mapping[str, Any]], version: int = 0) -> None:
        """Hear of takedowns, purges and their ends: in force at once, then kept on disk."""
        for package in self.takedowns.take(news, version):
            self.drop_package(package)
        if self.takedowns.unsaved:
            try:
                await self.run(self.takedowns.save)
            except OSError as error:
                self.trouble.refused(error, self.used)
