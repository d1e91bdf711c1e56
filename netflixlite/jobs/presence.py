"""Says which workers there are. For people and for "is anybody there?"; no job depends on it."""

import os
import socket
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from django.db.models.functions import Now

from netflixlite.jobs import models


def here() -> str:
    """Host and process id."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


class Presence:
    """This worker's row, kept fresh."""

    def __init__(self, *, slots: int, kinds: Sequence[str]) -> None:
        self.name = here()
        self._id = uuid4()
        self._values = {"name": self.name, "slots": slots, "kinds": list(kinds)}
        self._reported = 0.0

    def report(self) -> None:
        """I am here."""
        self._reported = time.monotonic()
        if not models.Worker.objects.filter(id=self._id).update(seen_at=Now()):
            models.Worker.objects.create(id=self._id, **self._values)

    def report_if_due(self, lease: timedelta) -> None:
        """The same, every third of a lease."""
        if time.monotonic() - self._reported >= lease.total_seconds() / 3:
            self.report()

    def leave(self) -> None:
        """I am gone."""
        models.Worker.objects.filter(id=self._id).delete()
