"""A small HTTP/1.1 client for the origin and for peers: kept connections, deadlines, answers streamed as they come."""

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from cdn.edge import reach

CONNECT_SECONDS = 3.0
FIRST_BYTE_SECONDS = 10.0
NEXT_BYTE_SECONDS = 10.0
_CHUNK = 256 * 1024
_IDLE_MOST = 16
#: A length has no more digits: Python would refuse to read one of thousands.
_DIGITS_MOST = 18
#: Servers close idle connections; ours are given up before that, in seconds.
_IDLE_SECONDS = 3.0


class OriginAway(Exception):
    """The origin (or a peer) cannot be reached or breaks off; `slow` when it took too long."""

    def __init__(self, words: str, *, slow: bool = False) -> None:
        super().__init__(words)
        self.slow = slow


@dataclass(slots=True)
class Answer:
    """An answer whose body is still on its way: `length` bytes, to be read through `chunks`."""

    status: int
    headers: dict[str, str]
    length: int
    _reader: asyncio.StreamReader
    left: int
    _called: str = "the origin"

    async def read(self, most: int = _CHUNK, *, patience: float = NEXT_BYTE_SECONDS) -> bytes:
        """Some of the body, at most so many bytes, within so many seconds; b"" at its end. Raises OriginAway."""
        if not self.left:
            return b""
        try:
            async with asyncio.timeout(patience):
                chunk = await self._reader.read(min(most, self.left))
        except TimeoutError:
            raise OriginAway(f"{self._called} stopped in the middle of an answer", slow=True) from None
        except OSError as error:
            raise OriginAway(f"{self._called} broke off: {error}") from error
        if not chunk:
            raise OriginAway(f"{self._called} broke off in the middle of an answer")
        self.left -= len(chunk)
        return chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises OriginAway when it breaks off."""
        while chunk := await self.read():
            yield chunk

    async def body(self) -> bytes:
        """All of it."""
        return b"".join([chunk async for chunk in self.chunks()])


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0


class Upstream:
    """The origin, as this node reaches it. At most `connections` requests are under way; others wait.

    `called` is what error messages call it.
    """

    def __init__(self, origin: str, *, connections: int = 16, called: str = "the origin") -> None:
        self._called = called
        parts = urlsplit(origin)
        assert parts.hostname is not None
        self._secure = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port or (443 if self._secure else 80)
        self._host_header = parts.netloc
        # Once: reading the machine's certificates takes tens of milliseconds, which the event loop has not.
        self._context = ssl.create_default_context() if self._secure else None
        self._idle: list[_Connection] = []
        self._closed = False
        self._slots = asyncio.Semaphore(connections)

    def close(self) -> None:
        """Give up the kept connections, and those in use as soon as they are not any more."""
        self._closed = True
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        body: bytes = b"",
        patience: float = FIRST_BYTE_SECONDS,
    ) -> AsyncIterator[Answer]:
        """Send a request; the answer's body is read inside the `with`. Raises OriginAway."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host_header}", "User-Agent: netflixlite-edge"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        message = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        async with self._slots:
            connection, answer = await self._exchange(message, patience)
            whole = False
            try:
                yield answer
                whole = answer.left == 0 and answer.headers.get("connection", "").lower() != "close"
            finally:
                self._release(connection, keep=whole)

    async def _exchange(self, message: bytes, patience: float) -> tuple[_Connection, Answer]:
        """Send on a kept connection if there is one; a kept one that turns out dead costs one fresh try."""
        connection = self._take()
        if connection is not None:
            try:
                return connection, await self._send(connection, message, patience)
            except OriginAway as error:
                self._release(connection, keep=False)
                if error.slow:
                    raise
            except BaseException:  # whoever asked has given up
                self._release(connection, keep=False)
                raise
        connection = await self._connect(patience)
        try:
            return connection, await self._send(connection, message, patience)
        except BaseException:
            self._release(connection, keep=False)
            raise

    async def _send(self, connection: _Connection, message: bytes, patience: float) -> Answer:
        try:
            connection.writer.write(message)
            async with asyncio.timeout(patience):
                block = await connection.reader.readuntil(b"\r\n\r\n")
        except TimeoutError:
            raise OriginAway(f"{self._called} did not answer within {patience:g} s", slow=True) from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise OriginAway(f"{self._called} closed the connection") from error
        return _parse(block, connection.reader, self._called)

    async def _connect(self, patience: float) -> _Connection:
        opening = asyncio.open_connection(self._host, self._port, ssl=self._context, limit=_CHUNK)
        try:
            async with asyncio.timeout(min(CONNECT_SECONDS, patience)):
                reader, writer = await opening
        except TimeoutError:
            raise OriginAway(
                f"no connection to {self._called} within {min(CONNECT_SECONDS, patience):g} s", slow=True
            ) from None
        except ssl.SSLError as error:  # its number is OpenSSL's, not the system's
            raise OriginAway(f"{self._called} cannot be trusted: {reach.distrust(error)}") from error
        except OSError as error:
            words = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
            raise OriginAway(f"{self._called} cannot be reached: {words}") from error
        return _Connection(reader, writer)

    def _take(self) -> _Connection | None:
        while self._idle:
            connection = self._idle.pop()
            fresh = time.monotonic() - connection.idle_since < _IDLE_SECONDS
            if fresh and not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.writer.close()
        return None

    def _release(self, connection: _Connection, *, keep: bool) -> None:
        if keep and len(self._idle) < _IDLE_MOST and not self._closed:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)
        else:
            connection.writer.close()


def _parse(block: bytes, reader: asyncio.StreamReader, called: str) -> Answer:
    lines = block[:-4].decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not _is_number(words[1]):
        raise OriginAway(f"{called} does not speak HTTP")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise OriginAway(f"{called} did not say how long its answer is")
    length = headers.get("content-length", "0" if words[1] in ("204", "304") else "")
    if not _is_number(length):
        raise OriginAway(f"{called} did not say how long its answer is")
    return Answer(int(words[1]), headers, int(length), reader, int(length), called)


def _is_number(text: str) -> bool:
    """Plain digits and not too many. (A superscript two is a digit as well, and no number.)"""
    return text.isascii() and text.isdigit() and len(text) <= _DIGITS_MOST
