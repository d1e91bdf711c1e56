"""Puts encoded pieces together: one immutable file per rendition, its playlists, and the manifest that names them all.

The package's id is the hash of its manifest, which holds the hash of every file and segment. The same pieces give the
same bytes and so the same id, however often workers were killed on the way. (An encrypted package's id also depends on
its key.)
"""

import logging
import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from catalog import manifests
from catalog.media import entries
from catalog.media.encode import Piece, Unsound
from catalog.media.facts import Sound
from catalog.media.plan import Plan
from catalog.media.sound import Wanted
from catalog.media.tracks import Sheets, SoundTrack, VideoTrack, Written

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
#: The rendition of small pictures for scrubbing.
IMAGES = "images"


def build(
    *,
    video_id: UUID,
    videos: Sequence[VideoTrack],
    sounds: Sequence[SoundTrack],
    texts: Sequence[Written] = (),
    sheets: Sheets | None = None,
    folder: Path,
    tool: str,
    complete: bool = True,
    expected: Fraction | float | None = None,
    key: bytes | None = None,
) -> bytes:
    """Write all files of a package into the empty `folder`, the manifest last, and return the manifest.

    `videos` from large to small. A package that is not `complete` ends before the film does, which is likely to last
    `expected` seconds. With a `key` (16 bytes) picture and sound are encrypted. `tool` names what encoded.
    Raises `Unsound` when the pieces do not fit together, OSError when the disk is full.
    """
    made = add_videos(videos, folder, key)
    duration = max((length for _, length in made), default=Fraction(0))
    found = [entry for entry, _ in made]
    names = entries.Names([entry["name"] for entry in found])
    found += add_sounds(sounds, names, folder, key)
    found += add_texts(texts, names, duration, folder)
    if sheets is not None and sheets.files:
        found.append(entries.images(sheets, names.take(IMAGES), folder))
    document: dict[str, Any] = {
        "v": manifests.MANIFEST_VERSION,
        "video": str(video_id),
        "duration": round(float(duration), 6),
        "renditions": found,
        "created_by": f"netflixlite ffmpeg-{tool}",
    }
    if not complete:
        document["complete"] = False
    if expected is not None:
        document["expected"] = round(max(float(expected), float(duration)), 6)
    if key is not None:
        document["encrypted"] = True
    return finish(document, folder)


def assemble(
    plan: Plan,
    *,
    video_id: UUID,
    chunks: Sequence[Piece],
    sounds: Sequence[tuple[Wanted | Sound, Piece]],
    texts: Sequence[Written],
    folder: Path,
    sheets: Sheets | None = None,
    key: bytes | None = None,
) -> bytes:
    """Build the package of a plan whose pieces are all there. Raises as `build` does."""
    return build(
        video_id=video_id,
        videos=plan_videos(plan, chunks),
        sounds=plan_sounds(sounds),
        texts=texts,
        sheets=sheets,
        folder=folder,
        tool=plan.tool,
        key=key,
    )


def plan_videos(plan: Plan, chunks: Sequence[Piece]) -> list[VideoTrack]:
    """The picture tracks of a plan's rungs from these finished chunks; a last chunk may be empty."""
    filled = [piece for piece in chunks if piece.frames]
    return [
        VideoTrack(rung.name, rung.label, plan.rate, tuple(piece.files[rung.name] for piece in filled))
        for rung in plan.rungs
    ]


def plan_sounds(sounds: Iterable[tuple[Wanted | Sound, Piece]]) -> list[SoundTrack]:
    """The sound tracks of these finished pieces."""
    named = [(one.sound if isinstance(one, Wanted) else one, piece) for one, piece in sounds]
    return [
        SoundTrack(one.language, one.label, (piece.files["sound"],), one.default, one.index, one.described)
        for one, piece in named
    ]


def add_videos(
    tracks: Sequence[VideoTrack], folder: Path, key: bytes | None
) -> list[tuple[dict[str, Any], Fraction]]:
    """Write picture renditions; returns their entries and durations. Those of one codec must break alike."""
    grids: dict[str, tuple[str, list[Fraction]]] = {}
    found = []
    for track in tracks:
        entry, joined = entries.video(track, folder, key)
        name, grid = grids.setdefault(entry["codecs"].split(".")[0], (track.name, joined.durations))
        if grid != joined.durations:
            raise Unsound("Packaging", f"{track.name} and {name} do not break at the same frames")
        found.append((entry, joined.duration))
    return found


def add_sounds(
    tracks: Sequence[SoundTrack], names: entries.Names, folder: Path, key: bytes | None
) -> list[dict[str, Any]]:
    """Write sound renditions; returns their entries. The default is the first that says so, else the first."""
    if not tracks:
        return []
    main = next((track for track in tracks if track.default), tracks[0])
    found: list[tuple[SoundTrack, dict[str, Any]]] = []
    stereo: dict[int, str] = {}
    for track in tracks:
        default = track is main or (track.source >= 0 and track.source == main.source)
        entry = entries.sound(track, names, folder, key, default=default)
        found.append((track, entry))
        if entry["channels"] <= entries.STEREO and track.source >= 0:
            stereo.setdefault(track.source, entry["name"])
    for track, entry in found:
        if entry["channels"] > entries.STEREO and track.source in stereo:
            entry["twin"] = stereo[track.source]
    return [entry for _, entry in found]


def add_texts(
    tracks: Iterable[Written], names: entries.Names, duration: Fraction, folder: Path
) -> list[dict[str, Any]]:
    """Write text renditions for a film of this many seconds; returns their entries."""
    return [entries.text(track, names.take(f"t-{track.language}"), duration, folder) for track in tracks]


def finish(document: dict[str, Any], folder: Path) -> bytes:
    """Number the renditions, write the manifest and make sure that all of it is on the disk."""
    document["renditions"] = _fitting(document["renditions"])
    for position, entry in enumerate(document["renditions"]):
        entry["index"] = position
    manifest = manifests.canonical(document)
    manifests.parse(manifest)
    entries.write(folder / MANIFEST, manifest)
    _sync_folder(folder)
    return manifest


def _fitting(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No more renditions than a token has bits for: the last texts go first, then the last sounds."""
    for kind in ("text", "audio"):
        while len(found) > manifests.RENDITIONS_MAX:
            last = next((entry for entry in reversed(found) if entry["kind"] == kind), None)
            if last is None:
                break
            logger.warning(
                "%s is left out: a package has %d tracks at most", last["name"], manifests.RENDITIONS_MAX
            )
            found = [entry for entry in found if entry is not last]
    return found


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
