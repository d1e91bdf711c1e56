"""Reads the boxes of ISO base media files (fragmented MP4) that we need. Pure: bytes in, values out.

Box names and layouts are those of ISO/IEC 14496-12 and -15. Everything is read with bounds: a damaged file raises
`BadBoxes`, never something else.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from catalog.media import codec
from catalog.media.codec import BadBoxes as BadBoxes

#: A header box (moov, moof) larger than this is not ours, in bytes.
_HEADER_MAX = 64 * 1024 * 1024
#: Of a sample's flags: it is not a keyframe.
_NOT_SYNC = 0x10000
#: How a picture track's sample entry names its codec, and the box inside that says which kind of it.
_PICTURES = {
    b"avc1": (codec.avc, b"avcC"),
    b"avc3": (codec.avc, b"avcC"),
    b"hvc1": (codec.hevc, b"hvcC"),
    b"hev1": (codec.hevc, b"hvcC"),
    b"av01": (codec.av1, b"av1C"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its type, where its content starts in the buffer it was read from, and where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """One movie fragment. `offset` and `length` (bytes) cover all boxes up to its media data's end.

    `time` and `duration` are in the track's time scale; `sync` says whether its first sample is a keyframe, and
    `first` is how many of its bytes, from `offset`, hold everything up to the end of that sample.
    """

    offset: int
    length: int
    time: int
    duration: int
    samples: int
    sync: bool
    first: int


@dataclass(frozen=True, slots=True)
class Header:
    """What an init segment says: time scale in ticks a second, codec as RFC 6381 writes it, sizes in pixels.

    `skip` is how much of the track's start an edit list hides, in ticks (the encoder's delay in sound).
    """

    timescale: int
    codecs: str
    width: int
    height: int
    channels: int
    sample_rate: int
    skip: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The boxes directly inside `data[start:end]`."""
    limit = len(data) if end is None else end
    position = start
    while position < limit:
        if position + 8 > limit:
            raise BadBoxes(f"a box header is cut off at {position}")
        size, kind = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if size == 1:
            if position + 16 > limit:
                raise BadBoxes(f"a box header is cut off at {position}")
            size, body = struct.unpack_from(">Q", data, position + 8)[0], position + 16
        if size < body - position or position + size > limit:
            raise BadBoxes(f"box {kind!r} at {position} does not fit")
        yield Box(kind, position, body, position + size)
        position += size


def find(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> Box | None:
    """The first box at this path, e.g. `find(init, b"moov", b"trak")`."""
    for box in boxes(data, start, end):
        if box.kind == path[0]:
            if len(path) == 1:
                return box
            found = find(data, *path[1:], start=box.body, end=box.end)
            if found is not None:
                return found
    return None


def read_init(file: BinaryIO) -> bytes:
    """The init segment at the start of a file: everything up to the end of `moov`."""
    file.seek(0)
    parts: list[bytes] = []
    while True:
        kind, size, head = _top(file)
        if kind not in (b"ftyp", b"moov", b"styp", b"free") or size > _HEADER_MAX:
            raise BadBoxes(f"box {kind!r} where the init segment should be")
        body = file.read(size - len(head))
        if len(body) != size - len(head):
            raise BadBoxes("the init segment is cut off")
        parts.append(head + body)
        if kind == b"moov":
            return b"".join(parts)


def read_fragments(file: BinaryIO, offset: int) -> list[Fragment]:
    """All fragments from `offset` to the end of the file; their media data is not read."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(offset)
    found: list[Fragment] = []
    started, moof, lead = offset, b"", 0
    while file.tell() < size:
        position = file.tell()
        kind, length, head = _top(file)
        if position + length > size:
            raise BadBoxes(f"box {kind!r} at {position} is cut off")
        if kind == b"moof":
            if length > _HEADER_MAX:
                raise BadBoxes("a fragment's header is absurdly large")
            moof, lead = head + file.read(length - len(head)), position - started
        elif kind == b"mdat":
            if not moof:
                raise BadBoxes("media data without a fragment")
            try:
                found.append(_fragment(moof, started, position + length - started, lead))
            except (struct.error, IndexError) as error:
                raise BadBoxes(f"a table of the fragment at {started} is cut off: {error}") from error
            started, moof = position + length, b""
        elif kind not in (b"styp", b"sidx", b"prft", b"emsg"):
            raise BadBoxes(f"box {kind!r} between fragments")
        file.seek(position + length)
    if moof:
        raise BadBoxes("the last fragment has no media data")
    return found


def header(init: bytes) -> Header:
    """What the init segment of one track says. Raises `BadBoxes`."""
    try:
        return _header(init)
    except (struct.error, IndexError) as error:
        raise BadBoxes(f"a table of the init segment is cut off: {error}") from error


def _header(init: bytes) -> Header:
    trak = _need(init, b"moov", b"trak")
    mdhd = _need(init, b"mdia", b"mdhd", start=trak.body, end=trak.end)
    timescale = struct.unpack_from(">I", init, mdhd.body + (20 if init[mdhd.body] == 1 else 12))[0]
    stsd = _need(init, b"mdia", b"minf", b"stbl", b"stsd", start=trak.body, end=trak.end)
    entry = next(boxes(init, stsd.body + 8, stsd.end), None)
    if entry is None or timescale == 0:
        raise BadBoxes("a track without a description")
    skip = _skip(init, trak)
    if entry.kind in _PICTURES:
        width, height = struct.unpack_from(">HH", init, entry.body + 24)
        name, config = _PICTURES[entry.kind]
        told = _need(init, config, start=entry.body + 78, end=entry.end)
        codecs = name(entry.kind.decode("ascii"), init[told.body : told.end])
        return Header(timescale, codecs, width, height, channels=0, sample_rate=0, skip=skip)
    if entry.kind == b"mp4a":
        channels = struct.unpack_from(">H", init, entry.body + 16)[0]
        rate = struct.unpack_from(">I", init, entry.body + 24)[0] >> 16
        esds = _need(init, b"esds", start=entry.body + 28, end=entry.end)
        config = init[esds.body + 4 : esds.end]
        return Header(timescale, f"mp4a.40.{codec.audio_object(config)}", 0, 0, channels, rate, skip)
    raise BadBoxes(f"a track coded as {entry.kind!r}")


def _top(file: BinaryIO) -> tuple[bytes, int, bytes]:
    """The next top-level box: type, whole size, and the header bytes read."""
    head = file.read(8)
    if len(head) < 8:
        raise BadBoxes("the file ends inside a box header")
    size, kind = struct.unpack(">I4s", head)
    if size == 1:
        more = file.read(8)
        if len(more) < 8:
            raise BadBoxes("the file ends inside a box header")
        size, head = struct.unpack(">Q", more)[0], head + more
    if size < len(head):
        raise BadBoxes(f"box {kind!r} has an impossible size")
    return kind, size, head


def _need(data: bytes, *path: bytes, start: int = 0, end: int | None = None) -> Box:
    found = find(data, *path, start=start, end=end)
    if found is None:
        raise BadBoxes(f"no box {b'/'.join(path).decode('latin-1')}")
    return found


def _skip(init: bytes, trak: Box) -> int:
    elst = find(init, b"edts", b"elst", start=trak.body, end=trak.end)
    if elst is None or struct.unpack_from(">I", init, elst.body + 4)[0] == 0:
        return 0
    layout, position = (">q", elst.body + 16) if init[elst.body] == 1 else (">i", elst.body + 12)
    time: int = struct.unpack_from(layout, init, position)[0]
    return max(0, time)


def _fragment(moof: bytes, offset: int, length: int, lead: int) -> Fragment:
    """A fragment whose `moof` begins `lead` bytes behind its start."""
    outer = _need(moof, b"moof")
    traf = _need(moof, b"traf", start=outer.body, end=outer.end)
    inside = {box.kind: box for box in boxes(moof, traf.body, traf.end)}
    if not {b"tfhd", b"tfdt", b"trun"} <= inside.keys():
        raise BadBoxes("a fragment without its tables")
    tfdt = inside[b"tfdt"].body
    time = struct.unpack_from(">Q" if moof[tfdt] == 1 else ">I", moof, tfdt + 4)[0]
    usual = _defaults(moof, inside[b"tfhd"].body)
    runs = [_run(moof, box, usual) for box in boxes(moof, traf.body, traf.end) if box.kind == b"trun"]
    samples, duration = sum(run.samples for run in runs), sum(run.duration for run in runs)
    end = lead + runs[0].data + runs[0].first_size
    if not 0 <= end <= length:
        raise BadBoxes("a sample lies outside its fragment")
    return Fragment(offset, length, time, duration, samples, not runs[0].first_flags & _NOT_SYNC, end)


@dataclass(frozen=True, slots=True)
class _Usual:
    """What a fragment says of samples that do not say it themselves."""

    duration: int
    size: int
    flags: int


@dataclass(frozen=True, slots=True)
class _Run:
    """A run of samples; `data` is where its bytes begin, counted from the fragment's moof."""

    samples: int
    duration: int
    data: int
    first_size: int
    first_flags: int


def _defaults(moof: bytes, body: int) -> _Usual:
    flags = int.from_bytes(moof[body + 1 : body + 4])
    position = body + 8
    position += 8 if flags & 0x1 else 0
    position += 4 if flags & 0x2 else 0
    found = []
    for bit in (0x8, 0x10, 0x20):
        found.append(struct.unpack_from(">I", moof, position)[0] if flags & bit else 0)
        position += 4 if flags & bit else 0
    return _Usual(*found)


def _run(moof: bytes, trun: Box, usual: _Usual) -> _Run:
    flags = int.from_bytes(moof[trun.body + 1 : trun.body + 4])
    count: int = struct.unpack_from(">I", moof, trun.body + 4)[0]
    position = trun.body + 8
    data, first_flags, first_size = len(moof) + 8, usual.flags, usual.size
    if flags & 0x1:
        data, position = struct.unpack_from(">i", moof, position)[0], position + 4
    if flags & 0x4:
        first_flags, position = struct.unpack_from(">I", moof, position)[0], position + 4
    fields = [bit for bit in (0x100, 0x200, 0x400, 0x800) if flags & bit]
    width = 4 * len(fields)
    if position + count * width > trun.end:
        raise BadBoxes("a fragment's table is cut off")
    if count and flags & 0x400 and not flags & 0x4:
        first_flags = struct.unpack_from(">I", moof, position + 4 * fields.index(0x400))[0]
    if count and flags & 0x200:
        first_size = struct.unpack_from(">I", moof, position + 4 * fields.index(0x200))[0]
    ticks = count * usual.duration
    if flags & 0x100:
        ticks = sum(struct.unpack_from(">I", moof, position + index * width)[0] for index in range(count))
    return _Run(count, ticks, data, first_size if count else 0, first_flags)
