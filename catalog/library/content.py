"""Whether a file is still the same one, without reading all of it."""

import hashlib
import os
from pathlib import Path

from catalog import plain_file

#: So much of each end is read, in bytes: containers keep their indexes at one of them.
_END = 64 * 1024


def fingerprint(path: Path, *, within: str = "") -> str:
    """Of a file's size, beginning and end, in hex. `within`: as in `plain_file.opened`. Raises OSError."""
    digest = hashlib.sha256()
    with plain_file.opened(path, within=within) as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(size.to_bytes(8, "big"))
        digest.update(file.read(_END))
        if size > _END:
            file.seek(max(_END, size - _END))
            digest.update(file.read(_END))
    return digest.hexdigest()
