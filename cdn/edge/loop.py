"""asyncio's event loop with the viewers' sockets inside its selector.

One epoll watches everything. What belongs to a viewer is served right there, in the selector, and asyncio never hears
of it: no callback, no handle, no second epoll. It wakes only for what is its own: timers, fills, heartbeats.
"""

import asyncio
import contextlib
import gc
import select
import selectors
import sys
import time
from collections.abc import Callable, Mapping
from contextvars import Context
from typing import Any, Protocol, Self, TypeVarTuple

_BATCH = 256
_FOREVER = float("inf")
_Arguments = TypeVarTuple("_Arguments")
_Events = list[tuple[int, int]]


class Hot(Protocol):
    """Who serves the sockets that asyncio does not hear of."""

    #: Whether somebody has had a turn and has more to send: then nobody waits.
    turns: Any

    def serve(self, events: _Events) -> _Events:
        """Serve these (descriptor, epoll's bits) and those whose turn it is; → the events of others."""


class Selector(selectors.BaseSelector):
    """A selector over one epoll that also knows descriptors which are served at once."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._hot: Hot | None = None
        #: Set when asyncio has something to do that came up while sockets were served.
        self.due = False

    # What asyncio calls -----------------------------------------------------------------------------------

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See `selectors.BaseSelector`; level-triggered, as asyncio expects."""
        fd = _descriptor(fileobj)
        if fd in self._keys:
            raise KeyError(f"{fileobj!r} (FD {fd}) is already registered")
        self._epoll.register(fd, _bits(events))
        key = self._keys[fd] = selectors.SelectorKey(fileobj, fd, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """See `selectors.BaseSelector`."""
        key = self._keys.pop(_descriptor(fileobj))
        with contextlib.suppress(OSError):  # closed already, and then out of the epoll
            self._epoll.unregister(key.fd)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """See `selectors.BaseSelector`."""
        fd = _descriptor(fileobj)
        key = self._keys[fd]
        if key.events != events:
            self._epoll.modify(fd, _bits(events))
        key = self._keys[fd] = selectors.SelectorKey(fileobj, fd, events, data)
        return key

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """The descriptors that asyncio watches."""
        return self._keys

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        """See `selectors.BaseSelector`."""
        return self._keys[_descriptor(fileobj)]

    def close(self) -> None:
        """Watch nothing any more."""
        self._epoll.close()
        self._keys.clear()
        self._hot = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Serve viewers until asyncio has an event, a callback or a timer of its own; → its events."""
        self.due = False
        hot, poll = self._hot, self._epoll.poll
        wait = -1.0 if timeout is None else max(timeout, 0.0)
        end = _FOREVER if timeout is None else time.monotonic() + wait
        while True:
            events = poll(0.0 if hot is not None and hot.turns else wait, _BATCH)
            if hot is not None:
                events = hot.serve(events)
            if events:
                return self._told(events)
            if self.due or self._hot is not hot:
                return []
            if timeout is not None:
                wait = end - time.monotonic()
                if wait <= 0.0:
                    return []

    def _told(self, events: _Events) -> list[tuple[selectors.SelectorKey, int]]:
        told = []
        for fd, bits in events:
            key = self._keys.get(fd)
            if key is not None:
                wanted = (selectors.EVENT_WRITE if bits & ~select.EPOLLIN else 0) | (
                    selectors.EVENT_READ if bits & ~select.EPOLLOUT else 0
                )
                if wanted & key.events:
                    told.append((key, wanted & key.events))
        return told

    # What the server calls --------------------------------------------------------------------------------

    def watch(self, fd: int, bits: int) -> None:
        """Watch a descriptor that `Hot` serves; closing it ends that."""
        self._epoll.register(fd, bits)

    def change(self, fd: int, bits: int) -> None:
        """Watch it for something else."""
        self._epoll.modify(fd, bits)

    def forget(self, fd: int) -> None:
        """Watch it no more, though it stays open."""
        self._epoll.unregister(fd)

    def serve_with(self, hot: Hot | None) -> None:
        """Whom to give the events of what is watched."""
        self._hot = hot
        self.due = True


class Loop(asyncio.SelectorEventLoop):
    """An asyncio loop whose selector is ours."""

    def __init__(self) -> None:
        self.sockets = Selector()
        super().__init__(self.sockets)

    def call_soon(
        self, callback: Callable[[*_Arguments], object], *args: *_Arguments, context: Context | None = None
    ) -> asyncio.Handle:
        """As ever, and the selector hears that it has to return."""
        self.sockets.due = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*_Arguments], object], *args: *_Arguments,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:  # fmt: skip
        """As ever, and the selector hears that its deadline may be another."""
        self.sockets.due = True
        return super().call_at(when, callback, *args, context=context)

    @classmethod
    def running(cls) -> Self:
        """The loop that runs now. Raises RuntimeError when it is none of ours."""
        loop = asyncio.get_running_loop()
        if not isinstance(loop, cls):
            raise RuntimeError("an edge's server needs cdn.edge.loop.Loop: asyncio.Runner(loop_factory=Loop)")
        return loop


def spare_viewers() -> None:
    """Let the interpreter's own work interrupt viewers less. Called once, when a process begins to serve.

    Another thread that computes (the journal's, the disk's) gives the interpreter back after half a millisecond instead
    of five: a viewer's every system call may have to wait for that. Garbage is looked for less often, and never among
    what is there by now.
    """
    sys.setswitchinterval(0.0005)
    gc.set_threshold(20_000, 20, 100)
    gc.collect()
    gc.freeze()


def _descriptor(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())


def _bits(events: int) -> int:
    return (select.EPOLLIN if events & selectors.EVENT_READ else 0) | (
        select.EPOLLOUT if events & selectors.EVENT_WRITE else 0
    )
