"""Who may fetch now: so many at once, the most pressing first, and never all of them for what nobody waits for."""

import asyncio
import heapq
from itertools import count

#: Somebody's picture stands still, or has not begun.
PRESSING = 0
#: A viewer, or another node's viewer, waits.
VIEWER = 1
#: Fetched because it will be asked for next.
AHEAD = 2
#: Fetched because the plan says so.
ORDER = 3


class Ticket:
    """One wish to fetch. A lower `priority` goes first; it may be raised while it waits or has its turn."""

    __slots__ = ("granted", "holding", "priority")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.holding = False
        self.granted: asyncio.Future[None] | None = None

    @property
    def background(self) -> bool:
        """Whether no viewer waits for it."""
        return self.priority >= AHEAD


class Gate:
    """So many tickets hold a slot at once; those in the background at most half of them."""

    def __init__(self, slots: int) -> None:
        self._slots, self._background_most = slots, max(1, slots // 2)
        self._held = self._background = 0
        self._queue: list[tuple[int, int, Ticket]] = []
        self._order = count()

    async def enter(self, ticket: Ticket) -> None:
        """Wait for a slot."""
        if self._fits(ticket) and not self._ahead_of(ticket):
            self._grant(ticket)
            return
        ticket.granted = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (ticket.priority, next(self._order), ticket))
        try:
            await ticket.granted
        except asyncio.CancelledError:
            if ticket.holding:  # granted in the very turn in which it was given up
                self.leave(ticket)
            raise
        finally:
            ticket.granted = None

    def leave(self, ticket: Ticket) -> None:
        """Give the slot back."""
        ticket.holding = False
        self._held -= 1
        if ticket.background:
            self._background -= 1
        self._let_in()

    def hasten(self, ticket: Ticket, priority: int) -> None:
        """Somebody waits for it now who did not before."""
        if priority >= ticket.priority:
            return
        was_background, ticket.priority = ticket.background, priority
        if ticket.holding:
            if was_background and not ticket.background:
                self._background -= 1
        elif ticket.granted is not None:
            heapq.heappush(self._queue, (priority, next(self._order), ticket))
        self._let_in()

    def _fits(self, ticket: Ticket) -> bool:
        if self._held >= self._slots:
            return False
        return not ticket.background or self._background < self._background_most

    def _ahead_of(self, ticket: Ticket) -> bool:
        """Whether somebody as pressing waits already."""
        head = self._head()
        return head is not None and head.priority <= ticket.priority and self._fits(head)

    def _head(self) -> Ticket | None:
        """The first who waits; what was given up, hastened or let in since it was queued is thrown away."""
        while self._queue:
            priority, _, ticket = self._queue[0]
            waits = ticket.granted is not None and not ticket.granted.done()
            if waits and priority == ticket.priority:
                return ticket
            heapq.heappop(self._queue)
        return None

    def _grant(self, ticket: Ticket) -> None:
        ticket.holding = True
        self._held += 1
        if ticket.background:
            self._background += 1

    def _let_in(self) -> None:
        while (ticket := self._head()) is not None and self._fits(ticket):
            heapq.heappop(self._queue)
            self._grant(ticket)
            assert ticket.granted is not None
            ticket.granted.set_result(None)
