"""One process more of a node: it serves what the first process (`cdn.edge.workers`) tells it is here, and nothing else.

It knows the verified objects, where they lie, the keys and the denied sessions. A request that it cannot answer with
these goes back to the first process: the connection itself does, with what was read of it. So there is one cache, one
journal, one heartbeat, and every rule that is hard to keep twice is kept once.
"""

import array
import asyncio
import base64
import contextlib
import ctypes
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from cdn.edge.admission import Admission
from cdn.edge.channel import Channel
from cdn.edge.config import Config
from cdn.edge.connection import Connection, Note
from cdn.edge.files import OwnedFd
from cdn.edge.held import RENEW_AFTER, Hit, Open
from cdn.edge.http import Request
from cdn.edge.loop import Loop, spare_viewers
from cdn.edge.manifest import PackageIndex, RenditionIndex, Spec
from cdn.edge.responder import OBJECT, Responder
from cdn.edge.server import Server
from cdn.edge.verdicts import Verdict, Verdicts
from cdn.signing import BadToken

log = logging.getLogger("edge")

#: How often the first process hears what was done here, in seconds.
REPORT_SECONDS = 0.25
#: Answers in one word, and what is kept of a player's query in each, in bytes.
ROWS, TARGET_MOST = 60, 700
#: What no word from the control plane will change: a flood of such tokens must not reach the first process.
_FIRM = frozenset({"shape", "version", "signature", "denied", "package"})
_PR_SET_PDEATHSIG = 1
#: Beyond so many tokens, those are forgotten that were not used for so long, in seconds.
TOKENS_MOST, TOKEN_SECONDS = 20_000, 3600.0


class Table:
    """What may be served, as told."""

    def __init__(self) -> None:
        self.hits: dict[bytes, Hit] = {}
        self._numbers: dict[int, Hit] = {}
        self._files: dict[int, OwnedFd] = {}
        #: As long as something of them is here: `busy` counts that.
        self._packages: dict[str, Open] = {}
        self._renditions: dict[str, dict[str, RenditionIndex]] = {}
        #: Told to be gone, and still being sent.
        self._parting: dict[int, Hit] = {}

    def add_file(self, number: int, fd: int) -> None:
        """A file in which objects lie."""
        self._files[number] = OwnedFd(fd)

    def drop_file(self, number: int) -> None:
        """No object lies there any more; who is being sent one keeps it open."""
        self._files.pop(number, None)

    def add(self, row: list[Any]) -> None:
        """An object that was verified (`Workers.row_of` says what is in a row)."""
        number, package, name, index, file, at, wire, offset, length, digest, crc, kind, lead, small, read = (
            row
        )
        rendition = self._rendition(package, name, index)
        spec = Spec(rendition, at, wire, offset, length, None, kind)
        hit = Hit(spec, self._files[file], bytes.fromhex(digest), crc, self._packages[package])
        if small and not hit.read_small():
            return  # the first process will find that too, and say so
        hit.lead, hit.renew_at = lead, RENEW_AFTER if read else 0
        hit.package_open.busy += 1
        self._numbers[number] = self.hits[hit.key] = hit
        if before := self._neighbour(hit):
            before.lead = False

    def remove(self, numbers: list[int]) -> list[int]:
        """These objects go; → those that nobody here is being sent."""
        for number in numbers:
            hit = self._numbers.pop(number, None)
            if hit is None:
                continue
            if self.hits.get(hit.key) is hit:
                del self.hits[hit.key]
            if before := self._neighbour(hit):
                before.lead = True
            hit.package_open.busy -= 1
            if not hit.package_open.busy:
                del self._packages[hit.rendition.package], self._renditions[hit.rendition.package]
            if hit.readers:
                self._parting[number] = hit
        return [number for number in numbers if number not in self._parting]

    def parted(self) -> list[int]:
        """Objects that were still being sent when they went, and are not any more."""
        done = [number for number, hit in self._parting.items() if not hit.readers]
        for number in done:
            del self._parting[number]
        return done

    def _rendition(self, package: str, name: str, index: int) -> RenditionIndex:
        """As much of a rendition as serving takes."""
        known = self._renditions.setdefault(package, {})
        found = known.get(name)
        if found is None:
            found = known[name] = RenditionIndex(
                package=package, name=name, index=index, kind="", offsets=array.array("Q"), lengths=array.array("Q"),
                digests=b"", init=None, playlist_offset=0, playlist_length=0, playlist_sha256=b"",
            )  # fmt: skip
        if package not in self._packages:
            self._packages[package] = Open(PackageIndex(package, {}))
        return found

    def _neighbour(self, hit: Hit) -> Hit | None:
        """The segment before this one."""
        if not hit.number or not hit.name.endswith(".m4s"):
            return None
        return self.hits.get(f"{hit.rendition.package}/{hit.rendition.name}/{hit.number - 1}.m4s".encode())


class WorkerServer(Server):
    """The connections of this process."""

    def __init__(self, config: Config, table: Table, verdicts: Verdicts, channel: Channel) -> None:
        # Neither cache nor filler is here: what would ask them is answered by the first process.
        super().__init__(config, table, None, verdicts)  # type: ignore[arg-type]
        self._channel = channel
        #: The tokens that the first process knows by these numbers.
        self.opened: dict[Verdict, int] = {}
        self._next = 0

    def name_token(self, verdict: Verdict, token: bytes) -> None:
        """The first process hears which token a verdict is about, once."""
        if verdict not in self.opened:
            self._next += 1
            self.opened[verdict] = self._next
            self._channel.tell("opened", self._next, token.decode())

    def forget_tokens(self) -> None:
        """Those that nobody has used for long."""
        old = {
            verdict: number
            for verdict, number in self.opened.items()
            if self.now - verdict.seen > TOKEN_SECONDS
        }
        for verdict in old:
            del self.opened[verdict]
        numbers = list(old.values())
        for start in range(0, len(numbers), 1000):
            self._channel.tell("over", numbers[start : start + 1000])

    def ahead(self, hit: Hit, query: bytes) -> None:
        """The first process may fetch what follows."""
        self._channel.tell("ahead", hit.key.decode(), query[:TARGET_MOST].decode("latin-1"))

    def renew(self, hit: Hit) -> None:
        """The first process may write it anew."""
        hit.renew_at = 0
        self._channel.tell("renew", hit.key.decode())

    def damaged(self, connection: Connection, hit: Hit, words: str) -> None:
        """The first process looks after that, and answers."""
        self.doubt(hit, words)
        if not connection.closed:
            self.hand_over(connection)

    def doubt(self, hit: Hit, words: str) -> None:
        """The first process hears of it; not when the object went meanwhile: its bytes may be a hole by now."""
        if self.hits.get(hit.key) is hit:
            del self.hits[hit.key]
            self._channel.tell("doubt", hit.key.decode(), words)

    def hand_over(self, connection: Connection) -> None:
        """Let the first process go on with this connection."""
        sock, data = self.part_with(connection)
        self._channel.tell("take", base64.b64encode(data).decode(), fds=[sock])


class WorkerResponder(Responder):
    """Answers what the table has for good tokens; all else is the first process's."""

    def __init__(self, server: WorkerServer, admission: Admission) -> None:
        super().__init__(
            server, prove=str, health=dict, problems=list, refusal=lambda known: 0, unknown_key=_no_key,
            greeted=asyncio.Event(), admission=admission,
        )  # fmt: skip
        self._mine = server

    def answer(self, connection: Connection, request: Request) -> None:
        """Answer now, or hand the connection over."""
        if request.method not in ("GET", "HEAD"):
            super().answer(connection, request)  # no matter what is held
            return
        found = OBJECT.match(request.target)
        if found is None or not self._greeted.is_set() or self._mine.slow_only:
            self._mine.hand_over(connection)
            return
        try:
            verdict = self._judge(found[1], found[2])
        except BadToken as error:
            if error.reason in _FIRM:
                self._text(connection, request, 403, f"token: {error.reason}")
            else:
                self._mine.hand_over(connection)
            return
        hit = self._mine.hits.get(b"%s/%s/%s" % found.groups()[1:])
        elsewhere = self._admission.busy and not self._known(verdict)
        if hit is None or not verdict.mask & hit.bit or elsewhere:
            self._mine.hand_over(connection)
            return
        verdict.seen = self._mine.now
        self._mine.verdicts.remember(found[1], verdict)
        self._mine.name_token(verdict, found[1])
        connection.enter_in_books(verdict, "HIT")
        self._hit(connection, request, hit)

    def greet(self) -> None:
        """The first process has heard the control plane: what it told us may be served."""
        self._greeted.set()


async def _no_key() -> bool:
    return False


class Worker:
    """This process."""

    def __init__(self, sock: socket.socket) -> None:
        self.table, self.verdicts = Table(), Verdicts()
        self.ended = asyncio.Event()
        self._rows: list[Note] = []
        self._told = [0, 0, 0, 0]
        self._deny: dict[str, float] = {}
        self._retiring = False
        self._server: WorkerServer | None = None
        self._channel = Channel(sock, on_word=self._hear, on_end=self.ended.set)

    async def run(self) -> None:
        """Serve until the first process is gone or this one has retired."""
        while not self.ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), REPORT_SECONDS)
            self._report()

    # What is told -----------------------------------------------------------------------------------------

    def _hear(self, word: list[Any], fds: list[int]) -> None:
        getattr(self, f"_on_{word[0]}")(*word[1:], *([fds] if fds else []))

    def _on_config(self, settings: dict[str, Any], fds: list[int]) -> None:
        paths = {name: Path(settings[name]) for name in settings.pop("_paths")}
        config = Config(**{**settings, **paths})
        self._server = server = WorkerServer(config, self.table, self.verdicts, self._channel)
        self._admission = Admission(self.verdicts, config.capacity_bps)
        server.responder = self._responder = WorkerResponder(server, self._admission)
        server.note = self._rows.append
        server.attend([socket.socket(fileno=fds[0])])
        server.leave_share(0, left=True)

    def _on_file(self, number: int, fds: list[int]) -> None:
        self.table.add_file(number, fds[0])

    def _on_closed(self, number: int) -> None:
        self.table.drop_file(number)

    def _on_hits(self, rows: list[list[Any]]) -> None:
        for row in rows:
            self.table.add(row)

    def _on_gone(self, numbers: list[int]) -> None:
        if done := self.table.remove(numbers):
            self._channel.tell("done", done)

    def _on_keys(self, keys: dict[str, str]) -> None:
        self.verdicts.set_keys(keys)

    def _on_deny(self, deny: dict[str, float], begins: bool, ends: bool) -> None:
        self._deny = deny if begins else self._deny | deny
        if ends:
            self.verdicts.set_denied(self._deny)

    def _on_now(self, greeted: bool, slow: bool, grace: bool, skew: float, hint: str, egress: float) -> None:
        """What the first process knows of the moment."""
        assert self._server is not None
        self.verdicts.cut_off_since = time.monotonic() if grace else None
        self.verdicts.set_skew(skew)
        self._admission.measure(egress)
        self._server.slow_only, self._server.hint = slow, hint.encode()
        if greeted:
            self._responder.greet()

    def _on_serve(self, data: str, fds: list[int]) -> None:
        assert self._server is not None
        sock = socket.socket(fileno=fds[0])
        if self._server.stopping:
            sock.close()
        elif self._retiring:
            self._channel.tell("take", data, fds=[sock])
        else:
            self._server.adopt(sock, base64.b64decode(data))

    def _on_accept(self) -> None:
        """All is told: take this share's new connections."""
        assert self._server is not None
        spare_viewers()
        self._server.leave_share(0, left=False)
        self._channel.tell("ready", os.getpid())

    def _on_retire(self) -> None:
        """Another process takes this one's place: give it what is idle now, and the rest as it becomes so."""
        assert self._server is not None
        self._retiring = True
        self._server.on_idle = self._server.hand_over
        self._server.leave_share(0, left=True)
        for connection in self._server.idle():
            self._server.hand_over(connection)
        self._report()

    def _on_stop(self) -> None:
        assert self._server is not None
        self._retiring = True
        self._server.stop_listening()

    # What is said -----------------------------------------------------------------------------------------

    def _report(self) -> None:
        server = self._server
        if server is None or self._channel.closed:
            return
        if done := self.table.parted():
            self._channel.tell("done", done)
        rows, self._rows[:] = self._rows[:], []
        for start in range(0, len(rows), ROWS):
            self._channel.tell("rows", [self._row(note) for note in rows[start : start + ROWS]])
        if len(server.opened) > TOKENS_MOST:
            server.forget_tokens()
        totals = [server.bytes_out, server.hit_count, server.aborted, server.refused]
        news = [total - told for total, told in zip(totals, self._told, strict=True)]
        self._told = totals
        self._channel.tell("count", server.connections, *news)
        if self._retiring and not server.connections:
            self.ended.set()

    def _row(self, note: Note) -> list[Any]:
        at, since, first, verdict, target, status, sent, cache = note
        assert self._server is not None
        return [
            self._server.opened.get(verdict, 0), int(at * 1000), int((at - since) * 1000), int((first - since) * 1000),
            target[:TARGET_MOST].decode("latin-1"), status, sent, cache,
        ]  # fmt: skip


async def _run(sock: socket.socket) -> None:
    worker = Worker(sock)
    await worker.run()


def main(fd: int) -> None:
    """Serve over the channel with this descriptor; signals that stop a node are the first process's business."""
    # Should the first process die, its port must be free at once.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)-7s %(message)s")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(_run(socket.socket(fileno=fd)))
