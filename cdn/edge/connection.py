"""One client's connection: requests in, answers out by `sendfile`, little memory, and a deadline for everything.

The socket is registered edge-triggered once and never again. A request that a player sends (GET, no conditions, a
known header block, an object that is here) is answered in `_fast` with one look-up, one `send` and one `sendfile`;
everything else goes through the strict reader and the responder, which agree with it by construction: the fast path
only knows header blocks that the strict reader has read before.
"""

import os
import re
import socket
import sys
import time
from typing import TYPE_CHECKING

from cdn.edge.files import OwnedFd, in_memory, unsent
from cdn.edge.fill import Fill
from cdn.edge.http import BadRequest, Headers, Request, parse_headers, parse_line, split
from cdn.edge.store import Hit

if TYPE_CHECKING:
    from cdn.edge.server import Server

READ = 16 * 1024
#: The most that one connection is given before others have their turn, in bytes.
TURN = 1024 * 1024
#: A client that takes less than this is let go, in bytes per second: a quarter of what a sound track alone needs.
SLOWEST = 4 * 1024
#: How long an object counts as being in the page cache since it was last looked, in seconds.
PROBE_SECONDS = 20.0
#: What the strict reader takes as a target.
_PRINTABLE = re.compile(rb'[!"$-~]*\Z').match


class Connection:
    """A client. Times are the server's coarse clock, seconds since 1970."""

    __slots__ = (
        "armed", "begun", "blocked", "busy", "closed", "end", "fd", "file", "fill", "head", "hit", "inbox",
        "keep_alive", "line", "moved", "peer_done", "pos", "sent", "server", "sock", "status", "taken", "unread",
        "window",
    )  # fmt: skip

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.server, self.sock, self.fd = server, sock, sock.fileno()
        self.inbox = b""
        #: When the current request's first byte came, 0 between requests.
        self.begun = 0.0
        self.moved = server.now
        self.closed = self.busy = self.unread = self.peer_done = self.blocked = self.armed = False
        self.keep_alive = True
        self.head = b""
        self.file: OwnedFd | None = None
        self.fill: Fill | None = None
        self.hit: Hit | None = None
        #: The part of `file` still to be sent.
        self.pos = self.end = 0
        self.line = b""
        self.status = self.sent = 0
        #: When the current look at a client that takes slowly began (0: none), and what it had taken by then.
        self.window, self.taken = 0.0, 0

    def gone(self) -> bool:
        """Whether the client left."""
        return self.closed

    # Reading ----------------------------------------------------------------------------------------------

    def on_event(self, readable: bool, writable: bool, gone: bool) -> None:
        """The socket's state has changed."""
        if gone:
            self.close()
            return
        if writable and self.blocked:
            self.blocked = False
            self.push()
        if readable and not self.closed:
            self.unread = True
            if not self.busy:
                self.read()

    def read(self) -> None:
        """Take what the client has sent and answer what is complete."""
        while self.unread and not self.busy and not self.closed:
            try:
                data = self.sock.recv(READ)
            except BlockingIOError:
                self.unread = False
                return
            except OSError:
                self.close()
                return
            if not data:
                self.peer_done = True
                self.unread = False
                if not self.busy:
                    self.close()
                return
            if len(data) < READ:
                self.unread = False
            if not self.inbox and self._fast(data):
                continue
            self.inbox += data
            self._serve_inbox()

    def _fast(self, data: bytes) -> bool:
        """Answer the request that players send. False when this is not it; nothing was done then."""
        server = self.server
        line_end = data.find(b"\r\n")
        if data[:8] != b"GET /v1/" or data[line_end - 9 : line_end] != b" HTTP/1.1":
            return False
        if data[line_end + 2 :] not in server.plain_blocks:
            return False
        path = data[8 : line_end - 9]
        query = path.find(b"?")
        if query >= 0:
            if not _PRINTABLE(path):
                return False
            path = path[:query]
        token, _, key = path.partition(b"/")
        hit = server.hits.get(key)
        if hit is None:
            return False
        verdict = server.verdicts.known.get(token)
        now = server.now
        if (
            verdict is None
            or now >= verdict.until
            or verdict.package != hit.package
            or not verdict.mask & hit.bit
            or server.slow_only
        ):
            return False
        verdict.seen = now
        hit.visited = True
        hit.package_open.used = now
        server.hit_count += 1
        if server.access_log:
            self.line = data[:line_end]
        self.keep_alive = True
        self.begin_hit(server.ok_line + hit.head, hit, 0, hit.length, 200)
        if hit.lead:
            server.filler.ahead(hit.rendition, hit.number)
        return True

    def _serve_inbox(self) -> None:
        """Answer the requests that are complete in the inbox, one after the other."""
        while self.inbox and not self.busy and not self.closed:
            if not self.begun:
                self.begun = self.server.now
            try:
                request = self._next_request()
            except BadRequest as error:
                self.inbox = b""
                self.unread = False
                self.server.responder.refuse(self, error.status, error.words)
                return
            if request is None:
                return
            self.begun = 0.0
            self.server.responder.answer(self, request)

    def _next_request(self) -> Request | None:
        parts = split(self.inbox)
        if parts is None:
            return None
        line, block, rest = parts
        method, target, version_11 = parse_line(line)
        headers = self._headers(block, version_11)
        self.inbox = rest
        self.line = line
        self.keep_alive = headers.keep_alive
        return Request(method, target, headers)

    def _headers(self, block: bytes, version_11: bool) -> Headers:
        headers = parse_headers(block, version_11=version_11)
        if version_11 and headers.plain:
            self.server.remember_block(block)
        return headers

    # Answering --------------------------------------------------------------------------------------------

    def begin_bytes(self, head: bytes, body: bytes, status: int) -> None:
        """Answer from memory."""
        self._begin(head + body, status)
        self.push()

    def begin_hit(self, head: bytes, hit: Hit, start: int, end: int, status: int) -> None:
        """Answer with a part of an object that is here."""
        if hit.body is not None:
            self._begin(head + hit.body[start:end], status)
            self.push()
            return
        self._begin(head, status)
        self.file, self.hit = hit.file, hit
        self.pos, self.end = hit.offset + start, hit.offset + end
        now = self.server.now
        if now - hit.probed > PROBE_SECONDS:
            if not in_memory(hit.file.fd, hit.offset, hit.length):
                hit.readers += 1
                self.server.warm(self, hit)
                return
            hit.probed = now
        hit.readers += 1
        self.push()

    def begin_fill(self, head: bytes, fill: Fill, start: int, end: int, status: int) -> None:
        """Answer with a part of an object that is still arriving."""
        self._begin(head, status)
        self.file, self.fill = fill.memory, fill
        self.pos, self.end = start, end
        fill.listeners.add(self)
        self.push()

    def _begin(self, head: bytes, status: int) -> None:
        self.head, self.status, self.busy, self.sent = head, status, True, 0
        self.window = 0.0
        self.pos = self.end = 0

    def fill_moved(self) -> None:
        """More of the object has come, or no more will."""
        if self.fill is not None and self.fill.failure is not None:
            self.close()  # the length was promised: only a broken connection tells the client the truth
        elif not self.blocked and not self.closed:
            self.push()

    def fill_kept(self, hit: Hit) -> None:
        """The object is on disk: go on from there, so that a slow client holds no memory."""
        if self.fill is None:
            return
        self.fill.listeners.discard(self)
        self.fill = None
        self.file, self.hit = hit.file, hit
        hit.readers += 1
        self.pos, self.end = self.pos + hit.offset, self.end + hit.offset
        if not self.blocked and not self.closed:
            self.push()

    def push(self) -> None:
        """Send as much as the client takes and its turn allows."""
        if self.closed:
            return
        try:
            done = self._push()
        except BlockingIOError:
            self.blocked = True
            if not self.armed:
                self.armed = True
                self.server.watch_writing(self, True)
            return
        except OSError:
            self.close()
            return
        if done:
            self._finish()

    def _push(self) -> bool:
        """Send; → whether the answer is complete. Raises BlockingIOError when the client takes no more now."""
        if self.head:
            more = socket.MSG_MORE if self.end > self.pos else 0
            sent = self.sock.send(self.head, more)
            self._count(sent)
            if sent < len(self.head):
                self.head = self.head[sent:]
                raise BlockingIOError
            self.head = b""
        turn = TURN
        while self.pos < self.end:
            limit = self.end
            if self.fill is not None:
                if not self.fill.verified:
                    # The last byte of what was promised is held back, be it the object's last one or not.
                    limit = min(limit - 1, self.fill.sendable)
                if limit <= self.pos:
                    return False  # the fill will call
            if turn <= 0:
                self.server.later(self)
                return False
            assert self.file is not None
            wanted = min(limit - self.pos, turn)
            sent = os.sendfile(self.fd, self.file.fd, self.pos, wanted)
            if sent == 0:
                raise ConnectionAbortedError("the file is shorter than it was")
            self.pos += sent
            turn -= sent
            self._count(sent)
        return True

    def _count(self, sent: int) -> None:
        self.sent += sent
        self.server.bytes_out += sent
        self.moved = self.server.now

    def _finish(self) -> None:
        """The answer is out: let go of what it needed and turn to the next request."""
        if self.hit is not None:
            self.hit.readers -= 1
            self.hit = None
        if self.fill is not None:
            self.fill.listeners.discard(self)
            self.fill = None
        self.file = None
        self.busy = False
        if self.armed:
            self.armed = False
            self.server.watch_writing(self, False)
        if self.server.access_log:
            self.server.log_access(self)
        if not self.keep_alive or self.peer_done or self.server.stopping:
            self.close()
            return
        if self.inbox or self.unread:
            self.server.later(self)

    def go_on(self) -> None:
        """The next turn: more of the answer, or the next request."""
        if self.closed:
            return
        if self.busy:
            if not self.blocked and (self.head or self.file is not None):
                self.push()
            return
        if self.inbox:
            self._serve_inbox()
        if not self.busy and self.unread:
            self.read()

    def overdue(self, now: float) -> bool:
        """Whether the client has used up its patience."""
        config = self.server.config
        if self.busy:
            return self._trickles(now, config.write_timeout)
        if self.begun:
            return now - self.begun > config.header_timeout
        return now - self.moved > config.idle_timeout

    def _trickles(self, now: float, patience: float) -> bool:
        """Whether the client takes nothing, or so little that it only holds the connection, for `patience` seconds.

        What it has taken is what its side has acknowledged: what we could send goes in steps of the kernel's buffer.
        """
        if not self.blocked:
            self.window = 0.0
            return False
        taken = self.sent - unsent(self.fd)
        if not self.window:
            self.window, self.taken = now, taken
        elif now - self.window > patience:
            if taken - self.taken < SLOWEST * (now - self.window):
                return True
            self.window, self.taken = now, taken
        return False

    def close(self) -> None:
        """End the connection and let go of everything."""
        if self.closed:
            return
        self.closed = True
        if self.hit is not None:
            self.hit.readers -= 1
            self.hit = None
        if self.fill is not None:
            self.fill.listeners.discard(self)
            self.fill = None
        self.file = None
        self.head = self.inbox = b""
        self.server.forget(self)
        self.sock.close()


def access_line(connection: Connection) -> str:
    """One request in one line: time, status, bytes, path without its token."""
    parts = connection.line.decode("latin-1").split(" ")
    path = parts[1].partition("?")[0] if len(parts) > 1 else "-"
    pieces = path.split("/")
    if len(pieces) > 3 and pieces[1] == "v1":
        pieces[2] = pieces[2][:6] + "…"
    clock = time.strftime("%H:%M:%S", time.localtime(connection.server.now))
    return f"{clock} {connection.status} {connection.sent} {parts[0]} {'/'.join(pieces)}"


def write_line(text: str) -> None:
    """A line of the access log."""
    sys.stdout.write(text + "\n")
