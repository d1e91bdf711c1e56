"""Coverage-guided mutation in plain Python: for machines that have no wheel of atheris, and for the short test."""

import random
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

_WORDS = (
    b"GET ", b"HEAD ", b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", b"Host: a\r\n", b"\r\n", b"\r\n\r\n", b"\n", b" ", b":",
    b"Content-Length: 0\r\n", b"Transfer-Encoding: chunked\r\n", b"Range: bytes=0-9\r\n", b"bytes=", b"-", b",",
    b"If-Range: ", b"If-None-Match: *\r\n", b"Connection: close\r\n",
    b"Expect: 100-continue\r\n", b"/v1/", b"/v720/0.m4s", b"?CMCD=", b"9" * 18, b"*",
    b"\x01", b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\x0e", b"\x0f", b"\x10", b"\x11", b"\0", b"\xff",
)  # fmt: skip


def run(target: Callable[[bytes], None], seeds: Sequence[bytes], *, runs: int, seconds: float, seed: int = 1,
        trace: bool = True, say: Callable[[str], object] = print) -> int:  # fmt: skip
    """Try `runs` inputs or for `seconds`, whichever ends first; what reaches new lines is mutated further.

    → inputs tried. What the target raises comes out with the input as a note.
    """
    rng = random.Random(seed)
    corpus = list(seeds) or [b""]
    lines: set[tuple[str, int]] = set()
    began = said = time.monotonic()
    count = 0
    while count < runs and (now := time.monotonic()) - began < seconds:
        data = corpus[count] if count < len(seeds) else _mutated(rng, corpus)
        count += 1
        seen = _one(target, data, trace=trace)
        if not seen <= lines:
            lines |= seen
            corpus.append(data)
        if now - said > 5:
            said = now
            say(f"#{count} lines: {len(lines)} corpus: {len(corpus)} exec/s: {count / (now - began):.0f}")
    return count


def _one(target: Callable[[bytes], None], data: bytes, *, trace: bool) -> set[tuple[str, int]]:
    seen: set[tuple[str, int]] = set()

    def line(frame: FrameType, event: str, _: Any) -> Any:
        seen.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if "/cdn/" in frame.f_code.co_filename else None

    if trace:
        sys.settrace(call)
    try:
        target(data)
    except BaseException as error:
        error.add_note(f"the input: {data!r}")
        raise
    finally:
        if trace:
            sys.settrace(None)
    return seen


def _mutated(rng: random.Random, corpus: Sequence[bytes]) -> bytes:
    data = bytearray(rng.choice(corpus))
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.randrange(len(data) + 1)
        end = min(len(data), at + rng.choice((0, 1, 1, 4, 30)))
        kind = rng.randrange(6)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            data[at:end] = rng.choice(_WORDS)
        elif kind == 2:
            data[at:at] = rng.choice(_WORDS)
        elif kind == 3:
            del data[at:end]
        elif kind == 4:
            other = rng.choice(corpus)
            start = rng.randrange(len(other) + 1)
            data[at:end] = other[start : start + rng.choice((4, 20, 200))]
        else:
            data[at:end] = rng.randbytes(rng.choice((1, 1, 2, 8)))
    return bytes(data[:20_000])


def words() -> Sequence[bytes]:
    """What inputs are made of, for engines that take a dictionary."""
    return _WORDS
