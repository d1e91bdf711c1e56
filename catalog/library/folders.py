"""Walks a library's folder: what videos there are, what stands beside each. Reads names, sizes and times only."""

import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from catalog.library.names import is_video

#: Beside a film these matter.
PICTURE_ENDINGS = frozenset({"jpg", "jpeg", "png", "webp"})
TEXT_ENDINGS = frozenset({"srt", "vtt", "ass", "ssa"})
_COMPANY_ENDINGS = PICTURE_ENDINGS | TEXT_ENDINGS | {"nfo"}
#: Folders that systems put into libraries.
_SYSTEM = {"@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information", "@tmp"}
#: A file beside this folder's says: not a library.
_IGNORE = frozenset({".ignore", ".nomedia"})
#: Folders inside folders beyond this are a loop or a mistake.
DEPTH_MAX = 12
#: A folder of subtitles inside a film's folder.
_TEXT_FOLDERS = {"subs", "subtitles", "sub"}
_FOLDER_WIDE = re.compile(
    r"(?:poster|folder|cover|movie|tvshow|fanart|backdrop|background|season\d*)(?:[-\d]*)$", re.I
)


class CannotScan(ValueError):
    """The folder cannot be looked through; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it stands: absolute path, size in bytes, time of change in nanoseconds."""

    path: str
    bytes: int
    modified_ns: int

    @property
    def name(self) -> str:
        """Its name without folders."""
        return os.path.basename(self.path)


@dataclass(slots=True)
class Folder:
    """One folder: its videos, and the files that accompany them. `own` are folder-wide ones (poster.jpg, movie.nfo)."""

    path: str
    videos: list[Seen] = field(default_factory=list)
    beside: dict[str, list[Seen]] = field(default_factory=dict)
    own: list[Seen] = field(default_factory=list)
    #: Entries that could not be used: path → a code that `wording` has words for.
    troubles: dict[str, str] = field(default_factory=dict)


def check_root(root: Path) -> Path:
    """The folder's true path. Raises `CannotScan` when it is not there, empty, or a part of our own storage."""
    from django.conf import settings

    try:
        real = root.resolve(strict=True)
        with os.scandir(real) as entries:
            empty = next(entries, None) is None
    except NotADirectoryError as error:
        raise CannotScan(f"{root} is not a folder.") from error
    except OSError as error:
        raise CannotScan(
            f"{root} cannot be read: {error.strerror}. Check the path and its permissions."
        ) from error
    if empty:
        # What is not mounted looks like this; taking it for the truth would call every film missing.
        raise CannotScan(
            f"{root} is empty. If films are kept there, its disk may not be mounted. Nothing was changed."
        )
    home = Path(settings.HOME).resolve()
    if real == home or home in real.parents or real in home.parents:
        raise CannotScan(
            f"{root} holds this installation's own files or stands among them: choose another folder."
        )
    return real


def walk(root: Path, *, trouble: Callable[[str, str], None] | None = None) -> Iterator[Folder]:
    """Each folder below `root` that has videos or accompanying files, in order of names.

    Links that lead out of `root` are not followed. What cannot be read is told to `trouble` and left out.
    """
    waiting = [(str(root), 0)]
    while waiting:
        path, depth = waiting.pop()
        folder, below = read(path, str(root))
        if trouble is not None:
            for name, code in folder.troubles.items():
                trouble(name, code)
        if folder.videos or folder.own or folder.beside:
            yield folder
        if depth < DEPTH_MAX:
            waiting.extend((one, depth + 1) for one in sorted(below, reverse=True))


def count(root: Path) -> int:
    """How many video files a walk will meet, by names alone: what a progress bar needs first."""
    total, waiting = 0, [(str(root), 0)]
    while waiting:
        path, depth = waiting.pop()
        try:
            with os.scandir(path) as entries:
                for entry in entries:
                    if is_video(entry.name):
                        total += 1
                    elif depth < DEPTH_MAX and _is_folder(entry):
                        waiting.append((entry.path, depth + 1))
        except OSError:
            continue
    return total


def is_inside(path: Path, root: str) -> bool:
    """Whether a file, all links followed, stands below the library's folder."""
    return os.path.realpath(path).startswith(root.rstrip("/") + "/")


def company_of(*files: Seen) -> str:
    """What tells one company from another: names, sizes and times, hashed; '' when there is none."""
    if not files:
        return ""
    lines = sorted(f"{file.path}\0{file.bytes}\0{file.modified_ns}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read(path: str, root: str) -> tuple[Folder, list[str]]:
    """One folder, and the paths of those in it that are to be looked into."""
    folder, below, loose = Folder(path), [], []
    try:
        with os.scandir(path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        folder.troubles[_said(path)] = "unreadable"
        return folder, []
    if path != root and any(entry.name in _IGNORE for entry in listed):
        return folder, []
    for entry in listed:
        if _is_folder(entry):
            if entry.name.lower() in _TEXT_FOLDERS:
                loose.extend(_texts_in(entry.path))
            else:
                below.append(entry.path)
            continue
        wanted = is_video(entry.name)
        if not wanted and (
            entry.name.startswith(".") or entry.name.rpartition(".")[2].lower() not in _COMPANY_ENDINGS
        ):
            continue
        seen = _seen(entry, root, folder.troubles)
        if seen is not None:
            (folder.videos if wanted else loose).append(seen)
    _assign(folder, loose)
    return folder, below


def _seen(entry: os.DirEntry[str], root: str, troubles: dict[str, str]) -> Seen | None:
    """The file, or None and a trouble told."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        troubles[_said(entry.path)] = "name"
        return None
    if len(entry.path) > 4000:
        troubles[_said(entry.path)] = "name"
        return None
    try:
        if entry.is_symlink() and not is_inside(Path(entry.path), root):
            troubles[entry.path] = "link"
            return None
        facts = entry.stat()
    except OSError:
        troubles[entry.path] = "unreadable"
        return None
    if not stat.S_ISREG(facts.st_mode):
        troubles[entry.path] = "special"
        return None
    return Seen(entry.path, facts.st_size, facts.st_mtime_ns)


def _texts_in(path: str) -> list[Seen]:
    """Subtitle files of a 'Subs' folder: they accompany the film in the folder above."""
    found: list[Seen] = []
    try:
        with os.scandir(path) as entries:
            for entry in sorted(entries, key=lambda one: one.name)[:200]:
                if entry.name.rpartition(".")[2].lower() in TEXT_ENDINGS and entry.is_file(
                    follow_symlinks=False
                ):
                    seen = _seen(entry, path, {})
                    found += [seen] if seen else []
    except OSError:
        return []
    return found


def _assign(folder: Folder, loose: list[Seen]) -> None:
    """Give each accompanying file to the video whose name its own begins with, longest first; else to the folder."""
    stems = {video.name.rpartition(".")[0]: video.path for video in folder.videos}
    for file in loose:
        stem = file.name.rpartition(".")[0]
        while stem and stem not in stems:
            cut = max(stem.rfind("."), stem.rfind("-"), stem.rfind("_"), stem.rfind(" "))
            stem = stem[:cut].rstrip(" -_.") if cut > 0 else ""
        if stem:
            folder.beside.setdefault(stems[stem], []).append(file)
        elif _FOLDER_WIDE.match(file.name.rpartition(".")[0]) or os.path.dirname(file.path) != folder.path:
            folder.own.append(file)
        elif len(folder.videos) == 1 and file.name.rpartition(".")[2].lower() in TEXT_ENDINGS | {"nfo"}:
            folder.beside.setdefault(folder.videos[0].path, []).append(
                file
            )  # `English.srt` beside the only film


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """A folder to look into: a real one (links to folders make loops), not hidden, not the system's."""
    try:
        return (
            entry.is_dir(follow_symlinks=False)
            and not entry.name.startswith(".")
            and entry.name.lower() not in _SYSTEM
        )
    except OSError:
        return False


def _said(path: str) -> str:
    """A path that can be shown and stored, whatever bytes are in it."""
    return path.encode(errors="replace").decode()[:4000]
