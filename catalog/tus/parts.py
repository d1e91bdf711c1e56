"""The bytes of an upload while they come: one file for each, written at its end, synchronised before it is counted."""

import ctypes
import errno
import fcntl
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.tus.protocol import CHECKSUM_MISMATCH, Checksum, TusError

_CHUNK = 4 * 1024 * 1024
_KEEP_SIZE = 1  # FALLOC_FL_KEEP_SIZE: blocks without length, so that the file's length stays what has arrived
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_libc = ctypes.CDLL(None, use_errno=True)


def folder() -> Path:
    """Where unfinished uploads are: on the disk of the sources, so that finishing moves nothing."""
    return Path(settings.MEDIA_ROOT) / "uploads"


def path(upload_id: UUID) -> Path:
    """The file of one upload: a name of our own making, never the sender's."""
    return folder() / f"{upload_id}.part"


def make(upload_id: UUID, length: int) -> None:
    """Make the file and have the disk set `length` bytes aside for it, where the file system can do that.

    Raises TusError when they are not there; then nothing is left behind.
    """
    folder().mkdir(parents=True, exist_ok=True)
    target = path(upload_id)
    try:
        with target.open("xb") as file:
            _allocate(file.fileno(), length)
        _sync_folder(folder())
    except OSError as error:
        target.unlink(missing_ok=True)
        raise trouble(error) from error


def remove(upload_id: UUID) -> None:
    """Delete the file; nothing happens when it is gone."""
    path(upload_id).unlink(missing_ok=True)


def allocated(upload_id: UUID) -> int:
    """How many bytes of the disk the file has already, whether written or set aside."""
    try:
        return path(upload_id).stat().st_blocks * 512
    except OSError:
        return 0


def size(upload_id: UUID) -> int:
    """How long the file is, in bytes; 0 when it is gone."""
    try:
        return path(upload_id).stat().st_size
    except OSError:
        return 0


def trouble(error: OSError) -> TusError:
    """What the disk said, in words for the sender."""
    if error.errno in _FULL:
        return TusError(
            507,
            "disk_full",
            _(
                "The disk of the server is full. What was received is kept: free some space, then the upload goes on."
            ),
        )
    return TusError(
        507, "disk", _("The server could not store the file: %(error)s.") % {"error": error.strerror or error}
    )


class Part:
    """An upload's file, open for one piece. Not for several threads at once; each method may block on the disk."""

    def __init__(self, upload_id: UUID, *, offset: int, limit: int, checksum: Checksum | None) -> None:
        """Open at `offset`; not a byte is written at or after `limit`. Raises TusError when others hold the file."""
        try:
            self._fd = os.open(path(upload_id), os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            gone = TusError(404, "gone", _("There is no such upload any more. Send the file again."))
            raise gone if error.errno == errno.ENOENT else trouble(error) from error
        try:
            # The process has its own list of senders; this is for a second process.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise busy() from error
        self.position = offset
        self._limit = limit
        self._checksum = checksum
        self._hasher = checksum.hasher() if checksum else None

    def write(self, data: bytes | bytearray) -> None:
        """Write behind what is there. Raises TusError when the disk is full or more comes than was announced."""
        if self.position + len(data) > self._limit:
            raise TusError(413, "too_much", _("More bytes came than the upload was announced with."))
        view = memoryview(data)
        if self._hasher is not None:
            self._hasher.update(view)
        try:
            while view:
                written = os.pwrite(self._fd, view, self.position)
                self.position += written
                view = view[written:]
        except OSError as error:
            raise trouble(error) from error

    def sync(self) -> None:
        """Return when all of it is on the disk, so that counting it tells the truth after a power cut."""
        try:
            os.fdatasync(self._fd)
        except OSError as error:
            raise trouble(error) from error

    def check(self) -> None:
        """Raise TusError unless the piece hashes to what its sender said."""
        if self._checksum and self._hasher and self._hasher.digest() != self._checksum.digest:
            words = _("A piece arrived damaged and was thrown away: send it again.")
            raise TusError(CHECKSUM_MISMATCH, "checksum_mismatch", words)

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def busy() -> TusError:
    """Somebody else is sending this upload."""
    return TusError(
        423, "elsewhere", _("This file is being sent from another tab or window. It goes on there by itself.")
    )


def sha256(file: Path, *, on_bytes: Callable[[int], None]) -> str:
    """Hash a file, in hex; `on_bytes` hears how far it is, in bytes, and may raise to stop."""
    digest, done = hashlib.sha256(), 0
    with file.open("rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return digest.hexdigest()


def tail_sha256(upload_id: UUID, *, offset: int, most: int) -> tuple[int, str]:
    """Where the last `most` bytes before `offset` begin, and their SHA-256: does a chosen file continue this one?"""
    begin = max(0, offset - most)
    with path(upload_id).open("rb") as stream:
        stream.seek(begin)
        return begin, hashlib.sha256(stream.read(offset - begin)).hexdigest()


def head(upload_id: UUID, most: int) -> bytes:
    """The first bytes."""
    with path(upload_id).open("rb") as stream:
        return stream.read(most)


def stand_as(upload_id: UUID, target: Path) -> None:
    """Have the bytes stand at `target` too. Done again it changes nothing, and it never touches what stands there.

    Two names for one file: whatever becomes of the one at `target`, the upload still has its bytes until `remove`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() or not path(upload_id).exists():
        return
    try:
        os.link(path(upload_id), target)
    except FileExistsError:
        return
    except OSError:
        os.replace(path(upload_id), target)  # a file system without hard links
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Have a new name survive a power cut, too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _allocate(fd: int, length: int) -> None:
    result = _libc.fallocate(fd, _KEEP_SIZE, ctypes.c_int64(0), ctypes.c_int64(length))
    number = ctypes.get_errno() if result else 0
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise OSError(number, os.strerror(number))
    # Others mean that this file system cannot: then the bytes are only counted (intake.check_room), not set aside.
