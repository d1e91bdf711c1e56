"""Who is sending what right now, in this process: one sender for each upload, and rules for who takes over from whom.

A browser that comes back after a lost network finds its own dead connection still open here, sometimes for minutes:
the same tab may always take over. Another tab may when the first has been silent, or when its person says so.
"""

import asyncio
import time
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext as _

from catalog.tus.parts import busy
from catalog.tus.protocol import TusError

#: A sender from whom nothing came for so long may be replaced by any other, in seconds.
SILENT = 8.0
#: How long an evicted sender may take to write down what it has, in seconds.
_YIELD = 20.0


@dataclass
class Sender:
    """One connection that is sending. `position` is where it writes, in bytes."""

    tab: str
    position: int = 0
    heard: float = field(default_factory=time.monotonic)
    evicted: bool = False
    task: "asyncio.Task[None] | None" = None
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def evict(self) -> None:
        """Have it stop reading, keep what it has, and leave."""
        self.evicted = True
        if self.task is not None:
            self.task.cancel()


_senders: dict[UUID, Sender] = {}


async def enter(upload_id: UUID, *, tab: str, take_over: bool) -> Sender:
    """Become the sender of an upload. Raises TusError 423 while another one is at it and may stay."""
    me = Sender(tab)
    while (other := _senders.get(upload_id)) is not None:
        silent = time.monotonic() - other.heard > SILENT
        if not (take_over or silent or (tab and tab == other.tab)):
            raise busy()
        other.evict()
        try:
            await asyncio.wait_for(other.left.wait(), _YIELD)
        except TimeoutError as error:
            raise busy() from error
    _senders[upload_id] = me
    return me


def leave(upload_id: UUID, sender: Sender) -> None:
    """Make room for the next."""
    if _senders.get(upload_id) is sender:
        del _senders[upload_id]
    sender.left.set()


def current(upload_id: UUID) -> tuple[str, int] | None:
    """(tab, position) of who is sending now, or None. Safe from any thread."""
    sender = _senders.get(upload_id)
    return (sender.tab, sender.position) if sender and not sender.evicted else None


def taken_over() -> TusError:
    """What the evicted sender is told."""
    return TusError(423, "taken_over", _("This upload goes on in another tab or window."))
