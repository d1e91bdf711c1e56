"""The one way in which this site asks other machines for something (DESIGN.md, section 11).

An address is resolved once, every answer of the resolver is checked, and the connection goes to the very address that
was checked: a name that points elsewhere a moment later gains nothing. Redirects go through the same gate again.
"""

import contextlib
import http.client
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

logger = logging.getLogger(__name__)

REDIRECTS_MAX = 3
#: Of one try to connect, and of one silence while reading, in seconds.
SILENCE = 10.0
#: Of the whole, redirects included, in seconds: a server that sends a byte a second is not waited for.
WHOLE = 25.0
_CHUNK = 64 * 1024
_AGENT = "netflixlite"
_REDIRECTS = (301, 302, 303, 307, 308)

#: (host, port) → addresses as text; and the port to connect to is the one asked for unless a test says otherwise.
Resolver = Callable[[str, int], Sequence[tuple[str, int]]]


class CannotFetch(Exception):
    """Nothing usable came. The text says why, without the query (keys are sent in it), for an operator.

    `status` is the server's answer when there was one, else None.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its bytes, its media type in small letters without parameters."""

    data: bytes
    media_type: str


def resolve(host: str, port: int) -> list[tuple[str, int]]:
    """All addresses of a host by the system's resolver. Raises OSError."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(str(answer[4][0]), port) for answer in answers]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet: no loopback, no private network, no translation to one."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.is_site_local:  # fec0::/10, private before fc00::/7 was: Python calls it global
            return False
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What requests are made with. Tests give a resolver, a trust store and a gate of their own; nothing else does."""

    resolver: Resolver = resolve
    context: ssl.SSLContext | None = None
    gate: Callable[[str], bool] = is_public

    def get(
        self, url: str, *, most: int, accept: Sequence[str], headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Fetch what an https address has: at most `most` bytes, of one of the media types `accept`.

        `headers` (keys, for instance) are sent to the first host only. Raises `CannotFetch`.
        """
        deadline = time.monotonic() + WHOLE
        first = _parts(url)[0]
        for _hop in range(REDIRECTS_MAX + 1):
            host, port, target = _parts(url)
            own = dict(headers or {}) if host == first else {}
            answer = self._ask(host, port, target, own, most, deadline)
            if isinstance(answer, Fetched):
                if answer.media_type not in accept:
                    raise CannotFetch(
                        f"{host} sent {answer.media_type or 'something'} where {accept[0]} was expected."
                    )
                return answer
            url = urljoin(url, answer)
        raise CannotFetch(f"{first} sends from one address to the next without end.")

    def _ask(
        self, host: str, port: int, target: str, headers: dict[str, str], most: int, deadline: float
    ) -> Fetched | str:
        """One request: the answer, or where it redirects to."""
        connection = self._connect(host, port)
        # A server that sends a letter of a header now and then is never silent, and never finished.
        cutter = threading.Timer(max(0.1, deadline - time.monotonic()), _cut, [connection.sock])
        cutter.daemon = True
        cutter.start()
        try:
            usual = {"Host": host, "User-Agent": _AGENT, "Accept-Encoding": "identity", "Connection": "close"}
            connection.request("GET", target, headers=usual | headers)
            response = connection.getresponse()
            if response.status in _REDIRECTS:
                where = response.getheader("Location")
                if not where:
                    raise CannotFetch(f"{host} redirects to nowhere.", status=response.status)
                return where
            if response.status != 200:
                raise CannotFetch(f"{host} answered {response.status}.", status=response.status)
            if response.getheader("Content-Encoding", "identity") != "identity":
                raise CannotFetch(f"{host} sent a compressed answer, which was not asked for.")
            media_type = response.getheader("Content-Type", "").partition(";")[0].strip().lower()
            return Fetched(_body(response, host, most, deadline), media_type)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise CannotFetch(f"{host} could not be asked: {_reason(error)}.") from error
        finally:
            cutter.cancel()
            connection.close()

    def _connect(self, host: str, port: int) -> http.client.HTTPSConnection:
        """A connection to the first address of the host, when all of them are public."""
        try:
            found = list(self.resolver(host, port))
        except OSError as error:
            raise CannotFetch(f"{host} has no address: is this machine on the internet?") from error
        # One private answer among public ones is how names are made to lead inside.
        if not found or not all(self.gate(address) for address, _port in found):
            raise CannotFetch(f"{host} has an address that is not on the public internet: it is not asked.")
        errors = []
        for address, at in found[:3]:
            try:
                plain = socket.create_connection((address, at), timeout=SILENCE)
            except OSError as error:
                errors.append(_reason(error))
                continue
            return _over(plain, host, port, self.context or ssl.create_default_context())
        raise CannotFetch(f"{host} cannot be reached: {errors[0]}.")


#: What the site fetches with.
SITE = Fetcher()


def _over(plain: socket.socket, host: str, port: int, context: ssl.SSLContext) -> http.client.HTTPSConnection:
    """TLS over a socket that is connected already, the certificate checked against the name."""
    try:
        safe = context.wrap_socket(plain, server_hostname=host)
    except OSError as error:
        plain.close()
        raise CannotFetch(f"{host} could not be spoken to safely: {_reason(error)}.") from error
    connection = http.client.HTTPSConnection(host, port, timeout=SILENCE)
    connection.sock = safe
    return connection


def _cut(line: socket.socket) -> None:
    """End whatever is being read. Of the line itself: a connection forgets it once it has read an answer's headers."""
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _parts(url: str) -> tuple[str, int, str]:
    """(host, port, path with query) of an https address. Raises `CannotFetch`."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port or 443
    except ValueError as error:
        raise CannotFetch("The address cannot be read.") from error
    if parts.scheme != "https" or not host:
        raise CannotFetch(
            f"Only https addresses are fetched, not {parts.scheme or 'none'}: {host or 'no host'}."
        )
    if parts.username or parts.password:
        raise CannotFetch(f"The address of {host} has a password in it.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if any(ord(c) <= 32 or ord(c) > 126 for c in target):
        raise CannotFetch(f"The address at {host} has letters that an address cannot have.")
    return host, port, target


def _body(response: http.client.HTTPResponse, host: str, most: int, deadline: float) -> bytes:
    """The body, unless it is larger than allowed or takes too long."""
    announced = response.getheader("Content-Length", "")
    if announced.isdigit() and int(announced) > most:
        raise CannotFetch(f"{host} wants to send {int(announced)} bytes; {most} are the most.")
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_CHUNK):
        size += len(piece)
        if size > most:
            raise CannotFetch(f"{host} sent more than {most} bytes.")
        if time.monotonic() > deadline:
            raise CannotFetch(f"{host} took too long.")
        pieces.append(piece)
    if time.monotonic() > deadline:
        raise CannotFetch(f"{host} took too long.")
    if announced.isdigit() and size < int(announced):
        raise CannotFetch(f"{host} stopped in the middle of its answer.")
    return b"".join(pieces)


def _reason(error: BaseException) -> str:
    """Why, in words that hold no address with a key in it."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({error.verify_message})"
    return str(getattr(error, "strerror", None) or type(error).__name__)
