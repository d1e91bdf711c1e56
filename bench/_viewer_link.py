"""A simulated viewer's connection to a node or to the site: HTTP/1.1, one request at a time, bodies counted."""

import asyncio
import time
from dataclasses import dataclass

_SCRAP = bytearray(1 << 18)


class Failed(Exception):
    """A node did not give what was asked: its status, or 'silent', 'refused', 'cut off'."""


@dataclass(slots=True)
class Answer:
    """What came: the body only when it was wanted."""

    status: int
    bytes: int
    cmsd: str
    first: float
    body: bytes = b""


class Link(asyncio.BufferedProtocol):
    """A connection: one request at a time. Bodies are counted and thrown away, or kept when they are the site's."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._left = -1
        self._keep = False
        self._body = bytearray()
        self._answer: Answer | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self.heard = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @property
    def open(self) -> bool:
        """Whether it can be asked."""
        return self.transport is not None and not self.transport.is_closing()

    def ask(self, message: bytes, *, keep: bool = False) -> "asyncio.Future[Answer]":
        """Send a request; its answer comes when all of it is there."""
        assert self.transport is not None
        self._head, self._body, self._left, self._keep = bytearray(), bytearray(), -1, keep
        self._waiting = asyncio.get_running_loop().create_future()
        self.heard = 0.0
        self.transport.write(message)
        return self._waiting

    def get_buffer(self, hint: int) -> bytearray:
        return _SCRAP

    def buffer_updated(self, count: int) -> None:
        self.heard = time.monotonic()
        if self._left < 0:
            self._head += _SCRAP[:count]
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            rest = self._head[end + 4 :]
            self._begin(bytes(self._head[:end]))
        else:
            rest = _SCRAP[:count] if self._keep else bytearray()
            self._left -= 0 if self._keep else count
        if rest:
            self._left -= len(rest)
            if self._keep:
                self._body += rest
        if self._left <= 0:
            self._finish()

    def _begin(self, head: bytes) -> None:
        lines = head.split(b"\r\n")
        fields = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(b":") for line in lines[1:])
        }
        self._left = int(fields.get(b"content-length", b"0"))
        self._answer = Answer(
            int(lines[0].split(b" ")[1]), self._left, fields.get(b"cmsd-dynamic", b"").decode(), self.heard
        )

    def _finish(self) -> None:
        waiting, answer = self._waiting, self._answer
        self._waiting = None
        if waiting and answer and not waiting.done():
            answer.body = bytes(self._body)
            waiting.set_result(answer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(Failed("cut off"))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()
