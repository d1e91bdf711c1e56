"""Reads all that is on the disk again, slowly and for ever: what has rotted is found before a viewer needs it.

Each object is read past the page cache, as the disk has it, and once more as memory has it when it is there too; both
must have the hash that the manifest says. A suspicion is looked at again in the disk's own thread, where nothing is
written or given back meanwhile, before anything is dropped.
"""

import asyncio
import errno
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from cdn.edge import files, manifest
from cdn.edge.disk import proves
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import PackageIndex, Spec
from cdn.edge.store import Store

log = logging.getLogger("edge")

#: One pass over all that is held takes so long, in seconds: well within the seven days that are promised.
PASS_SECONDS = 5 * 86400.0
#: A small cache is passed over in steps of this rate, so that no step waits for hours; in bytes per second.
SLOWEST = 16 * 1024
#: How often the place is written down: so much is read twice after a restart at most. In seconds.
SAVE_SECONDS = 60.0
#: How long to wait when nothing is here to be read, in seconds.
IDLE_SECONDS = 60.0
Place = tuple[str, str, int]
_NOWHERE: Place = ("", "", -1)


class Scrubber:
    """One pass after the other, going on after a restart where it was."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        *,
        pass_seconds: float = PASS_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._path, self._clock, self._pass_seconds = (
            store,
            folder / "scrub.json",
            clock,
            pass_seconds,
        )
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scrub", initializer=files.idle_io)
        self._index: PackageIndex | None = None
        self._saved_at = time.monotonic()
        #: The last object that was read, when this pass began (seconds since 1970), passes made, objects found rotten.
        self.place, self.began, self.passes, self.rotten = _NOWHERE, clock(), 0, 0
        self.read_bytes = 0
        self._recall()

    def progress(self) -> dict[str, Any]:
        """For people: how far this pass is (0…1, by packages), when it began, how many were made, what was found."""
        packages = sorted(self._store.shelves.packages)
        behind = sum(package < self.place[0] for package in packages)
        share = behind / len(packages) if packages else 0.0
        return {
            "share": round(share, 3),
            "began": int(self.began),
            "passes": self.passes,
            "rotten": self.rotten,
            "read_bytes": self.read_bytes,
        }

    async def run(self) -> None:
        """Scrub until cancelled."""
        try:
            while True:
                began = time.monotonic()
                try:
                    length = await self.step()
                except Exception:  # a disk in trouble: the next look may do better
                    log.exception("the scrub stumbled over %s", "/".join(map(str, self.place)))
                    length = 0
                if not length:
                    await asyncio.sleep(IDLE_SECONDS)
                    continue
                if began - self._saved_at > SAVE_SECONDS:
                    await self.save()
                rate = max(SLOWEST, self._store.used / self._pass_seconds)
                await asyncio.sleep(max(0.0, length / rate - (time.monotonic() - began)))
        finally:
            self._thread.shutdown(wait=False)

    async def step(self) -> int:
        """Look at the next object → bytes read; 0 when there is none, or when a pass has ended."""
        found = await self._next()
        if found is None:
            if self.place != _NOWHERE:
                self.passes += 1
                self._store.disk.torn = False  # all that the machine's stop tore has been found
                log.info("the scrub has read all that is held (%d damaged since the start)", self.rotten)
            self.place, self.began, self._index = _NOWHERE, self._clock(), None
            await self.save()
            return 0
        spec = found
        self.place = (spec.rendition.package, spec.rendition.name, spec.number)
        look = partial(inspect, self._store.disk.folder, spec)
        words = await self._in_thread(look)
        self.read_bytes += spec.length
        if words and (words := await self._store.run(look)):
            self.rotten += 1
            self._store.damaged(spec, words)
        return spec.length

    async def _next(self) -> Spec | None:
        """The object behind the place where we are, in the order of names."""
        while True:
            package, rendition, number = self.place
            if self._index is None and package in self._store.shelves.packages:  # after a restart
                self._index = await self._open(package)
            for spec in self._rest(package, rendition, number):
                return spec
            following = min((name for name in self._store.shelves.packages if name > package), default=None)
            if following is None:
                return None
            self.place = (following, "", -1)
            self._index = await self._open(following)

    def _rest(self, package: str, rendition: str, number: int) -> Iterator[Spec]:
        """What is here of a package behind this place."""
        standing = self._store.shelves.packages.get(package)
        if standing is None or self._index is None or self._index.package != package:
            return
        for name in sorted(standing.shelves):
            found = self._index.renditions.get(name.encode())
            if name < rendition or found is None:
                continue
            first = number + 1 if name == rendition else 0
            bits = standing.shelves[name].bits >> first
            while bits:
                step = (bits & -bits).bit_length()
                first, bits = first + step, bits >> step
                spec = found.numbered(first - 1)
                if spec is not None:
                    yield spec

    async def _open(self, package: str) -> PackageIndex | None:
        """A package's index; its manifest on disk is looked at too."""
        stored = await self._in_thread(partial(self._store.disk.manifest, package))
        if stored is None:
            return None  # an old one that goes just now, or one that could not be written
        try:
            index: PackageIndex = await self._in_thread(partial(manifest.parse, package, stored))
        except manifest.BadManifest as error:
            self.rotten += 1
            self._store.faults.note("corrupt", package, "", "manifest.json", str(error))
            self._store.drop_package(package)
            return None
        return index

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    # The place --------------------------------------------------------------------------------------------

    def _recall(self) -> None:
        try:
            stored = json.loads(self._path.read_bytes())
            package, rendition, number = stored["place"]
            self.place = (str(package), str(rendition), int(number))
            self.began, self.passes = float(stored["began"]), int(stored["passes"])
        except (OSError, ValueError, KeyError, TypeError):
            self.place = _NOWHERE

    async def save(self) -> None:
        """Write down where we are."""
        self._saved_at = time.monotonic()
        text = json.dumps({"place": self.place, "began": self.began, "passes": self.passes})
        try:
            await self._in_thread(partial(files.replace, self._path, text.encode()))
        except OSError as error:
            log.warning("the scrub's place cannot be written: %s", error.strerror or error)


def inspect(folder: Path, spec: Spec) -> str:
    """What is wrong with an object on disk, in words; '' when nothing is, or when it is not here. Blocks."""
    home = folder / spec.rendition.package
    try:
        marks = OwnedFd(os.open(home / f"{spec.rendition.name}.map", os.O_RDONLY | os.O_CLOEXEC))
        data = OwnedFd(os.open(home / f"{spec.rendition.name}.data", os.O_RDONLY | os.O_CLOEXEC))
        os.posix_fadvise(data.fd, 0, 0, os.POSIX_FADV_RANDOM)
        mark = os.pread(marks.fd, 8, spec.number * 8)
        if len(mark) < 8 or not any(mark):
            return ""
        cached = files.in_memory(data.fd, spec.offset, spec.length)
        if not proves(_on_disk(home / f"{spec.rendition.name}.data", spec), mark, spec):
            return "its bytes on disk have changed"
        if cached and not proves(files.sums(data.fd, spec.offset, spec.length)[0], mark, spec):
            return "its bytes in memory have changed"
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"it cannot be read: {error.strerror or error}"
    return ""


def _on_disk(path: Path, spec: Spec) -> bytes:
    """The hash of what the disk has; where the page cache cannot be passed by, of what a plain read gives."""
    try:
        direct = OwnedFd(os.open(path, os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC))
        return files.sums_from_disk(direct.fd, spec.offset, spec.length)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    plain = OwnedFd(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    return files.sums(plain.fd, spec.offset, spec.length)[0]
