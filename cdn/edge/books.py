"""The journal's files: appended to, read in batches, dropped when the control plane has them or the room is spent.

Everything here may wait for the disk: it runs in the journal's own thread, and only there.
"""

import contextlib
import logging
import os
import re
import shutil
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from cdn.edge import files

log = logging.getLogger("edge")

#: A file is closed at this size, in bytes: what is dropped, is dropped in such pieces.
CHAPTER_BYTES = 4 << 20
#: A batch is at most so many rows and bytes.
BATCH_ROWS, BATCH_BYTES = 5_000, 1 << 20
#: The newest rows stay in memory until they were taken, so that they need not be read back: at most so many.
FRESH_ROWS = 20_000
#: No line is longer: target, CMCD and figures are bounded.
_LINE_MOST = 8 << 10
_NAME = re.compile(r"[0-9a-f]{32}\Z")
_CHAPTER = re.compile(r"([0-9]{16})\.log\Z")


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows `first` to `last` of a journal, each as JSON."""

    journal: str
    first: int
    last: int
    rows: list[bytes]

    def body(self) -> bytes:
        """As it is sent."""
        head = f'{{"journal":"{self.journal}","first":{self.first},"last":{self.last},"rows":['
        return head.encode() + b",".join(self.rows) + b"]}"


@dataclass(slots=True)
class _Chapter:
    path: Path
    first: int
    last: int
    size: int


@dataclass(slots=True)
class _Book:
    """One life's journal. `reading` is where the next batch begins: a chapter's first number, a place, a number."""

    folder: Path
    chapters: list[_Chapter] = field(default_factory=list)
    taken: int = 0
    reading: tuple[int, int, int] = (0, 0, 0)

    @property
    def waiting(self) -> int:
        return sum(
            max(0, chapter.last - max(self.taken, chapter.first - 1))
            for chapter in self.chapters
            if chapter.last >= chapter.first
        )


class Library:
    """All journals of this node, this life's last."""

    def __init__(self, folder: Path, *, name: str, limit: int) -> None:
        self._folder, self._name, self._limit = folder, name, max(limit, 2 * CHAPTER_BYTES)
        self._books: dict[str, _Book] = {}
        self._file: int | None = None
        self._next = 1
        #: The last rows that were written, up to `_next`.
        self._fresh: list[bytes] = []
        self.waiting = 0
        self.size = 0

    def open(self) -> None:
        """Find what earlier lives left. What cannot be read is left aside."""
        try:
            found = sorted(
                (path for path in self._folder.iterdir() if _NAME.match(path.name)),
                key=lambda path: path.stat().st_mtime,
            )
        except OSError:
            return
        for path in found:
            if path.name == self._name:
                continue
            try:
                self._books[path.name] = _read_book(path)
            except OSError as error:
                log.warning("an older journal cannot be read: %s", error.strerror or error)
        # This life's stays last, whenever it was begun.
        if self._name in self._books:
            self._books[self._name] = self._books.pop(self._name)
        for name in list(self._books):
            self._tidy(name)
        self._count()

    def append(self, rows: list[bytes]) -> int:
        """Write rows down; → how many older ones were lost for them. Raises OSError; then nothing was written."""
        if not rows:
            return 0
        book = self._books.get(self._name)
        if book is None:
            folder = self._folder / self._name
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            book = self._books[self._name] = _Book(folder)
        chapter = book.chapters[-1] if book.chapters else None
        if chapter is None or self._file is None or chapter.size >= CHAPTER_BYTES:
            chapter = self._new_chapter(book)
        crc32 = zlib.crc32
        data = b"".join(
            [b"%d %08x %b\n" % (number, crc32(row, number & 0xFFFFFFFF), row)
             for number, row in enumerate(rows, self._next)]
        )  # fmt: skip
        assert self._file is not None
        try:
            files.write_all(self._file, data, chapter.size)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, chapter.size)
            raise
        chapter.size += len(data)
        self._next += len(rows)
        self._fresh += rows
        del self._fresh[:-FRESH_ROWS]
        chapter.last = self._next - 1
        lost = self._make_room()
        self._count()
        return lost

    def _new_chapter(self, book: _Book) -> _Chapter:
        path = book.folder / f"{self._next:016d}.log"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.close()
        self._file = file
        chapter = _Chapter(path, self._next, self._next - 1, 0)
        book.chapters = [known for known in book.chapters if known.path != path] + [chapter]
        return chapter

    def sync(self) -> None:
        """Force what was written to the disk. Raises OSError."""
        if self._file is not None:
            os.fdatasync(self._file)

    def close(self) -> None:
        """Let go of the file that is being written."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fdatasync(self._file)
            os.close(self._file)
            self._file = None

    def batch(self) -> Batch | None:
        """The oldest rows that were not taken: numbers without a gap, so that first and last say them all."""
        for name, book in self._books.items():
            for chapter in book.chapters:
                if chapter.last > book.taken and (
                    found := self._remembered(name, book, chapter) or _batch(name, book, chapter)
                ):
                    return found
        return None

    def _remembered(self, name: str, book: _Book, chapter: _Chapter) -> Batch | None:
        """The next rows of a chapter, when this life wrote them lately. They are on disk all the same."""
        first = max(book.taken + 1, chapter.first)
        at = first - (self._next - len(self._fresh))
        if name != self._name or at < 0:
            return None
        rows = self._fresh[at : at + min(BATCH_ROWS, chapter.last + 1 - first)]
        size = 0
        for count, row in enumerate(rows):
            if size >= BATCH_BYTES:
                del rows[count:]
                break
            size += len(row)
        return Batch(name, first, first + len(rows) - 1, rows)

    def taken(self, journal: str, last: int) -> None:
        """Rows up to this one need not be kept. A lost note of this is no harm: they are refused when sent again."""
        book = self._books.get(journal)
        if book is None or last <= book.taken:
            return
        book.taken = last
        if journal == self._name:
            del self._fresh[: max(0, last + 1 - (self._next - len(self._fresh)))]
        try:
            (book.folder / "taken.new").write_text(str(last))
            os.replace(book.folder / "taken.new", book.folder / "taken")
        except OSError as error:
            log.debug("how far the journal was taken cannot be noted: %s", error)
        self._tidy(journal)
        self._count()

    def _tidy(self, journal: str) -> None:
        """Remove chapters that were taken; an older journal with none left goes wholly."""
        book = self._books[journal]
        current = book.chapters[-1] if journal == self._name and book.chapters else None
        for chapter in list(book.chapters):
            if chapter.last <= book.taken and (chapter is not current or chapter.size >= CHAPTER_BYTES):
                self._remove(book, chapter)
        if not book.chapters and journal != self._name:
            shutil.rmtree(book.folder, ignore_errors=True)
            del self._books[journal]

    def _remove(self, book: _Book, chapter: _Chapter) -> None:
        if book.chapters and chapter is book.chapters[-1] and book is self._books.get(self._name):
            self.close()
        try:
            chapter.path.unlink(missing_ok=True)
        except OSError as error:  # found again by the next life; what was written for its room stays written
            log.warning("a taken part of the journal cannot be removed: %s", error.strerror or error)
        book.chapters.remove(chapter)

    def _make_room(self) -> int:
        """Drop the oldest chapters until the limit is kept; → the rows in them that nobody has taken."""
        lost = 0
        while sum(chapter.size for book in self._books.values() for chapter in book.chapters) > self._limit:
            name, book = next((name, book) for name, book in self._books.items() if book.chapters)
            chapter = book.chapters[0]
            if name == self._name and len(book.chapters) == 1:
                break
            lost += max(0, chapter.last - max(book.taken, chapter.first - 1))
            self._remove(book, chapter)
            if not book.chapters:
                self._tidy(name)
        if lost:
            log.warning("the journal's room is spent: the oldest %d rows were dropped", lost)
        return lost

    def _count(self) -> None:
        self.waiting = sum(book.waiting for book in self._books.values())
        self.size = sum(chapter.size for book in self._books.values() for chapter in book.chapters)


def _parse(line: bytes) -> tuple[int, bytes] | None:
    """A line's number and row; None when it is torn or rotten. The number is part of what is checked."""
    number, _, rest = line.partition(b" ")
    check, _, row = rest.partition(b" ")
    if not number.isdigit() or len(number) > 18 or len(check) != 8:
        return None
    if b"%08x" % zlib.crc32(row, int(number) & 0xFFFFFFFF) != check:
        return None
    return int(number), row


def _read_book(folder: Path) -> _Book:
    book = _Book(folder)
    try:
        book.taken = int((folder / "taken").read_text())
    except (OSError, ValueError):
        book.taken = 0
    for path in sorted(folder.iterdir()):
        match = _CHAPTER.match(path.name)
        if match is not None:
            size = path.stat().st_size
            book.chapters.append(_Chapter(path, int(match[1]), _last_number(path, size), size))
    return book


def _last_number(path: Path, size: int) -> int:
    """The number of the last good line, at least that before the first; what a crash tore is passed over."""
    first = int(path.name[:16])
    with path.open("rb") as file:
        reach = 16 * _LINE_MOST
        while True:
            file.seek(max(0, size - reach))
            lines = file.read().split(b"\n")
            for line in reversed(lines):
                parsed = _parse(line)
                if parsed is not None:
                    return parsed[0]
            if reach >= size:
                return first - 1
            reach *= 8


def _batch(name: str, book: _Book, chapter: _Chapter) -> Batch | None:
    """The next rows of a chapter. None when it has no good line left: it counts as taken then."""
    offset = book.reading[1] if book.reading[0] == chapter.first and book.reading[2] == book.taken else 0
    rows: list[bytes] = []
    first = size = 0
    try:
        with chapter.path.open("rb") as file:
            file.seek(offset)
            for line in file:
                place = offset
                parsed = _parse(line.rstrip(b"\n"))
                if parsed is None or parsed[0] <= book.taken:
                    offset += len(line)
                    continue
                number, row = parsed
                if rows and (number != first + len(rows) or len(rows) >= BATCH_ROWS or size >= BATCH_BYTES):
                    offset = place
                    break
                if not rows:
                    first = number
                offset += len(line)
                rows.append(row)
                size += len(row)
    except OSError as error:
        log.warning("the journal cannot be read: %s", error.strerror or error)
        return None
    if not rows:
        book.taken = max(book.taken, chapter.last)
        return None
    last = first + len(rows) - 1
    # Where to go on once exactly these were taken.
    book.reading = (chapter.first, offset, last)
    return Batch(name, first, last, rows)
