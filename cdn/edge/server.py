"""The listening side: viewers' sockets in the loop's selector, edge-triggered, and a clock.

asyncio keeps timers, fills, heartbeats and reports; the hot path never enters it (docs/decisions says what that buys).
"""

import asyncio
import errno
import logging
import select
import socket
import sys
import time
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from time import monotonic
from typing import TYPE_CHECKING

from cdn.edge.clock import ZERO
from cdn.edge.config import Config
from cdn.edge.connection import Connection, Note, access_line, write_line
from cdn.edge.files import warm
from cdn.edge.fill import Filler
from cdn.edge.held import RENEW_AFTER
from cdn.edge.loop import Loop
from cdn.edge.sending import Asked, send_large, send_more, send_small
from cdn.edge.store import Hit, Store
from cdn.edge.verdicts import Verdicts

if TYPE_CHECKING:
    from cdn.edge.responder import Responder

log = logging.getLogger("edge")

#: Writability is asked for once a client has been slower than we are: asked for always, all would wake us for nothing.
_EVENTS = select.EPOLLIN | select.EPOLLRDHUP | select.EPOLLET
_EVENTS_BLOCKED = _EVENTS | select.EPOLLOUT
_ACCEPTS = 64
_SHARED = 1024


class Server:
    """All connections of this process."""

    def __init__(self, config: Config, store: Store, filler: Filler, verdicts: Verdicts) -> None:
        self.config, self.store, self.filler, self.verdicts = config, store, filler, verdicts
        self.hits: dict[bytes, Hit] = store.hits
        self.responder: Responder
        self._shared: dict[bytes, bytes] = {}
        self.access_log = config.access_log
        #: Set while the node drains: every request is judged by the responder.
        self.slow_only = False
        #: A header line that every answer carries now: that this node is near its limit, or b"".
        self.hint = b""
        #: Called once a second, when the rate is known.
        self.on_tick: Callable[[], None] = lambda: None
        self.stopping = False
        self.hit_count = self.miss_count = self.bytes_out = self.refused = 0
        #: Answers that ended before their time.
        self.aborted = 0
        self.egress_bps = 0.0
        #: Who keeps the books: called once for every answer to a viewer.
        self.note: Callable[[Note], object] | None = None
        #: What is made of a new client's socket: an encrypted connection, where there is a certificate.
        self.new_connection: Callable[[Server, socket.socket], Connection] = Connection
        #: Who may take over a connection that has its answer and says nothing.
        self.on_idle: Callable[[Connection], None] | None = None
        #: Connections of other processes of this node.
        self.elsewhere = 0
        self._connections: dict[int, Connection] = {}
        self._working: set[asyncio.Future[None]] = set()
        #: Who has had a turn and has more to send.
        self.turns: deque[Connection] = deque()
        #: What this round has to send (`sending`): small objects, large ones, the rest of large ones.
        self.small: list[Asked] = []
        self.large: list[Asked] = []
        self.more: list[Connection] = []
        self._loop: Loop
        self._listeners: list[socket.socket] = []
        self._left_shares: set[int] = set()
        self._accepting: set[socket.socket] = set()
        self._ticking: asyncio.TimerHandle | None = None
        self._tick_bytes, self._tick_at = 0, time.monotonic()
        self._set_clock()

    @property
    def connections(self) -> int:
        """Connections now, in all processes of this node."""
        return len(self._connections) + self.elsewhere

    def listen(self, *, shares: int = 1) -> None:
        """Open the port, in so many shares between which the kernel divides new connections. Raises OSError.

        Several processes may each take a share; what nobody else takes is served here.
        """
        config = self.config
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        _wait_for_port(family, config.host, config.port)
        if shares > 1 and not config.reuse_port:
            # Or a port that another node has could be shared with it unawares.
            _bound(family, config.host, config.port, shared=False).close()
        self._listeners = []
        for _ in range(shares):
            listener = _bound(family, config.host, config.port, shared=shares > 1 or config.reuse_port)
            self._listeners.append(listener)
        for listener in self._listeners:
            listener.listen(1024)
        self.attend()

    def attend(self, listeners: list[socket.socket] | None = None) -> None:
        """Serve in the running loop from now on; with listeners that another process opened, if there are some."""
        if listeners is not None:
            self._listeners = listeners
            for listener in listeners:
                listener.setblocking(False)
        self._loop = Loop.running()
        self._loop.sockets.serve_with(self)
        self._accept_again()
        self._tick()

    @property
    def listeners(self) -> list[socket.socket]:
        """The shares of the port."""
        return self._listeners

    def leave_share(self, number: int, *, left: bool) -> None:
        """Whether another process takes this share's new connections."""
        (self._left_shares.add if left else self._left_shares.discard)(number)
        self._pause_accepting()
        self._accept_again()

    def adopt(self, sock: socket.socket, data: bytes = b"") -> Connection:
        """Go on with a connection of which another process has read so much."""
        connection = self._connect(sock)
        connection.inbox, connection.unread = data, True
        connection.go_on()
        self.end_round()
        return connection

    def idle(self) -> list[Connection]:
        """Connections that wait for no answer."""
        return [connection for connection in self._connections.values() if not connection.busy]

    def part_with(self, connection: Connection) -> tuple[socket.socket, bytes]:
        """Serve this connection no more; → its socket and what was read of it and not answered."""
        self._loop.sockets.forget(connection.fd)
        return connection.sock, connection.depart()

    def stop_listening(self) -> None:
        """Take no more clients; those between requests are let go, the others after their answer."""
        self.stopping = True
        self._pause_accepting()
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        for connection in tuple(self._connections.values()):
            if not connection.busy:
                connection.close()

    def close(self) -> None:
        """End everything."""
        self.stop_listening()
        if self._ticking is not None:
            self._ticking.cancel()
        for connection in tuple(self._connections.values()):
            connection.close()
        self._loop.sockets.serve_with(None)

    # Accepting --------------------------------------------------------------------------------------------

    def _accept_again(self) -> None:
        for number, listener in enumerate(self._listeners):
            if number not in self._left_shares and listener not in self._accepting:
                self._loop.add_reader(listener.fileno(), self._accept, listener)
                self._accepting.add(listener)

    def _pause_accepting(self) -> None:
        for listener in self._accepting:
            self._loop.remove_reader(listener.fileno())
        self._accepting.clear()

    def _accept(self, listener: socket.socket) -> None:
        for _ in range(_ACCEPTS):
            if len(self._connections) >= self.config.connections:
                self._pause_accepting()  # the kernel's queue holds the rest; the tick looks again
                return
            try:
                sock, _ = listener.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
                    log.error("no more connections: %s", error.strerror)
                    self._pause_accepting()
                    return
                raise
            # No TCP_NOTSENT_LOWAT: what `sendfile` queues is the page cache itself, so it saves no memory worth having,
            # and it was measured to cost a tenth to a quarter more CPU at 4 MiB.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._connect(sock)
            except OSError:  # gone before it was greeted
                sock.close()

    def _connect(self, sock: socket.socket) -> Connection:
        sock.setblocking(False)
        connection = self.new_connection(self, sock)
        self._connections[connection.fd] = connection
        self._loop.sockets.watch(connection.fd, _EVENTS)
        return connection

    # Events -----------------------------------------------------------------------------------------------

    def serve(self, events: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Serve the connections that these events belong to, then those whose turn it is; → the other events."""
        self.now = monotonic() + ZERO
        connections, others = self._connections, []
        left = iter(events)
        while True:
            connection = None
            try:
                for fd, bits in left:
                    connection = connections.get(fd)
                    if connection is not None:
                        connection.on_event(bits)
                    else:
                        others.append((fd, bits))
                break
            except Exception:  # the events behind it in this batch are told once only: they must not be lost
                log.exception("a connection broke")
                if connection is not None:
                    connection.close()
        self.end_round()
        return others

    def end_round(self) -> None:
        """Go on with those whose turn it is, then send what the round has brought up."""
        if self.turns:
            self._take_turns()
        if self.small or self.large or self.more:
            self._send()

    def later(self, connection: Connection) -> None:
        """This connection has had its turn and has more to send."""
        self.turns.append(connection)

    def _take_turns(self) -> None:
        for _ in range(len(self.turns)):
            connection = self.turns.popleft()
            try:
                connection.go_on()
            except Exception:
                log.exception("a connection broke")
                connection.close()

    def _send(self) -> None:
        """Send what this round has brought up."""
        for asked, send in ((self.small, send_small), (self.large, send_large)):
            if asked:
                waiting, asked[:] = asked[:], []
                try:
                    send(self, waiting)
                except Exception:
                    log.exception("a round broke")
                    self._end([connection for connection, *_ in waiting])
        if self.more:
            more, self.more = self.more, []
            try:
                send_more(self, more)
            except Exception:
                log.exception("a round broke")
                self._end(more)

    @staticmethod
    def _end(connections: list[Connection]) -> None:
        """Whose answers may be broken: only a broken connection tells a client the truth."""
        for connection in connections:
            if connection.busy:
                connection.close()

    def watch_writing(self, connection: Connection) -> None:
        """Be told from now on when this client takes more."""
        self._loop.sockets.change(connection.fd, _EVENTS_BLOCKED)

    def forget(self, connection: Connection) -> None:
        """The connection closes."""
        self._connections.pop(connection.fd, None)

    def warm(self, connection: Connection, hit: Hit) -> None:
        """Read a cold object into memory in a thread, so that one disk read stops nobody else.

        What the disk gives is compared with what was verified: a bit that has turned meanwhile reaches nobody.
        """

        def done(reading: asyncio.Future[int]) -> None:
            if reading.exception() is None and reading.result() == hit.crc:
                hit.probed, hit.renew_at = self.now, hit.visited + RENEW_AFTER
                connection.push()
            else:
                self.damaged(connection, hit, "its bytes on disk have changed")

        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, warm, hit.file.fd, hit.offset, hit.length).add_done_callback(done)

    def renew(self, hit: Hit) -> None:
        """An object that is asked for a lot came from the disk in small pieces."""
        self.store.renew(hit)

    def damaged(self, connection: Connection, hit: Hit, words: str) -> None:
        """What this connection was to be sent is not what was verified: nobody gets it, and it is fetched anew."""
        self.doubt(hit, words)
        work = asyncio.ensure_future(connection.begin_anew(hit))
        self._working.add(work)
        work.add_done_callback(self._working.discard)

    def ahead(self, hit: Hit, query: bytes) -> None:
        """What follows this object is not here: it may be worth fetching before it is asked for."""
        self.filler.ahead(hit.rendition, hit.number, query)

    def doubt(self, hit: Hit, words: str) -> None:
        """This object on disk is damaged: it must not be served again."""
        self.store.doubt(hit, words)

    def shared(self, rest: bytes) -> bytes:
        """What many connections remember alike, kept once: few browsers send all of these headers."""
        if len(self._shared) >= _SHARED:
            self._shared.clear()
        return self._shared.setdefault(rest, rest)

    def log_access(self, connection: Connection) -> None:
        """Write the access log's line."""
        write_line(access_line(connection))

    # The clock --------------------------------------------------------------------------------------------

    def _set_clock(self) -> None:
        self.now = monotonic() + ZERO
        site_time = self.now - self.verdicts.skew
        self.date = f"Date: {formatdate(site_time, usegmt=True)}\r\n".encode() + self.hint
        self.ok_line = b"HTTP/1.1 200 OK\r\n" + self.date

    def _tick(self) -> None:
        """Once a second: the date, the rate, and clients that are overdue."""
        self._ticking = asyncio.get_running_loop().call_later(1.0, self._tick)
        at = time.monotonic()
        rate = 8 * (self.bytes_out - self._tick_bytes) / max(at - self._tick_at, 0.001)
        self.egress_bps += 0.3 * (rate - self.egress_bps)
        self._tick_bytes, self._tick_at = self.bytes_out, at
        self.on_tick()
        self._set_clock()
        for connection in tuple(self._connections.values()):
            if connection.overdue(self.now):
                connection.close()
        if self.access_log:
            sys.stdout.flush()
        self._accept_again()


def _wait_for_port(family: int, host: str, port: int) -> None:
    """An earlier life of this node may be letting go of its port this very moment."""
    for _ in range(20):
        try:
            _bound(family, host, port, shared=True).close()
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return
        time.sleep(0.05)


def _bound(family: int, host: str, port: int, *, shared: bool) -> socket.socket:
    """A socket at this address, not listening yet. Raises OSError."""
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.setblocking(False)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
