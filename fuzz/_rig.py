"""A node without network, disk and clock: the real connection, reader and responder over a socket made of lists."""

import asyncio
import base64
import os
import tempfile
import zlib
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from cdn.ed25519 import Ed25519PrivateKey
from cdn.edge import config as configuration
from cdn.edge.admission import Admission
from cdn.edge.connection import Connection
from cdn.edge.files import OwnedFd
from cdn.edge.fill import Failed
from cdn.edge.held import Hit, Open
from cdn.edge.http import Request
from cdn.edge.manifest import parse
from cdn.edge.responder import Responder
from cdn.edge.server import Server
from cdn.edge.store import Store
from cdn.edge.verdicts import Verdicts
from cdn.edge.worker import Table, WorkerResponder, WorkerServer
from cdn.signing import Token, encode
from tests.edge.harness import make_package

NOW = 1_800_000_000.0
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
KEYS = {1: KEY.public_key()}
PACKAGE, MANIFEST, OBJECTS = make_package(segments=3, size=700, seed=3)
SESSION = UUID(int=7).bytes
HEADERS = b"Host: n1\r\nUser-Agent: fuzz\r\nAccept: */*\r\n\r\n"


def _token(mask: int = 0xFF, *, package: str = PACKAGE, session: bytes = SESSION, lasts: int = 900) -> str:
    said = Token(1, session, b"acct", bytes.fromhex(package), mask, int(NOW) - 10, int(NOW) + lasts)
    return encode(said, KEY)


DENIED = b"d" * 16
#: What each signed token opens: the renditions of the one package that is here.
OPENS: dict[str, frozenset[str]] = {
    _token(): frozenset({"v720", "a-en", "t-en"}),
    _token(0b010): frozenset({"a-en"}),
    _token(lasts=-5): frozenset(),
    _token(package="ab" * 16): frozenset(),
    _token(session=DENIED): frozenset(),
}
TOKENS = tuple(OPENS)


class Socket:
    """What a client sent, and what it was answered."""

    def __init__(self) -> None:
        self.waiting = self.got = b""
        self.closed = False

    def fileno(self) -> int:
        """No descriptor: everything here is small enough to be answered from memory."""
        return -1

    def recv(self, size: int) -> bytes:
        """What waits, as much as fits."""
        if not self.waiting:
            raise BlockingIOError
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def send(self, data: bytes, flags: int = 0) -> int:
        """Take everything."""
        assert not self.closed
        self.got += data
        return len(data)

    def close(self) -> None:
        """The node hangs up."""
        self.closed = True


class Prompt(Responder):
    """Answers that would wait are given at once: nothing here has anything to wait for."""

    def _later(self, connection: Connection, request: Request, work: Coroutine[Any, Any, None]) -> None:
        connection.busy = True
        try:
            work.send(None)
        except StopIteration:
            return
        except Failed as failure:
            self._text(connection, request, failure.status, str(failure))
            return
        raise AssertionError("an answer waits for something")


class Strict(Connection):
    """A connection without the fast path."""

    __slots__ = ()

    def _fast(self, data: bytes) -> bool:
        return False


class Node:
    """A node that holds one package."""

    def __init__(self, *, fast: bool) -> None:
        index = parse(PACKAGE, MANIFEST)
        package = Open(index)
        self.hits: dict[bytes, Hit] = {}
        self._files: dict[str, OwnedFd] = {}
        for place, data in OBJECTS.items():
            rendition, _, name = place.partition("/")
            spec = index.spec(rendition.encode(), name.encode())
            assert spec is not None
            file = self._files.setdefault(rendition, OwnedFd(os.memfd_create("fuzz")))
            os.pwrite(file.fd, data, spec.offset)
            hit = Hit(spec, file, b"h" * 32, zlib.crc32(data), package)
            assert hit.read_small()
            self.hits[hit.key] = hit
        self.verdicts = _verdicts()
        config = self.config = configuration.read(
            ["--origin", "http://127.0.0.1:9", "--listen", "127.0.0.1:9", "--cache-gb", "1"]
        )
        # A real one, in which nothing lies: what it holds is put on its table here.
        self._folder = tempfile.TemporaryDirectory(prefix="netflixlite-fuzz-")
        store = Store(Path(self._folder.name), 1 << 30)
        store.hits.update(self.hits)
        filler: Any = SimpleNamespace(ahead=lambda *_: None, package=self._package, fills={})
        self._index = index
        self.server = Server(config, store, filler, self.verdicts)
        self.hits = store.hits
        self._kind = Connection if fast else Strict
        _stop_clock(self.server)
        greeted = asyncio.Event()
        greeted.set()
        self.server.responder = Prompt(
            self.server, prove=lambda nonce: "proof", health=dict, problems=list, refusal=lambda known: 0,
            unknown_key=_no_key, greeted=greeted, admission=Admission(self.verdicts, config.capacity_bps),
        )  # fmt: skip

    async def _package(self, package: str) -> Any:
        if package != PACKAGE:
            raise Failed(404, "unknown package")
        return self._index

    def ask(self, chunks: list[bytes]) -> bytes:
        """Everything that a client is answered who sends these chunks one after the other and then waits."""
        sock: Any = Socket()
        connection = self._kind(self.server, sock)
        for chunk in chunks:
            sock.waiting += chunk
            while sock.waiting and not sock.closed:
                connection.unread = True
                connection.read()
                _end_round(self.server)
                connection = self.passed(connection)
            connection = self.idle(connection)
        ended = sock.closed
        if not ended:
            connection.close()
        return bytes(sock.got + (b"<closed>" if ended else b""))

    def passed(self, connection: Connection) -> Connection:
        """Who goes on with this client: another process may have to."""
        return connection

    def idle(self, connection: Connection) -> Connection:
        """Who goes on with a client that has its answers."""
        return connection


class _Channel:
    """What a worker tells the first process."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, bytes]] = []

    def tell(self, *word: Any, fds: Any = ()) -> None:
        """Only connections that are handed over matter here."""
        if word[0] == "take":
            self.taken.append((fds[0], base64.b64decode(word[1])))


class _Worker(WorkerServer):
    """A worker's server without a loop."""

    def part_with(self, connection: Connection) -> tuple[Any, bytes]:
        """The socket and what was read."""
        return connection.sock, connection.depart()


class WorkerNode(Node):
    """A node of two processes: a worker that was told of some objects, and the first process, which takes the rest."""

    def __init__(self) -> None:
        super().__init__(fast=True)
        self._first, self._channel = self.server, _Channel()
        table = Table()
        for number, (rendition, file) in enumerate(self._files.items()):
            if rendition != "t-en":
                table.add_file(number, os.dup(file.fd))
                for hit in self.hits.values():
                    if hit.rendition.name == rendition:
                        table.add(self._row(number, hit))
        verdicts, channel = _verdicts(), cast(Any, self._channel)
        worker = _Worker(self.config, table, verdicts, channel)
        responder = worker.responder = WorkerResponder(worker, Admission(verdicts, self.config.capacity_bps))
        responder.greet()
        _stop_clock(worker)
        self.server = worker

    def _row(self, file: int, hit: Hit) -> list[Any]:
        kind = hit.head[len("Content-Type: ") : hit.head.index(b"\r\n")].decode()
        name = hit.rendition.name
        return [
            hash(hit.key), PACKAGE, name, hit.rendition.index, file, hit.number, hit.name, hit.offset, hit.length,
            hit.digest.hex(), hit.crc, kind, False, True, False,
        ]  # fmt: skip

    def passed(self, connection: Connection) -> Connection:
        """The first process goes on with what the worker handed over."""
        if self._channel.taken:
            sock, data = self._channel.taken.pop()
            return self._go_on(self._first, sock, data)
        return connection

    def idle(self, connection: Connection) -> Connection:
        """And gives it back as soon as it has its answers."""
        if connection.server is self._first and not connection.busy and not connection.closed:
            data = connection.depart()
            return self.passed(self._go_on(self.server, connection.sock, data))
        return connection

    def _go_on(self, server: Server, sock: Any, data: bytes) -> Connection:
        connection = Connection(server, sock)
        connection.inbox, connection.unread = data, True
        connection.go_on()
        _end_round(server)
        return connection


def _end_round(server: Server) -> None:
    while server.turns or server.small:
        server.end_round()


def _verdicts() -> Verdicts:
    found = Verdicts()
    found.set_keys({"1": KEY.public_key().public_bytes_raw().hex()})
    found.set_denied({DENIED.hex(): NOW + 900})
    return found


def _stop_clock(server: Server) -> None:
    server.date, server.ok_line = b"Date: D\r\n", b"HTTP/1.1 200 OK\r\nDate: D\r\n"
    server.now = NOW


async def _no_key() -> bool:
    return False


def root() -> Path:
    """Where the corpora are."""
    return Path(__file__).resolve().parent / "corpus"
