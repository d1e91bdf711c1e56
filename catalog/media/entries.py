"""What a manifest says of each track, and the files beside it: media playlists, I-frame playlists, the sheets' index.

Everything is measured from the bytes written, nothing is taken from what was planned.
"""

import hashlib
import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from catalog.media import joining, languages, playlist
from catalog.media.encode import Unsound
from catalog.media.joining import Joined
from catalog.media.tracks import Sheets, SoundTrack, VideoTrack, Written

#: How late sound may begin, in seconds: an original that is copied is left as it is.
_LATE = Fraction(2)
#: A track with more channels than this is surround.
STEREO = 2


class Names:
    """Rendition names in use: `a-en`, `a-en-2`, …"""

    def __init__(self, taken: Sequence[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, base: str) -> str:
        """A free name that begins like this."""
        base = name = base.lower()
        number = 1
        while name in self._taken:
            number += 1
            name = f"{base}-{number}"
        self._taken.add(name)
        return name


def video(track: VideoTrack, folder: Path, key: bytes | None) -> tuple[dict[str, Any], Joined]:
    """Write a picture rendition; returns its entry and what was measured."""
    joined = joining.join(track.parts, folder / f"{track.name}.mp4", least=track.least, key=key)
    if not joined.header.width or not joined.header.height:
        raise Unsound("Packaging", f"{track.name} holds no picture")
    entry = _segmented(track.name, "video", joined, folder, encrypted=key is not None) | {
        "width": joined.header.width,
        "height": joined.header.height,
        "frame_rate": round(float(track.rate), 3),
        "label": track.label,
    }
    if key is None:  # a range of an encrypted segment could not be decrypted
        entry["iframes"] = _iframes(track.name, joined, folder)
    return entry, joined


def sound(
    track: SoundTrack, names: Names, folder: Path, key: bytes | None, *, default: bool
) -> dict[str, Any]:
    """Write a sound rendition; returns its entry."""
    draft = folder / ".sound.mp4"
    joined = joining.join(track.parts, draft, late=_LATE, key=key)
    channels = joined.header.channels
    if not channels:
        raise Unsound("Packaging", f"{track.label or track.language} holds no sound")
    suffix = "" if channels <= STEREO else f"-{channels - 1}1" if channels in (6, 8) else f"-{channels}ch"
    name = names.take(f"a-{track.language}{suffix}")
    os.replace(draft, folder / f"{name}.mp4")
    entry = _segmented(name, "audio", joined, folder, encrypted=key is not None) | {
        "language": track.language,
        "label": track.label or languages.name(track.language),
        "channels": channels,
        "default": default,
    }
    return entry | ({"described": True} if track.described else {})


def text(track: Written, name: str, duration: Fraction, folder: Path) -> dict[str, Any]:
    """Write a text track: one segment as long as the film. Text is never encrypted."""
    digest = hashlib.sha256(track.data).hexdigest()
    write(folder / f"{name}.vtt", track.data)
    listed = playlist.media_playlist([duration], text=True)
    rate = playlist.average_bandwidth([(len(track.data), duration)])
    entry = {
        "name": name,
        "kind": "text",
        "codecs": "wvtt",
        "bandwidth": rate,
        "average_bandwidth": rate,
        "file": f"{name}.vtt",
        "bytes": len(track.data),
        "sha256": digest,
        "playlist": _beside(f"{name}.m3u8", listed, folder),
        "init": None,
        "segments": [[0, len(track.data), round(float(duration), 6), digest]],
        "language": track.language,
        "label": track.label or languages.name(track.language),
        "default": track.default,
    }
    marks = {
        "forced": track.forced,
        "hearing_impaired": track.hearing_impaired,
        "uploaded": track.uploaded,
    }
    return entry | {name: True for name, is_set in marks.items() if is_set}


def images(sheets: Sheets, name: str, folder: Path) -> dict[str, Any]:
    """Write the sheets into one file; returns their entry. They are never encrypted."""
    whole, offset = hashlib.sha256(), 0
    segments: list[tuple[int, int, Fraction, str]] = []
    each = sheets.columns * sheets.rows
    with (folder / f"{name}.bin").open("wb") as out:
        for number, path in enumerate(sheets.files):
            data = path.read_bytes()
            out.write(data)
            whole.update(data)
            times = sheets.times[number * each : (number + 1) * each]
            seconds = times[-1][1] - times[0][0]
            segments.append((offset, len(data), seconds, hashlib.sha256(data).hexdigest()))
            offset += len(data)
        out.flush()
        os.fsync(out.fileno())
    index = playlist.sheets_index(
        sheets.times, width=sheets.width, height=sheets.height, columns=sheets.columns, rows=sheets.rows
    )
    sizes = [(length, seconds) for _, length, seconds, _ in segments]
    return {
        "name": name,
        "kind": "images",
        "codecs": "webp",
        "bandwidth": playlist.peak_bandwidth(sizes),
        "average_bandwidth": playlist.average_bandwidth(sizes),
        "file": f"{name}.bin",
        "bytes": offset,
        "sha256": whole.hexdigest(),
        "playlist": _beside(f"{name}.vtt", index, folder),
        "init": None,
        "segments": [
            [at, length, round(float(seconds), 6), digest] for at, length, seconds, digest in segments
        ],
        "width": sheets.width,
        "height": sheets.height,
        "tiles": [sheets.columns, sheets.rows],
    }


def _segmented(name: str, kind: str, joined: Joined, folder: Path, *, encrypted: bool) -> dict[str, Any]:
    listed = playlist.media_playlist(joined.durations, encrypted=encrypted)
    entry: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "codecs": joined.header.codecs,
        "bandwidth": playlist.peak_bandwidth(joined.sizes),
        "average_bandwidth": playlist.average_bandwidth(joined.sizes),
        "file": f"{name}.mp4",
        "bytes": joined.bytes,
        "sha256": joined.sha256,
        "playlist": _beside(f"{name}.m3u8", listed, folder),
        "init": list(joined.init),
        "timescale": joined.header.timescale,
        "segments": [
            [part.offset, part.length, round(float(seconds), 6), part.sha256]
            for part, seconds in zip(joined.parts, joined.durations, strict=True)
        ],
    }
    # Ticks that an edit list hides come before the film's start; sound of a copied original may begin behind it.
    return entry | ({"start": joined.start} if joined.start else {})


def _iframes(name: str, joined: Joined, folder: Path) -> dict[str, Any]:
    firsts = [part.first for part in joined.parts]
    listed = playlist.iframe_playlist(joined.durations, firsts)
    peak = playlist.peak_bandwidth(list(zip(firsts, joined.durations, strict=True)))
    return _beside(f"{name}.iframes.m3u8", listed, folder) | {"bandwidth": peak}


def _beside(file: str, data: bytes, folder: Path) -> dict[str, Any]:
    write(folder / file, data)
    return {"file": file, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def write(path: Path, data: bytes) -> None:
    """Write a small file so that it is on the disk when this returns. Never through an existing one, which may be
    another package's too."""
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
