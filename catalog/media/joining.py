"""Joins encoded pieces into a rendition's one file, hashing, measuring and (when asked) encrypting on the way."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from catalog.media import boxes
from catalog.media.encode import Unsound

_BLOCK = 1024 * 1024
_WHAT = "Packaging"


@dataclass(frozen=True, slots=True)
class Part:
    """One segment as it was written. `first` counts its bytes up to the end of its first sample, in the clear."""

    offset: int
    length: int
    ticks: int
    samples: int
    first: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A rendition's file as it was written. `start` is when its first sample is shown, in ticks."""

    header: boxes.Header
    init: tuple[int, int]
    parts: tuple[Part, ...]
    bytes: int
    sha256: str
    start: int

    @property
    def durations(self) -> list[Fraction]:
        """Seconds of each segment."""
        return [Fraction(part.ticks, self.header.timescale) for part in self.parts]

    @property
    def sizes(self) -> list[tuple[int, Fraction]]:
        """(bytes, seconds) of each segment."""
        return list(zip((part.length for part in self.parts), self.durations, strict=True))

    @property
    def duration(self) -> Fraction:
        """How long all of it lasts, in seconds."""
        return Fraction(sum(part.ticks for part in self.parts), self.header.timescale)


def join(
    parts: Sequence[Path],
    target: Path,
    *,
    least: Fraction = Fraction(0),
    late: Fraction = Fraction(0),
    key: bytes | None = None,
) -> Joined:
    """Concatenate pieces that share one init segment into `target`.

    Fragments are joined to segments of at least `least` seconds; the first may begin up to `late` seconds behind the
    film's start. With a `key` each segment is encrypted (AES-128, CBC, PKCS #7, its number as the IV). Raises
    `Unsound` when the pieces do not fit together, OSError when the disk is full.
    """
    if not parts:
        raise Unsound(_WHAT, f"{target.name} has no parts")
    with target.open("wb") as out:
        joined = _Joiner(out, key).run(parts, least, late)
        out.flush()
        os.fsync(out.fileno())
    return joined


class _Joiner:
    """The work of one call of `join`."""

    def __init__(self, out: BinaryIO, key: bytes | None) -> None:
        self._out, self._key = out, key
        self._whole = hashlib.sha256()
        self._offset = 0
        self._parts: list[Part] = []

    def run(self, parts: Sequence[Path], least: Fraction, late: Fraction) -> Joined:
        try:
            with parts[0].open("rb") as file:
                init = boxes.read_init(file)
            header = boxes.header(init)
            self._put(init)
            start = self._all(parts, init, least * header.timescale, late * header.timescale)
        except boxes.BadBoxes as error:
            raise Unsound(_WHAT, f"{parts[0].name}: {error}") from error
        if not self._parts:
            raise Unsound(_WHAT, f"{parts[0].name} holds nothing")
        place = (0, len(init))
        return Joined(header, place, tuple(self._parts), self._offset, self._whole.hexdigest(), start)

    def _all(self, parts: Sequence[Path], init: bytes, least: Fraction, late: Fraction) -> int:
        """Copy every piece's fragments; returns the time of the first, in ticks."""
        start = expected = -1
        for part in parts:
            with part.open("rb") as file:
                if boxes.read_init(file) != init:
                    raise Unsound(
                        _WHAT, f"{part.name} was encoded with other settings than the part before it"
                    )
                fragments = boxes.read_fragments(file, len(init))
                if fragments and expected < 0:
                    start = expected = fragments[0].time if fragments[0].time <= late else 0
                for fragment in fragments:
                    if fragment.time != expected:
                        raise Unsound(_WHAT, f"{part.name}: a gap at {fragment.time}, expected {expected}")
                    expected += fragment.duration
                for group in _grouped(fragments, least):
                    self._segment(file, group, part.name)
        return max(0, start)

    def _segment(self, file: BinaryIO, group: Sequence[boxes.Fragment], name: str) -> None:
        if not group[0].sync:
            raise Unsound(_WHAT, f"{name}: the segment at {group[0].time} does not begin with a keyframe")
        own, begin = hashlib.sha256(), self._offset

        def put(data: bytes) -> None:
            own.update(data)
            self._put(data)

        seal = _sealed(self._key, len(self._parts), put) if self._key else None
        for fragment in group:
            for block in _blocks(file, fragment):
                (seal or put)(block)
        if seal:
            seal(b"")
        self._parts.append(
            Part(
                offset=begin,
                length=self._offset - begin,
                ticks=sum(one.duration for one in group),
                samples=sum(one.samples for one in group),
                first=group[0].first,
                sha256=own.hexdigest(),
            )
        )

    def _put(self, data: bytes) -> None:
        self._out.write(data)
        self._whole.update(data)
        self._offset += len(data)


def _grouped(fragments: Sequence[boxes.Fragment], least: Fraction) -> Iterator[list[boxes.Fragment]]:
    """Neighbours joined until each group lasts `least` ticks; what is left at the end joins the last."""
    groups: list[list[boxes.Fragment]] = []
    length = 0
    for fragment in fragments:
        if not groups or (length >= least and fragment.sync):
            groups.append([])
            length = 0
        groups[-1].append(fragment)
        length += fragment.duration
    if len(groups) > 1 and length < least / 2:
        groups[-2:] = [groups[-2] + groups[-1]]
    yield from groups


def _blocks(file: BinaryIO, fragment: boxes.Fragment) -> Iterator[bytes]:
    file.seek(fragment.offset)
    left = fragment.length
    while left:
        block = file.read(min(_BLOCK, left))
        if not block:
            raise Unsound(_WHAT, "a part ends early")
        yield block
        left -= len(block)


def _sealed(key: bytes, number: int, put: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Encrypts what it is given into `put`; an empty call ends the segment with its padding."""
    cipher = Cipher(algorithms.AES128(key), modes.CBC(number.to_bytes(16))).encryptor()
    padder = PKCS7(128).padder()

    def seal(data: bytes) -> None:
        if data:
            put(cipher.update(padder.update(data)))
        else:
            put(cipher.update(padder.finalize()) + cipher.finalize())

    return seal
