"""Lets a part that nobody waits for stop when a film arrives that people do wait for.

AV1 is encoded while the machine is idle. Its programs run on what the processors have left, but each holds one of the
places for heavy work: a film that was just uploaded would wait for it, a minute or more, before its first second.
"""

import time
from collections.abc import Collection

from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext

#: Parts of a lower priority than this give way to those above it: AV1's are at -2500, a film wanted later at -1000.
PATIENT = -2400
#: How often to look, in seconds. Later than this share of a part it is rather finished than made again.
_LOOK, _NEARLY = 2.0, 0.85


class GivesWay(Exception):
    """The part stops; it is made later, from its beginning."""


class Courtesy:
    """One attempt at one part. `kinds` are those that need the place."""

    def __init__(self, context: JobContext, kinds: Collection[str]) -> None:
        self._patient = context.priority < PATIENT
        self._kinds, self._looked_at = kinds, time.monotonic()

    def check(self, share: float) -> None:
        """Raise `GivesWay` when somebody waits for the place; `share` of the part is done (0 … 1)."""
        now = time.monotonic()
        if not self._patient or share > _NEARLY or now - self._looked_at < _LOOK:
            return
        self._looked_at = now
        if jobs.somebody_waits(self._kinds, above=PATIENT):
            raise GivesWay
