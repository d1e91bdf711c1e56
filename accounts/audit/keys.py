"""The key of the audit log's chain: given by the environment, or a file of mode 0600 in KEYS_DIR, made at first use."""

import contextlib
import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from django.conf import settings

_FILE = "audit-key"


def key() -> bytes:
    """The key. Installations with several machines give all of them the same one by NETFLIXLITE_AUDIT_KEY."""
    if settings.AUDIT_KEY:
        return str(settings.AUDIT_KEY).encode()
    return _of_file(Path(settings.KEYS_DIR) / _FILE)


@lru_cache(maxsize=4)
def _of_file(path: Path) -> bytes:
    """The file's key. Of two processes that make it at once, one's counts: a hard link is made or it is not."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".audit-key-")
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
    return path.read_text(encoding="ascii").strip().encode()
