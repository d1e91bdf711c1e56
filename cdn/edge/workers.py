"""One process per core: the first one owns cache, disk, fills and the control plane, and tells the others what is here.

Each of the others (`cdn.edge.worker`) takes a share of the port and serves what it was told of. The first process keeps
the shares' sockets, so nothing that waits in one is lost when a worker dies, and takes what no worker takes: new
connections while one is away, and every request that needs more than the table. Nothing is taken from the disk
before all of them have let it go.
"""

import asyncio
import base64
import contextlib
import dataclasses
import logging
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cdn.edge.connection import Connection
from cdn.edge.held import Hit
from cdn.edge.identity import Identity
from cdn.edge.process import Process
from cdn.edge.server import Server
from cdn.edge.store import Store
from cdn.edge.verdicts import Verdict
from cdn.signing import BadToken

log = logging.getLogger("edge")

#: A worker that says nothing for so long is stuck: it is killed, and another takes its place. In seconds.
SILENT_SECONDS = 5.0
#: One that has said nothing for so long is given no connection: it may be about to be found stuck. In seconds.
QUIET_SECONDS = 1.5
#: A dead worker is replaced after this long, and after twice as long every time that it does not even get ready.
AGAIN_SECONDS, AGAIN_MOST = 0.1, 10.0
#: A worker that is being replaced has this long to finish its answers, in seconds.
RETIRE_SECONDS = 600.0
#: How long a new worker may take until it is ready, in seconds.
READY_SECONDS = 20.0
#: How much is told in one word.
_ROWS, _DENIED, _GONE = 150, 1000, 5000


class Workers:
    """All of them."""

    def __init__(
        self, count: int, server: Server, store: Store, identity: Identity, *, greeted: Callable[[], bool]
    ) -> None:
        #: How many there shall be; with one, the first process serves alone.
        self.count = count
        self._server, self._store, self._identity = server, store, identity
        self._greeted = greeted
        self._workers: list[Process] = []
        #: Those whose channel is closed and that are not yet known to have ended.
        self._dying: list[Process] = []
        #: By the number under which the workers know an object: what is called when none of them sends it any more.
        self._parting: dict[int, Callable[[], None]] = {}
        self._gone_now: list[int] = []
        self._numbers: dict[bytes, int] = {}
        self._next = 0
        #: Files that workers have open: number and how many objects in them are told, by descriptor.
        self._files: dict[int, list[int]] = {}
        self._told: tuple[dict[str, str], dict[str, float]] = ({}, {})
        self._failures: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._renewing = asyncio.Lock()
        self._looked = time.monotonic()
        self._stopping = False

    def start(self) -> None:
        """Start them all; the first process serves until they are ready."""
        if self.count < 2:
            return
        self._store.on_hit, self._store.on_gone = self._hit, self._gone
        for hit in self._store.hits.values():
            self._number(hit)
        for share in range(self.count):
            self._start(share)

    @property
    def serving(self) -> int:
        """Processes that serve, at least one."""
        return max(1, sum(worker.ready for worker in self._workers))

    def shown(self) -> dict[str, Any]:
        """For /health."""
        found = [
            {
                "pid": worker.pid,
                "ready": worker.ready,
                "connections": worker.connections,
                "bytes": worker.bytes,
            }
            for worker in self._workers
        ]
        return {"worker_processes": found}

    # Their lives ------------------------------------------------------------------------------------------

    def _start(self, share: int) -> None:
        if self._stopping:
            return
        try:
            worker = Process(share, self._hear, self._ended)
        except OSError as error:
            log.error("a worker cannot be started: %s", error.strerror)
            self._again(share)
            return
        self._workers.append(worker)
        config = self._server.config
        most = dataclasses.replace(config, connections=max(1, config.connections // self.count))
        settings: dict[str, Any] = {name: getattr(most, name) for name in most.__slots__}
        paths = [name for name, value in settings.items() if isinstance(value, Path)]
        settings |= {name: str(settings[name]) for name in paths} | {"_paths": paths}
        worker.channel.tell("config", settings, fds=[self._server.listeners[share].dup()])
        self._tell_secrets([worker], self._secrets())
        self._tell_now([worker])
        # What comes from now on it is told like all others.
        self._later(self._introduce(worker, list(self._store.hits.values())))

    async def _introduce(self, worker: Process, hits: list[Hit]) -> None:
        """Tell a new worker what is here: as fast as it takes it in, and not in one go, for that may be half a million
        objects and viewers wait. What has gone again meanwhile is not told."""
        known = self._store.hits
        for start in range(0, len(hits), _ROWS):
            if here := [hit for hit in hits[start : start + _ROWS] if known.get(hit.key) is hit]:
                self._tell_hits(worker, here)
            await asyncio.sleep(0.01 if worker.channel.waiting else 0)
        worker.channel.tell("accept")

    def _again(self, share: int) -> None:
        """Start another in a moment."""
        failures = self._failures[share] = self._failures.get(share, -1) + 1
        wait = min(AGAIN_MOST, AGAIN_SECONDS * 2**failures)
        asyncio.get_running_loop().call_later(wait, self._start, share)

    def _ended(self, worker: Process) -> None:
        """A worker's channel is closed: it is gone, or has to be."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        with contextlib.suppress(OSError):
            worker.process.kill()
        self._dying.append(worker)
        self._later(self._bury(worker))
        self._count_connections()
        if self._stopping:
            return
        if self._at(worker.share) is None:
            self._server.leave_share(worker.share, left=False)
            if worker.retiring:  # the next one is on its way
                return
            log.warning("worker %d is gone; this process takes its place until another is ready", worker.pid)
            self._again(worker.share)

    async def _bury(self, worker: Process) -> None:
        """What it was sending is free when it has ended: a killed one may be in the middle of a `sendfile`."""
        await asyncio.to_thread(worker.process.wait)
        self._dying.remove(worker)
        for number in worker.owes.copy():
            self._done(worker, [number])

    def look(self) -> None:
        """Once a second: what is new is told, and who says nothing any more is replaced."""
        now = time.monotonic()
        late, self._looked = now - self._looked > 2.0, now  # it is this process that slept
        for worker in tuple(self._workers):
            patience = SILENT_SECONDS if worker.ready else READY_SECONDS
            if late:
                worker.heard = now
            elif now - worker.heard > patience:
                log.error("worker %d has said nothing for %.0f s and is killed", worker.pid, patience)
                worker.kill()
        self.tell()

    def renew(self) -> None:
        """Replace the workers, one after the other; no connection is cut (SIGHUP)."""
        log.info("renewing the workers")
        self._later(self._renew())

    async def _renew(self) -> None:
        async with self._renewing:
            for old in [worker for worker in self._workers if not worker.retiring]:
                old.retiring = True
                self._start(old.share)
                deadline = time.monotonic() + READY_SECONDS
                while time.monotonic() < deadline and self._at(old.share) is None:
                    await asyncio.sleep(0.05)
                if self._at(old.share) is None:
                    log.error("no worker could take the place of %d, which goes on", old.pid)
                    old.retiring = False
                    continue
                old.channel.tell("retire")
                asyncio.get_running_loop().call_later(RETIRE_SECONDS, old.kill)

    def stop(self) -> None:
        """Let them finish what they are sending."""
        self._stopping = True
        for worker in self._workers:
            worker.channel.tell("stop")

    def close(self) -> None:
        """End those that are left."""
        self._stopping = True
        for worker in tuple(self._workers):
            worker.kill()

    def _later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # What they are told -----------------------------------------------------------------------------------

    def tell(self) -> None:
        """Tell keys, denied sessions and the moment, where they are new."""
        secrets = self._secrets()
        if secrets != self._told:
            self._tell_secrets(self._workers, secrets)
            self._told = secrets
        self._tell_now(self._workers)

    def _secrets(self) -> tuple[dict[str, str], dict[str, float]]:
        state = self._identity.state
        return dict(state.keys), dict(state.deny)

    def _tell_secrets(self, workers: list[Process], secrets: tuple[dict[str, str], dict[str, float]]) -> None:
        keys, deny = secrets
        denied = list(deny.items())
        for worker in workers:
            worker.channel.tell("keys", keys)
            for start in range(0, max(1, len(denied)), _DENIED):
                part = dict(denied[start : start + _DENIED])
                worker.channel.tell("deny", part, start == 0, start + _DENIED >= len(denied))

    def _tell_now(self, workers: list[Process]) -> None:
        server = self._server
        verdicts = server.verdicts
        for worker in workers:
            worker.channel.tell(
                "now", self._greeted(), server.slow_only, verdicts.in_grace, verdicts.skew, server.hint.decode(),
                server.egress_bps,
            )  # fmt: skip

    def _hit(self, hit: Hit) -> None:
        self._number(hit)
        for worker in self._workers:
            self._tell_hits(worker, [hit])

    def _number(self, hit: Hit) -> None:
        self._next += 1
        self._numbers[hit.key] = self._next
        self._files.setdefault(hit.file.fd, [self._next, 0])[1] += 1

    def _tell_hits(self, worker: Process, hits: list[Hit]) -> None:
        for hit in hits:
            number = self._files[hit.file.fd][0]
            if number not in worker.files:
                worker.files.add(number)
                worker.channel.tell("file", number, fds=[hit.file.fd])
        worker.channel.tell("hits", [self._row_of(hit) for hit in hits])

    def _row_of(self, hit: Hit) -> list[Any]:
        """Number, package, rendition, its index, file, number in it, wire name, place, length, hash, CRC, type, whether
        the next segment is missing, whether it is kept in memory, whether it was read from the disk."""
        rendition = hit.rendition
        kind = hit.head[len("Content-Type: ") : hit.head.index(b"\r\n")].decode()
        return [
            self._numbers[hit.key], rendition.package, rendition.name, rendition.index, self._files[hit.file.fd][0],
            hit.number, hit.name, hit.offset, hit.length, hit.digest.hex(), hit.crc, kind, hit.lead,
            bool(hit.answer), hit.renew_at > 0,
        ]  # fmt: skip

    def _gone(self, hit: Hit, done: Callable[[], None]) -> None:
        number = self._numbers.pop(hit.key, 0)
        file = self._files[hit.file.fd]
        file[1] -= 1
        if not file[1]:
            del self._files[hit.file.fd]
        self._parting[number] = done
        for worker in self._workers:
            worker.owes.add(number)
            if not file[1] and file[0] in worker.files:
                worker.files.discard(file[0])
                worker.channel.tell("closed", file[0])
        self._gone_now.append(number)
        if len(self._gone_now) == 1:  # a whole package goes at once
            asyncio.get_running_loop().call_soon(self._tell_gone)

    def _tell_gone(self) -> None:
        numbers, self._gone_now = self._gone_now, []
        for worker in self._workers:
            for start in range(0, len(numbers), _GONE):
                worker.channel.tell("gone", numbers[start : start + _GONE])
        for number in numbers:
            self._settle(number)

    def _done(self, worker: Process, numbers: list[int]) -> None:
        for number in numbers:
            worker.owes.discard(number)
            self._settle(number)

    def _settle(self, number: int) -> None:
        if any(number in worker.owes for worker in (*self._workers, *self._dying)):
            return
        done = self._parting.pop(number, None)
        if done is not None:
            done()

    # What they say ----------------------------------------------------------------------------------------

    def _hear(self, worker: Process, word: list[Any], fds: list[int]) -> None:
        worker.heard = time.monotonic()
        kind, *rest = word
        if kind == "rows":
            self._note(worker, rest[0])
        elif kind == "count":
            self._count_in(worker, *rest)
        elif kind == "take":
            self._take(socket.socket(fileno=fds[0]), base64.b64decode(rest[0]))
        elif kind == "opened":
            worker.verdicts[rest[0]] = self._verdict(rest[1].encode())
        elif kind == "over":
            for number in rest[0]:
                worker.verdicts.pop(number, None)
        elif kind == "done":
            self._done(worker, rest[0])
        elif kind == "ahead":
            hit = self._store.hits.get(rest[0].encode())
            if hit is not None:
                self._server.ahead(hit, rest[1].encode("latin-1"))
        elif kind == "renew":
            hit = self._store.hits.get(rest[0].encode())
            if hit is not None:
                self._server.renew(hit)
        elif kind == "doubt":
            hit = self._store.hits.get(rest[0].encode())
            if hit is not None:
                self._server.doubt(hit, rest[1])
        elif kind == "ready":
            worker.ready = True
            self._failures.pop(worker.share, None)
            self._server.leave_share(worker.share, left=True)
            self._server.on_idle = self._give

    def _take(self, sock: socket.socket, data: bytes) -> None:
        """A worker cannot go on with this connection, or has been replaced."""
        if self._server.stopping:
            sock.close()
        elif data or (worker := self._least()) is None:
            self._server.adopt(sock, data)
        else:
            worker.channel.tell("serve", "", fds=[sock])

    def _give(self, connection: Connection) -> None:
        """A connection here has its answer: a worker goes on with it."""
        worker = self._least()
        if worker is None or self._server.slow_only or type(connection) is not Connection:
            return
        sock, data = self._server.part_with(connection)
        worker.channel.tell("serve", base64.b64encode(data).decode(), fds=[sock])
        worker.connections += 1

    def _at(self, share: int) -> Process | None:
        return next((worker for worker in self._workers if worker.share == share and worker.ready
                     and not worker.retiring), None)  # fmt: skip

    def _least(self) -> Process | None:
        since = time.monotonic() - QUIET_SECONDS
        ready = [
            worker
            for worker in self._workers
            if worker.ready and not worker.retiring and worker.heard > since
        ]
        return min(ready, key=lambda worker: worker.connections, default=None)

    def _verdict(self, token: bytes) -> Verdict:
        """The verdict on a token that a worker serves; what was denied since then is only noted."""
        verdicts, now = self._server.verdicts, self._server.now
        try:
            verdict = verdicts.judge(token, now=now)
        except BadToken:
            return _nobody()
        verdicts.remember(token, verdict)
        return verdict

    def _note(self, worker: Process, rows: list[list[Any]]) -> None:
        """Answers of a worker count as this process's own."""
        hits, note = self._store.hits, self._server.note
        for number, at, took, first, text, status, sent, cache in rows:
            verdict = worker.verdicts.get(number) or _nobody()
            target, seconds = text.encode("latin-1"), at / 1000
            verdict.seen = max(verdict.seen, seconds)
            hit = hits.get(target.partition(b"?")[0])
            if hit is not None:
                hit.visited += 1
                hit.used = hit.package_open.used = seconds
            if note is not None:
                since = seconds - took / 1000
                note((seconds, since, since + first / 1000, verdict, target, status, sent, cache))

    def _count_in(
        self, worker: Process, connections: int, sent: int, hits: int, aborted: int, refused: int
    ) -> None:
        server = self._server
        worker.connections = connections
        worker.bytes += sent
        server.bytes_out += sent
        server.hit_count += hits
        server.aborted += aborted
        server.refused += refused
        self._count_connections()

    def _count_connections(self) -> None:
        self._server.elsewhere = sum(worker.connections for worker in self._workers)


def _nobody() -> Verdict:
    """Whose answer it was is not known any more."""
    return Verdict(b"", 0, 0.0, 0.0, b"\0" * 16)
