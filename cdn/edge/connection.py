"""One client's connection: requests in, answers out by `sendfile`, little memory, and a deadline for everything.

The socket is watched edge-triggered. A request that a player sends (like its last one, for another object, which is
here) is answered in `_fast` with one look-up, one `send` and one `sendfile`; everything else goes through the strict
reader and the responder, which agree with it by construction: but for the object's name the fast path takes only what
the strict reader has read before on this very connection, byte for byte.
"""

import asyncio
import socket
import sys
import time
from errno import EIO
from os import sendfile
from select import EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP
from socket import MSG_MORE
from typing import TYPE_CHECKING

from cdn.edge.files import OwnedFd, in_memory, unsent
from cdn.edge.fill import Failed, Fill
from cdn.edge.http import BadRequest, Headers, Request, parse_headers, parse_line, split
from cdn.edge.sending import HIT, TURN
from cdn.edge.store import Hit
from cdn.edge.verdicts import Verdict

if TYPE_CHECKING:
    from cdn.edge.server import Server

_GONE = EPOLLHUP | EPOLLERR
_READABLE = EPOLLIN | EPOLLRDHUP
READ = 16 * 1024
#: A client that takes less than this is let go, in bytes per second: a quarter of what a sound track alone needs.
SLOWEST = 4 * 1024
#: How long an object counts as being in the page cache since it was last looked, in seconds. What the disk gives is
#: compared with what was verified, so this is also how long a bit that has turned there could stay unseen.
PROBE_SECONDS = 1.0
#: What the strict reader takes in a target: to see that nothing else is there, these are taken away.
_PRINTABLE = bytes(code for code in range(0x21, 0x7F) if code != 0x23)
#: One answer in the books: when it was over, when it was asked for and when its first byte went (seconds since 1970),
#: the verdict on its token, the target from behind that, its status, bytes sent, and what the cache was to it.
Note = tuple[float, float, float, Verdict, bytes, int, int, str]


class Connection:
    """A client. Times are the server's coarse clock, seconds since 1970."""

    __slots__ = (
        "armed", "begun", "blocked", "busy", "cache", "closed", "end", "fd", "file", "fill", "first", "head",
        "hit", "inbox", "keep_alive", "leaving", "line", "moved", "peer_done", "pos", "recv", "rest", "send",
        "sent", "server", "since", "sock", "start", "status", "taken", "target", "token", "unread", "verdict",
        "whole", "window",
    )  # fmt: skip

    def __init__(self, server: "Server", sock: socket.socket) -> None:
        self.server, self.sock, self.fd = server, sock, sock.fileno()
        self.recv, self.send = sock.recv, sock.send
        #: What was read and not answered; `whole` is what it was before the current request was taken from it.
        self.inbox = self.whole = b""
        #: The last request that the fast path may take: what stands before the object's key, and what behind its
        #: target. A client's requests are nearly always alike in both: compared, they need not be read.
        self.start = self.rest = b"\0"
        self.token = b""
        #: When the current request's first byte came, 0 between requests.
        self.begun = 0.0
        self.moved = server.now
        self.closed = self.busy = self.unread = self.blocked = self.armed = False
        #: The client has said that it sends no more; that was read.
        self.leaving = self.peer_done = False
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
        if bits & ~EPOLLOUT == EPOLLIN and not self.busy:
            self.read()
            return
        if bits & _GONE:
            self.close()
            return
        if self.blocked and bits & EPOLLOUT:
            self.blocked = False
            self.push_or_join()
        if bits & _READABLE and not self.closed:
            self.unread = True
            self.leaving = self.leaving or bits & EPOLLRDHUP != 0
            if not self.busy:
                self.read()

    def read(self) -> None:
        """Take what the client has sent and answer what is complete."""
        recv = self.recv  # called from a local name: a slot's callable is looked up the long way every time
        while True:
            try:
                data = recv(READ)
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
            self.unread = self.leaving or len(data) == READ
            if self.inbox or not self._fast(data):
                self.inbox += data
                self._serve_inbox()
            if not self.unread or self.busy or self.closed:
                return

    def _fast(self, data: bytes) -> bool:
        """Answer the request that players send: like this connection's last one, for another object that is here.

        False when this is not it; nothing was done then. What is compared here, the strict reader has read before:
        all that comes before the object's name with a token that was good, and all that comes behind it.
        """
        start, rest = self.start, self.rest
        if not data.startswith(start) or not data.endswith(rest):
            return False
        # All of what is between them, so nothing else is there: no key has a space in it, nor has a query that passes.
        key = target = data[len(start) : len(data) - len(rest)]
        query = b"?" in target
        if query:
            if target.translate(None, _PRINTABLE):
                return False
            key = target[: target.index(b"?")]
        server = self.server
        hit = server.hits.get(key)
        verdict = server.verdicts.known.get(self.token)
        now = server.now
        if (
            hit is None
            or verdict is None
            or now >= verdict.until
            or verdict.package != hit.package
            or not verdict.mask & hit.bit
            or server.slow_only
        ):
            return False
        verdict.seen = now
        hit.visited += 1
        hit.used = hit.package_open.used = now
        server.hit_count += 1
        if server.access_log:
            self.line = data[: data.index(b"\r")]
        # The books keep the target: without a query it is the object's own name, which is there already.
        self._send_whole(hit, verdict, target if query else hit.key)
        if hit.lead:
            server.ahead(hit, target[len(key) + 1 :])
        return True

    def _send_whole(self, hit: Hit, verdict: Verdict, target: bytes) -> None:
        """Answer with a whole object, together with the others that were asked for in this round."""
        server = self.server
        self.busy = True
        if hit.answer:
            server.small.append((self, hit, verdict, target))
        elif server.now - hit.probed > PROBE_SECONDS:
            self.verdict, self.target, self.cache, self.since = verdict, target, HIT, server.now
            self.whole = self.start + target + self.rest
            self.begin_hit(server.ok_line + hit.head, hit, 0, hit.length, 200)
        else:
            server.large.append((self, hit, verdict, target))

    def answered(self, sent: int) -> None:
        """So many bytes were the whole answer to what was put among the round's, and there is more to do."""
        if self.server.access_log:
            self.status, self.sent = 200, sent
            self.server.log_access(self)
        if self.unread:
            self.server.later(self)

    def begin_asked(self, verdict: Verdict, target: bytes, head: bytes, sent: int) -> None:
        """So many bytes were not the whole of it: go on from there as with every other answer."""
        self.moved = self.server.now
        self.verdict, self.target, self.cache, self.since = verdict, target, HIT, self.moved
        self._begin(head, 200)
        self.sent = sent

    def attach(self, hit: Hit, moved: int) -> None:
        """What is to be sent is this object, without the bytes that are out."""
        self.pos, self.end = hit.offset + moved, hit.offset + hit.length
        self.file, self.hit = hit.file, hit
        hit.readers += 1

    def _serve_inbox(self) -> None:
        """Answer the requests that are complete in the inbox, one after the other."""
        while self.inbox and not self.busy and not self.closed:
            if not self.begun:
                self.begun = self.server.now
            self.whole = self.inbox
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
        self.rest = self.server.shared(b" HTTP/1.1\r\n" + block) if version_11 and headers.plain else b"\0"
        return headers

    # Answering --------------------------------------------------------------------------------------------

    def begin_bytes(self, head: bytes, body: bytes, status: int) -> None:
        """Answer from memory."""
        self._begin(head + body, status)
        self.push()

    def begin_hit(self, head: bytes, hit: Hit, start: int, end: int, status: int) -> None:
        """Answer with a part of an object that is here."""
        if hit.answer:
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
            if 0 < hit.renew_at <= hit.visited:
                self.server.renew(hit)
        hit.readers += 1
        self.push()

    async def begin_anew(self, hit: Hit) -> None:
        """What was to be sent is damaged on disk, and nothing of it was sent: answer the same from a fill."""
        start, end = self.pos - hit.offset, self.end - hit.offset
        self._let_go()
        spec = hit.rendition.numbered(hit.number)
        if self.gone() or spec is None:
            return
        fill, _ = self.server.filler.start(spec)
        try:
            kept = await asyncio.shield(fill.begun) or fill.kept
        except Failed:
            self.close()
            return
        if self.gone():
            return
        if kept is not None and self.server.hits.get(kept.key) is kept and kept.etag == hit.etag:
            self.begin_hit(self.head, kept, start, end, self.status)
        elif kept is None and fill.failure is None and fill.tag == hit.etag:
            self.begin_fill(self.head, fill, start, end, self.status)
        else:
            self.close()

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
        first = self.line.index(b"/v1/") + 4
        before = self.line.index(b"/", first) + 1
        self.target = self.line[before : self.line.rindex(b" ")]
        if first == 8 and self.line.startswith(b"GET "):
            self.start, self.token = self.line[:before], self.line[first : before - 1]

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
            self.wait_for_room()
            return
        except OSError as error:
            if error.errno == EIO and self.hit is not None:
                self.server.doubt(self.hit, f"it cannot be read: {error.strerror}")
            self.close()
            return
        if done:
            self.finish()

    def _push(self) -> bool:
        """Send; → whether the answer is complete. Raises BlockingIOError when the client takes no more now."""
        if self.head:
            sent = self.send(self.head, MSG_MORE if self.end > self.pos else 0)
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
                raise OSError(EIO, "the file is shorter than it was")
            self.pos += sent
            turn -= sent
            self._count(sent)
            if sent < wanted:
                raise BlockingIOError  # asking again would only be told so, after the kernel has turned the pages over
        return True

    def push_or_join(self) -> None:
        """The client may take more now."""
        if self.hit is None or self.head:
            self.push()
        else:
            self.send_more()

    def send_more(self) -> None:
        """What `push` does when only a held object's bytes are left, together with the others of this round."""
        self.server.more.append(self)

    def wait_for_room(self) -> None:
        """The client takes no more now: be told when it does. Who was slower than us once will be so again: such a
        connection stays watched for that."""
        self.blocked = True
        if not self.armed:
            self.armed = True
            self.server.watch_writing(self)

    def _count(self, sent: int) -> None:
        self.sent += sent
        self.server.bytes_out += sent
        self.moved = self.server.now

    def finish(self) -> None:
        """The answer is out: let go of what it needed and turn to the next request."""
        self._let_go()
        self.busy = False
        self._account()
        self.whole = b""
        if not self.keep_alive or self.peer_done or self.server.stopping:
            self.close()
        elif self.inbox or self.unread:
            self.server.later(self)
        elif self.server.on_idle is not None:
            self.server.on_idle(self)

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
                self.push_or_join()
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
        waiting = unsent(self.fd)
        if not waiting and self.fill is None:
            self.server.later(
                self
            )  # there is room, and nobody said so: never wait for an edge that was missed
            self.blocked = False
        taken = self.sent - waiting
        if not self.window:
            self.window, self.taken = now, taken
        elif now - self.window > patience:
            if taken - self.taken < SLOWEST * (now - self.window):
                return True
            self.window, self.taken = now, taken
        return False

    def depart(self) -> bytes:
        """Another process of this node goes on with this connection, of which nothing was sent since its last answer;
        → what was read of it and not answered.
        """
        data = self.whole or self.inbox
        self.closed, self.verdict = True, None
        self._let_go()
        self.head = self.inbox = self.whole = b""
        self.server.forget(self)
        return data

    def close(self) -> None:
        """End the connection and let go of everything."""
        if self.closed:
            return
        self.closed = True
        if self.busy:
            self.server.aborted += 1
            self._account()
        self._let_go()
        self.head = self.inbox = self.whole = b""
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
