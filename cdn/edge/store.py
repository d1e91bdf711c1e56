"""What this node holds: a table of verified objects, a byte budget, and who goes when it is spent."""

import asyncio
import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from cdn.edge import manifest
from cdn.edge.disk import Disk
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import PackageIndex, RenditionIndex, Spec
from cdn.edge.sieve import Entry, Sieve
from cdn.ranges import CORS_HEADERS, IMMUTABLE, etag

log = logging.getLogger("edge")

#: Objects up to this size are kept in memory too, in bytes, and all of them together up to the second figure.
SMALL = 32 * 1024
SMALL_TOTAL = 64 << 20
#: So many packages are open at once: their segments' tables in memory, their files' descriptors. Others are cold.
OPEN_MOST = 256
#: After the disk refused a write, nothing is written for so many seconds: objects pass through.
DISK_PAUSE = 30.0
_CORS = "".join(f"{name}: {value}\r\n" for name, value in CORS_HEADERS.items())
_Result = TypeVar("_Result")


class Held(Entry):
    """An object on disk: verified by this process (then a `Hit` stands in its place) or only claimed by its map."""

    __slots__ = ("length", "number", "offset", "rendition")

    def __init__(self, rendition: RenditionIndex, number: int, offset: int, length: int) -> None:
        super().__init__()
        self.rendition, self.number, self.offset, self.length = rendition, number, offset, length


class Open:
    """A package in use: its index and what of it is here. `used` is seconds since 1970; `busy` counts disk work."""

    __slots__ = ("busy", "held", "index", "used")

    def __init__(self, index: PackageIndex) -> None:
        self.index, self.used, self.busy = index, time.time(), 0
        self.held: set[Held] = set()

    @property
    def at_rest(self) -> bool:
        """Whether nothing of it is being read or written."""
        return not self.busy and not any(held.readers for held in self.held)


class Hit(Held):
    """A verified object. `head` is its response head behind the Date line, ready to send."""

    __slots__ = (
        "bit", "body", "digest", "etag", "file", "head", "key", "lead", "name", "package", "package_open", "probed",
    )  # fmt: skip

    def __init__(self, spec: Spec, file: OwnedFd, digest: bytes, package: Open) -> None:
        super().__init__(spec.rendition, spec.number, spec.offset, spec.length)
        self.package_open = package
        self.package = spec.rendition.package.encode()
        self.bit = 1 << spec.rendition.index
        self.key = object_key(spec.rendition, spec.name)
        self.file, self.digest, self.name = file, digest, spec.name
        self.etag = etag(digest.hex())
        self.head = head(spec.content_type, spec.length, self.etag, "HIT")
        self.body: bytes | None = None
        self.probed = 0.0
        #: Whether the segment behind this one is not here: a request for this one then fetches it ahead.
        self.lead = False


def object_key(rendition: RenditionIndex, name: str) -> bytes:
    """The part of an object's address behind the token."""
    return f"{rendition.package}/{rendition.name}/{name}".encode()


def head(content_type: str, length: int, tag: str, cache: str, extra: str = "") -> bytes:
    """The headers of an object, from behind the Date line to the empty line."""
    return (
        f"Content-Type: {content_type}\r\nContent-Length: {length}\r\nETag: {tag}\r\n{extra}"
        f"Cache-Control: {IMMUTABLE}\r\nAccept-Ranges: bytes\r\n{_CORS}X-Cache: {cache}\r\n\r\n"
    ).encode()


class Store:
    """Objects on disk within a byte budget. Methods are called from the event loop's thread only."""

    def __init__(self, folder: Path, budget: int, *, open_most: int = OPEN_MOST) -> None:
        self.disk = Disk(folder / "packages")
        self.budget = budget
        #: What can be served at once, by "<package>/<rendition>/<name>".
        self.hits: dict[bytes, Hit] = {}
        self.problem = ""
        self._claimed: dict[tuple[str, str, int], Held] = {}
        self._sieve = Sieve()
        self._packages: dict[str, Open] = {}
        self._open_most = open_most
        self._small_total = 0
        self._paused_until = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        #: Packages on disk that are not open (left by an earlier process, or not asked for lately), the longest
        #: untouched first, with their bytes on disk.
        self._cold = self.disk.scan()
        self.used = sum(self._cold.values())

    def close(self) -> None:
        """Finish the disk work that was begun."""
        self._thread.shutdown(wait=True)

    async def run(self, work: Callable[[], _Result]) -> _Result:
        """Do disk work in the disk's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def known(self, package: str) -> PackageIndex | None:
        """A package whose manifest is in memory."""
        found = self._packages.get(package)
        if found is None:
            return None
        found.used = time.time()
        return found.index

    async def recall(self, package: str) -> PackageIndex | None:
        """A package whose manifest is in memory or on disk."""
        index = self.known(package)
        if index is not None or package not in self._cold:
            return index
        found = await self.run(lambda: self._read_package(package))
        if package not in self._cold:  # somebody else recalled it meanwhile
            return self.known(package)
        if found is None:
            self._drop_cold(package)
            return None
        index, claims = found
        self.used -= self._cold.pop(package)
        opened = self._open(package, index)
        for rendition in index.renditions.values():
            for number in claims[rendition.name]:
                self._claim(opened, rendition, number)
        return index

    def _open(self, package: str, index: PackageIndex) -> Open:
        """Keep a package's index at hand, and let go of the one longest unused that is at rest when there are many."""
        opened = self._packages[package] = Open(index)
        if len(self._packages) > self._open_most:
            by_use = sorted(self._packages.items(), key=lambda item: item[1].used)
            for name, other in by_use:
                if other is not opened and other.at_rest:
                    self._lay_down(name)
                    break
        return opened

    def _lay_down(self, package: str) -> None:
        """Forget what memory holds of a package. What the disk holds stays: claims, as after a restart."""
        opened = self._packages.pop(package)
        size = 0
        for held in opened.held:
            self._sieve.remove(held)
            size += held.length
            if isinstance(held, Hit):
                del self.hits[held.key]
                if held.body is not None:
                    self._small_total -= held.length
            else:
                del self._claimed[package, held.rendition.name, held.number]
        opened.held.clear()
        self._cold[package] = size

    def _read_package(self, package: str) -> tuple[PackageIndex, dict[str, list[int]]] | None:
        """A package's index and what its maps claim; runs in the disk's thread."""
        stored = self.disk.manifest(package)
        if stored is None:
            return None
        try:
            index = manifest.parse(package, stored)
        except manifest.BadManifest as error:
            log.warning("package %s on disk is damaged and dropped: %s", package, error)
            return None
        return index, {rendition.name: self.disk.claims(rendition) for rendition in index.renditions.values()}

    def _claim(self, opened: Open, rendition: RenditionIndex, number: int) -> None:
        place = rendition.place(number)
        if place is None:
            return
        held = Held(rendition, number, *place)
        self._claimed[rendition.package, rendition.name, number] = held
        opened.held.add(held)
        self._sieve.add(held)
        self.used += held.length

    async def adopt(self, package: str, text: bytes) -> PackageIndex:
        """Take in a manifest that was fetched. Raises manifest.BadManifest."""
        # In the thread too: a long film's takes tens of milliseconds.
        index = await self.run(lambda: manifest.parse(package, text))
        try:
            await self.run(lambda: self.disk.save_manifest(package, text))
        except OSError as error:
            self._disk_failed(error)
        self._open(package, index)
        return index

    async def look(self, spec: Spec) -> Hit | None:
        """An object that an earlier process left, if it is still whole."""
        key = (spec.rendition.package, spec.rendition.name, spec.number)
        held = self._claimed.get(key)
        opened = self._packages.get(spec.rendition.package)
        if held is None or opened is None:
            return None
        held.readers += 1  # not to be evicted while it is hashed
        try:
            found = await self.run(lambda: self.disk.verified(spec))
        except OSError as error:
            log.warning("%s of %s cannot be read: %s", spec.name, spec.rendition.package, error)
            found = None
        if self._claimed.pop(key, None) is held:
            opened.held.discard(held)
            self._sieve.remove(held)
            self.used -= held.length
        return self._install(opened, spec, *found) if found else None

    async def keep(self, spec: Spec, source: OwnedFd, digest: bytes) -> Hit | None:
        """Write an object to disk and serve it from there on. None when it cannot be kept: it passes through."""
        opened = self._packages.get(spec.rendition.package)
        if opened is None or time.monotonic() < self._paused_until or not self._make_room(spec.length):
            return None
        self.used += spec.length
        opened.busy += 1  # not to be laid down meanwhile
        try:
            file = await self.run(lambda: self.disk.write(spec, source.fd, digest))
        except OSError as error:
            self._disk_failed(error)
            return None
        finally:
            opened.busy -= 1
            self.used -= spec.length
        self.problem = ""
        return self._install(opened, spec, file, digest)

    def _install(self, opened: Open, spec: Spec, file: OwnedFd, digest: bytes) -> Hit:
        hit = Hit(spec, file, digest, opened)
        opened.held.add(hit)
        if spec.length <= SMALL and self._small_total + spec.length <= SMALL_TOTAL:
            hit.body = os.pread(file.fd, spec.length, spec.offset)
            self._small_total += spec.length
        self.hits[hit.key] = hit
        self._sieve.add(hit)
        self.used += spec.length
        last = len(spec.rendition.offsets) - 1
        if spec.number <= last:
            hit.lead = spec.number < last and self._neighbour(spec.rendition, spec.number + 1) is None
            if before := self._neighbour(spec.rendition, spec.number - 1):
                before.lead = False
        return hit

    def _neighbour(self, rendition: RenditionIndex, number: int) -> Hit | None:
        return self.hits.get(object_key(rendition, f"{number}.m4s"))

    def _make_room(self, length: int) -> bool:
        """Evict until so many bytes fit. False when everything left is being read, or it could never fit."""
        if length > self.budget:
            return False
        while self.used + length > self.budget:
            if self._cold:
                self._drop_cold(next(iter(self._cold)))
                continue
            victim = self._sieve.victim()
            if victim is None:
                return False
            assert isinstance(victim, Held)
            self._evict(victim)
        return True

    def _drop_cold(self, package: str) -> None:
        self.used -= self._cold.pop(package)
        self._thread.submit(self.disk.drop_package, package)

    def _evict(self, held: Held) -> None:
        """Give one object's room back; where no holes can be made, that of its whole rendition."""
        if self.disk.can_punch:
            self._leave(held)
            work = partial(self.disk.forget, held.rendition, held.number, held.offset, held.length)
            self._thread.submit(work)
            return
        rendition = held.rendition
        self._leave(held)
        for other in [*self.hits.values(), *self._claimed.values()]:
            if (other.rendition.package, other.rendition.name) == (rendition.package, rendition.name):
                self._sieve.remove(other)
                self._leave(other)
        self._thread.submit(self.disk.drop_rendition, rendition.package, rendition.name)

    def _leave(self, held: Held) -> None:
        """Take an object out of the tables; it is out of the sieve already."""
        self.used -= held.length
        self._packages[held.rendition.package].held.discard(held)
        if not isinstance(held, Hit):
            del self._claimed[held.rendition.package, held.rendition.name, held.number]
            return
        del self.hits[held.key]
        if held.body is not None:
            self._small_total -= held.length
        if held.number and (before := self._neighbour(held.rendition, held.number - 1)):
            before.lead = held.number < len(held.rendition.offsets)

    def _disk_failed(self, error: OSError) -> None:
        """Say so once, write nothing for a while; viewers are served all the same."""
        words = f"the cache cannot be written: {error.strerror or error}"
        if words != self.problem:
            log.error("%s; objects pass through uncached", words)
        self.problem = words
        self._paused_until = time.monotonic() + DISK_PAUSE
