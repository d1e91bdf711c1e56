"""The bodies of uploads, straight from the socket to the disk.

Django takes a whole body in before any view runs, and drops it when the connection breaks: with films that loses
hours. So Django is asked with an empty body whether the request may write; then the body is written as it arrives, in a
few threads of its own so that a slow disk holds up nobody else. What had arrived when a connection broke is kept.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from django.db import close_old_connections
from django.utils import translation
from django.utils.translation import gettext as _

from catalog.tus import ledger, senders
from catalog.tus.parts import Part
from catalog.tus.protocol import VERSION, Checksum, TusError, expires

Message = Any  # as each server has it: a mapping
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]
P = ParamSpec("P")
T = TypeVar("T")

PREFIX = "/api/v1/uploads"
#: Under this key of the scope the view leaves its order.
DESK = "netflixlite.upload"
#: Bytes are gathered to writes of this size; counted and synchronised each so often in a long body.
WRITE, SYNC = 1024 * 1024, 64 * 1024 * 1024
#: A sender from whom nothing comes for so long is told to come again, in seconds.
SILENCE = 60.0
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="upload")


@dataclass(frozen=True, slots=True)
class Order:
    """What Django has allowed: to write this upload's bytes from `offset` on."""

    upload_id: UUID
    offset: int
    checksum: Checksum | None
    tab: str
    take_over: bool
    language: str


@dataclass
class Desk:
    """Where a view puts its order for the receiver that waits behind it."""

    order: Order | None = None


@dataclass
class Answer:
    """What Django said, kept until the body is written."""

    status: int = 500
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

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

    def replace(self, **headers: str) -> None:
        """Set headers, by names with underscores."""
        names = {name.replace("_", "-").lower().encode(): text.encode() for name, text in headers.items()}
        self.headers = [pair for pair in self.headers if pair[0].lower() not in names] + list(names.items())


class ReceiveUploads:
    """An ASGI application in front of Django's: it takes the bodies of uploads, and passes all else on."""

    def __init__(self, django: App) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if not str(scope["path"]).startswith(PREFIX):
            await self._django(scope, receive, send)
            return
        scope = _overridden(scope)
        if scope["method"] not in ("PATCH", "POST"):
            await self._django(scope, receive, send)
            return
        desk, answer = Desk(), Answer()
        await self._django({**scope, DESK: desk}, _empty_body(), answer.take)
        if desk.order is not None:
            try:
                with translation.override(desk.order.language):
                    await _receive(desk.order, receive, answer)
            except TusError as error:
                _tell(answer, error)
            except _Gone:
                return
        await answer.give(send)


class _Gone(Exception):
    """The sender went away: there is nobody to answer."""


async def _receive(order: Order, receive: Receive, answer: Answer) -> None:
    """Write the body; complete `answer`. Raises TusError, or _Gone when the connection broke."""
    sender = await senders.enter(order.upload_id, tab=order.tab, take_over=order.take_over)
    try:
        length = await _in_thread(ledger.begin, order.upload_id, order.offset)
        part = await _in_thread(
            partial(Part, order.upload_id, offset=order.offset, limit=length, checksum=order.checksum)
        )
        try:
            # Another process may have written, and even finished, before the file was ours alone: ask again.
            await _in_thread(ledger.begin, order.upload_id, order.offset)
            await _Writing(order, part, sender).run(receive, answer)
        finally:
            part.close()
    finally:
        senders.leave(order.upload_id, sender)


class _Writing:
    """One body on its way to the disk."""

    def __init__(self, order: Order, part: Part, sender: senders.Sender) -> None:
        self.order, self.part, self.sender = order, part, sender
        self.counted = order.offset
        self.until: datetime | None = None
        self.problem: TusError | None = None
        self.gone = False
        self._gathered = bytearray()
        self._at_work: asyncio.Future[None] | None = None
        sender.position = order.offset

    async def run(self, receive: Receive, answer: Answer) -> None:
        """Read, write, count; then complete the answer. Raises TusError, _Gone, and what stops the server."""
        self.sender.task = asyncio.create_task(self._read(receive))
        try:
            await self.sender.task
        except asyncio.CancelledError:
            if not self.sender.evicted:  # the server is stopping
                await asyncio.shield(self._settle(whole=False))
                raise
            self.problem = senders.taken_over()
        await asyncio.shield(self._settle(whole=self.problem is None and not self.gone))
        if self.problem is not None:
            raise self.problem
        if self.gone:
            raise _Gone
        answer.replace(upload_offset=str(self.counted))
        if self.until is not None:
            answer.replace(upload_expires=expires(self.until))

    async def _read(self, receive: Receive) -> None:
        loop, more = asyncio.get_running_loop(), True
        try:
            async with asyncio.timeout(SILENCE) as patience:
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        self.gone = True
                        return
                    patience.reschedule(loop.time() + SILENCE)
                    self.sender.heard = time.monotonic()
                    self._gathered += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(self._gathered) >= WRITE:
                        await self._write()
                    if self.order.checksum is None and self.part.position - self.counted >= SYNC:
                        await self._count_up()
        except TimeoutError:
            self.problem = TusError(408, "silence", _("Nothing came for a minute. Go on from the offset."))
        except TusError as error:
            self.problem = error

    async def _write(self) -> None:
        if not self._gathered:
            return
        data, self._gathered = self._gathered, bytearray()
        await self._do(self.part.write, data)
        self.sender.position = self.part.position

    async def _settle(self, *, whole: bool) -> None:
        """Write what was read last, and count it. A piece with a checksum counts as a whole or not at all."""
        if self._at_work is not None:
            await asyncio.wait({self._at_work})
        if self.order.checksum is not None and not whole:
            return
        for step in (self._write, self._count_up):
            try:
                await step()
            except TusError as error:
                self.problem = self.problem or error

    async def _count_up(self) -> None:
        await self._do(self._count)

    def _count(self) -> None:
        if self.order.checksum is not None:
            self.part.check()
        to = self.part.position
        if to > self.counted:
            self.part.sync()
            self.until = ledger.advance(self.order.upload_id, at=self.counted, to=to)
            self.counted = to

    async def _do(self, function: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """In a thread, which nothing can stop: whoever is cancelled meanwhile must let it end before the next."""
        self._at_work = asyncio.ensure_future(_in_thread(function, *args, **kwargs))
        await asyncio.shield(self._at_work)


async def _in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run in one of the threads, in this task's context: it knows the sender's language."""

    def run() -> T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_threads, copy_context().run, run)


def _overridden(scope: Scope) -> Scope:
    """For senders that cannot PATCH: POST with X-HTTP-Method-Override."""
    if scope["method"] == "POST":
        for name, value in scope["headers"]:
            if name == b"x-http-method-override" and value.upper() in (b"PATCH", b"DELETE", b"HEAD"):
                return {**scope, "method": value.decode().upper()}
    return scope


def _empty_body() -> Receive:
    """An ASGI `receive` of a request without a body, whose sender never leaves."""
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            await asyncio.Event().wait()
        told = True
        return {"type": "http.request", "body": b"", "more_body": False}

    return receive


def _tell(answer: Answer, error: TusError) -> None:
    body = json.dumps({"error": {"code": error.code, "message": error.words}}).encode()
    kept = (
        b"vary",
        b"x-frame-options",
        b"x-content-type-options",
        b"referrer-policy",
        b"content-security-policy",
    )
    answer.headers = [pair for pair in answer.headers if pair[0].lower() in kept]
    answer.status, answer.body = error.status_code, body
    answer.replace(
        content_type="application/json",
        content_length=str(len(body)),
        cache_control="no-store",
        tus_resumable=VERSION,
    )
