"""Files that outlive their last reader by nothing, memory that looks like a file, holes, and what is in RAM."""

import contextlib
import ctypes
import ctypes.util
import errno
import fcntl
import hashlib
import mmap
import os
import platform
import sys
import tempfile
import termios
import zlib
from collections.abc import Callable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_KEEP_SIZE_AND_PUNCH = 0x03
_CHUNK = 1 << 20
#: The page cache is asked at so many places of an object, this far apart, in bytes.
_PROBE_STEP = 256 * 1024
#: sync_file_range: begin to write what is dirty, wait for nothing.
_BEGIN_WRITING = 2
#: ioprio_set's number, and its words for "this thread, when the disk has nothing else to do".
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}
_THIS_THREAD, _IDLE = 1, 3 << 13
_CACHESTAT = ctypes.c_long(451)
#: Since when these file systems cache what is written in large units (Linux).
_LARGE_UNITS = {"ext4": (6, 16), "xfs": (6, 6)}


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
        os.ftruncate(fd, 8192)  # a hole already: a full disk can tell too
        punch(fd, 0, 4096)
    except OSError:
        return False
    finally:
        os.close(fd)
        probe.unlink(missing_ok=True)
    return True


def write_all(fd: int, data: bytes | memoryview, offset: int) -> None:
    """Write all of it at this place. Raises OSError (disk full)."""
    with memoryview(data) as view:
        done = 0
        while done < len(view):
            done += os.pwrite(fd, view[done:], offset + done)


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
    """Whether the range is in the page cache, so that reading it will not wait for the disk. `offset` is a page's.

    Exact where the kernel counts (Linux 6.5); else it is looked at in several places, since memory goes in pieces.
    """
    if _cachestat.works:
        found = _cachestat(fd, offset, length)
        if found >= 0:
            return found * mmap.PAGESIZE >= length
    one = bytearray(1)
    last = offset + length - 1
    try:
        for place in (*range(offset, last, _PROBE_STEP), last):
            os.preadv(fd, [one], place, os.RWF_NOWAIT)
    except BlockingIOError:
        return False
    except OSError:  # this file system cannot tell
        return True
    return True


_Range, _Counts = ctypes.c_uint64 * 2, ctypes.c_uint64 * 5


class _CacheStat:
    """The system call that counts a range's pages in memory; libc has no name for it yet. Called from any thread."""

    def __init__(self) -> None:
        self.works = platform.machine() in ("x86_64", "aarch64")

    def __call__(self, fd: int, offset: int, length: int) -> int:
        """Pages of the range in memory; -1 where this is not to be known, and it is not asked again."""
        wanted, counts = _Range(offset, length), _Counts()
        if _libc.syscall(_CACHESTAT, fd, ctypes.byref(wanted), ctypes.byref(counts), 0) != 0:
            self.works = ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM)
            return -1
        return int(counts[0])


_cachestat = _CacheStat()


def unsent(fd: int) -> int:
    """Bytes in a socket's buffer that the other side has not acknowledged."""
    return int.from_bytes(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def unread(fd: int) -> int:
    """Bytes that a socket has received and nobody has read."""
    return int.from_bytes(fcntl.ioctl(fd, termios.FIONREAD, bytes(4)), sys.byteorder)


def warm(fd: int, offset: int, length: int) -> int:
    """Read the range into the page cache → the CRC-32 of what came. Blocks: call it in a thread. Raises OSError."""
    scratch = bytearray(256 * 1024)
    view = memoryview(scratch)
    end, found = offset + length, 0
    while offset < end:
        done = os.preadv(fd, [view[: min(len(scratch), end - offset)]], offset)
        if done == 0:
            break
        found = zlib.crc32(view[:done], found)
        offset += done
    return found


def sums(fd: int, offset: int, length: int) -> tuple[bytes, int]:
    """SHA-256 and CRC-32 of a range; of what there is of it when the file is shorter. Raises OSError."""
    sha, crc = hashlib.sha256(), 0
    end = offset + length
    while offset < end:
        chunk = os.pread(fd, min(_CHUNK, end - offset), offset)
        if not chunk:
            break
        sha.update(chunk)
        crc = zlib.crc32(chunk, crc)
        offset += len(chunk)
    return sha.digest(), crc


def sums_from_disk(fd: int, offset: int, length: int) -> bytes:
    """SHA-256 of a range as the disk has it, past the page cache. Raises OSError, EINVAL where that is not possible.

    `fd` was opened with O_DIRECT; `offset` is on a page's boundary.
    """
    sha = hashlib.sha256()
    with mmap.mmap(-1, _CHUNK) as scratch:  # on pages, as the kernel demands
        end = offset + length
        while offset < end:
            done = os.preadv(fd, [scratch], offset)
            if done == 0:
                break
            with memoryview(scratch)[: min(done, end - offset)] as view:
                sha.update(view)
            offset += done
    return sha.digest()


def begin_writing(fd: int, offset: int, length: int) -> None:
    """Let the kernel write the range to the disk now, in its own time: dirty pages do not pile up."""
    with contextlib.suppress(AttributeError):
        _libc.sync_file_range(
            ctypes.c_int(fd), ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(_BEGIN_WRITING)
        )


def large_units(folder: Path) -> bool:
    """Whether this folder's file system caches what is written in units larger than a page: then writing anew pays."""
    try:
        device = folder.stat().st_dev
        place = f"{os.major(device)}:{os.minor(device)}"
        kind = next(
            line.rpartition(" - ")[2].split()[0]
            for line in Path("/proc/self/mountinfo").read_text().splitlines()
            if line.split()[2] == place
        )
        major, minor, *_ = platform.release().split(".")
        return (int(major), int(minor.partition("-")[0])) >= _LARGE_UNITS[kind]
    except (OSError, LookupError, StopIteration, ValueError):
        return False


def write_anew(fd: int, offset: int, length: int, crc: int) -> bool:
    """Write a range's bytes over themselves, so that the page cache holds them in units as large as can be.

    → False when they are not what they were; nothing was written then. `offset` is a page's, and so is what follows the
    range. What was read from the disk is there page by page, which costs a fifth more to send. Written past the cache
    first: that throws those pages out whoever still sends them (they stay theirs), as no call that only throws away
    does. The bytes stay the same all the time, in memory and on the disk. Raises OSError.
    """
    room = -(-length // mmap.PAGESIZE) * mmap.PAGESIZE
    ways = [os.open(f"/proc/self/fd/{fd}", os.O_RDWR | os.O_CLOEXEC | past) for past in (os.O_DIRECT, 0)]
    try:
        with mmap.mmap(-1, room) as scratch, memoryview(scratch) as view:
            done = 0
            while done < length and (got := os.preadv(fd, [view[done:length]], offset + done)):
                done += got
            if zlib.crc32(view[:length]) != crc:
                return False
            for at in range(0, room, _CHUNK):
                for way in ways:
                    write_all(way, view[at : at + _CHUNK], offset + at)
    finally:
        for way in ways:
            os.close(way)
    begin_writing(fd, offset, length)
    return True


def idle_io() -> None:
    """What this thread reads and writes waits for everything else (where the disk's scheduler knows of it)."""
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        _libc.syscall(ctypes.c_long(number), ctypes.c_int(_THIS_THREAD), ctypes.c_int(0), ctypes.c_int(_IDLE))
