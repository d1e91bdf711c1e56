"""Between a package's manifest (canonical JSON) and `types.Package`. Pure: no database, no storage."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from catalog.types import Marker, Package, Rendition, RenditionKind, Segment

#: Where packages live in the default storage.
PACKAGES = "packages"
MANIFEST_VERSION = 1
#: A token's rendition mask has 32 bits.
RENDITIONS_MAX = 32
#: Wire names beside `init.mp4`, `<n>.m4s`, `<n>.webp` and a text's one file.
PLAYLIST, IFRAMES, SHEETS_INDEX, TEXT = "index.m3u8", "iframes.m3u8", "index.vtt", "0.vtt"
CONTENT_TYPES = {
    RenditionKind.VIDEO: "video/mp4",
    RenditionKind.AUDIO: "audio/mp4",
    RenditionKind.TEXT: "text/vtt",
    RenditionKind.IMAGES: "image/webp",
}
PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


class BadManifest(ValueError):
    """The bytes are not a manifest that this version understands."""


def package_id(manifest: bytes) -> str:
    """The id that a manifest gives its package: it authenticates every file that the manifest lists."""
    return hashlib.sha256(manifest).hexdigest()[:32]


def canonical(document: Mapping[str, Any]) -> bytes:
    """The one way to write a manifest: sorted keys, no spaces, UTF-8."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def key(package: str, file: str) -> str:
    """Where a file of a package is in the default storage."""
    return f"{PACKAGES}/{package}/{file}"


def parse(manifest: bytes, *, markers: tuple[Marker, ...] = ()) -> Package:
    """Read a manifest. Raises `BadManifest` when it is not one, or breaks a rule that players rely on."""
    try:
        document = json.loads(manifest)
        if document["v"] != MANIFEST_VERSION:
            raise BadManifest(f"manifest version {document['v']!r} is not known")
        renditions = tuple(_rendition(entry) for entry in document["renditions"])
        package = Package(
            id=package_id(manifest),
            video_id=UUID(document["video"]),
            duration=timedelta(seconds=float(document["duration"])),
            renditions=renditions,
            markers=markers,
            complete=bool(document.get("complete", True)),
            expected=timedelta(seconds=float(document["expected"])) if document.get("expected") else None,
            encrypted=bool(document.get("encrypted", False)),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        if isinstance(error, BadManifest):
            raise
        raise BadManifest(f"not a manifest: {error!r}") from error
    _check(package)
    return package


def playlists(manifest: bytes) -> dict[tuple[str, str], tuple[str, int, str]]:
    """File, length in bytes and SHA-256 of the playlists (and of the sheets' index), by rendition and wire name."""
    found = {}
    for entry in json.loads(manifest)["renditions"]:
        wire = SHEETS_INDEX if entry["kind"] == RenditionKind.IMAGES else PLAYLIST
        for name, said in ((wire, entry["playlist"]), (IFRAMES, entry.get("iframes"))):
            if said:
                place = (str(said["file"]), int(said["bytes"]), str(said["sha256"]))
                found[str(entry["name"]), name] = place
    return found


def _rendition(entry: Mapping[str, Any]) -> Rendition:
    init = entry.get("init")
    return Rendition(
        name=str(entry["name"]),
        index=int(entry["index"]),
        kind=RenditionKind(entry["kind"]),
        codecs=str(entry["codecs"]),
        bandwidth=int(entry["bandwidth"]),
        average_bandwidth=int(entry["average_bandwidth"]),
        file=str(entry["file"]),
        bytes=int(entry["bytes"]),
        sha256=str(entry["sha256"]),
        playlist=str(entry["playlist"]["file"]),
        init=(int(init[0]), int(init[1])) if init else None,
        segments=tuple(
            Segment(offset=int(part[0]), length=int(part[1]), duration=float(part[2]), sha256=str(part[3]))
            for part in entry["segments"]
        ),
        width=entry.get("width"),
        height=entry.get("height"),
        frame_rate=entry.get("frame_rate"),
        language=str(entry.get("language") or "und"),
        label=str(entry.get("label") or ""),
        channels=entry.get("channels"),
        default=bool(entry.get("default", False)),
        iframes=str((entry.get("iframes") or {}).get("file", "")),
        iframe_bandwidth=int((entry.get("iframes") or {}).get("bandwidth", 0)),
        timescale=int(entry.get("timescale", 0)),
        start=int(entry.get("start", 0)),
        twin=str(entry.get("twin", "")),
        tiles=(int(entry["tiles"][0]), int(entry["tiles"][1])) if entry.get("tiles") else None,
        forced=bool(entry.get("forced", False)),
        hearing_impaired=bool(entry.get("hearing_impaired", False)),
        uploaded=bool(entry.get("uploaded", False)),
        described=bool(entry.get("described", False)),
    )


def _check(package: Package) -> None:
    names = [rendition.name for rendition in package.renditions]
    if not names or len(names) > RENDITIONS_MAX or len(set(names)) != len(names):
        raise BadManifest("a package has 1 to 32 renditions with names of their own")
    for position, rendition in enumerate(package.renditions):
        if rendition.index != position:
            raise BadManifest(
                f"rendition {rendition.name} says it is number {rendition.index}, but is {position}"
            )
        if not rendition.segments:
            raise BadManifest(f"rendition {rendition.name} has no segments")
        for file in (rendition.file, rendition.playlist, rendition.iframes or rendition.playlist):
            if "/" in file or "\\" in file or file.startswith("."):
                raise BadManifest(f"{file!r} is not a plain file name")
        ends = [segment.offset + segment.length for segment in rendition.segments]
        if rendition.init:
            ends.append(sum(rendition.init))
        if max(ends) > rendition.bytes or min(segment.length for segment in rendition.segments) < 1:
            raise BadManifest(f"rendition {rendition.name} has segments outside its file")
