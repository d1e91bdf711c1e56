"""What stands for an object that this node holds, and for a package in use."""

import os
import zlib
from collections.abc import Hashable

from cdn.edge.clock import local
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import PackageIndex, RenditionIndex, Spec, pages
from cdn.edge.policy import Entry
from cdn.ranges import CORS_HEADERS, IMMUTABLE, etag

_CORS = "".join(f"{name}: {value}\r\n" for name, value in CORS_HEADERS.items())
#: An object that came from the disk is written anew once it was asked for so often since: that costs less than it
#: saves then, and the disk writes a hundredth of what is sent.
RENEW_AFTER = 256


class Held(Entry):
    """An object on disk: verified by this process (then a `Hit` stands in its place) or only claimed by its map.

    `planned` says that demand may not evict it; `used` is when it was asked for last, in seconds since 1970.
    """

    __slots__ = ("length", "number", "offset", "planned", "rendition", "used")

    def __init__(self, rendition: RenditionIndex, number: int, offset: int, length: int) -> None:
        super().__init__(pages(length))
        self.rendition, self.number, self.offset, self.length = rendition, number, offset, length
        self.planned = False
        self.used = 0.0

    @property
    def ghost(self) -> Hashable:
        """Its place: the same when it comes back."""
        return hash((self.rendition.package, self.rendition.name, self.number))


class Open:
    """A package in use: its index and what of it is here. `used` is seconds since 1970; `busy` counts disk work."""

    __slots__ = ("busy", "held", "index", "touched", "used")

    def __init__(self, index: PackageIndex) -> None:
        self.index, self.used, self.busy = index, local(), 0
        #: When the disk was last told that the package is in use.
        self.touched = 0.0
        self.held: set[Held] = set()

    @property
    def at_rest(self) -> bool:
        """Whether nothing of it is being read or written."""
        return not self.busy and not any(held.readers for held in self.held)


class Hit(Held):
    """A verified object. `head` is its response head behind the Date line, ready to send."""

    __slots__ = (
        "answer", "bit", "crc", "digest", "etag", "file", "head", "key", "lead", "name", "package", "package_open",
        "probed", "renew_at",
    )  # fmt: skip

    def __init__(self, spec: Spec, file: OwnedFd, digest: bytes, crc: int, package: Open) -> None:
        super().__init__(spec.rendition, spec.number, spec.offset, spec.length)
        self.package_open = package
        self.package = spec.rendition.package.encode()
        self.bit = 1 << spec.rendition.index
        self.key = object_key(spec.rendition, spec.name)
        #: `crc` is the CRC-32 of the bytes that had the right hash: what tells cheaply that they still are the same.
        self.file, self.digest, self.crc, self.name = file, digest, crc, spec.name
        self.etag = etag(digest.hex())
        self.head = head(spec.content_type, spec.length, self.etag, "HIT")
        #: Of a small object that is kept in memory: `head` and the object itself; else nothing.
        self.answer = b""
        self.probed = 0.0
        #: From so many requests on it is worth being written anew (`Store.renew`); 0: it need not be.
        self.renew_at = 0
        #: Whether the segment behind this one is not here: a request for this one then fetches it ahead.
        self.lead = False

    def read_small(self) -> bool:
        """Bring a small object into memory; → False when its bytes are not what they were."""
        body = os.pread(self.file.fd, self.length, self.offset)
        if zlib.crc32(body) != self.crc:
            return False
        self.answer = self.head + body
        return True

    @property
    def body(self) -> bytes:
        """The object, when it is kept in memory; else nothing."""
        return self.answer[len(self.head) :]


def object_key(rendition: RenditionIndex, name: str) -> bytes:
    """The part of an object's address behind the token."""
    return f"{rendition.package}/{rendition.name}/{name}".encode()


def head(content_type: str, length: int, tag: str, cache: str, extra: str = "") -> bytes:
    """The headers of an object, from behind the Date line to the empty line."""
    return (
        f"Content-Type: {content_type}\r\nContent-Length: {length}\r\nETag: {tag}\r\n{extra}"
        f"Cache-Control: {IMMUTABLE}\r\nAccept-Ranges: bytes\r\n{_CORS}X-Cache: {cache}\r\n\r\n"
    ).encode()
