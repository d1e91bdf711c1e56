"""The installation's secret key on the disk: made once, changed without signing anybody out.

What was signed by an earlier key (sessions, reset links, players' session keys) goes on being valid while the earlier
key is kept: Django asks SECRET_KEY_FALLBACKS. Settings read both files.
"""

import os
import secrets
from pathlib import Path

#: Below the installation's `keys`; the second has one earlier key in each line, the newest first.
KEY, EARLIER = "secret-key", "secret-keys-earlier"


class NotKeptHere(Exception):
    """The key comes from the environment: whoever gave it must change it there. Written for people."""


def rotate(folder: Path) -> int:
    """Make a new key in this folder and keep the one that was; → how many earlier ones are kept now.

    The earlier one is written down before the new one counts: whoever is stopped in between has lost nothing.
    Raises NotKeptHere when there is no key in the folder.
    """
    try:
        was = (folder / KEY).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        was = ""
    if not was:
        raise NotKeptHere(
            f"There is no secret key in {folder}: this installation is given one. Put the new key into "
            "NETFLIXLITE_SECRET_KEY and the present one into NETFLIXLITE_SECRET_KEY_FALLBACKS, then restart."
        )
    kept = [was, *(key for key in earlier(folder) if key != was)]
    _write(folder / EARLIER, "\n".join(kept))
    _write(folder / KEY, secrets.token_urlsafe(50))
    return len(kept)


def earlier(folder: Path) -> list[str]:
    """The earlier keys that still open what they signed."""
    try:
        return (folder / EARLIER).read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def forget(folder: Path) -> int:
    """Drop all earlier keys: what only they signed is void. → how many there were."""
    count = len(earlier(folder))
    (folder / EARLIER).unlink(missing_ok=True)
    return count


def _write(file: Path, text: str) -> None:
    """All of it or nothing, for this user's eyes only."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(draft, file)
