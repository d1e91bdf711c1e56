"""One client's connection: requests in, answers out by `sendfile`, little memory, and a deadline for everything.

The socket is registered edge-triggered once and never again. A request that a player sends (GET, no conditions, a
known header block, an object that is here) is answered in `_fast` with one look-up, one `send` and one `sendfile`;
everything else goes through the strict reader and the responder, which agree with it by construction: the fast path
only knows header blocks that the strict reader has read before.
"""

import socket
import sys
import time
from os import sendfile
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP
from socket import MSG_MORE
from typing import TYPE_CHECKING

from cdn.edge.files import OwnedFd, in_memory, unsent
from cdn.edge.fill import Fill
from cdn.edge.http import BadRequest, Headers, Request, parse_headers, parse_line, split
from cdn.edge.store import Hit
from cdn.edge.verdicts import Verdict

if TYPE_CHECKING:
    from cdn.edge.server import Server

_GONE = EPOLLHUP | EPOLLERR
_READABLE = EPOLLIN | EPOLLRDHUP
READ = 16 * 1024
#: The most that one connection is given before others have their turn, in bytes.
TURN = 2048 * 1024
#: A client that takes less than this is let go, in bytes per second: a quarter of what a sound track alone needs.
SLOWEST = 4 * 1024
#: How long an object counts as being in the page cache since it was last looked, in seconds.
PROBE_SECONDS = 20.0
#: What the strict reader takes in a target: to see that nothing else is there, these are taken away.
_PRINTABLE = bytes(code for code in range(0x21, 0x7F) if code != 0x23)
HIT = "HIT"
#: One answer in the books: when it was over, when it was asked for and when its first byte went (seconds since 1970),
#: the verdict on its token, the target from behind "/v1/", its status, bytes sent, and what the cache was to it.
Note = tuple[float, float, float, Verdict, bytes, int, int, str]


class Connection:
    """A client. Times are the server's coarse clock, seconds since 1970."""

    __slots__ = (
        "armed", "begun", "block", "blocked", "busy", "cache", "closed", "end", "fd", "file", "fill", "first", "head",
        "hit", "inbox", "keep_alive", "line", "moved", "peer_done", "pos", "sent", "server", "since", "sock", "status",
        "taken", "target", "unread", "verdict", "window",
    )  # fmt: skip

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.server, self.sock, self.fd = server, sock, sock.fileno()
        self.inbox = b""
        #: The header block that it sent last, when that was a plain one.
        self.block = b"\0"
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
        #: What the books will say of the current answer; no verdict, no line in them.
        self.verdict: Verdict | None = None
        self.target, self.cache = b"", HIT
        self.since = self.first = self.moved
        #: When the current look at a client that takes slowly began (0: none), and what it had taken by then.
        self.window, self.taken = 0.0, 0

    def gone(self) -> bool:
        """Whether the client left."""
        return self.closed

    # Reading ----------------------------------------------------------------------------------------------

    def on_event(self, bits: int) -> None:
        """The socket's state has changed; `bits` are epoll's."""
        if bits & _GONE:
            self.close()
            return
        if self.blocked and bits & EPOLLOUT:
            self.blocked = False
            self.push()
        if bits & _READABLE and not self.closed:
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
        # A client's header block is nearly always the one that it sent before: compared, not copied and hashed.
        if len(data) - line_end - 2 != len(self.block) or not data.endswith(self.block):
            block = server.plain_blocks.get(data[line_end + 2 :])
            if block is None:
                return False
            self.block = block
        path = target = data[8 : line_end - 9]
        query = target.find(b"?")
        if query >= 0:
            if target.translate(None, _PRINTABLE):
                return False
            path = target[:query]
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
        self.verdict, self.target, self.cache = verdict, target, HIT
        self.since = self.first = now
        if server.access_log:
            self.line = data[:line_end]
        self.keep_alive = True
        self._send_whole(hit)
        if hit.lead:
            server.filler.ahead(hit.rendition, hit.number)
        return True

    def _send_whole(self, hit: Hit) -> None:
        """Answer with a whole object. With luck all of it is out when this returns, and the connection was never busy:
        what `_begin`, `push` and `_finish` do step by step is done here at once.
        """
        server, body, length = self.server, hit.body, hit.length
        head = server.ok_line + hit.head
        if body is not None:
            head += body
            more = length = 0
        elif server.now - hit.probed > PROBE_SECONDS:
            self.begin_hit(head, hit, 0, length, 200)
            return
        else:
            more = MSG_MORE
        sent = moved = 0
        try:
            sent = self.sock.send(head, more)
            if more and sent == len(head):
                moved = sendfile(self.fd, hit.file.fd, hit.offset, length if length < TURN else TURN)
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        self.status, self.sent = 200, sent + moved
        server.bytes_out += sent + moved
        self.moved = server.now
        if moved == length and sent == len(head):
            self._account()
            if self.peer_done or server.stopping:
                self.close()
            return
        self.busy, self.window, self.head = True, 0.0, head[sent:]
        self.pos, self.end = hit.offset + moved, hit.offset + length
        if length:
            self.file, self.hit = hit.file, hit
            hit.readers += 1
        if moved == TURN:
            server.later(self)
        else:
            self._wait_for_room()

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
        self.line, self.since = line, self.server.now
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

    def enter_in_books(self, verdict: Verdict, cache: str) -> None:
        """The answer to the current request belongs to this session: it will be noted when it is over."""
        self.verdict, self.cache = verdict, cache
        self.target = self.line[self.line.index(b" ") + 5 : self.line.rindex(b" ")]

    def _begin(self, head: bytes, status: int) -> None:
        self.head, self.status, self.busy, self.sent = head, status, True, 0
        self.first = self.server.now
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
            self._wait_for_room()
            return
        except OSError:
            self.close()
            return
        if done:
            self._finish()

    def _push(self) -> bool:
        """Send; → whether the answer is complete. Raises BlockingIOError when the client takes no more now."""
        if self.head:
            sent = self.sock.send(self.head, MSG_MORE if self.end > self.pos else 0)
            self._count(sent)
            self.head = self.head[sent:]
            if self.head:
                raise BlockingIOError
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
            sent = sendfile(self.fd, self.file.fd, self.pos, wanted)
            if sent == 0:
                raise ConnectionAbortedError("the file is shorter than it was")
            self.pos += sent
            turn -= sent
            self._count(sent)
            if sent < wanted:
                raise BlockingIOError  # asking again would only be told so, after the kernel has turned the pages over
        return True

    def _wait_for_room(self) -> None:
        """The client takes no more now: be told when it does."""
        self.blocked = True
        if not self.armed:
            self.armed = True
            self.server.watch_writing(self, True)

    def _count(self, sent: int) -> None:
        self.sent += sent
        self.server.bytes_out += sent
        self.moved = self.server.now

    def _finish(self) -> None:
        """The answer is out: let go of what it needed and turn to the next request."""
        self._let_go()
        self.busy = False
        if self.armed:
            self.armed = False
            self.server.watch_writing(self, False)
        self._account()
        if not self.keep_alive or self.peer_done or self.server.stopping:
            self.close()
            return
        if self.inbox or self.unread:
            self.server.later(self)

    def _let_go(self) -> None:
        if self.hit is not None:
            self.hit.readers -= 1
            self.hit = None
        if self.fill is not None:
            self.fill.listeners.discard(self)
            self.fill = None
        self.file = None

    def _account(self) -> None:
        """An answer is over, be it complete or cut off: say so to whoever keeps the books."""
        server = self.server
        if server.access_log:
            server.log_access(self)
        if self.verdict is not None:
            if server.note is not None:
                server.note(
                    (
                        server.now,
                        self.since,
                        self.first,
                        self.verdict,
                        self.target,
                        self.status,
                        self.sent,
                        self.cache,
                    )
                )
            self.verdict = None

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
        if self.busy:
            self.server.aborted += 1
            self._account()
        self._let_go()
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
