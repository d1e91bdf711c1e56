"""The network between a viewer and a stage, as a process: `python -m bench._shim '<configuration in JSON>'`.

One listening door for each place that a viewer fetches from (the site, each node, the bench's own pages). Through a
door goes HTTP/1.1, slowed down to the door's rate and to that of the viewer's link, which all doors share, after a
latency; and a door can be told to misbehave. It is told by JSON on the control door:

POST /set    {"door": name, "fault": {"kind": …}} | {"door", "rate": bit/s} | {"door", "open": false} |
             {"link": bit/s, "latency": s}. Kinds of faults: "" (none), "silent" (nothing comes any more), "status"
             (with `status`, of all objects or, with `one`, of the first picture that is asked for), "stall" (half of
             the body, then nothing), "reset" (half of the body, then the connection is reset), "wrong" (the second
             half of the body is other bytes).
GET  /log    all requests so far: door, path, kind, at, first, end, sent, total, status, range, fault, outcome.
POST /clear  forget them.

Times are seconds since 1970, as a page's clock has them. A closed door refuses connections, and those that are open are
reset: so does a machine that died. What the kernel's buffers hold of a dead node's answer must not come through, or a
`kill -9` in the middle of a segment would harm nobody here.
"""

import asyncio
import contextlib
import json
import re
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._shim_http import LIMIT, PIECE, Broken, Head, Source, Upstream

#: A sender that was held up may catch up with so much of its time, in seconds; and with so much when it was our doing.
CREDIT = 0.02
HELD = 0.25
#: What wrong bytes are made of: a page can look for it in what reaches its decoder.
WRONG = b"WRONG BYTES HERE"
_OBJECT = re.compile(r"/v1/[A-Za-z0-9_-]+/[0-9a-f]{32}/([a-z0-9-]+)/([a-z0-9]+\.[a-z0-9]+)")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".mp4": "video/mp4",
}


@dataclass
class Link:
    """A line of so many bits a second; 0: as fast as it goes."""

    rate: float = 0.0
    free_at: float = 0.0

    def take(self, count: int, now: float, *, held: float = 0.0) -> float:
        """When so many bytes may go; they are then on the line.

        `held` is how late we ourselves sent the piece before, in seconds: a line goes on meanwhile.
        """
        if self.rate <= 0:
            return now
        begins = max(now - CREDIT - min(held, HELD), self.free_at)
        self.free_at = begins + count * 8 / self.rate
        return self.free_at


@dataclass
class Entry:
    """One request and what became of it. `kind`: video, audio, text, init, playlist, other."""

    door: str
    method: str
    path: str
    kind: str
    name: str
    at: float
    range: str = ""
    first: float = 0.0
    end: float = 0.0
    sent: int = 0
    total: int = 0
    status: int = 0
    fault: str = ""
    outcome: str = ""


@dataclass
class Door:
    """A place to fetch from: another server, or (`files`) a few files of ours by their paths."""

    name: str
    host: str
    port: int
    to: tuple[str, int] | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    link: Link = field(default_factory=Link)
    fault: dict[str, Any] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    open: set[asyncio.Transport] = field(default_factory=set)

    @property
    def kind(self) -> str:
        """Of the fault of now."""
        return str(self.fault.get("kind", ""))

    def set_fault(self, fault: dict[str, Any]) -> None:
        """Misbehave in this way from now on."""
        self.fault = dict(fault)
        self.changed.set()
        self.changed = asyncio.Event()

    def struck(self, entry: Entry) -> bool:
        """Whether a status is to be answered instead of this object."""
        if self.kind != "status":
            return False
        if not self.fault.get("one"):
            return True
        if entry.kind == "video":
            self.fault.setdefault("name", entry.name)
        return entry.name != "" and entry.name == self.fault.get("name")


class Viewer(asyncio.StreamReaderProtocol):
    """A connection of a viewer; who hangs up ends what is done for them."""

    def __init__(
        self, serve: Callable[["Viewer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
    ) -> None:
        self._serve = serve
        self.task: asyncio.Task[Any] | None = None
        self.transport: asyncio.Transport | None = None
        super().__init__(asyncio.StreamReader(limit=LIMIT), self._begin)

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.task = asyncio.current_task()
        with contextlib.suppress(asyncio.CancelledError):
            await self._serve(self, reader, writer)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep little in our own buffer: what is sent is on its way."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=2 * PIECE)
        self.transport = transport
        super().connection_made(transport)

    def eof_received(self) -> bool | None:
        """They hung up."""
        super().eof_received()
        self._leave()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """It broke."""
        super().connection_lost(error)
        self._leave()

    def _leave(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset instead of an end."""
    sock = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Shim:
    """All doors of one stage."""

    def __init__(self, doors: list[Door], *, link: float, latency: float) -> None:
        self.doors = {door.name: door for door in doors}
        self.link, self.latency = Link(link), latency
        self.entries: list[Entry] = []

    async def open(self, door: Door) -> None:
        """Listen."""
        if door.server is None:
            loop = asyncio.get_running_loop()
            door.server = await loop.create_server(
                lambda: Viewer(lambda *parts: self.serve(door, *parts)), door.host, door.port, backlog=256
            )

    def shut(self, door: Door) -> None:
        """Refuse, and reset what is open."""
        if door.server is not None:
            door.server.close()
            door.server = None
        for transport in list(door.open):
            reset(transport)

    async def serve(
        self, door: Door, viewer: Viewer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One connection of a viewer, request by request."""
        assert viewer.transport is not None
        door.open.add(viewer.transport)
        upstream = Upstream(door.to) if door.to else None
        try:
            while not reader.at_eof():
                head = await reader.readuntil(b"\r\n\r\n")
                request = Head(head)
                body = await reader.readexactly(min(LIMIT, int(request.headers.get("content-length") or 0)))
                entry = self._noted(door, request)
                try:
                    if upstream is not None and request.headers.get("upgrade", "").lower() == "websocket":
                        await upstream.tunnel(head, reader, writer)
                        return
                    await self._answer(door, entry, request, head + body, upstream, writer)
                    entry.outcome = "whole"
                except asyncio.CancelledError:
                    entry.outcome = "left"
                    raise
                except Broken as why:
                    entry.outcome = str(why)
                    reset(viewer.transport)
                    return
                finally:
                    entry.end = time.time()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # they are gone
        finally:
            door.open.discard(viewer.transport)
            if upstream is not None:
                upstream.close()
            writer.close()

    def _noted(self, door: Door, request: Head) -> Entry:
        found = _OBJECT.match(request.path)
        name = f"{found[1]}/{found[2]}" if found else ""
        entry = Entry(door.name, request.method, request.path, kind_of(request.path), name, time.time())
        entry.range = request.headers.get("range", "")
        self.entries.append(entry)
        return entry

    async def _answer(
        self,
        door: Door,
        entry: Entry,
        request: Head,
        asked: bytes,
        upstream: Upstream | None,
        writer: asyncio.StreamWriter,
    ) -> None:
        if self.latency:
            await asyncio.sleep(self.latency)
        if door.struck(entry):
            entry.fault, entry.status = door.kind, int(door.fault.get("status", 503))
            text = (
                f"HTTP/1.1 {entry.status} Out of order\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
            )
            writer.write((text + "Access-Control-Allow-Origin: *\r\n\r\nno\n").encode())
            return
        await self._silence(door, entry)
        source = await (upstream.ask(asked, request.method) if upstream else self._file(door, request))
        entry.status, entry.total = source.status, max(0, source.length)
        await self._silence(door, entry)
        writer.write(source.head)
        held = 0.0
        async for piece in source.pieces():
            piece = await self._spoil(door, entry, piece)
            now = time.monotonic()
            due = max(link.take(len(piece), now, held=held) for link in (door.link, self.link))
            if due > now:
                await asyncio.sleep(due - now)
                held = time.monotonic() - due
            piece = await self._spoil(door, entry, piece)
            entry.first = entry.first or time.time()
            writer.write(piece)
            entry.sent += len(piece)
            await writer.drain()
        if entry.total == 0:
            entry.first = entry.first or time.time()
        await writer.drain()

    async def _silence(self, door: Door, entry: Entry) -> None:
        """Wait while nothing may come from here."""
        while door.kind == "silent":
            entry.fault = "silent"
            await door.changed.wait()

    async def _spoil(self, door: Door, entry: Entry, piece: bytes) -> bytes:
        """What becomes of these bytes on their way."""
        await self._silence(door, entry)
        if entry.kind not in ("video", "audio") or entry.sent < entry.total * float(
            door.fault.get("share", 0.5)
        ):
            return piece
        while door.kind == "stall":
            entry.fault = "stall"
            await door.changed.wait()
        if door.kind == "reset":
            entry.fault = "reset"
            raise Broken("reset")
        if door.kind == "wrong" and entry.status in (200, 206):
            entry.fault = "wrong"
            return (WRONG * (len(piece) // len(WRONG) + 1))[: len(piece)]
        return piece

    async def _file(self, door: Door, request: Head) -> Source:
        """One of our own files, or a part of it."""
        path = door.files.get(unquote(urlsplit(request.path).path))
        if path is None or not Path(path).is_file():
            return Source(404, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0)
        data = await asyncio.to_thread(Path(path).read_bytes)
        status, lines = 200, ""
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if found and int(found[1]) < len(data):
            start, end = int(found[1]), min(len(data) - 1, int(found[2] or len(data)))
            status, lines = 206, f"Content-Range: bytes {start}-{end}/{len(data)}\r\n"
            data = data[start : end + 1]
        kind = _TYPES.get(Path(path).suffix, "application/octet-stream")
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{lines}"
        head += "Accept-Ranges: bytes\r\nCache-Control: no-cache\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
        return Source(status, head.encode(), len(data) if request.method != "HEAD" else 0, data=data)


def kind_of(path: str) -> str:
    """What is asked for."""
    found = _OBJECT.match(path)
    if not found:
        return "playlist" if path.split("?")[0].endswith((".m3u8", ".mpd")) else "other"
    rendition, name = found.groups()
    if name.endswith(".m4s"):
        return "audio" if rendition.startswith("a") else "video"
    return {"m3u8": "playlist", "mp4": "init", "vtt": "text"}.get(name.rsplit(".", 1)[1], "other")


class Control:
    """The door where the stage tells what shall be."""

    def __init__(self, shim: Shim) -> None:
        self._shim = shim

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer what is asked, until they hang up."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                request = Head(await reader.readuntil(b"\r\n\r\n"))
                body = await reader.readexactly(int(request.headers.get("content-length") or 0))
                answer = json.dumps(await self._do(request.path, json.loads(body or b"{}"))).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)
                await writer.drain()
        writer.close()

    async def _do(self, path: str, given: dict[str, Any]) -> Any:
        shim = self._shim
        if path == "/log":
            return [asdict(one) for one in shim.entries]
        if path == "/clear":
            shim.entries = []
        if "link" in given:
            shim.link.rate = float(given["link"])
        if "latency" in given:
            shim.latency = float(given["latency"])
        door = shim.doors.get(given.get("door", ""))
        if door is not None:
            if "rate" in given:
                door.link = Link(float(given["rate"]))
            if "fault" in given:
                door.set_fault(given["fault"] or {})
            if "open" in given:
                await shim.open(door) if given["open"] else shim.shut(door)
        return {"now": time.time()}


async def main(configuration: dict[str, Any]) -> None:
    """Run until killed; prints a line when all doors are open."""
    doors = [
        Door(
            one["name"],
            one["host"],
            one["port"],
            to=(one["to"][0], one["to"][1]) if one.get("to") else None,
            files=one.get("files", {}),
            link=Link(one.get("rate", 0.0)),
        )
        for one in configuration["doors"]
    ]
    shim = Shim(doors, link=configuration.get("link", 0.0), latency=configuration.get("latency", 0.0))
    for door in doors:
        await shim.open(door)
    control = await asyncio.start_server(
        Control(shim).serve, "127.0.0.1", configuration["control"], limit=LIMIT
    )
    print("open", flush=True)
    await control.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(json.loads(sys.argv[1])))
