"""A node without network, disk and clock: the real connection, reader and responder over a socket made of lists."""

import asyncio
import os
from collections.abc import Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any
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
from cdn.edge.verdicts import Verdicts
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
        for place, data in OBJECTS.items():
            rendition, _, name = place.partition("/")
            spec = index.spec(rendition.encode(), name.encode())
            assert spec is not None
            hit = Hit(spec, OwnedFd(os.open("/dev/null", os.O_RDONLY)), b"h" * 32, 0, package)
            hit.body = data
            self.hits[hit.key] = hit
        self.verdicts = Verdicts()
        self.verdicts.set_keys({"1": KEY.public_key().public_bytes_raw().hex()})
        self.verdicts.set_denied({DENIED.hex(): NOW + 900})
        config = configuration.read(
            ["--origin", "http://127.0.0.1:9", "--listen", "127.0.0.1:9", "--cache-gb", "1"]
        )
        store: Any = SimpleNamespace(hits=self.hits)
        filler: Any = SimpleNamespace(ahead=lambda *_: None, package=self._package, fills={})
        self._index = index
        self.server = Server(config, store, filler, self.verdicts)
        self._kind = Connection if fast else Strict
        self.server.date, self.server.ok_line = b"Date: D\r\n", b"HTTP/1.1 200 OK\r\nDate: D\r\n"
        self.server.now = NOW
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
                while self.server.turns:
                    self.server.turns.popleft().go_on()
        ended = sock.closed
        if not ended:
            connection.close()
        return bytes(sock.got + (b"<closed>" if ended else b""))


async def _no_key() -> bool:
    return False


def root() -> Path:
    """Where the corpora are."""
    return Path(__file__).resolve().parent / "corpus"
