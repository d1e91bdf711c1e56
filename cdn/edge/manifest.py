"""A package's manifest, read so that one wire name leads to a byte range, its hash and its content type.

A film of two hours has some 14,000 segments: they are kept in flat arrays, not in objects.
"""

import hashlib
import json
import re
from array import array
from dataclasses import dataclass

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
_SEGMENT = re.compile(rb"(0|[1-9][0-9]{0,5})\.(m4s|webp)\Z")
_TYPES = {"video": "video/mp4", "audio": "audio/mp4", "text": "text/vtt", "images": "image/webp"}
_ENDINGS = {"video": b"m4s", "audio": b"m4s", "images": b"webp"}
#: No object may be larger than this: it is held in memory while it is fetched.
OBJECT_MAX = 128 << 20
PAGE = 4096
#: The head of a rendition is so many seconds from its beginning: what a viewer needs to start at once.
HEAD_SECONDS = 12.0


class BadManifest(Exception):
    """The bytes are not this package's manifest."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One object of a package: `length` bytes at `offset` of its rendition's file here. `sha256` may be unknown."""

    rendition: "RenditionIndex"
    number: int
    name: str
    offset: int
    length: int
    sha256: bytes | None
    content_type: str


@dataclass(frozen=True, slots=True)
class RenditionIndex:
    """Where the objects of one rendition stand in its file here. They are numbered: segments, init, playlist, I-frame
    playlist. (The playlist of a rendition of images is the index of its sheets.)

    Each begins on a page of its own (not where the origin's file has it): `sendfile` then moves whole pages, which
    was measured to cost a third at 64 KiB, and evicting an object gives back all of its blocks.
    """

    package: str
    name: str
    index: int
    kind: str
    offsets: "array[int]"
    lengths: "array[int]"
    digests: bytes
    init: tuple[int, int] | None
    playlist_offset: int
    playlist_length: int
    playlist_sha256: bytes
    #: Offset, length and hash of the I-frame playlist, when there is one.
    iframes: tuple[int, int, bytes] | None = None
    #: How many segments its head has.
    head_segments: int = 0

    @property
    def objects(self) -> int:
        """How many numbers there are."""
        return len(self.offsets) + (3 if self.iframes else 2)

    def place(self, number: int) -> tuple[int, int] | None:
        """Offset and length of an object here; None when there is none of this number."""
        count = len(self.offsets)
        if number < count:
            return self.offsets[number], self.lengths[number]
        if number == count + 2:
            return self.iframes[:2] if self.iframes else None
        return self.init if number == count else (self.playlist_offset, self.playlist_length)

    def spec(self, name: bytes) -> Spec | None:
        """The object of this wire name; None when there is none."""
        count = len(self.offsets)
        listed = b"index.vtt" if self.kind == "images" else b"index.m3u8"
        if name == listed:
            place = (self.playlist_offset, self.playlist_length, self.playlist_sha256)
            kind = _TYPES["text"] if self.kind == "images" else PLAYLIST_TYPE
            return Spec(self, count + 1, name.decode(), *place, kind)
        if name == b"iframes.m3u8":
            return (
                Spec(self, count + 2, name.decode(), *self.iframes, PLAYLIST_TYPE) if self.iframes else None
            )
        kind = _TYPES[self.kind]
        if self.kind == "text":
            return self._segment(0, "0.vtt", kind) if name == b"0.vtt" and count else None
        if name == b"init.mp4":
            if self.init is None:
                return None
            return Spec(self, count, "init.mp4", self.init[0], self.init[1], None, kind)
        match = _SEGMENT.match(name)
        if match is None or match[2] != _ENDINGS[self.kind] or int(match[1]) >= count:
            return None
        return self._segment(int(match[1]), name.decode(), kind)

    def numbered(self, number: int) -> Spec | None:
        """The object of this number; None when there is none."""
        count = len(self.offsets)
        if number < count:
            ending = "vtt" if self.kind == "text" else _ENDINGS[self.kind].decode()
            return self.spec(f"{number}.{ending}".encode())
        others = {count: "init.mp4", count + 1: "index.vtt" if self.kind == "images" else "index.m3u8"}
        return self.spec(others.get(number, "iframes.m3u8").encode())

    def _segment(self, number: int, name: str, kind: str) -> Spec:
        digest = self.digests[number * 32 : number * 32 + 32]
        return Spec(self, number, name, self.offsets[number], self.lengths[number], digest, kind)


@dataclass(frozen=True, slots=True)
class PackageIndex:
    """The renditions of one package by their wire names."""

    package: str
    renditions: dict[bytes, RenditionIndex]

    def spec(self, rendition: bytes, name: bytes) -> Spec | None:
        """The object of these wire names; None when there is none."""
        found = self.renditions.get(rendition)
        return found.spec(name) if found else None


def parse(package: str, manifest: bytes) -> PackageIndex:
    """Read a manifest, checking first that the package's id is its hash. Raises BadManifest."""
    if hashlib.sha256(manifest).hexdigest()[:32] != package:
        raise BadManifest("these bytes are not this package's manifest")
    try:
        document = json.loads(manifest)
        if document["v"] != 1:
            raise BadManifest(f"manifest version {document['v']!r} is not known")
        # A kind that a later site makes is passed over: the rest of its package plays all the same.
        found = [_rendition(package, entry) for entry in document["renditions"] if entry["kind"] in _TYPES]
    except (LookupError, AttributeError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadManifest(f"not a manifest: {error!r}") from error
    return PackageIndex(package, {rendition.name.encode(): rendition for rendition in found})


def _rendition(package: str, entry: dict[str, object]) -> RenditionIndex:
    name, kind, segments, playlist = entry["name"], entry["kind"], entry["segments"], entry["playlist"]
    if not isinstance(name, str) or not _NAME.match(name):
        raise BadManifest("a rendition has no proper name")
    if not isinstance(segments, list) or not isinstance(playlist, dict):
        raise BadManifest("a rendition lacks its segments or its playlist")
    size, index = entry["bytes"], entry["index"]
    if not isinstance(size, int) or not isinstance(index, int) or not 0 <= index < 32:
        raise BadManifest("a rendition has no proper size or index")
    offsets, lengths = array("Q"), array("Q")
    digests, place = bytearray(), 0
    head, seconds = 0, 0.0
    for segment in segments:
        _checked(segment[0], segment[1], size)
        if seconds < HEAD_SECONDS - 0.01:
            head, seconds = head + 1, seconds + max(0.0, float(segment[2]))
        offsets.append(place)
        lengths.append(segment[1])
        place += pages(segment[1])
        digests += _digest(segment[3])
    init = entry.get("init")
    if init is not None:
        if not isinstance(init, list):
            raise BadManifest("an init segment has no place")
        _checked(init[0], init[1], size)
        init = (place, init[1])
        place += pages(init[1])
    _checked(0, playlist["bytes"], OBJECT_MAX)
    iframes = entry.get("iframes")
    if iframes is not None:
        if not isinstance(iframes, dict):
            raise BadManifest("an I-frame playlist has no place")
        _checked(0, iframes["bytes"], OBJECT_MAX)
        iframes = (place + pages(playlist["bytes"]), iframes["bytes"], _digest(iframes["sha256"]))
    return RenditionIndex(
        package=package,
        name=name,
        index=index,
        kind=str(kind),
        offsets=offsets,
        lengths=lengths,
        digests=bytes(digests),
        init=init,
        playlist_offset=place,
        playlist_length=playlist["bytes"],
        playlist_sha256=_digest(playlist["sha256"]),
        iframes=iframes,
        head_segments=head,
    )


def pages(length: int) -> int:
    """The room of an object of this length: whole pages, in bytes."""
    return -(-length // PAGE) * PAGE


def _digest(text: str) -> bytes:
    digest = bytes.fromhex(text)
    if len(digest) != 32:
        raise BadManifest("an object has no proper hash")
    return digest


def _checked(offset: object, length: object, size: int) -> None:
    if not isinstance(offset, int) or not isinstance(length, int):
        raise BadManifest("an object has no place")
    if offset < 0 or not 0 < length <= OBJECT_MAX or offset + length > size:
        raise BadManifest("an object lies outside its file")
