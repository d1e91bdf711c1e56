"""Hears heartbeats before Django does: nearly all of them change nothing, and a thousand nodes send 500 each second.

Such a beat is answered in the loop itself from the newest snapshot: no thread, no middleware, no SQL. What needs more
(a change of state, an unknown node, a process that just began) goes on to Django's view, which does the whole work.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from cdn import heartbeats, reports
from cdn.heartbeats import NotHeard, SignedRequest

Message = Any  # as each server has it: a mapping
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

PATH = "/api/v1/cdn/heartbeat"
#: So many heartbeats are in Django at once. After an outage a thousand nodes have news: who waits costs nothing, and
#: most are answered here when their turn comes.
AT_ONCE = 8
_SIGNED = {b"x-node-id", b"x-node-time", b"x-node-seq", b"x-node-signature"}


class HearNodes:
    """An ASGI application in front of Django's: it answers calm heartbeats, and passes all else on."""

    def __init__(self, django: App) -> None:
        self._django = django
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["path"] != PATH or scope["method"] != "POST":
            await self._django(scope, receive, send)
            return
        messages: list[Message] = []
        body = b""
        while len(body) <= reports.BODY_MOST:
            messages.append(await receive())
            body += messages[-1].get("body", b"")
            if not messages[-1].get("more_body", False):
                break
        status, answer = _heard(scope, body)
        if answer is None:
            async with self._turns:
                status, answer = _heard(scope, body)  # what was missing may have come while it waited
                if answer is None:
                    await self._django(scope, _again(messages, receive), send)
                    return
        text = json.dumps(answer, separators=(",", ":")).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(text)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})


def _heard(scope: Scope, body: bytes) -> tuple[int, dict[str, Any] | None]:
    """The answer to a heartbeat that changes nothing; None for one that takes more than memory, or makes no sense."""
    signed = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _SIGNED}
    request = SignedRequest(
        method="POST",
        path=PATH,
        body=body,
        node_id=signed.get(b"x-node-id", ""),
        time=signed.get(b"x-node-time", ""),
        sequence=signed.get(b"x-node-seq", ""),
        signature=signed.get(b"x-node-signature", ""),
    )
    try:
        reply = heartbeats.hear_calmly(request, reports.heartbeat(reports.document(body)))
    except reports.BadReport:
        return 400, None
    except NotHeard as error:
        told = {"error": {"code": error.code, "message": error.message}, "last_sequence": error.sequence}
        return error.status, told
    return 200, None if reply is None else heartbeats.wire(reply)


def _again(messages: list[Message], receive: Receive) -> Receive:
    """The messages that were taken already, then those that come."""
    waiting = list(messages)

    async def given() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return given
