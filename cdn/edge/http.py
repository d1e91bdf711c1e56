"""A strict reader of HTTP/1.1 requests without bodies. What is not plainly right is refused, never guessed at.

Strictness is the defence against request smuggling: a proxy in front and this node must never disagree about
where a request ends.
"""

import re
from dataclasses import dataclass

MAX_LINE = 4096
MAX_BLOCK = 8192
MAX_HEADERS = 64

_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])\Z")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_HOST = re.compile(rb"[A-Za-z0-9._:\[\]-]{1,255}\Z")
_NODE = (b"x-node-id", b"x-node-time", b"x-node-seq", b"x-node-signature")
_ONCE = frozenset({b"host", b"content-length", b"range", b"if-range", b"expect", *_NODE})


class BadRequest(Exception):
    """The request is refused with this status and the connection closed."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Headers:
    """What this server wants to know of a header block."""

    keep_alive: bool
    range: str = ""
    if_range: str = ""
    if_none_match: str = ""
    #: Another node's id, time, sequence and signature, as it signs what it asks; and how it wants it filled.
    node: tuple[str, str, str, str] | None = None
    fill: str = ""

    @property
    def plain(self) -> bool:
        """Whether the whole object is wanted, without conditions, on a connection that stays, by a viewer."""
        return self.keep_alive and not (self.range or self.if_range or self.if_none_match or self.node)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `target` is the path without the query (CMCD travels there and must not matter)."""

    method: str
    target: bytes
    headers: Headers


def split(buffer: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Request line, header block with its closing empty line, and the rest; None when more bytes are needed.

    Raises BadRequest as soon as the bytes so far can only become a bad request.
    """
    line_end = buffer.find(b"\r\n")
    if line_end < 0:
        if len(buffer) > MAX_LINE:
            raise BadRequest(414, "the request line is too long")
        if b"\n" in buffer:
            raise BadRequest(400, "lines end with CR LF")
        return None
    if line_end > MAX_LINE:
        raise BadRequest(414, "the request line is too long")
    # A request without any header ends right after its line: the same CR LF closes both.
    block_end = buffer.find(b"\r\n\r\n", line_end)
    if block_end < 0:
        if len(buffer) - line_end > MAX_BLOCK:
            raise BadRequest(431, "the headers are too large")
        return None
    if block_end - line_end > MAX_BLOCK:
        raise BadRequest(431, "the headers are too large")
    block_start = line_end + 2
    return buffer[:line_end], buffer[block_start : block_end + 4], buffer[block_end + 4 :]


def parse_line(line: bytes) -> tuple[str, bytes, bool]:
    """Method, path without query, and whether it is HTTP/1.1."""
    match = _LINE.match(line)
    if match is None:
        raise BadRequest(400, "not a request line")
    target = match[2]
    if b"#" in target:
        raise BadRequest(400, "a target has no fragment")
    return match[1].decode("ascii"), target.partition(b"?")[0], match[3] == b"1"


def parse_headers(block: bytes, *, version_11: bool) -> Headers:
    """Read a header block that ends with an empty line."""
    seen: dict[bytes, bytes] = {}
    lines = block[:-4].split(b"\r\n") if len(block) > 4 else []
    if len(lines) > MAX_HEADERS:
        raise BadRequest(431, "too many headers")
    for line in lines:
        name, value = _header(line)
        if name == b"transfer-encoding":
            raise BadRequest(400, "requests have no body here")
        if name in seen:
            if name in _ONCE:
                raise BadRequest(400, f"{name.decode()} came twice")
            value = seen[name] + b", " + value
        seen[name] = value
    _check(seen, version_11)
    connection = seen.get(b"connection", b"").lower()
    return Headers(
        keep_alive=version_11 and b"close" not in connection,
        range=seen.get(b"range", b"").decode("latin-1"),
        if_range=seen.get(b"if-range", b"").decode("latin-1"),
        if_none_match=seen.get(b"if-none-match", b"").decode("latin-1"),
        node=_node(seen) if _NODE[0] in seen else None,
        fill=seen.get(b"x-fill", b"").decode("latin-1"),
    )


def _node(seen: dict[bytes, bytes]) -> tuple[str, str, str, str]:
    """What another node signed; nothing of it is believed yet."""
    node_id, at, sequence, signature = (seen.get(name, b"").decode("latin-1") for name in _NODE)
    return node_id, at, sequence, signature


def _header(line: bytes) -> tuple[bytes, bytes]:
    """One header line. Folded lines begin with a space, which no name does, so they are refused here too."""
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or not _NAME.match(name) or not _VALUE.match(value):
        raise BadRequest(400, "not a header")
    return name.lower(), value


def _check(seen: dict[bytes, bytes], version_11: bool) -> None:
    host = seen.get(b"host")
    if host is None:
        if version_11:
            raise BadRequest(400, "Host is missing")
    elif not _HOST.match(host):
        raise BadRequest(400, "not a host")
    length = seen.get(b"content-length")
    if length is not None:
        if not length.isdigit() or not length.isascii():
            raise BadRequest(400, "not a length")
        if int(length):
            raise BadRequest(413, "requests have no body here")
    if b"expect" in seen:
        raise BadRequest(417, "nothing can be expected here")
