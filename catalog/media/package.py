"""Puts encoded pieces together: one immutable file per rendition, its playlist, and the manifest that names them all.

Everything is measured from the bytes written, nothing is taken from what was planned. The package's id is the hash
of its manifest, which holds the hash of every file and segment. The same plan gives the same bytes and so the same id,
however often workers were killed on the way.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from catalog import manifests
from catalog.media import boxes, languages, playlist
from catalog.media.encode import Piece, Unsound
from catalog.media.facts import Sound
from catalog.media.plan import Plan

MANIFEST = "manifest.json"
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A text track ready to be packaged: WebVTT `data` of a `language`."""

    language: str
    label: str
    data: bytes
    default: bool = False


@dataclass(frozen=True, slots=True)
class _Joined:
    """A rendition's file as it was written."""

    header: boxes.Header
    init: tuple[int, int]
    segments: tuple[tuple[int, int, Fraction, str], ...]
    bytes: int
    sha256: str

    @property
    def sizes(self) -> list[tuple[int, Fraction]]:
        """(bytes, seconds) of each segment."""
        return [(length, duration) for _, length, duration, _ in self.segments]


def assemble(
    plan: Plan,
    *,
    video_id: UUID,
    chunks: Sequence[Piece],
    sounds: Sequence[tuple[Sound, Piece]],
    texts: Sequence[Written],
    folder: Path,
) -> bytes:
    """Write all files of the package into `folder`, the manifest last, and return the manifest.

    Raises `Unsound` when the pieces do not fit together, OSError when the disk is full.
    """
    chunks = [piece for piece in chunks if piece.frames]
    duration = sum(piece.frames for piece in chunks) / plan.rate
    entries: list[dict[str, Any]] = []
    for rung in plan.rungs:
        joined = _join([piece.files[rung.name] for piece in chunks], folder / f"{rung.name}.mp4")
        entries.append(
            _entry(rung.name, "video", joined, folder)
            | {
                "width": joined.header.width,
                "height": joined.header.height,
                "frame_rate": round(float(plan.rate), 3),
                "label": rung.label,
            }
        )
    names = _Names()
    chosen = next((sound.index for sound, _ in sounds if sound.default), sounds[0][0].index if sounds else -1)
    for sound, piece in sounds:
        name = names.take("a", sound.language)
        joined = _join([piece.files["sound"]], folder / f"{name}.mp4")
        entries.append(
            _entry(name, "audio", joined, folder)
            | {
                "language": sound.language,
                "label": sound.label or languages.name(sound.language),
                "channels": joined.header.channels,
                "default": sound.index == chosen,
            }
        )
    for text in texts:
        entries.append(_text_entry(names.take("t", text.language), text, duration, folder))
    for position, entry in enumerate(entries):
        entry["index"] = position
    manifest = manifests.canonical(
        {
            "v": manifests.MANIFEST_VERSION,
            "video": str(video_id),
            "duration": round(float(duration), 6),
            "renditions": entries,
            "created_by": f"netflixlite ffmpeg-{plan.tool}",
        }
    )
    manifests.parse(manifest)
    _write(folder / MANIFEST, manifest)
    _sync_folder(folder)
    return manifest


class _Names:
    """Rendition names in use: `a-en`, `a-en-2`, …"""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, kind: str, language: str) -> str:
        """A free name for a track of this language."""
        base = name = f"{kind}-{language.lower()}"
        number = 1
        while name in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name)
        return name


def _join(parts: Sequence[Path], target: Path) -> _Joined:
    """Concatenate pieces that share one init segment; hash the whole and every segment while copying."""
    whole = hashlib.sha256()
    segments: list[tuple[int, int, Fraction, str]] = []
    with target.open("wb") as out:
        with parts[0].open("rb") as file:
            init = boxes.read_init(file)
        header = boxes.header(init)
        out.write(init)
        whole.update(init)
        offset, expected = len(init), 0
        for part in parts:
            with part.open("rb") as file:
                if boxes.read_init(file) != init:
                    raise Unsound(
                        "Packaging", f"{part.name} was encoded with other settings than the part before it"
                    )
                for fragment in boxes.read_fragments(file, len(init)):
                    if fragment.time != expected:
                        raise Unsound(
                            "Packaging", f"{part.name}: a gap at {fragment.time}, expected {expected}"
                        )
                    digest = _copy(file, out, fragment, whole)
                    seconds = Fraction(fragment.duration, header.timescale)
                    segments.append((offset, fragment.length, seconds, digest))
                    offset, expected = offset + fragment.length, expected + fragment.duration
        out.flush()
        os.fsync(out.fileno())
    return _Joined(header, (0, len(init)), tuple(segments), offset, whole.hexdigest())


def _copy(source: BinaryIO, out: BinaryIO, fragment: boxes.Fragment, whole: "hashlib._Hash") -> str:
    """Copy one segment; returns its SHA-256 in hex."""
    own = hashlib.sha256()
    source.seek(fragment.offset)
    left = fragment.length
    while left:
        block = source.read(min(_BLOCK, left))
        if not block:
            raise Unsound("Packaging", "a part ends early")
        out.write(block)
        own.update(block)
        whole.update(block)
        left -= len(block)
    return own.hexdigest()


def _entry(name: str, kind: str, joined: _Joined, folder: Path) -> dict[str, Any]:
    """What the manifest says of a rendition of segments; writes its playlist."""
    written = playlist.media_playlist([duration for _, duration in joined.sizes])
    return {
        "name": name,
        "kind": kind,
        "codecs": joined.header.codecs,
        "bandwidth": playlist.peak_bandwidth(joined.sizes),
        "average_bandwidth": playlist.average_bandwidth(joined.sizes),
        "file": f"{name}.mp4",
        "bytes": joined.bytes,
        "sha256": joined.sha256,
        "playlist": _playlist_entry(name, written, folder),
        "init": list(joined.init),
        "segments": [
            [offset, length, round(float(s), 6), digest] for offset, length, s, digest in joined.segments
        ],
    }


def _text_entry(name: str, text: Written, duration: Fraction, folder: Path) -> dict[str, Any]:
    """What the manifest says of a text track: one segment as long as the film."""
    digest = hashlib.sha256(text.data).hexdigest()
    _write(folder / f"{name}.vtt", text.data)
    written = playlist.media_playlist([duration], text=True)
    rate = playlist.average_bandwidth([(len(text.data), duration)])
    return {
        "name": name,
        "kind": "text",
        "codecs": "wvtt",
        "bandwidth": rate,
        "average_bandwidth": rate,
        "file": f"{name}.vtt",
        "bytes": len(text.data),
        "sha256": digest,
        "playlist": _playlist_entry(name, written, folder),
        "init": None,
        "segments": [[0, len(text.data), round(float(duration), 6), digest]],
        "language": text.language,
        "label": text.label or languages.name(text.language),
        "default": text.default,
    }


def _playlist_entry(name: str, written: bytes, folder: Path) -> dict[str, Any]:
    _write(folder / f"{name}.m3u8", written)
    return {"file": f"{name}.m3u8", "bytes": len(written), "sha256": hashlib.sha256(written).hexdigest()}


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
