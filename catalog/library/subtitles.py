"""Subtitle files that come, change or go beside a film that was handed in already."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from catalog import models, plain_file, types
from catalog.library import company
from catalog.library.folders import Seen
from catalog.media import text
from catalog.models import LibraryFile
from catalog.services import packages, words

logger = logging.getLogger(__name__)


def remember(row: LibraryFile, beside: Iterable[Seen]) -> None:
    """Note the subtitles that are packaged with the film because they stood beside it when it was handed in."""
    files = {one.path: one for one in beside}
    said = company.texts(Path(row.path).stem, files.values())
    row.texts = {one.path: _note(one, files[one.path], track="") for one in said}
    LibraryFile.objects.filter(pk=row.pk).update(texts=row.texts)


def follow(row: LibraryFile, beside: Iterable[Seen], *, root: str = "") -> list[str]:
    """Have the film's subtitles agree with the files beside it; returns problems in words.

    Nothing is encoded: a finished film gets a package with other subtitles within seconds. Tracks that a person
    uploaded are not touched. Nothing is read outside `root`.
    """
    video_id = _video(row)
    if video_id is None:
        return []
    files = {one.path: one for one in beside}
    now = {one.path: one for one in company.texts(Path(row.path).stem, files.values())}
    before: dict[str, dict[str, Any]] = dict(row.texts)
    problems: list[str] = []
    for path, note in list(before.items()):
        if path not in now or _mark(files[path]) != note.get("mark"):
            _remove(video_id, note)
            del before[path]
    for path, one in now.items():
        if path in before:
            continue
        track = ""
        try:
            track = _add(video_id, one, root)
        except (words.BadText, OSError) as error:
            problems.append(f"{files[path].name}: {error}")
        before[path] = _note(one, files[path], track=track)
    if before != row.texts:
        row.texts = before
        LibraryFile.objects.filter(pk=row.pk).update(texts=before)
    return problems


def _add(video_id: UUID, one: types.SidecarText, root: str) -> str:
    with plain_file.opened(one.path, within=root) as file:
        data = file.read(text.BYTES_MAX + 1)
    added = words.add_text_track(video_id=video_id, language=one.language, data=data, purpose=one.purpose)
    return str(added)


def _remove(video_id: UUID, note: dict[str, Any]) -> None:
    if note.get("track"):
        words.remove_text_track(UUID(note["track"]))
        return
    package = packages.current_package(video_id)
    for one in package.renditions if package else ():
        purpose = "forced" if one.forced else "sdh" if one.hearing_impaired else "subtitles"
        ours = one.kind is types.RenditionKind.TEXT and not one.uploaded
        if ours and (one.language, purpose) == (note.get("language"), note.get("purpose")):
            words.leave_out_text(video_id=video_id, rendition=one.name)
            return


def _video(row: LibraryFile) -> UUID | None:
    videos = (
        models.Video.objects.filter(sources__id=row.source_id)
        if row.source_id
        else models.Video.objects.none()
    )
    return videos.values_list("id", flat=True).first()


def _note(one: types.SidecarText, file: Seen, *, track: str) -> dict[str, Any]:
    return {"mark": _mark(file), "language": one.language, "purpose": one.purpose, "track": track}


def _mark(file: Seen) -> list[int]:
    return [file.bytes, file.modified_ns]
