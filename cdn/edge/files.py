"""Files that outlive their last reader by nothing, memory that looks like a file, holes, and what is in RAM."""

import contextlib
import ctypes
import ctypes.util
import fcntl
import os
import sys
import tempfile
import termios
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_KEEP_SIZE_AND_PUNCH = 0x03


class OwnedFd:
    """A descriptor that closes when nothing refers to it any more: eviction unlinks, the last reader closes."""

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class MemoryFile(OwnedFd):
    """Bytes in memory behind a descriptor, so that `sendfile` serves them like a file while they arrive."""

    __slots__ = ("_on_release", "_size")

    def __init__(self, size: int, on_release: Callable[[int], None]) -> None:
        super().__init__(os.memfd_create("netflixlite-fill", os.MFD_CLOEXEC))
        self._size, self._on_release = size, on_release

    def __del__(self) -> None:
        super().__del__()
        self._on_release(self._size)


def punch(fd: int, offset: int, length: int) -> None:
    """Give the disk blocks of a range back; it reads as zeros afterwards. Raises OSError where impossible."""
    result = _libc.fallocate(
        ctypes.c_int(fd), ctypes.c_int(_KEEP_SIZE_AND_PUNCH), ctypes.c_long(offset), ctypes.c_long(length)
    )
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def can_punch(folder: Path) -> bool:
    """Whether this folder's file system can make holes."""
    probe = folder / ".hole"
    fd = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(fd, b"\0" * 8192)
        punch(fd, 0, 4096)
    except OSError:
        return False
    finally:
        os.close(fd)
        probe.unlink(missing_ok=True)
    return True


def write_all(fd: int, data: bytes, offset: int) -> None:
    """Write all of it at this place. Raises OSError (disk full)."""
    view = memoryview(data)
    while view:
        done = os.pwrite(fd, view, offset)
        view, offset = view[done:], offset + done


def replace(path: Path, data: bytes) -> None:
    """Put a file in place, whole or not at all, and leave nothing beside it. Raises OSError (disk full)."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def in_memory(fd: int, offset: int, length: int) -> bool:
    """Whether both ends of the range are in the page cache, so that reading it will not wait for the disk."""
    one = bytearray(1)
    try:
        for place in (offset, offset + length - 1):
            os.preadv(fd, [one], place, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError:  # this file system cannot tell
        return True
    return True


def unsent(fd: int) -> int:
    """Bytes in a socket's buffer that the other side has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def warm(fd: int, offset: int, length: int) -> None:
    """Read the range into the page cache. Blocks: call it in a thread."""
    scratch = bytearray(256 * 1024)
    end = offset + length
    while offset < end:
        done = os.preadv(fd, [scratch], offset)
        if done == 0:
            return
        offset += done
