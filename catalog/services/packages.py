"""What the edge and playback ask about packages: which there are, and where their bytes stand at the origin."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.core.files import File
from django.core.files.storage import default_storage

from catalog import keyring, manifests, models, types

_SEGMENT = re.compile(r"(0|[1-9][0-9]{0,5})\.(m4s|webp)")
_ENDINGS = {
    types.RenditionKind.VIDEO: "m4s",
    types.RenditionKind.AUDIO: "m4s",
    types.RenditionKind.IMAGES: "webp",
}


def package(package_id: str) -> types.Package | None:
    """A package by id, current or not; None when it never was or was removed."""
    row = models.Package.objects.filter(id=package_id).values_list("video_id", flat=True).first()
    if row is None:
        return None
    parsed = _parsed(package_id)
    marks = _markers(row)
    if parsed is None or not marks:
        return parsed
    return replace(parsed, markers=marks)


def rendition_digests(package_id: str, rendition: str) -> types.Digests | None:
    """What each part of a rendition must be: sizes and the SHA-256s; None when unknown.

    The database is asked once for each package and process, and the storage once for each init segment.
    """
    parsed = _parsed(package_id)
    track = next((one for one in parsed.renditions if one.name == rendition), None) if parsed else None
    if track is None:
        return None
    init = None if track.kind is types.RenditionKind.TEXT else _media_object(package_id, track, "init.mp4")
    return types.Digests(
        sizes=tuple(part.length for part in track.segments),
        sha256=tuple(bytes.fromhex(part.sha256) for part in track.segments),
        init_size=init.length if init else 0,
        init_sha256=bytes.fromhex(init.sha256) if init else b"",
    )


def current_package(video_id: UUID) -> types.Package | None:
    """What a video plays now; None while nothing is ready."""
    current = models.Video.objects.filter(id=video_id).values_list("current_package_id", flat=True).first()
    return package(current) if current else None


def manifest_bytes(package_id: str) -> bytes | None:
    """The very bytes whose SHA-256 begins with the package's id."""
    text = models.Package.objects.filter(id=package_id).values_list("manifest", flat=True).first()
    return text.encode() if text is not None else None


def content_key(package_id: str) -> bytes | None:
    """The 16 bytes that open an encrypted package; None when it is not encrypted, or not known."""
    return keyring.of(package_id)


def current_package_id(video_id: UUID) -> str | None:
    """The id of what a video plays now, and nothing more: asked with every beacon."""
    return models.Video.objects.filter(id=video_id).values_list("current_package_id", flat=True).first()


def markers(video_id: UUID) -> tuple[types.Marker, ...]:
    """The named stretches of a video as they are now: opening, recap, credits and chapters, in order."""
    return tuple(sorted(_markers(video_id), key=lambda each: each.start))


def published_packages() -> list[str]:
    """Ids of the current packages of every title that viewers may see now."""
    visible = models.Title.objects.published().values("id")
    films = models.Video.objects.filter(title__in=visible, current_package__isnull=False)
    parts = models.Video.objects.filter(episode__season__title__in=visible, current_package__isnull=False)
    ids = set(films.values_list("current_package_id", flat=True))
    ids.update(parts.values_list("current_package_id", flat=True))
    trailers = models.Video.objects.filter(trailer_of__in=visible, current_package__isnull=False)
    ids.update(trailers.values_list("current_package_id", flat=True))
    return sorted(str(package_id) for package_id in ids if package_id)


def stored_object(package_id: str, *, rendition: str, name: str) -> types.StoredObject | None:
    """Where the bytes of one wire name stand: `index.m3u8`, `iframes.m3u8`, `init.mp4`, `<n>.m4s`; `0.vtt` of a text
    rendition; `index.vtt` and `<n>.webp` of the sheets of small pictures.

    Nothing of the arguments becomes part of a path: all are looked up in the manifest. None when unknown.
    """
    if not models.Package.objects.filter(id=package_id).exists():
        return None
    parsed = _parsed(package_id)
    track = next((one for one in parsed.renditions if one.name == rendition), None) if parsed else None
    if track is None:
        return None
    listed = _playlists(package_id).get((rendition, name))
    if listed is not None:
        file, length, digest = listed
        sheets = track.kind is types.RenditionKind.IMAGES
        return types.StoredObject(
            key=manifests.key(package_id, file),
            offset=0,
            length=length,
            content_type=manifests.CONTENT_TYPES[types.RenditionKind.TEXT]
            if sheets
            else manifests.PLAYLIST_TYPE,
            sha256=digest,
        )
    return _media_object(package_id, track, name)


def open_object(stored: types.StoredObject) -> bytes:
    """Read exactly the object's bytes. Raises FileNotFoundError, or EOFError when the stored file is shorter."""
    with default_storage.open(stored.key, "rb") as file:
        file.seek(stored.offset)
        data = bytes(file.read(stored.length))
    if len(data) != stored.length:
        raise EOFError(f"{stored.key} ends before {stored.offset + stored.length}")
    return data


def object_part(stored: types.StoredObject, *, start: int, end: int) -> bytes:
    """Read bytes `start` to `end` (exclusive) of an object, and no others. Raises as `open_object`."""
    return open_object(replace(stored, offset=stored.offset + start, length=end - start))


def object_chunks(stored: types.StoredObject, *, start: int, end: int, size: int) -> Iterator[bytes]:
    """The same in pieces of at most `size` bytes, so that nobody holds it whole. What is missing raises here and now
    (as `open_object`), so that an answer's first line can still say so.
    """
    file = default_storage.open(stored.key, "rb")
    if file.size < stored.offset + end:
        file.close()
        raise EOFError(f"{stored.key} ends before {stored.offset + end}")
    return _chunks(file, stored.offset + start, end - start, size)


def _chunks(file: "File[bytes]", place: int, left: int, size: int) -> Iterator[bytes]:
    with file:
        file.seek(place)
        while left:
            data = bytes(file.read(min(size, left)))
            if not data:  # cut off while it was read: what was promised cannot be kept
                raise EOFError(f"{file.name} became shorter")
            left -= len(data)
            yield data


def _media_object(package_id: str, track: types.Rendition, name: str) -> types.StoredObject | None:
    kind = manifests.CONTENT_TYPES[track.kind]
    where = manifests.key(package_id, track.file)
    if track.kind is types.RenditionKind.TEXT:
        if name != manifests.TEXT:
            return None
        part = track.segments[0]
        return types.StoredObject(where, part.offset, part.length, kind, part.sha256)
    if name == "init.mp4":
        if track.init is None:
            return None
        return _init_object(types.StoredObject(where, track.init[0], track.init[1], kind, ""))
    match = _SEGMENT.fullmatch(name)
    if match is None or match[2] != _ENDINGS[track.kind] or int(match[1]) >= len(track.segments):
        return None
    part = track.segments[int(match[1])]
    return types.StoredObject(where, part.offset, part.length, kind, part.sha256)


# Packages never change, so their parsed form may be kept. A two-hour film with eight renditions is about 4 MB.
@lru_cache(maxsize=24)
def _parsed(package_id: str) -> types.Package | None:
    data = manifest_bytes(package_id)
    return manifests.parse(data) if data is not None else None


@lru_cache(maxsize=256)
def _playlists(package_id: str) -> dict[tuple[str, str], tuple[str, int, str]]:
    data = manifest_bytes(package_id)
    return manifests.playlists(data) if data is not None else {}


# The manifest has no hash of its own for init segments; they are about 800 bytes, read once for each process.
@lru_cache(maxsize=1024)
def _init_object(stored: types.StoredObject) -> types.StoredObject:
    return replace(stored, sha256=hashlib.sha256(open_object(stored)).hexdigest())


def _markers(video_id: UUID) -> tuple[types.Marker, ...]:
    rows = models.Marker.objects.filter(video_id=video_id).exclude(dropped=True)
    return tuple(
        types.Marker(kind=kind, start=start, end=end, name=name)
        for kind, start, end, name in rows.values_list("kind", "start", "end", "name")
    )
