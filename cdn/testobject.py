"""The bytes that every node serves to whoever asks, so that it can be proven able to. Pure: shared with the edge.

Site and node make the same 1 MiB of noise, which no proxy can shrink or invent, from nothing.
"""

import hashlib
from functools import cache

PATH = "/v1/-/test/1m"
LENGTH = 1 << 20
CONTENT_TYPE = "application/octet-stream"


@cache
def content() -> bytes:
    """The object: SHA-256 of a counter, again and again."""
    return b"".join(hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(LENGTH // 32))


@cache
def sha256() -> str:
    """Its hash, in hex."""
    return hashlib.sha256(content()).hexdigest()
