"""Fetching what is missing: once, however many ask; streamed to all of them while it arrives; kept once it is verified.

A fill lives in memory until its hash was checked. The last byte of every answer is held back until then, so that no
client ever gets a whole answer that is wrong. Everyone reads the same memory at their own pace: who is slow delays
nobody, and moves to the disk as soon as the object is there.
"""

import asyncio
import logging
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Protocol

from cdn.edge import cmcd, files
from cdn.edge.faults import Faults
from cdn.edge.files import MemoryFile
from cdn.edge.gate import AHEAD, VIEWER, Gate, Ticket
from cdn.edge.identity import Identity
from cdn.edge.manifest import BadManifest, PackageIndex, RenditionIndex, Spec
from cdn.edge.pace import Pace
from cdn.edge.peers import Peer, Peers
from cdn.edge.sourcing import Draft, Failed, Sourcing
from cdn.edge.store import Hit, Store, object_key
from cdn.edge.upstream import Upstream
from cdn.ranges import etag

__all__ = ["Failed", "Fill", "Filler"]
log = logging.getLogger("edge")

#: Objects fetched at once; a manifest goes beside them.
FETCHES = 12
#: How long a package that the origin does not know is not asked for again, in seconds.
UNKNOWN_SECONDS = 5.0
#: How long a request waits for memory when too many objects are being fetched; after each of the second, somebody who
#: takes slowly what the disk did not keep is cut off. In seconds.
MEMORY_SECONDS, LINGER_SECONDS = 5.0, 1.0
#: Objects fetched ahead at once.
PREFETCHES = 4
#: After the first piece everyone who waits begins before more is taken: tasks do within so many turns of the loop.
_CALLS = 3
#: So many listeners are served before others have their turn.
_LISTENERS = 64


class Listener(Protocol):
    """A response that is served from a fill."""

    def fill_moved(self) -> None:
        """More bytes may be sent, or the fill has failed."""

    def fill_kept(self, hit: Hit) -> None:
        """The object is on disk: go on from there and let the memory go."""


class Fill:
    """One object on its way. `sendable` bytes from the start may be given to viewers."""

    def __init__(
        self, spec: Spec, priority: int = VIEWER, pace: Pace | None = None, *, of_origin: bool = False
    ) -> None:
        self.spec, self.of_origin = spec, of_origin
        self.key = object_key(spec.rendition, spec.name)
        self.memory: MemoryFile | None = None
        self.draft = Draft()
        self.sendable = 0
        self.tag = etag(spec.sha256.hex()) if spec.sha256 else ""
        self.failure: Failed | None = None
        self.kept: Hit | None = None
        self.listeners: set[Listener] = set()
        self._waiting: deque[Callable[[], None]] = deque()
        self.task: asyncio.Task[None] | None = None
        #: Its place in the queue.
        self.ticket = Ticket(priority)
        #: Which peer is being asked to fetch it (None: the origin, or one that holds it, or nobody yet), and since when
        #: somebody is being asked (monotonic).
        self.peer: Peer | None = None
        self.asked_at = 0.0
        #: Set once somebody waits for it; an order goes at its pace until then.
        self.hurried, self._hurried_at = asyncio.Event(), float("inf")
        self._pace = pace
        loop = asyncio.get_running_loop()
        #: Done when there is memory for it, or it is over.
        self.opened: asyncio.Future[None] = loop.create_future()
        #: Done when the answer's head may be sent: a Hit when the object was here after all, else None.
        self.begun: asyncio.Future[Hit | None] = loop.create_future()
        #: Done at the end, with what is on disk, or None when it failed or could not be kept.
        self.over: asyncio.Future[Hit | None] = loop.create_future()
        if not self.ticket.background:
            self.hurry()

    @property
    def verified(self) -> bool:
        """Whether all bytes are here and are the right ones."""
        return self.sendable == self.spec.length

    def hurry(self) -> None:
        """Somebody waits for it from now on."""
        if not self.hurried.is_set():
            self.hurried.set()
            self._hurried_at = time.monotonic()

    def time_left(self, seconds: float) -> float:
        """Seconds until somebody has waited so long for who is being asked; infinite while nobody waits."""
        return max(self.asked_at, self._hurried_at) + seconds - time.monotonic()

    async def take(self, chunk: bytes, giver: Peer | None) -> None:
        """More bytes: put them where they belong and tell everyone who waits."""
        if not chunk:
            return
        assert self.memory is not None
        files.write_all(self.memory.fd, chunk, self.draft.received)
        self.draft.add(chunk, giver)
        self.sendable = min(self.draft.sure, self.spec.length - 1)
        if self.sendable and not self.begun.done():
            await self._begin()
        await self._tell()
        if self._pace is not None and not self.hurried.is_set():
            await self._pace.take(len(chunk), self.hurried)

    async def proved(self) -> None:
        """All of it is here and right."""
        self.sendable = self.spec.length
        if not self.begun.done():
            await self._begin()
        await self._tell()

    def fail(self, failure: Failed) -> None:
        """It will not come."""
        self.failure = self.failure or failure
        if not self.begun.done():
            self.begun.set_exception(failure)
            self.begun.exception()  # seen: nobody has to be waiting
        self._call_all()
        for listener in tuple(self.listeners):
            listener.fill_moved()

    def end(self, hit: Hit | None) -> None:
        """It is over: `hit` is where it is kept."""
        if hit is not None:
            self.kept = hit
            if not self.begun.done():
                self.begun.set_result(hit)
            self._call_all()
            for listener in tuple(self.listeners):
                listener.fill_kept(hit)
        if not self.opened.done():
            self.opened.set_result(None)
        if not self.over.done():
            self.over.set_result(hit)

    def when_begun(self, call: Callable[[], None]) -> None:
        """Call this when `begun` is done, or has failed: what a task would wait for, but hundreds may wait."""
        if self.begun.done():
            call()
        else:
            self._waiting.append(call)

    async def _begin(self) -> None:
        """Let everyone who waits for the beginning begin, before more is taken."""
        self.begun.set_result(None)
        called = 0
        while self._waiting:
            self._waiting.popleft()()
            called += 1
            if called % _LISTENERS == 0:
                await asyncio.sleep(0)
        for _ in range(_CALLS):
            await asyncio.sleep(0)

    def _call_all(self) -> None:
        while self._waiting:
            self._waiting.popleft()()

    async def _tell(self) -> None:
        """Let every listener go on, and between some of them the rest of the node: hundreds of them take a while."""
        for number, listener in enumerate(tuple(self.listeners), 1):
            if listener in self.listeners:
                listener.fill_moved()
            if number % _LISTENERS == 0:
                await asyncio.sleep(0)


class Filler:
    """All fills of this node."""

    def __init__(
        self,
        store: Store,
        upstream: Upstream,
        identity: Identity,
        *,
        memory: int,
        pull: bool,
        peers: Peers | None = None,
        faults: Faults | None = None,
    ) -> None:
        self._store = store
        self.sourcing = Sourcing(upstream, identity, peers, faults)
        self._gate = Gate(FETCHES)
        self._memory_left = memory
        self._memory_total = memory
        self._room = asyncio.Event()
        self._pull = pull
        #: Whether the node has something to spare for what nobody waits for yet.
        self.calm: Callable[[], bool] = lambda: True
        self.fills: dict[bytes, Fill] = {}
        self.fetched = 0
        self.fetched_bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._packages: dict[str, asyncio.Task[PackageIndex]] = {}
        self._unknown: dict[str, float] = {}
        self._ahead: set[bytes] = set()
        #: Fills that are over, could not be kept on disk, and are still being taken from memory.
        self._lingering: list[weakref.ref[Fill]] = []

    @property
    def fill_bytes(self) -> int:
        """Bytes fetched since this process began."""
        return self.peer_bytes + self.origin_bytes

    @property
    def peer_bytes(self) -> int:
        """Those of them that came from peers."""
        return self.sourcing.peer_bytes

    @property
    def origin_bytes(self) -> int:
        """Those of them that came from the origin."""
        return self.sourcing.origin_bytes

    async def package(self, package: str, *, of_origin: bool = False) -> PackageIndex:
        """A package's index: from memory, from disk, from a peer (not when it must be `of_origin`) or the origin, asked
        once. Raises Failed."""
        if self._store.takedowns.forbids(package):
            raise Failed(404, "unknown package")
        index = self._store.known(package)
        if index is not None:
            return index
        task = self._packages.get(package)
        if task is None:
            task = asyncio.create_task(self._fetch_package(package, of_origin))
            self._packages[package] = task
            task.add_done_callback(lambda _: self._packages.pop(package, None))
        return await asyncio.shield(task)

    async def _fetch_package(self, package: str, of_origin: bool) -> PackageIndex:
        index = await self._store.recall(package)
        if index is not None:
            return index
        now = asyncio.get_running_loop().time()
        if self._unknown.get(package, 0.0) > now:
            raise Failed(404, "unknown package")
        if not self._pull:
            raise Failed(421, "not held here")
        try:
            text = await self.sourcing.manifest(package, of_origin=of_origin)
        except Failed as failure:
            if failure.status == 404:
                if len(self._unknown) > 10_000:
                    self._unknown.clear()
                self._unknown[package] = now + UNKNOWN_SECONDS
                raise Failed(404, "unknown package") from failure
            raise
        self.fetched += 1
        try:
            return await self._store.adopt(package, text)
        except BadManifest as error:
            log.error("the origin sent a bad manifest for %s: %s", package, error)
            raise Failed(502, "the origin sent a bad manifest") from error

    def start(
        self, spec: Spec, *, priority: int = VIEWER, pace: Pace | None = None, of_origin: bool = False
    ) -> tuple[Fill, bool]:
        """The fill that brings this object, and whether this call began it. Who waits more hastens it.

        `of_origin`: no peer is asked for it, because a peer asks for it.
        """
        key = object_key(spec.rendition, spec.name)
        fill = self.fills.get(key)
        if fill is not None:
            fill.of_origin = fill.of_origin and of_origin
            self.hasten(fill, priority)
            return fill, False
        fill = Fill(spec, priority, pace, of_origin=of_origin)
        self.fills[key] = fill
        fill.task = asyncio.create_task(self._fill(fill))
        self._tasks.add(fill.task)
        fill.task.add_done_callback(self._tasks.discard)
        return fill, True

    def hasten(self, fill: Fill, priority: int) -> None:
        """Somebody waits for it who did not before, or more than before."""
        self._gate.hasten(fill.ticket, priority)
        if not fill.ticket.background:
            fill.hurry()

    def forget(self, package: str) -> None:
        """Stop fetching what belongs to this package: it was taken down. Who is being given it is cut off."""
        for fill in [fill for fill in self.fills.values() if fill.spec.rendition.package == package]:
            fill.fail(Failed(404, "unknown package"))
            if fill.task is not None:
                fill.task.cancel()

    def ahead(self, rendition: RenditionIndex, number: int, query: bytes = b"") -> None:
        """Fetch what a player says it asks for next, or else the segment behind this one; not when there is no room.

        `query` is the request's, without the question mark.
        """
        if not self._pull or self._store.problem or len(self._ahead) >= PREFETCHES or not self.calm():
            return
        spec = self._next(rendition, number, query)
        if spec is None:
            return
        key = object_key(spec.rendition, spec.name)
        if key in self.fills or key in self._store.hits or self._memory_left < self._memory_total // 2:
            return
        self.start(spec, priority=AHEAD)
        self._ahead.add(key)

    def _next(self, rendition: RenditionIndex, number: int, query: bytes) -> Spec | None:
        said = cmcd.parse(query).next_object() if query else None
        if said is not None:
            other, name = said
            index = self._store.known(rendition.package)
            found = index.renditions.get(other.encode()) if index is not None and other else rendition
            if found is not None and (spec := found.spec(name.encode())) is not None:
                return spec
        return rendition.spec(f"{number + 1}.m4s".encode())

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
            fill.fail(failure)
        except asyncio.CancelledError:
            fill.fail(Failed(502, "this node is stopping"))
            raise
        except Exception:
            log.exception("a fill broke")
            fill.fail(Failed(500, "this node has a fault"))
        finally:
            self.fills.pop(fill.key, None)
            self._ahead.discard(fill.key)
            fill.end(hit)
            if fill.failure is not None:
                # Now, not when garbage is looked for: the failure's traceback holds the fill, which holds the failure.
                fill.memory = None
            if hit is None and fill.listeners:
                self._lingering = [weak for weak in self._lingering if weak() is not None]
                self._lingering.append(weakref.ref(fill))

    async def _fetch(self, fill: Fill) -> Hit | None:
        """Bring the object; → its place on disk, None when it could not be kept there. Raises Failed."""
        spec = fill.spec
        if not self._pull:
            raise Failed(421, "not held here")
        await self._gate.enter(fill.ticket)
        try:
            fill.memory = await self._allot(fill)
            fill.opened.set_result(None)
            digest = await self.sourcing.bring(fill)
        finally:
            self._gate.leave(fill.ticket)
        self.fetched += 1
        self.fetched_bytes += spec.length
        await fill.proved()
        return await self._store.keep(spec, fill.memory, digest)

    async def _allot(self, fill: Fill) -> MemoryFile:
        """Memory for an object; waits a moment for others to finish. What nobody waits for leaves half of it alone.

        Raises Failed.
        """
        size = fill.spec.length
        deadline = asyncio.get_running_loop().time() + MEMORY_SECONDS
        while self._memory_left - size < (self._memory_total // 2 if fill.ticket.background else 0):
            self._room.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                raise Failed(503, "too much is being fetched at once")
            try:
                async with asyncio.timeout(min(left, LINGER_SECONDS)):
                    await self._room.wait()
            except TimeoutError:
                if not fill.ticket.background:
                    self._cut_off()
        self._memory_left -= size
        return MemoryFile(size, self._released)

    def _cut_off(self) -> None:
        """Let go of who has taken an object from memory the longest: the disk did not keep it, and others wait."""
        while self._lingering:
            fill = self._lingering.pop(0)()
            if fill is not None and fill.listeners:
                fill.fail(Failed(503, "taken too slowly while memory is short"))
                return

    def _released(self, size: int) -> None:
        self._memory_left += size
        self._room.set()
