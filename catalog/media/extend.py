"""Makes a new package from a published one: the same bytes where nothing changed, other tracks where something did.

New subtitles for a film, or an AV1 ladder beside the H.264 one, cost no more than the new tracks: files are shared by
hard link where the disk can, and copied elsewhere. Both packages live and are removed apart from each other.
"""

import json
import os
import shutil
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage, default_storage

from catalog import keyring, manifests, models
from catalog.media import entries, package
from catalog.media.encode import Unsound
from catalog.media.shelf import BaseGone
from catalog.media.tracks import Sheets, SoundTrack, VideoTrack, Written


def extend(
    base_package_id: str,
    *,
    folder: Path,
    add_videos: Sequence[VideoTrack] = (),
    add_sounds: Sequence[SoundTrack] = (),
    texts: Sequence[Written] | None = None,
    sheets: Sheets | None = None,
) -> bytes:
    """Write a package into the empty `folder` that has the base's tracks and these; return its manifest.

    A picture track of a name that the base has takes its place; `texts` and `sheets` take the place of all the
    base's, when given. An encrypted base gives an encrypted package with the same key, which is kept for it here
    already. Raises `BaseGone`, `Unsound`, OSError. What comes next: `shelf.publish` and `store.record_package`.
    """
    document = _manifest(base_package_id)
    key = keyring.of(base_package_id)
    if document.get("encrypted") and key is None:
        raise Unsound("Packaging", f"the key of package {base_package_id} is gone")
    new = {track.name for track in add_videos}
    kept = [entry for entry in document["renditions"] if not _replaced(entry, new, texts, sheets)]
    for entry in kept:
        for file in _files(entry):
            _share(base_package_id, file, folder / file)
    made = package.add_videos(add_videos, folder, key)
    by_kind = {
        kind: [entry for entry in kept if entry["kind"] == kind]
        for kind in ("video", "audio", "text", "images")
    }
    by_kind["video"] += [entry for entry, _ in made]
    names = entries.Names([entry["name"] for entry in (*kept, *by_kind["video"])])
    fresh = package.add_sounds(add_sounds, names, folder, key)
    if by_kind["audio"]:
        fresh = [entry | {"default": False} for entry in fresh]
    by_kind["audio"] += fresh
    duration = Fraction(document["duration"]).limit_denominator(10**6)
    by_kind["text"] += package.add_texts(texts or (), names, duration, folder)
    if sheets is not None and sheets.files:
        by_kind["images"].append(entries.images(sheets, names.take(package.IMAGES), folder))
    document["renditions"] = [entry for kind in by_kind.values() for entry in kind]
    manifest = package.finish(document, folder)
    if key is not None:
        keyring.keep(manifests.package_id(manifest), video_id=document["video"], key=key)
    return manifest


def _manifest(package_id: str) -> dict[str, Any]:
    text = models.Package.objects.filter(id=package_id).values_list("manifest", flat=True).first()
    if text is None:
        raise BaseGone(package_id)
    document: dict[str, Any] = json.loads(text)
    return document


def _replaced(
    entry: dict[str, Any], videos: set[str], texts: Sequence[Written] | None, sheets: Sheets | None
) -> bool:
    """Whether something new stands in for this track."""
    return (
        (entry["kind"] == "video" and entry["name"] in videos)
        or (entry["kind"] == "text" and texts is not None)
        or (entry["kind"] == "images" and sheets is not None)
    )


def _files(entry: dict[str, Any]) -> list[str]:
    found = [entry["file"], entry["playlist"]["file"]]
    if entry.get("iframes"):
        found.append(entry["iframes"]["file"])
    return found


def _share(package_id: str, file: str, target: Path) -> None:
    """Make a published file appear at `target`: by hard link, or by copy where the disk or the storage has none."""
    stored = manifests.key(package_id, file)
    real = getattr(default_storage, "_wrapped", default_storage)
    if isinstance(real, FileSystemStorage):
        try:
            os.link(real.path(stored), target)
            return
        except FileNotFoundError as gone:
            raise BaseGone(package_id) from gone
        except OSError:
            pass  # another disk, or one without hard links
    with default_storage.open(stored) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())
