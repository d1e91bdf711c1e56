"""How far the demo catalogue is: a small file that its builder writes and the home page reads.

The first word says what `--if-empty` asks: 'begun' or 'done'. While it is being built the share that is done stands
behind it. A builder that died leaves 'begun' for ever: who reads takes no word that is older than STALE.
"""

import os
import time
from pathlib import Path

from django.conf import settings

#: The builder writes at least every few seconds; after this many without a word it is gone.
STALE = 120.0


def write(fraction: float | None) -> None:
    """Say how much is done (0 … 1), or None: all of it. Readers see the old words or the new, never half."""
    file = _file()
    new = file.with_suffix(".new")
    new.write_text(
        "done\n" if fraction is None else f"begun {min(1.0, max(0.0, fraction)):.3f}\n", encoding="ascii"
    )
    os.replace(new, file)


def state() -> str:
    """'begun', 'done', or '' when no demo was ever built here."""
    return (_words() or [""])[0]


def under_way() -> float | None:
    """How much of the demo is there (0 … 1) while somebody builds it; else None. Reads one small file."""
    words = _words()
    try:
        if len(words) != 2 or words[0] != "begun" or time.time() - _file().stat().st_mtime > STALE:
            return None
        return float(words[1])
    except (OSError, ValueError):
        return None


def _words() -> list[str]:
    try:
        return _file().read_text(encoding="ascii").split()
    except OSError:
        return []


def _file() -> Path:
    return Path(settings.HOME) / "demo"
