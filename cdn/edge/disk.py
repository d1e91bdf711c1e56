"""Every touch of the cache's disk that may wait, for one thread that does them in order.

    packages/<id>/manifest.json     the bytes whose hash is the package's id
    packages/<id>/<rendition>.data  the rendition with every object on a page of its own, holes elsewhere
    packages/<id>/<rendition>.map   8 bytes for each object: the beginning of its SHA-256, or zeros

Rules that keep wrong bytes from ever being served, whatever dies when: data are on the disk before the map says so;
the map forgets before a hole is made; what an earlier process wrote is only a claim, hashed at its first use. And no
hole ever changes bytes that are on their way to a viewer: `sendfile` hands the kernel's own pages to the socket, where
they may stay for long after the last reader has gone, and a hole zeroes in place whatever it covers only in part. So
objects have pages of their own, holes are made of whole pages, and the kernel's units of caching never reach over an
object's end: writes stay within one object, and reading ahead (which makes larger units) is off.
"""

import hashlib
import os
import shutil
from collections import OrderedDict
from pathlib import Path

from cdn.edge import files
from cdn.edge.files import OwnedFd
from cdn.edge.manifest import RenditionIndex, Spec, pages

_MARK = 8
_ABSENT = bytes(_MARK)
_OPEN_AT_ONCE = 256
_Pair = tuple[OwnedFd, OwnedFd]


class Disk:
    """The files of all packages. Methods block; none is called from two threads at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.can_punch = files.can_punch(folder)
        self._open: OrderedDict[tuple[str, str], _Pair] = OrderedDict()

    def scan(self) -> dict[str, int]:
        """Bytes on disk of each package that is here, the longest untouched first."""
        found: list[tuple[float, str, int]] = []
        for package in self.folder.iterdir():
            if not package.is_dir():
                continue
            stats = [entry.stat() for entry in package.iterdir()]
            size = sum(stat.st_blocks * 512 for stat in stats)
            found.append((max((stat.st_mtime for stat in stats), default=0.0), package.name, size))
        return {name: size for _, name, size in sorted(found)}

    def manifest(self, package: str) -> bytes | None:
        """The manifest as stored, unverified."""
        try:
            return (self.folder / package / "manifest.json").read_bytes()
        except OSError:
            return None

    def save_manifest(self, package: str, manifest: bytes) -> None:
        """Keep a manifest: whole or not at all."""
        home = self.folder / package
        home.mkdir(exist_ok=True)
        files.replace(home / "manifest.json", manifest)

    def claims(self, rendition: RenditionIndex) -> list[int]:
        """Numbers of the objects that the map says are here; an earlier process wrote it."""
        try:
            text = (self.folder / rendition.package / f"{rendition.name}.map").read_bytes()
        except OSError:
            return []
        known = min(rendition.objects, len(text) // _MARK)
        return [n for n in range(known) if text[n * _MARK : n * _MARK + _MARK] != _ABSENT]

    def verified(self, spec: Spec) -> tuple[OwnedFd, bytes] | None:
        """The file and the hash of an object that is here and whole; a false claim is taken back."""
        data, marks = self._pair(spec.rendition)
        mark = os.pread(marks.fd, _MARK, spec.number * _MARK)
        if len(mark) < _MARK or mark == _ABSENT:
            return None
        digest = hashlib.sha256(os.pread(data.fd, spec.length, spec.offset)).digest()
        if digest[:_MARK] != mark or (spec.sha256 is not None and digest != spec.sha256):
            self._mark(marks, spec.number, _ABSENT)
            return None
        return data, digest

    def write(self, spec: Spec, source: int, digest: bytes) -> OwnedFd:
        """Keep an object whose bytes are in the file `source`. Raises OSError, and then nothing is kept."""
        data, marks = self._pair(spec.rendition)
        done = 0
        while done < spec.length:
            chunk = os.pread(source, min(1 << 20, spec.length - done), done)
            if not chunk:
                raise OSError("the object is shorter than it was")
            files.write_all(data.fd, chunk, spec.offset + done)
            done += len(chunk)
        os.fdatasync(data.fd)
        self._mark(marks, spec.number, digest[:_MARK])
        return data

    def forget(self, rendition: RenditionIndex, number: int, offset: int, length: int) -> None:
        """Give an object's room back."""
        data, marks = self._pair(rendition)
        self._mark(marks, number, _ABSENT)
        files.punch(data.fd, offset, pages(length))

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

    def writable(self) -> str:
        """What keeps the cache from being written; '' when nothing does."""
        probe = self.folder / ".writable"
        try:
            probe.write_bytes(b"ok")
            probe.unlink()
        except OSError as error:
            return f"the cache cannot be written: {error.strerror}"
        return ""

    def _mark(self, marks: OwnedFd, number: int, mark: bytes) -> None:
        files.write_all(marks.fd, mark, number * _MARK)
        os.fdatasync(marks.fd)

    def _pair(self, rendition: RenditionIndex) -> _Pair:
        key = (rendition.package, rendition.name)
        pair = self._open.get(key)
        if pair is None:
            home = self.folder / rendition.package
            home.mkdir(exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            data = OwnedFd(os.open(home / f"{rendition.name}.data", flags, 0o600))
            os.posix_fadvise(data.fd, 0, 0, os.POSIX_FADV_RANDOM)  # no reading ahead, see above
            pair = data, OwnedFd(os.open(home / f"{rendition.name}.map", flags, 0o600))
            self._open[key] = pair
            if len(self._open) > _OPEN_AT_ONCE:
                self._open.popitem(last=False)
        else:
            self._open.move_to_end(key)
        return pair
