"""Writes containers by hand, for what no honest program writes: MP4 boxes and EBML elements."""

import struct


def box(kind: bytes, *content: bytes) -> bytes:
    """An MP4 box."""
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + kind + body


def full(kind: bytes, *content: bytes, flags: int = 0, version: int = 0) -> bytes:
    """An MP4 box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def find(data: bytes, *path: bytes) -> tuple[int, int]:
    """Begin and end of a box by its path from the top, header included. Raises LookupError."""
    begin, end = 0, len(data)
    for depth, kind in enumerate(path):
        if depth:
            begin += 8
        while begin < end:
            size = int.from_bytes(data[begin : begin + 4], "big")
            if data[begin + 4 : begin + 8] == kind:
                break
            begin += max(8, size)
        else:
            raise LookupError(path[: depth + 1])
        end = begin + size
    return begin, end


def replaced(data: bytes, path: tuple[bytes, ...], new: bytes) -> bytes:
    """The file with another box in place of one, the sizes around it set right. What follows moves: the media data
    must come first."""
    begin, end = find(data, *path)
    grown = len(new) - (end - begin)
    out = bytearray(data[:begin] + new + data[end:])
    for depth in range(1, len(path)):
        outer, _ = find(data, *path[:depth])
        size = int.from_bytes(data[outer : outer + 4], "big") + grown
        out[outer : outer + 4] = size.to_bytes(4, "big")
    return bytes(out)


def element(number: int, *content: bytes) -> bytes:
    """An EBML element; its size always takes eight bytes."""
    body = b"".join(content)
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (1 << 56 | len(body)).to_bytes(8, "big") + body


def number(value: int) -> bytes:
    """An EBML unsigned integer."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
