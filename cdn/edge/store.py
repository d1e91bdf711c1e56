"""What this node holds, from outside: packages and objects that are looked up, verified, kept, doubted, taken down.

`room` has the tables and the sums; docs/cache.md says what is promised and why.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cdn.edge import files, manifest
from cdn.edge.clock import local
from cdn.edge.cold import read_package
from cdn.edge.disk import Disk, proves
from cdn.edge.faults import Faults
from cdn.edge.files import OwnedFd
from cdn.edge.held import RENEW_AFTER, Held, Hit, Open, head, object_key
from cdn.edge.manifest import PackageIndex, RenditionIndex, Spec, pages
from cdn.edge.room import Room
from cdn.edge.takedowns import Takedowns

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


class Store(Room):
    """Objects on disk within a byte budget. Methods are called from the event loop's thread only."""

    def __init__(
        self, folder: Path, budget: int, *, open_most: int = OPEN_MOST, faults: Faults | None = None
    ) -> None:
        self.faults = Faults() if faults is None else faults
        super().__init__(Disk(folder / "packages"), budget, self.faults)
        self.takedowns = Takedowns(folder / "takedowns.json")
        #: Hears of planned objects that were lost to a fault and should be fetched again: package, rendition, number.
        self.on_lost: Callable[[str, str, int], None] | None = None
        self._open_most = open_most
        for package, standing in self.disk.scan().items():
            if self.takedowns.forbids(package):
                self._submit(partial(self.disk.drop_package, package))
            else:
                self.shelves.packages[package] = standing
                self._cold.add(package, 0)
                self.used += standing.room

    def close(self) -> None:
        """Finish the disk work that was begun."""
        for package, opened in self._packages.items():
            self._touch(package, opened)
        self._thread.submit(self.disk.end)
        self._thread.shutdown(wait=True)

    # The disk ------------------------------------------------------------------------------------------------

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

    # Packages ------------------------------------------------------------------------------------------------

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
        if self.takedowns.forbids(package):  # since it was being written
            self.drop_package(package)
            raise manifest.BadManifest("this package was taken down")
        return index

    # Objects -------------------------------------------------------------------------------------------------

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
        hit.renew_at = RENEW_AFTER
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

    def renew(self, hit: Hit) -> None:
        """Write an object over itself: what came from the disk costs more to send than one written. One at once."""
        if (
            self._renewing
            or not self.disk.renews
            or self.trouble.pausing
            or self.hits.get(hit.key) is not hit
        ):
            return
        self._renewing = True
        hit.renew_at = 0
        hit.readers += 1  # not to be evicted meanwhile
        work = partial(self.disk.renew, hit.file, hit.offset, hit.length, hit.crc)

        def done(writing: asyncio.Future[bool]) -> None:
            self._renewing = False
            hit.readers -= 1
            if not writing.result():
                self.doubt(hit)

        asyncio.ensure_future(self.run(work)).add_done_callback(done)

    async def keep(self, spec: Spec, source: OwnedFd, digest: bytes) -> Hit | None:
        """Write an object to disk and serve it from there on. None when it cannot be kept: it passes through."""
        package = spec.rendition.package
        opened = self._packages.get(package)
        room = pages(spec.length)
        if opened is None or self.trouble.pausing or not self._make_room(room):
            return None
        self._parting.cancel(package, (spec.rendition.name, spec.number))
        claim = self._claimed.get((package, spec.rendition.name, spec.number))
        if (
            claim is not None
        ):  # what an earlier process wrote there is overwritten: nobody may evict it meanwhile
            self._policy.remove(claim)
            self._remove(claim)
            self.shelves.take(claim.rendition, claim.number, claim.room)
        self.used += room
        opened.busy += 1  # not to be laid down meanwhile
        try:
            # The function keeps the source open, also when this here is cancelled meanwhile.
            file, crc = await self.run(lambda: self.disk.write(spec, source.fd, digest))
        except OSError as error:
            self.trouble.refused(error, self.used - room)
            if claim is not None:
                self._submit(partial(self.disk.forget, spec.rendition, spec.number, spec.offset, spec.length))
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
        self.shelves.put(spec.rendition, spec.number, room)
        return self._install(opened, spec, file, digest, crc)

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

    # Takedowns -----------------------------------------------------------------------------------------------

    async def take_down(self, news: Iterable[Mapping[str, Any]], version: int = 0) -> None:
        """Hear of takedowns, purges and their ends: in force at once, then kept on disk."""
        for package in self.takedowns.take(news, version):
            self.drop_package(package)
        if self.takedowns.unsaved:
            try:
                await self.run(self.takedowns.save)
            except OSError as error:
                self.trouble.refused(error, self.used)
