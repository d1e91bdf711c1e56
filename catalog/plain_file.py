"""Opens files of other people's folders: ordinary ones only, and only where they should be.

Between a look and the opening a folder's owner may put something else in the file's place: a pipe, on which a worker
would wait for ever, or a link to a file that is none of theirs. So it is the opened file that is judged.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: Path | str, *, within: str = "") -> BinaryIO:
    """An ordinary file, open for reading; with `within` (a true path) it must stand below that folder, whatever links
    lead there. Raises OSError, also when it is no such file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not an ordinary file", str(path))
        if within and not _true_path(handle, path).startswith(within.rstrip("/") + "/"):
            raise OSError(errno.EXDEV, "it is a link that leads out of the folder", str(path))
    except BaseException:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def _true_path(handle: int, path: Path | str) -> str:
    """Where the opened file stands, by the kernel's own word where it gives one."""
    try:
        return os.readlink(f"/proc/self/fd/{handle}")
    except OSError:
        return os.path.realpath(path)
