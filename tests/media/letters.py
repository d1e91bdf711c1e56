"""Picture subtitles for tests: a PGS stream with a white bar where letters would be."""

import struct
from collections.abc import Sequence
from pathlib import Path


def sup(
    path: Path, cues: Sequence[tuple[float, float]], *, size: tuple[int, int], bar: tuple[int, int, int, int]
) -> Path:
    """A .sup file that shows a white bar (x, y, width, height) from start to end (seconds) of each cue."""
    out = b""
    for number, (start, end) in enumerate(cues):
        out += _show(start, number * 2, size, bar) + _clear(end, number * 2 + 1, size, bar)
    path.write_bytes(out)
    return path


def _show(when: float, number: int, size: tuple[int, int], bar: tuple[int, int, int, int]) -> bytes:
    x, y, width, height = bar
    line = bytes([0, 0xC0 | width >> 8, width & 0xFF, 1, 0, 0])
    coded = line * height
    composition = struct.pack(">HHBHBBBB", *size, 0x10, number, 0x80, 0, 0, 1)
    composition += struct.pack(">HBBHH", 0, 0, 0, x, y)
    palette = bytes([0, 0, 1, 235, 128, 128, 255])
    object_ = (
        struct.pack(">HBB", 0, 0, 0xC0) + (len(coded) + 4).to_bytes(3) + struct.pack(">HH", width, height)
    )
    parts = ((0x16, composition), (0x17, _window(bar)), (0x14, palette), (0x15, object_ + coded), (0x80, b""))
    return b"".join(_segment(when, kind, data) for kind, data in parts)


def _clear(when: float, number: int, size: tuple[int, int], bar: tuple[int, int, int, int]) -> bytes:
    composition = struct.pack(">HHBHBBBB", *size, 0x10, number, 0, 0, 0, 0)
    return b"".join(
        _segment(when, kind, data) for kind, data in ((0x16, composition), (0x17, _window(bar)), (0x80, b""))
    )


def _window(bar: tuple[int, int, int, int]) -> bytes:
    return struct.pack(">BBHHHH", 1, 0, *bar)


def _segment(when: float, kind: int, data: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", round(when * 90_000), 0, kind, len(data)) + data
