"""Bytes that look like a film at their head and are nowhere the same: made as they are asked for, never kept whole."""

import hashlib
import random
from collections.abc import Iterator

MB = 1024 * 1024
HEAD = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"
_BLOCK = random.Random(3).randbytes(MB)


def block(number: int) -> bytes:
    """The megabyte of this number."""
    mark = hashlib.sha256(number.to_bytes(8, "big")).digest()
    made = mark + _BLOCK[len(mark) :]
    return HEAD + made[len(HEAD) :] if number == 0 else made


def stretch(begin: int, end: int) -> Iterator[bytes]:
    """The bytes from `begin` to `end`, a megabyte at most at a time."""
    while begin < end:
        number, inside = divmod(begin, MB)
        data = block(number)[inside : inside + end - begin]
        yield data
        begin += len(data)


def sha256(length: int) -> str:
    """Of the first `length` bytes, in hex."""
    digest = hashlib.sha256()
    for data in stretch(0, length):
        digest.update(data)
    return digest.hexdigest()
