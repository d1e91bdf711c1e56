"""HTTP/1.1 as the stage's network speaks it: just enough to pass requests on, and answers piece by piece."""

import asyncio
import socket
import sys
from dataclasses import dataclass
from typing import Any

#: Bytes that are read and sent at once: 8 ms of a link of 8 Mbit/s.
PIECE = 8 * 1024
#: The most of a head or of a request's body, in bytes.
LIMIT = 1 << 20


class Broken(Exception):
    """This connection ends here."""


class Head:
    """The head of a request or an answer."""

    def __init__(self, data: bytes) -> None:
        first, *lines = data.decode("latin-1").rstrip("\r\n").split("\r\n")
        self.first = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines if ":" in line)
        self.headers = {name.strip().lower(): value.strip() for name, value in pairs}

    @property
    def method(self) -> str:
        """Of a request."""
        return self.first[0]

    @property
    def path(self) -> str:
        """Of a request, with its query."""
        return self.first[1]


@dataclass
class Source:
    """An answer as it comes. `length` is -1 when only its end will tell."""

    status: int
    head: bytes
    length: int
    data: bytes = b""
    reader: asyncio.StreamReader | None = None
    chunked: bool = False

    async def pieces(self) -> Any:
        """The body, piece by piece. Raises Broken when it ends too soon."""
        if self.reader is None:
            for start in range(0, self.length, PIECE):
                yield self.data[start : start + PIECE]
        elif self.chunked:
            size = -1
            while size:
                line = await self.reader.readuntil(b"\r\n")
                size = int(line.split(b";")[0], 16)
                yield line + await self.reader.readexactly(size + 2)
        else:
            left = self.length if self.length >= 0 else sys.maxsize
            while left and (piece := await self.reader.read(min(left, PIECE))):
                left -= len(piece)
                yield piece
            if left and self.length >= 0:
                raise Broken("cut off")


class Upstream:
    """The connection to the real server behind a door, for one connection of a viewer."""

    def __init__(self, to: tuple[str, int]) -> None:
        self._to = to
        self._pair: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._pair is None or self._pair[0].at_eof():
            self.close()
            sock = socket.socket()
            # Little between the server and us: what it has sent is nearly what the viewer has.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE)
            sock.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(sock, self._to)
                self._pair = await asyncio.open_connection(sock=sock, limit=4 * PIECE)
            except OSError as error:
                sock.close()
                raise Broken("refused") from error
        return self._pair

    async def ask(self, asked: bytes, method: str) -> Source:
        """Pass a request on; → its answer. Raises Broken when none comes."""
        for again in (True, False):
            reader, writer = await self._connected()
            try:
                writer.write(asked)
                raw = await reader.readuntil(b"\r\n\r\n")
                while raw.split(b" ", 2)[1] == b"100":
                    raw = await reader.readuntil(b"\r\n\r\n")
                break
            except (asyncio.IncompleteReadError, OSError) as error:
                self.close()
                if not again:
                    raise Broken("no answer") from error
        answer = Head(raw)
        status = int(answer.first[1])
        chunked = "chunked" in answer.headers.get("transfer-encoding", "")
        length = int(answer.headers.get("content-length", -1))
        if method == "HEAD" or status in (204, 304):
            return Source(status, raw, 0)
        return Source(status, raw, length, reader=reader, chunked=chunked)

    async def tunnel(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass everything on, both ways, until one side ends."""
        down, up = await self._connected()
        up.write(head)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(LIMIT):
                sink.write(data)
                await sink.drain()

        both = [asyncio.create_task(pump(down, writer)), asyncio.create_task(pump(reader, up))]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in both:
                one.cancel()

    def close(self) -> None:
        """Hang up."""
        if self._pair is not None:
            self._pair[1].transport.abort()
            self._pair = None
