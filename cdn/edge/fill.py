"""Fetching what is missing: once, however many ask; streamed to all of them while it arrives; kept once it is verified.

A fill lives in memory until its hash was checked. The last byte of every answer is held back until then, so that no
client ever gets a whole answer that is wrong.
"""

import asyncio
import hashlib
import logging
import os
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from cdn.edge.files import MemoryFile
from cdn.edge.identity import Identity
from cdn.edge.manifest import BadManifest, PackageIndex, RenditionIndex, Spec
from cdn.edge.store import Hit, Store, object_key
from cdn.edge.upstream import Answer, OriginAway, Upstream

log = logging.getLogger("edge")

ATTEMPTS = 3
RETRY_SECONDS = (0.1, 0.4)
#: How long a package that the origin does not know is not asked for again, in seconds.
UNKNOWN_SECONDS = 5.0
#: How long a request waits for memory when too many objects are being fetched, in seconds.
MEMORY_SECONDS = 5.0
PREFETCHES = 2


class Failed(Exception):
    """The object cannot be had; `status` is what the viewer is answered."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Listener(Protocol):
    """A response that is served from a fill."""

    def fill_moved(self) -> None:
        """More bytes may be sent, or the fill has failed."""

    def fill_kept(self, hit: Hit) -> None:
        """The object is on disk: go on from there and let the memory go."""


class Fill:
    """One object on its way. `sendable` bytes from the start may be given to viewers."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.key = object_key(spec.rendition, spec.name)
        self.memory: MemoryFile | None = None
        self.received = 0
        self.sendable = 0
        self.tag = ""
        self.failure: Failed | None = None
        self.kept: Hit | None = None
        self.listeners: set[Listener] = set()
        loop = asyncio.get_running_loop()
        #: Done when the answer's head may be sent: a Hit when the object was here after all, else None.
        self.begun: asyncio.Future[Hit | None] = loop.create_future()

    @property
    def verified(self) -> bool:
        """Whether all bytes are here and are the right ones."""
        return self.sendable == self.spec.length

    def tell(self) -> None:
        """Let every listener go on."""
        for listener in tuple(self.listeners):
            listener.fill_moved()


class Filler:
    """All fills of this node."""

    def __init__(
        self, store: Store, upstream: Upstream, identity: Identity, *, memory: int, pull: bool
    ) -> None:
        self._store, self._upstream, self._identity = store, upstream, identity
        self._memory_left = memory
        self._memory_total = memory
        self._room = asyncio.Event()
        self._pull = pull
        self.fills: dict[bytes, Fill] = {}
        self.fetched = 0
        self.fetched_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._packages: dict[str, asyncio.Task[PackageIndex]] = {}
        self._unknown: dict[str, float] = {}
        self._ahead: set[bytes] = set()

    async def package(self, package: str) -> PackageIndex:
        """A package's index: from memory, from disk, or from the origin, asked once. Raises Failed."""
        index = self._store.known(package)
        if index is not None:
            return index
        task = self._packages.get(package)
        if task is None:
            task = asyncio.create_task(self._fetch_package(package))
            self._packages[package] = task
            task.add_done_callback(lambda _: self._packages.pop(package, None))
        return await asyncio.shield(task)

    async def _fetch_package(self, package: str) -> PackageIndex:
        index = await self._store.recall(package)
        if index is not None:
            return index
        now = asyncio.get_running_loop().time()
        if self._unknown.get(package, 0.0) > now:
            raise Failed(404, "unknown package")
        if not self._pull:
            raise Failed(421, "not held here")
        path = f"/origin/v1/{package}/manifest.json"
        for attempt in range(ATTEMPTS):
            try:
                async with self._get(path) as answer:
                    text = await answer.body()
                break
            except OriginAway as error:
                await self._pause(attempt, error)
        if answer.status == 404:
            if len(self._unknown) > 10_000:
                self._unknown.clear()
            self._unknown[package] = now + UNKNOWN_SECONDS
            raise Failed(404, "unknown package")
        self._refuse_unless_ok(answer)
        self.fetched += 1
        try:
            return await self._store.adopt(package, text)
        except BadManifest as error:
            log.error("the origin sent a bad manifest for %s: %s", package, error)
            raise Failed(502, "the origin sent a bad manifest") from error

    def start(self, spec: Spec) -> tuple[Fill, bool]:
        """The fill that brings this object, and whether this call began it."""
        key = object_key(spec.rendition, spec.name)
        fill = self.fills.get(key)
        if fill is not None:
            return fill, False
        fill = Fill(spec)
        self.fills[key] = fill
        task = asyncio.create_task(self._fill(fill))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return fill, True

    def ahead(self, rendition: RenditionIndex, number: int) -> None:
        """Fetch the segment behind this one, unless enough is being fetched ahead."""
        spec = rendition.spec(f"{number + 1}.m4s".encode())
        if spec is None or not self._pull or self._store.problem or len(self._ahead) >= PREFETCHES:
            return
        key = object_key(spec.rendition, spec.name)
        if key in self.fills or key in self._store.hits or self._memory_left < self._memory_total // 2:
            return
        fill, _ = self.start(spec)
        self._ahead.add(key)
        # Nobody may be waiting: a failure is the log's business then, not asyncio's.
        fill.begun.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def close(self) -> None:
        """Stop fetching."""
        for task in [*self._tasks, *self._packages.values()]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._packages.values(), return_exceptions=True)

    async def _fill(self, fill: Fill) -> None:
        hit: Hit | None = None
        try:
            hit = await self._store.look(fill.spec)
            if hit is None:
                hit = await self._fetch(fill)
        except Failed as failure:
            self._fail(fill, failure)
        except asyncio.CancelledError:
            self._fail(fill, Failed(502, "this node is stopping"))
            raise
        except Exception:
            log.exception("a fill broke")
            self._fail(fill, Failed(500, "this node has a fault"))
        finally:
            self.fills.pop(fill.key, None)
            self._ahead.discard(fill.key)
        if hit is None:
            return
        fill.kept = hit
        if not fill.begun.done():
            fill.begun.set_result(hit)
        for listener in tuple(fill.listeners):
            listener.fill_kept(hit)

    def _fail(self, fill: Fill, failure: Failed) -> None:
        fill.failure = failure
        if not fill.begun.done():
            fill.begun.set_exception(failure)
            fill.begun.exception()  # seen: nobody has to be waiting
        fill.tell()

    async def _fetch(self, fill: Fill) -> Hit | None:
        """Bring the object from the origin; → its place on disk, None when it could not be kept there."""
        spec = fill.spec
        if not self._pull:
            raise Failed(421, "not held here")
        fill.memory = await self._allot(spec.length)
        digest = hashlib.sha256()
        path = f"/origin/v1/{spec.rendition.package}/{spec.rendition.name}/{spec.name}"
        for attempt in range(ATTEMPTS):
            try:
                await self._stream(fill, path, digest)
                break
            except OriginAway as error:
                await self._pause(attempt, error)
        found = digest.digest()
        expected = spec.sha256.hex() if spec.sha256 is not None else found.hex()
        if found.hex() != expected or fill.tag != f'"{found.hex()[:16]}"':
            log.error("the origin sent wrong bytes for %s of %s", spec.name, spec.rendition.package)
            raise Failed(502, "the origin sent wrong bytes")
        self.fetched += 1
        self.fetched_bytes += spec.length
        fill.sendable = spec.length
        fill.tell()
        return await self._store.keep(spec, fill.memory, found)

    async def _stream(self, fill: Fill, path: str, digest: "hashlib._Hash") -> None:
        """Receive the object, or what is still missing of it after an interruption."""
        assert fill.memory is not None
        spec = fill.spec
        headers = {"Range": f"bytes={fill.received}-"} if fill.received else {}
        async with self._get(path, headers) as answer:
            skip = 0
            if answer.status == 200:
                skip = fill.received  # the origin ignored the range: pass over what is here
            elif answer.status != 206 or not fill.received:
                self._refuse_unless_ok(answer)
            if answer.length + (fill.received - skip) != spec.length:
                raise Failed(502, "the origin's object has another length")
            tag = answer.headers.get("etag", "")
            if fill.tag and tag != fill.tag:
                raise Failed(502, "the origin's object has changed")
            fill.tag = tag
            async for chunk in answer.chunks():
                fresh = chunk[skip:]
                skip -= len(chunk) - len(fresh)
                if fresh:
                    self._take(fill, fresh)
                    digest.update(fresh)

    def _take(self, fill: Fill, chunk: bytes) -> None:
        assert fill.memory is not None
        view = memoryview(chunk)
        while view:
            view = view[os.write(fill.memory.fd, view) :]
        fill.received += len(chunk)
        fill.sendable = min(fill.received, fill.spec.length - 1)
        if not fill.begun.done():
            fill.begun.set_result(None)
        fill.tell()

    def _get(self, path: str, headers: dict[str, str] | None = None) -> AbstractAsyncContextManager[Answer]:
        signed = self._identity.sign("GET", path, 0)
        return self._upstream.request("GET", path, headers={**signed, **(headers or {})})

    @staticmethod
    def _refuse_unless_ok(answer: Answer) -> None:
        if answer.status == 404:
            raise Failed(404, "unknown object")
        if answer.status == 401 or answer.status == 403:
            raise Failed(421, "this node may not pull now")
        if answer.status != 200:
            raise Failed(502, f"the origin answered {answer.status}")

    @staticmethod
    async def _pause(attempt: int, error: OriginAway) -> None:
        """Wait before the next attempt; after the last one, give up."""
        if attempt + 1 >= ATTEMPTS or (error.slow and attempt):
            raise Failed(504 if error.slow else 502, str(error)) from error
        await asyncio.sleep(RETRY_SECONDS[attempt])

    async def _allot(self, size: int) -> MemoryFile:
        """Memory for an object; waits a moment for others to finish. Raises Failed."""
        deadline = asyncio.get_running_loop().time() + MEMORY_SECONDS
        while self._memory_left < size:
            self._room.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._room.wait(), max(0.0, left))
            except TimeoutError:
                raise Failed(503, "too much is being fetched at once") from None
        self._memory_left -= size
        return MemoryFile(size, self._released)

    def _released(self, size: int) -> None:
        self._memory_left += size
        self._room.set()
