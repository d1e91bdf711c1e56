"""Holds the lines of open pages, in front of Django.

A line lasts for minutes, and a view that streams would hold a thread and a database connection for as long. So Django
is asked once, as by any request, who listens (`views.news`): it leaves a ticket in the scope, and what it answered is
set aside. The line itself costs a future and a few kilobytes. Servers that are not ours give the view's own answer:
what has come so far, and the request to come again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from netflixlite.live import words
from netflixlite.live.hub import HUB, Hub, Seat
from netflixlite.live.words import Word

Message = Any  # as each server has it: a mapping
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

PATH = "/live/"
#: Under this key of the scope the view leaves its ticket.
DESK = "netflixlite.live"
#: A line that says nothing is cut by proxies; one that lasts would outlive what its owner may see. In seconds.
BEAT, LIFE = 20.0, 300.0
_OWN_HEADERS = frozenset({b"content-length", b"content-type"})


@dataclass(frozen=True, slots=True)
class Ticket:
    """What Django has allowed: to listen from this seat. `first` is said at once; `sent` is the newest number in it."""

    seat: Seat
    first: bytes
    sent: int


@dataclass
class Desk:
    """Where the view puts its ticket for the line that waits behind it."""

    ticket: Ticket | None = None


class HoldLines:
    """An ASGI application in front of Django's."""

    def __init__(self, django: App, *, hub: Hub = HUB, beat: float = BEAT, life: float = LIFE) -> None:
        self._django = django
        self._hub = hub
        self._beat, self._life = beat, life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["path"] != PATH or scope["method"] != "GET":
            await self._django(scope, receive, send)
            return
        desk, answer = Desk(), _Answer()
        try:
            await self._django({**scope, DESK: desk}, _no_body(), answer.take)
            if desk.ticket is None:
                await answer.give(send)
            else:
                await self._hold(desk.ticket, answer, receive, send)
        finally:
            if desk.ticket is not None:
                self._hub.leave(desk.ticket.seat)

    async def _hold(self, ticket: Ticket, answer: "_Answer", receive: Receive, send: Send) -> None:
        headers = [pair for pair in answer.headers if pair[0].lower() not in _OWN_HEADERS]
        headers += [(b"content-type", b"text/event-stream"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        talking = asyncio.ensure_future(self._talk(ticket, send))
        leaving = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({talking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not talking.done():
                talking.cancel()
            with suppress(asyncio.CancelledError):
                await talking

    async def _talk(self, ticket: Ticket, send: Send) -> None:
        """Say what there is to say, until the line has lasted long enough or its owner must go."""
        seat = ticket.seat
        # Not all at once when the site was started anew.
        until = time.monotonic() + self._life * random.uniform(0.8, 1.2)  # noqa: S311
        await _say(send, ticket.first)
        while time.monotonic() < until:
            heard = await seat.wait(min(self._beat, until - time.monotonic()))
            if seat.ending:
                break
            await _say(send, _said(heard, after=ticket.sent) or words.beat())
        await _say(send, words.full() if seat.ending == "full" else words.again(), more=False)


def _said(heard: list[Word], *, after: int) -> bytes:
    """The words that were not said at the beginning."""
    return b"".join(words.news(word) for word in heard if word.id > after)


async def _say(send: Send, text: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": more})


async def _gone(receive: Receive) -> None:
    """Until the browser has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _no_body() -> Receive:
    """An ASGI `receive` of a request without a body, whose sender never leaves."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            await asyncio.Event().wait()
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


class _Answer:
    """What Django said, kept: its cookies go along with the line."""

    def __init__(self) -> None:
        self.status = 500
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def take(self, message: Message) -> None:
        """An ASGI `send` that keeps."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        """Send it on."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})
