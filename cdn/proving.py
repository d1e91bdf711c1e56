"""Looking at a node from outside, as a player will: is it there, is it itself, can a browser play from it?"""

import http.client
import io
import secrets
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache, partial
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

from cdn import signing, states, testobject
from cdn.ed25519 import Ed25519PublicKey

#: How long one request may take, in seconds; and the whole of the test object.
PROOF_SECONDS, OBJECT_SECONDS = 3.0, 15.0
#: The stretch of the test object that is asked for as a range.
_START, _END = 300_000, 365_536


class Unproven(Exception):
    """The node was not found to be what it says; `code` is for programs, `message` for whoever installs it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    #: When it was asked and had answered, in seconds since 1970.
    asked_at: float
    answered_at: float


def prove(*, base_url: str, public_key: Ed25519PublicKey) -> None:
    """See that the address leads to this node and that browsers can play from it. Raises Unproven.

    A signed nonce, the clock, the headers that let pages of other sites read, a range, and 1 MiB in one go.
    """
    answer = _nonce(base_url, public_key, PROOF_SECONDS)
    _check_clock(answer)
    url = base_url + testobject.PATH
    part = _asked(
        url, PROOF_SECONDS, limit=_END - _START + 1, headers={"Range": f"bytes={_START}-{_END - 1}"}
    )
    if part.status == 404:
        raise Unproven(
            "old_node", f"{url} is not there: the node's program is older than the site's. Upgrade it."
        )
    _check_headers(url, part)
    if part.status != 206 or part.body != testobject.content()[_START:_END]:
        raise Unproven(
            "ranges", f"{url} does not give the range that was asked for, so something between changes answers: "
            "is there a proxy in front of the node? Players resume with ranges."
        )  # fmt: skip
    whole = _asked(url, OBJECT_SECONDS, limit=testobject.LENGTH + 1)
    if whole.status != 200 or whole.body != testobject.content():
        raise Unproven(
            "altered", f"{url} gave {len(whole.body)} bytes that are not the node's {testobject.LENGTH}: something "
            "between them cuts or alters what it sends."
        )  # fmt: skip


def reach(*, base_url: str, public_key: Ed25519PublicKey, seconds: float) -> str:
    """Whether the node answers for itself now: '' when it does, else why not, in words."""
    try:
        _nonce(base_url, public_key, seconds)
    except Unproven as error:
        return error.message
    return ""


def _nonce(base_url: str, public_key: Ed25519PublicKey, seconds: float) -> _Answer:
    nonce = secrets.token_hex(16)
    url = f"{base_url}/v1/-/proof/{nonce}"
    answer = _asked(url, seconds, limit=1024)
    if answer.status != 200:
        raise Unproven(
            "unreachable", f"{url} answered {answer.status}, so something else than this node is there."
        )
    signature = answer.body.decode("ascii", "replace").strip()
    if not signing.verified(public_key, signature, signing.proof_message(nonce)):
        raise Unproven("not_you", f"{url} is answered by a node with another key. Check --base-url.")
    return answer


def _check_clock(answer: _Answer) -> None:
    """Its Date has whole seconds, and was written between asking and being answered: doubt is in the node's favour."""
    try:
        said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (TypeError, ValueError):
        return  # no date, no evidence; its heartbeats tell more
    earliest, latest = said - answer.answered_at, said + 1 - answer.asked_at
    skew = earliest if earliest > 0 else min(0.0, latest)
    if abs(skew) > states.SKEW_LIMIT:
        raise Unproven(
            "clock", f"The node's clock is {skew:+.0f} s off. Set both clocks (NTP, for example "
            "systemctl start systemd-timesyncd), then try again."
        )  # fmt: skip


def _check_headers(url: str, answer: _Answer) -> None:
    for name in ("Access-Control-Allow-Origin", "Timing-Allow-Origin"):
        if answer.headers.get(name) != "*":
            raise Unproven(
                "cors", f"{url} is answered without '{name}: *', so no browser would play from it: does a proxy "
                "in front of the node remove headers?"
            )  # fmt: skip


def _asked(url: str, seconds: float, *, limit: int, headers: dict[str, str] | None = None) -> _Answer:
    """One GET without redirects, given up after so many seconds; the body is cut at `limit`. Raises Unproven."""
    try:
        return _get(url, seconds, limit, headers or {})
    except (OSError, http.client.HTTPException) as error:
        raise Unproven(
            "unreachable", f"The control plane could not reach {_base(url)}: {_words(error, seconds)}. Check the "
            "node's --base-url, its port and any firewall between them."
        ) from error  # fmt: skip


def _base(url: str) -> str:
    """The address without the proof's random part, so that the same trouble has the same words each time."""
    return urlsplit(url)._replace(path="", query="").geturl()


@cache
def _context() -> ssl.SSLContext:
    """How nodes prove their names. One for all looks: making one takes 25 ms (it reads every authority), during
    which no other thread of the process runs; what an operator adds to the authorities counts from the next start."""
    return ssl.create_default_context()


def _get(url: str, seconds: float, limit: int, headers: dict[str, str]) -> _Answer:
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=seconds, context=_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    asked_at, end = time.time(), time.monotonic() + seconds
    connection.response_class = partial(Response, end=end)  # type: ignore[assignment]
    try:
        connection.connect()
        check_place(url, str(connection.sock.getpeername()[0]))
        connection.request("GET", parts.path, headers={"User-Agent": "netflixlite-control", **headers})
        response = connection.getresponse()
        body = bytearray()
        while len(body) < limit and (block := response.read1(min(65536, limit - len(body)))):
            body += block
        return _Answer(response.status, response.headers, bytes(body), asked_at, time.time())
    finally:
        connection.close()


def check_place(url: str, address: str) -> None:
    """Whether players could be there at all, whatever the name says. Raises Unproven.

    No request of ours goes to a cloud's own service of credentials (169.254.169.254). Private addresses are a
    household's nodes'.
    """
    place = ip_address(address.partition("%")[0])
    place = (place.ipv4_mapped or place) if isinstance(place, IPv6Address) else place
    if place.is_link_local or place.is_multicast or place.is_unspecified:
        raise Unproven(
            "base_url", f"{_base(url)} leads to {place}, which is no place for a node: give --base-url the address "
            "that players use."
        )  # fmt: skip


class Response(http.client.HTTPResponse):
    """An answer that is all here by `end` (of the steady clock). A trickle keeps every single read alive, and a status
    line and headers may come by trickle, too."""

    def __init__(self, sock: socket.socket, *, end: float, **more: Any) -> None:
        super().__init__(sock, **more)
        self.fp = io.BufferedReader(_Timed(sock, self.fp.detach(), end))


class _Timed(io.RawIOBase):
    """What a socket receives until a moment of the steady clock; then TimeoutError."""

    def __init__(self, sock: socket.socket, received: io.RawIOBase, end: float) -> None:
        self._sock, self._received, self._end = sock, received, end

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Wait for the next bytes, but not longer than that. Raises TimeoutError."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        return self._received.readinto(buffer) or 0

    def close(self) -> None:
        """Let go of the socket."""
        self._received.close()
        super().close()


def _words(error: Exception, seconds: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, TimeoutError):
        return f"no answer within {seconds:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, socket.gaierror):
        return "the host name is not known"
    return str(error) or type(error).__name__
