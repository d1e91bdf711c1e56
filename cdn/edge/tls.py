"""HTTPS of a node: certificates that are read anew when they change, and connections that encrypt what they send.

`sendfile` cannot encrypt here (kernel TLS would; docs/decisions/0018 says why it is not used), so a chunk of the file
is read, encrypted and sent by OpenSSL. Plain connections know nothing of this module.
"""

import _ssl
import contextlib
import errno
import logging
import os
import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cdn.edge.connection import PROBE_SECONDS, READ, Connection
from cdn.edge.files import unread
from cdn.edge.held import Hit
from cdn.edge.sending import HIT
from cdn.edge.verdicts import Verdict

if TYPE_CHECKING:
    from cdn.edge.server import Server

log = logging.getLogger("edge")

#: What is read and encrypted at once, in bytes: four records. Measured: 16 KiB cost a tenth more CPU, 256 KiB no less.
CHUNK = 64 * 1024
#: The most that one connection is given before others have their turn, in bytes: encrypting takes its time.
TURN = 256 * 1024
#: How often the files are looked at, in seconds.
LOOK_SECONDS = 5.0
_Stamp = tuple[int, int, int]


class BadCertificate(Exception):
    """Certificate and key cannot be used; the words say why."""


class Certificate:
    """The certificate that is served now. New connections get what the files hold, older ones keep what they have."""

    def __init__(self, chain: Path, key: Path) -> None:
        """Raises BadCertificate."""
        self._chain, self._key = chain, key
        self._stamps: tuple[_Stamp, _Stamp] | None = None
        self.context: ssl.SSLContext
        #: From when to when the certificate is good, seconds since 1970, and the names that it is for.
        self.since = self.until = 0
        self.names: tuple[str, ...] = ()
        self._load()

    def look(self) -> bool:
        """Take what the files hold if they have changed; → whether that was so. What cannot be used is refused, and
        said: the older certificate stays."""
        try:
            if self._stamps == self._now():
                return False
            self._load()
        except (BadCertificate, OSError) as error:
            log.error("the new certificate is not used: %s", error)
            with contextlib.suppress(OSError):
                self._stamps = self._now()  # said once for each change
            return False
        log.info(
            "new connections get the certificate of %s, good until %s", ", ".join(self.names), self.ends()
        )
        return True

    def ends(self) -> str:
        """When the certificate ends, for people."""
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.until))

    def covers(self, host: str) -> bool:
        """Whether a browser that asks for this host would take it."""
        wild = "*." + host.partition(".")[2]
        return any(name.lower() in (host.lower(), wild.lower()) for name in self.names)

    def connection(self, server: "Server", sock: socket.socket) -> Connection:
        """An encrypted connection over this socket."""
        return TlsConnection(server, sock, self.context)

    def _now(self) -> tuple[_Stamp, _Stamp]:
        chain, key = self._chain.stat(), self._key.stat()
        return (
            (chain.st_mtime_ns, chain.st_size, chain.st_ino),
            (key.st_mtime_ns, key.st_size, key.st_ino),
        )

    def _load(self) -> None:
        try:
            stamps = self._now()
            context = new_context()
            context.load_cert_chain(self._chain, self._key)
            since, until, names = read(self._chain)
        except FileNotFoundError as error:
            raise BadCertificate(f"{error.filename} is not there") from error
        except ssl.SSLError as error:
            reason = (error.reason or str(error)).replace("_", " ").lower()
            raise BadCertificate(f"{self._chain} and {self._key}: {reason}") from error
        except (OSError, ValueError) as error:
            raise BadCertificate(f"{self._chain} and {self._key} cannot be read: {error}") from error
        if until <= time.time():
            raise BadCertificate(f"{self._chain} ended on {time.strftime('%Y-%m-%d', time.gmtime(until))}")
        self.context, self._stamps = context, stamps
        self.since, self.until, self.names = since, until, names


def new_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3 for HTTP/1.1, as Python's own defaults for servers have it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(["http/1.1"])
    return context


def read(chain: Path) -> tuple[int, int, tuple[str, ...]]:
    """From when to when the first certificate of this file is good (seconds since 1970), and its names.

    By the standard library's own reader, which has no public name. Raises OSError (SSLError too) or ValueError.
    """
    found = _ssl._test_decode_cert(os.fspath(chain))  # type: ignore[attr-defined]
    names = tuple(
        str(value) for kind, value in found.get("subjectAltName", ()) if kind in ("DNS", "IP Address")
    )
    since, until = (int(ssl.cert_time_to_seconds(found[name])) for name in ("notBefore", "notAfter"))
    return since, until, names


#: Where head and file meet before they are encrypted: one for all connections, since nothing of it stays there.
_ROOM = memoryview(bytearray(CHUNK + 16 * 1024))


class TlsConnection(Connection):
    """A client that speaks TLS."""

    __slots__ = ("_left", "_of_file", "_secure", "_shaken")

    def __init__(self, server: "Server", sock: socket.socket, context: ssl.SSLContext) -> None:
        self._secure = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        super().__init__(server, self._secure)
        self._shaken = False
        #: What OpenSSL was given and has not taken: it wants to be given the very same again. `_of_file` bytes of what
        #: is being sent are the file's, the others the head's.
        self._left, self._of_file = b"", 0
        self.begun = server.now  # shaking hands may take as long as sending headers

    def read(self) -> None:
        """Take what the client has sent and answer what is complete."""
        while True:
            try:
                data = self._receive()
            except (ssl.SSLWantReadError, BlockingIOError):
                self.unread = False
                return
            except ssl.SSLWantWriteError:
                self.unread = False
                self.wait_for_room()
                return
            except (OSError, ValueError):
                self.close()
                return
            if not data:
                self.peer_done, self.unread = True, False
                if not self.busy:
                    self.close()
                return
            # A record may be short although more is there. To be told so by an exception would cost more than to ask.
            self.unread = self.leaving or self._secure.pending() > 0 or unread(self.fd) > 0
            if self.inbox or not self._fast(data):
                self.inbox += data
                self._serve_inbox()
            if not self.unread or self.busy or self.closed:
                return

    def _receive(self) -> bytes:
        if not self._shaken:
            self._secure.do_handshake()
            self._shaken, self.begun = True, 0.0
        return self._secure.recv(READ)

    def push(self) -> None:
        """Send as much as the client takes and its turn allows, once hands are shaken."""
        if self._shaken:
            super().push()
        elif not self.closed:
            self.read()

    def _send_whole(self, hit: Hit, verdict: Verdict, target: bytes) -> None:
        """Answer with a whole object; one that fits is encrypted and sent at once, and the connection never busy."""
        server = self.server
        now, head = server.now, server.ok_line + hit.head
        self.verdict, self.target, self.cache, self.since = verdict, target, HIT, now
        if hit.answer or hit.length > CHUNK or now - hit.probed > PROBE_SECONDS:
            self.begin_hit(head, hit, 0, hit.length, 200)
            return
        self._begin(head, 200)
        self.file, self.pos, self.end = hit.file, hit.offset, hit.offset + hit.length
        try:
            data = self._next()
            sent = self._secure.send(data)
        except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
            self._left = bytes(data)
            self.hit = hit
            hit.readers += 1
            self.wait_for_room()
            return
        except OSError as error:
            if error.errno == errno.EIO:
                server.doubt(hit, f"it cannot be read: {error.strerror}")
            self.close()
            return
        self._count(sent)
        self.busy, self.file, self._of_file = False, None, 0
        self._account()

    def send_more(self) -> None:
        """`sendfile` would send what is not encrypted."""
        self.push()

    def _push(self) -> bool:
        turn = TURN
        while self._left or self.head or self.pos < self.end:
            if turn <= 0:
                self.server.later(self)
                return False
            data = self._left or self._next()
            if not data:
                return False  # the fill will call
            try:
                sent = self._secure.send(data)  # all of it
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                self._left = bytes(data)
                raise BlockingIOError from None
            self.pos += self._of_file
            self._left, self._of_file = b"", 0
            turn -= sent
            self._count(sent)
        return True

    def _next(self) -> bytes | memoryview:
        """What comes next: the head with the first of the file, or more of the file. Nothing: it is not here yet."""
        limit = self.end
        if self.fill is not None and not self.fill.verified:
            # The last byte of what was promised is held back, be it the object's last one or not.
            limit = min(limit - 1, self.fill.sendable)
        head, self.head = self.head, b""
        if self.pos >= limit:
            return head
        assert self.file is not None
        begin = len(head)
        _ROOM[:begin] = head
        end = begin + min(CHUNK, limit - self.pos)
        self._of_file = os.preadv(self.file.fd, [_ROOM[begin:end]], self.pos)
        if not self._of_file:
            raise OSError(errno.EIO, "the file is shorter than it was")
        return _ROOM[: begin + self._of_file]

    def close(self) -> None:
        """Say goodbye if that can be done at once, and let go of everything."""
        if self.closed:
            return
        if self._shaken:
            with contextlib.suppress(OSError, ValueError):
                self._secure.unwrap()
        super().close()
        self._left = b""
