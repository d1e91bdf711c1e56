"""Periodic work without a scheduler: for each turn one worker inserts the Tick row and so has it."""

import logging
import time
import traceback

from django.db import IntegrityError, transaction
from django.utils import timezone

from netflixlite.jobs import registry
from netflixlite.jobs.models import Tick

log = logging.getLogger("netflixlite.jobs")


class Clock:
    """Looks which periodic work is due and runs what it can claim."""

    def __init__(self, *, owner: str) -> None:
        self._owner = owner
        self._seen: dict[str, int] = {}

    def run_due(self, now: float | None = None) -> int:
        """Run all that is due and unclaimed at `now` (Unix time, by default the present); returns how many ran."""
        moment = time.time() if now is None else now
        ran = 0
        for periodic in registry.periodics():
            slot = int(moment // periodic.every.total_seconds())
            if self._seen.get(periodic.name) == slot:
                continue
            tick = claim(periodic.name, slot, owner=self._owner)
            self._seen[periodic.name] = slot
            if tick is not None:
                _run(periodic, tick)
                ran += 1
        return ran


def claim(name: str, slot: int, *, owner: str) -> Tick | None:
    """Take a turn; None when somebody has it."""
    if Tick.objects.filter(name=name, slot=slot).exists():  # saves most workers the write
        return None
    try:
        with transaction.atomic():
            return Tick.objects.create(name=name, slot=slot, owner=owner)
    except IntegrityError:
        return None


def _run(periodic: registry.Periodic, tick: Tick) -> None:
    error = ""
    try:
        periodic.function()
    except Exception:
        # One that fails must not keep the others from their turn; it has its own next turn.
        log.exception("Periodic work %s failed.", periodic.name)
        error = traceback.format_exc()[-4000:]
    Tick.objects.filter(pk=tick.pk).update(finished_at=timezone.now(), error=error)
