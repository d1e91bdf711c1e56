"""guessit, for names that our own patterns do not know: thorough, slow (5 to 10 ms a name), and not to be trusted."""

import functools
import logging
from typing import Any

logger = logging.getLogger(__name__)
#: A longer path is not asked about: guessit's time grows faster than its question.
_LONGEST = 250


@functools.lru_cache(maxsize=4096)
def ask(path: str) -> dict[str, Any]:
    """What guessit says of a path: 'title', 'year', 'season', 'episode', 'type'. {} when it fails on it."""
    from guessit import guessit  # 0.15 s to import; most processes never ask

    try:
        return dict(guessit(path[-_LONGEST:]))
    except Exception:
        # guessit turns every fault of its rules into its own exception; a name must not end a scan.
        logger.warning("guessit could not read %r", path)
        return {}
