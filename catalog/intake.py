"""Taking a file in: is there room, then a copy under a name of our own making."""

import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db.models import Sum
from django.utils.translation import gettext as _

from catalog import models, plain_file, store
from catalog.tus import parts

CHUNK = 4 * 1024 * 1024
#: Left free on the disk whatever comes in, in bytes: the database has to go on writing.
RESERVE = 512 * 1024 * 1024
#: A source needs its own size again for the packages made of it (the standard ladder of a film at 8 Mbit/s and more).
ROOM_FACTOR = 2.0
#: … but never more than this, in bytes: what a film of three hours takes at the highest rungs.
MADE_MAX = 40_000_000_000

#: Subtitles beside a film: `Night Mail.en.srt` for `Night Mail.mkv`. Each at most this many bytes.
_SUBTITLES = re.compile(r"\.[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,4})*\.(?:srt|vtt|ass)")
SUBTITLES_MAX = 5 * 1024 * 1024

_YEAR = re.compile(r"[\s(\[]((?:19|20)\d\d)(?=$|[\s)\]])")


class CannotTake(ValueError):
    """The file cannot be taken in; the text says why and what to do, for whoever sent it."""


def check_room(size: int, *, moved: bool = False) -> None:
    """Raise `CannotTake` when `size` bytes and what is made of them would fill the disk or the quota.

    What open uploads were promised counts as taken. `moved` bytes are on this disk already.
    """
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    needed = (0 if moved else size) + _made_of(size) + RESERVE
    free = max(0, shutil.disk_usage(root).free - _promised())
    if free < needed:
        raise CannotTake(
            _(
                "There is not enough room: about %(needed)s are needed for this file and what is made of it, "
                "%(free)s are free. Free some space, or move the media folder to a larger disk."
            )
            % {"needed": human_size(needed), "free": human_size(free)}
        )
    _check_quota(size)


def _made_of(size: int) -> int:
    """Room for the packages made of a source. A ladder has an upper end: a huge source makes no huger package."""
    return int(min(size * (ROOM_FACTOR - 1), MADE_MAX))


def _promised() -> int:
    """Room that open uploads will still take: what has not been set aside on the disk yet, and what is made of it."""
    return sum(
        max(0, length - parts.allocated(upload_id)) + _made_of(length)
        for upload_id, length in models.Upload.objects.open().values_list("id", "length")
    )


def _check_quota(size: int) -> None:
    quota = int(settings.MEDIA_QUOTA_GB * 1e9)
    if not quota:
        return
    taken = models.Package.objects.aggregate(all=Sum("bytes", default=0))["all"]
    taken += models.Upload.objects.open().aggregate(all=Sum("length", default=0))["all"]
    ours = models.Source.objects.filter(path="", archived_at=None).values_list("id", "bytes")
    taken += sum(length for source_id, length in ours if store.source_path(source_id).exists())
    if taken + size > quota:
        raise CannotTake(
            _(
                "The quota is used up: films may take %(quota)s, %(taken)s are taken, and this file has %(size)s. "
                "Delete sources or titles that are not needed, or raise NETFLIXLITE_MEDIA_QUOTA_GB."
            )
            % {"quota": human_size(quota), "taken": human_size(taken), "size": human_size(size)}
        )


def take_path(
    path: Path, *, source_id: UUID, move: bool, on_bytes: Callable[[int], None] | None = None
) -> int:
    """Copy (or move) a local file to the source's place; returns its size. Raises `CannotTake`.

    Subtitle files of the same name beside it (`film.en.srt`) are copied along, for the job to find.
    `on_bytes` hears the bytes copied so far. Nothing is left behind when it fails or is interrupted.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CannotTake(
            _("%(path)s cannot be read: %(error)s.") % {"path": path, "error": error.strerror}
        ) from error
    if not path.is_file():
        raise CannotTake(_("%(path)s is not a file.") % {"path": path})
    if size == 0:
        raise CannotTake(_("%(path)s is empty.") % {"path": path.name})
    check_room(size, moved=move)
    target = store.source_path(source_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    _take_subtitles(path, target)
    if move:
        try:
            os.replace(path, target)
            return size
        except OSError:
            pass  # another disk: copy, then delete
    try:
        with plain_file.opened(path) as file:
            size = _write(iter(lambda: file.read(CHUNK), b""), target, on_bytes)
    except OSError as error:
        store.delete_source(source_id=source_id)
        raise CannotTake(_("Copying %(path)s failed: %(error)s.") % {"path": path, "error": error}) from error
    except BaseException:
        store.delete_source(source_id=source_id)
        raise
    if move:
        path.unlink(missing_ok=True)
    return size


def _take_subtitles(film: Path, target: Path) -> None:
    """Copy the film's subtitle files beside the source, under its name there; unreadable ones are left out."""
    try:
        beside = [file for file in film.parent.iterdir() if file.name.startswith(film.stem + ".")]
    except OSError:
        return
    for file in beside:
        ending = file.name[len(film.stem) :]
        if _SUBTITLES.fullmatch(ending) and file.is_file() and file.stat().st_size <= SUBTITLES_MAX:
            shutil.copyfile(file, target.with_name(target.stem + ending))


def take_chunks(chunks: Iterable[bytes], *, source_id: UUID) -> int:
    """Write what an upload sends to the source's place; returns the size. Nothing is left behind when it fails."""
    target = store.source_path(source_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _write(chunks, target, None)
    except BaseException:
        store.delete_source(source_id=source_id)
        raise


def name_and_year(file_name: str) -> tuple[str, int | None]:
    """What a file's name says of its film: 'Night.Mail.(1936).1080p.mkv' → ('Night Mail', 1936)."""
    text = re.sub(r"[._]+", " ", Path(file_name).stem).strip()
    match = _YEAR.search(f" {text}", 1)
    if match:
        head = f" {text}"[: match.start()].strip(" -([")
        if head:
            return head, int(match[1])
    text = re.split(
        r"\b(?:2160p|1080p|720p|480p|x264|x265|h264|h265|hevc|bluray|web-?dl)\b", text, flags=re.I
    )[0]
    return text.strip(" -([") or file_name, None


def human_size(size: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit in ("bytes", "kB") else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def _write(chunks: Iterable[bytes], target: Path, on_bytes: Callable[[int], None] | None) -> int:
    part = target.with_suffix(".part")
    size = 0
    with part.open("wb") as out:
        for chunk in chunks:
            out.write(chunk)
            size += len(chunk)
            if on_bytes is not None:
                on_bytes(size)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)
    return size
