"""Every touch of the cache's disk that may wait, for one thread that does them in order.

    packages/<id>/manifest.json     the bytes whose hash is the package's id
    packages/<id>/<rendition>.data  the rendition with every object on a page of its own, holes elsewhere
    packages/<id>/<rendition>.map   8 bytes for each object: the beginning of its SHA-256, or zeros; then what it is of

Rules that keep wrong bytes from ever being served, whatever dies when: data are written before the map says so; the map
forgets before a hole is made; what an earlier process wrote is only a claim, hashed at its first use. So nothing waits
for the disk to have written (a power cut may make claims false; their hash says so), and a kill loses nothing. And no
hole ever changes bytes that are on their way to a viewer: `sendfile` hands the kernel's own pages to the socket, where
they may stay for long after the last reader has gone, and a hole zeroes in place whatever it covers only in part. So
objects have pages of their own, holes are made of whole pages, and the kernel's units of caching never reach over an
object's end: writes stay within one object, and reading ahead (which makes larger units) is off.
"""

import contextlib
import errno
import logging
import os
import shutil
import struct
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from cdn.edge import files
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import RenditionIndex, Spec, pages
from cdn.edge.shelves import Shelf, Standing
from cdn.edge.trouble import in_words

log = logging.getLogger("edge")

_MARK = 8
_ABSENT = bytes(_MARK)
_OPEN_AT_ONCE = 256
#: The end of a map, behind as many marks as a rendition can have: how many segments it has, how many of them are head.
_TRAILER = struct.Struct("<2sIH")
_MAGIC = b"m1"
_EXTRA = 3
#: What a file system may need for itself in a rendition's file, in bytes.
_SLACK = 64 << 10
#: Changes whenever the machine starts.
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
#: So much of the file system is left free for what else the node writes (its state, its journal), in bytes and as a
#: part of the whole.
RESERVE, RESERVE_PART = 256 << 20, 50


class _Pair:
    """The two files of a rendition."""

    __slots__ = ("data", "marks", "writable")

    def __init__(self, data: OwnedFd, marks: OwnedFd, writable: bool) -> None:
        self.data, self.marks, self.writable = data, marks, writable


class Disk:
    """The files of all packages. Methods block; none is called from two threads at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.can_punch, self.reserve = True, 0
        #: Whether writing an object anew makes it cheaper to send, as far as is known.
        self.renews = False
        #: Whether the machine stopped without warning while the cache was in use: claims may be false then, and what
        #: is missing was not lost by the disk.
        self.torn = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.reserve = min(RESERVE, shutil.disk_usage(folder).total // RESERVE_PART)
            self.can_punch = files.can_punch(folder)
            self.renews = files.large_units(folder)
            self.torn = self._begin()
        except OSError as error:  # what is here can be served all the same
            log.error("%s", in_words(error))
        self._open: OrderedDict[tuple[str, str], _Pair] = OrderedDict()

    def _begin(self) -> bool:
        mark = self.folder / ".running"
        boot = _BOOT_ID.read_text().strip() if _BOOT_ID.exists() else ""
        before = mark.read_text() if mark.exists() else boot
        mark.write_text(boot)
        return before != boot

    def end(self) -> None:
        """The cache is not in use any more."""
        with contextlib.suppress(OSError):
            (self.folder / ".running").unlink(missing_ok=True)

    def scan(self) -> dict[str, Standing]:
        """What each package on disk has, by its maps, the longest unused first."""
        found: list[tuple[float, str, Standing]] = []
        if not self.folder.is_dir():
            return {}
        for package in self.folder.iterdir():
            if not package.is_dir():
                continue
            try:
                found.append((package.stat().st_mtime, package.name, self._survey(package)))
            except OSError:  # unreadable: nothing of it is here
                continue
        return {name: standing for _, name, standing in sorted(found, key=lambda item: item[:2])}

    def _survey(self, package: Path) -> Standing:
        standing = Standing()
        for entry in package.iterdir():
            room = entry.stat().st_blocks * 512
            if entry.suffix == ".data":
                shelf = self._read_map(entry.with_suffix(".map"))
                shelf.room = room
                standing.shelves[entry.stem] = shelf
            else:
                standing.overhead += room
        return standing

    @staticmethod
    def _read_map(path: Path) -> Shelf:
        """What a map claims, without its manifest."""
        try:
            text = path.read_bytes()
        except OSError:
            text = b""
        magic, segments, head = _TRAILER.unpack(text[-_MARK:]) if len(text) >= _MARK else (b"", 0, 0)
        if magic != _MAGIC or len(text) != (segments + _EXTRA + 1) * _MARK:
            return Shelf(0, 0)
        marks = array("Q", text[:-_MARK])
        bits = int("0" + "".join(["1" if mark else "0" for mark in reversed(marks)]), 2)
        return Shelf(segments, head, bits)

    def touch(self, package: str) -> None:
        """Remember that the package is in use: after a restart the longest unused ones go first."""
        os.utime(self.folder / package)

    def manifest(self, package: str) -> bytes | None:
        """The manifest as stored, unverified."""
        try:
            return (self.folder / package / "manifest.json").read_bytes()
        except OSError:
            return None

    def save_manifest(self, package: str, manifest: bytes) -> None:
        """Keep a manifest: whole or not at all. Raises OSError."""
        self._check_room(self.folder, len(manifest))
        home = self.folder / package
        home.mkdir(parents=True, exist_ok=True)
        files.replace(home / "manifest.json", manifest)

    def claims(self, rendition: RenditionIndex) -> list[int]:
        """Numbers of the objects that the map says are here; an earlier process wrote it."""
        try:
            text = (self.folder / rendition.package / f"{rendition.name}.map").read_bytes()
        except OSError:
            return []
        known = min(rendition.objects, len(text) // _MARK)
        return [n for n in range(known) if text[n * _MARK : n * _MARK + _MARK] != _ABSENT]

    def tidy(self, rendition: RenditionIndex, claims: Sequence[int]) -> None:
        """Give back what a process that died had written without claiming it. Raises OSError."""
        if not self.can_punch or not self._here(rendition):
            return
        data = self._pair(rendition, writing=True).data
        places = {number: place for number in claims if (place := rendition.place(number))}
        room = sum(pages(length) for _, length in places.values())
        if os.fstat(data.fd).st_blocks * 512 <= room + _SLACK:
            return
        at = 0
        for offset, length in sorted(places.values()):
            if offset > at:
                files.punch(data.fd, at, offset - at)
            at = offset + pages(length)
        end = os.fstat(data.fd).st_size
        if end > at:
            files.punch(data.fd, at, end - at)

    def claimed(self, spec: Spec) -> tuple[OwnedFd, bytes] | None:
        """The file of an object that the map says is here, and the beginning of its hash. Raises OSError."""
        pair = self._pair(spec.rendition)
        mark = os.pread(pair.marks.fd, _MARK, spec.number * _MARK)
        return None if len(mark) < _MARK or mark == _ABSENT else (pair.data, mark)

    def disown(self, spec: Spec) -> None:
        """Take a false claim back. Raises OSError."""
        self._mark(spec.rendition, spec.number, _ABSENT)

    def write(self, spec: Spec, source: int, digest: bytes) -> tuple[OwnedFd, int]:
        """Keep an object whose bytes are in the file `source` → its file and CRC. Raises OSError: nothing is kept."""
        pair = self._pair(spec.rendition, writing=True)
        self._check_room(pair.data.fd, spec.length)
        done = crc = 0
        while done < spec.length:
            chunk = os.pread(source, min(1 << 20, spec.length - done), done)
            if not chunk:
                raise OSError("the object is shorter than it was")
            files.write_all(pair.data.fd, chunk, spec.offset + done)
            crc = zlib.crc32(chunk, crc)
            done += len(chunk)
        files.begin_writing(pair.data.fd, spec.offset, spec.length)
        self._mark(spec.rendition, spec.number, digest[:_MARK])
        return pair.data, crc

    def renew(self, file: OwnedFd, offset: int, length: int, crc: int) -> bool:
        """Write an object over itself → False when its bytes are not what they were (`files.write_anew`)."""
        try:
            return files.write_anew(file.fd, offset, length, crc)
        except OSError as error:  # what is there stays as it is
            log.info("nothing is written anew any more: %s", in_words(error))
            self.renews = False
        return True

    def forget(self, rendition: RenditionIndex, number: int, offset: int, length: int) -> None:
        """Give an object's room back; with a length of 0 only the map forgets it. Raises OSError."""
        if not self._here(rendition):
            return
        self._mark(rendition, number, _ABSENT)
        if length:
            files.punch(self._pair(rendition, writing=True).data.fd, offset, pages(length))

    def trim(self, rendition: RenditionIndex, first: int) -> None:
        """Leave of a rendition only its first segments and what is no segment. Raises OSError."""
        count = len(rendition.offsets)
        if first >= count or not self.can_punch or not self._here(rendition):
            return
        pair = self._pair(rendition, writing=True)
        files.write_all(pair.marks.fd, _ABSENT * (count - first), first * _MARK)
        start, end = rendition.offsets[first], rendition.offsets[-1] + pages(rendition.lengths[-1])
        files.punch(pair.data.fd, start, end - start)

    def drop_rendition(self, package: str, name: str) -> None:
        """Remove a rendition's files; whoever still reads them may finish."""
        self._open.pop((package, name), None)
        for suffix in ("map", "data"):  # the map first: data without a map are nothing
            (self.folder / package / f"{name}.{suffix}").unlink(missing_ok=True)

    def drop_package(self, package: str) -> None:
        """Remove all of a package."""
        for key in [key for key in self._open if key[0] == package]:
            del self._open[key]
        shutil.rmtree(self.folder / package, ignore_errors=True)

    def free(self) -> int:
        """Bytes free on the cache's file system."""
        return shutil.disk_usage(self.folder).free

    def refusal(self) -> OSError | None:
        """What keeps the cache from being written; None when nothing does."""
        probe = self.folder / ".writable"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as error:
            return error
        return None

    def _check_room(self, place: int | Path, length: int) -> None:
        """Leave the rest of the node a little room on the file system. Raises OSError."""
        stats = os.statvfs(place)
        if stats.f_bavail * stats.f_frsize - length < self.reserve:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _mark(self, rendition: RenditionIndex, number: int, mark: bytes) -> None:
        files.write_all(self._pair(rendition, writing=True).marks.fd, mark, number * _MARK)

    def _here(self, rendition: RenditionIndex) -> bool:
        return (self.folder / rendition.package / f"{rendition.name}.map").exists()

    def _pair(self, rendition: RenditionIndex, *, writing: bool = False) -> _Pair:
        key = (rendition.package, rendition.name)
        pair = self._open.get(key)
        if pair is not None and (pair.writable or not writing):
            self._open.move_to_end(key)
            return pair
        try:
            pair = self._open_pair(rendition, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            if writing or error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                raise
            pair = self._open_pair(rendition, os.O_RDONLY)
        self._open[key] = pair
        if len(self._open) > _OPEN_AT_ONCE:
            self._open.popitem(last=False)
        return pair

    def _open_pair(self, rendition: RenditionIndex, flags: int) -> _Pair:
        home = self.folder / rendition.package
        if flags & os.O_CREAT:
            home.mkdir(exist_ok=True)
        data = OwnedFd(os.open(home / f"{rendition.name}.data", flags | os.O_CLOEXEC, 0o600))
        os.posix_fadvise(data.fd, 0, 0, os.POSIX_FADV_RANDOM)  # no reading ahead, see above
        marks = OwnedFd(os.open(home / f"{rendition.name}.map", flags | os.O_CLOEXEC, 0o600))
        count = len(rendition.offsets)
        size = (count + _EXTRA + 1) * _MARK
        if flags & os.O_CREAT and os.fstat(marks.fd).st_size != size:
            # All of it is written at once: to forget an object never needs room on the disk.
            old = os.pread(marks.fd, rendition.objects * _MARK, 0)
            text = old[: len(old) // _MARK * _MARK].ljust(size - _MARK, b"\0")
            files.write_all(
                marks.fd, text + _TRAILER.pack(_MAGIC, count, min(rendition.head_segments, 0xFFFF)), 0
            )
            os.ftruncate(marks.fd, size)
        return _Pair(data, marks, bool(flags & os.O_CREAT))


def proves(digest: bytes, mark: bytes, spec: Spec) -> bool:
    """Whether this is the hash of the object: the one that the map has the beginning of, and the manifest's."""
    return digest[:_MARK] == mark and digest == (spec.sha256 or digest)
