"""Byte ranges and validators of HTTP requests, as the shield and the edge both read them. Pure."""

import re

#: What the shield and every node say with each object, so that a player may read all of them from any page.
CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Content-Length, Content-Range, X-Cache, CMSD-Dynamic",
    "Timing-Allow-Origin": "*",
}
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Range, If-Range, If-None-Match",
    "Access-Control-Max-Age": "86400",
}
IMMUTABLE = "public, max-age=31536000, immutable"

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class Unsatisfiable(Exception):
    """The range lies wholly beyond the object: answer 416."""


def parse_range(header: str, length: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single range, or None when the header is to be ignored (RFC 9110, 14.2).

    Several ranges are ignored: the whole object is a right answer, and nobody here asks for more than one.
    """
    match = _RANGE.match(header.strip())
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        suffix = int(last)
        if suffix == 0 or length == 0:
            raise Unsatisfiable
        return max(0, length - suffix), length
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= length:
        raise Unsatisfiable
    return start, min(int(last) + 1, length) if last else length


def etag(sha256_hex: str) -> str:
    """The entity tag of bytes with this hash."""
    return f'"{sha256_hex[:16]}"'


def none_match(header: str, tag: str) -> bool:
    """Whether If-None-Match says that the client has these very bytes already (weak comparison)."""
    if header.strip() == "*":
        return True
    return any(part.strip().removeprefix("W/") == tag for part in header.split(","))
