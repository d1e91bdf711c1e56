"""Hears heartbeats before Django does: nearly all of them change nothing, and a thousand nodes send 500 each second.

Such a beat is answered in the loop itself from the newest snapshot: no thread, no middleware, no SQL. What needs more
(a change of state, an unknown node, a process that just began) goes on to Django's view, which does the whole work.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from cdn import heartbeats, knowledge, reports
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
#: Of one node only one is: a look at a new address takes seconds, and all its beats would hold all turns. So many more
#: may wait.
WAITING = 4
#: A node has news at most so often, in seconds: one that says in turn that it can serve and that it cannot, as fast as
#: it can, would write a row of history each time.
NEWS_EVERY = 0.5
#: A node that enrolled in another process this moment is in the next snapshot: so long a stranger waits, in seconds,
#: before it is told that it is one. It costs no thread and no question to the database; no more than so many wait.
NEWS_SECONDS, STRANGERS = knowledge.REFRESH_SECONDS + 0.2, 256
_SIGNED = {b"x-node-id", b"x-node-time", b"x-node-seq", b"x-node-signature"}


class HearNodes:
    """An ASGI application in front of Django's: it answers calm heartbeats, and passes all else on."""

    def __init__(self, django: App) -> None:
        self._django = django
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._strangers = 0
        #: Nodes that have beats in Django or waiting for it, each with its own turn.
        self._of_node: dict[UUID | None, asyncio.Lock] = {}
        self._there: Counter[UUID | None] = Counter()
        #: Until when the news of a node wait, by the loop's clock.
        self._not_before: dict[UUID | None, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["path"] != PATH or scope["method"] != "POST":
            await self._django(scope, receive, send)
            return
        messages: list[Message] = []
        body = b""
        while len(body) <= reports.BODY_MOST:
            messages.append(await receive())
            if messages[-1]["type"] == "http.disconnect":
                return
            body += messages[-1].get("body", b"")
            if not messages[-1].get("more_body", False):
                break
        # From here on nothing waits for who sends: a turn is never held by somebody who sends slowly.
        status, answer = _heard(scope, body)
        if answer is None and _stranger(scope):
            status, answer = await self._doubted(scope, body)
        if answer is None:
            async with self._turn(_node_id(scope)) as given:
                # What was missing may have come while it waited.
                status, answer = (
                    _heard(scope, body)
                    if given
                    else _refusal(503, "busy", "Your last word is still being heard.")
                )
                if answer is None:
                    await self._django(scope, _again(messages, receive), send)
                    return
        await _answer(send, status, answer)

    async def _doubted(self, scope: Scope, body: bytes) -> tuple[int, dict[str, Any] | None]:
        """The answer to who is not known: it is looked for in the next snapshot, too."""
        if self._strangers < STRANGERS:
            self._strangers += 1
            try:
                await asyncio.sleep(NEWS_SECONDS)
            finally:
                self._strangers -= 1
            if not _stranger(scope):
                return _heard(scope, body)
            return _refusal(401, "unknown_node", heartbeats.UNKNOWN)
        return _refusal(503, "busy", "Too many ask that are not known here.")

    @asynccontextmanager
    async def _turn(self, node_id: UUID | None) -> AsyncIterator[bool]:
        """This node's turn in Django; False when too many of its beats wait for one already.

        Without a snapshot nobody's word is proved yet, so anybody could stand in a node's way: then all are alike.
        """
        if knowledge.newest() is None:
            async with self._turns:
                yield True
            return
        if self._there[node_id] > WAITING:
            yield False
            return
        self._there[node_id] += 1
        try:
            async with self._of_node.setdefault(node_id, asyncio.Lock()):
                clock = asyncio.get_running_loop().time
                if (wait := self._not_before.get(node_id, 0.0) - clock()) > 0:
                    await asyncio.sleep(wait)
                self._not_before[node_id] = clock() + NEWS_EVERY
                async with self._turns:
                    yield True
        finally:
            self._there[node_id] -= 1
            if not self._there[node_id]:
                del self._there[node_id], self._of_node[node_id]


async def _answer(send: Send, status: int, answer: dict[str, Any]) -> None:
    text = json.dumps(answer, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(text)),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _refusal(status: int, code: str, message: str) -> tuple[int, dict[str, Any]]:
    return status, {"error": {"code": code, "message": message}}


def _node_id(scope: Scope) -> UUID | None:
    """Who it says that it is, however that is spelt."""
    said = [value for name, value in scope["headers"] if name == b"x-node-id"]
    try:
        return UUID(said[-1].decode("latin-1"))
    except (IndexError, ValueError):
        return None


def _stranger(scope: Scope) -> bool:
    """Whether nobody of this id is known, as far as can be said without asking."""
    known = knowledge.newest()
    return known is not None and _node_id(scope) not in known.rows


def _heard(scope: Scope, body: bytes) -> tuple[int, dict[str, Any] | None]:
    """The answer to a heartbeat that changes nothing, or makes no sense; None for one that takes more than memory."""
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
    except reports.BadReport as error:
        return _refusal(400, "bad_request", str(error))
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
