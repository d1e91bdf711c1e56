"""Tells players at once that their session was ended: a player asks, and is answered when there is news.

A player that plays from its buffer asks a node for nothing for many seconds, and reports each ten. Who stops a stream
wants to see it stop. So each player has one question open at the site, answered in the event loop from memory; it costs
a future while it waits. What another process ended comes through `netflixlite.live`. What is missed (the process was
started anew) the next beacon tells. Django's view of the same address answers at once, for servers that are not ours.
"""

import asyncio
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from playback import keys
from playback.types import Standing

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]
Word = dict[str, Any]

PATH = "/api/v1/playback/s/{key}/news"
_PATH = re.compile(re.escape(PATH).replace(re.escape("{key}"), "([^/]+)"))
#: How long a question is held, in seconds: less than proxies wait for an answer.
HOLD = 25.0
#: Questions held at once; more are answered at once, and their players ask again after a while.
MOST = 20_000
#: Of one session: a player asks one, and one more while the one before is being given up.
MOST_OF_SESSION = 3
#: Ended sessions remembered, for who was not listening at that moment.
REMEMBERED = 10_000
ACTIVE: Word = {"state": "active"}


def body(standing: Standing) -> Word:
    """What a player is answered."""
    if standing.active or standing.ended is None or standing.at is None:
        return ACTIVE
    word = {"state": "closed", "reason": standing.ended.value, "message": standing.message}
    word["at"] = standing.at.isoformat()
    return word | ({"message_at": standing.message_at} if standing.message_at else {})


class _Waiting:
    """One question."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.word: asyncio.Future[Word] = self.loop.create_future()

    def answer(self, word: Word) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # its loop is closed: the process ends
            self.loop.call_soon_threadsafe(self._set, word)

    def _set(self, word: Word) -> None:
        if not self.word.done():
            self.word.set_result(word)


class News:
    """Who listens for which session, and what was said lately; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[UUID, list[_Waiting]] = {}
        self._count = 0
        self._said: OrderedDict[UUID, Word] = OrderedDict()

    def tell(self, session_id: UUID, standing: Standing) -> None:
        """The session is over, and why."""
        word = body(standing)
        with self._lock:
            self._said[session_id] = word
            self._said.move_to_end(session_id)
            while len(self._said) > REMEMBERED:
                self._said.popitem(last=False)
            waiting = list(self._waiting.get(session_id, ()))
        for one in waiting:
            one.answer(word)

    async def hear(self, session_id: UUID, *, hold: float = HOLD) -> Word:
        """What there is to say of a session: at once when it is over, else when it ends, or after `hold` seconds."""
        one = _Waiting()
        with self._lock:
            if said := self._said.get(session_id):
                return said
            if self._count >= MOST:
                return ACTIVE
            mine = self._waiting.setdefault(session_id, [])
            mine.append(one)
            self._count += 1
            oldest = mine.pop(0) if len(mine) > MOST_OF_SESSION else None
            self._count -= oldest is not None
        if oldest is not None:
            oldest.answer(ACTIVE)
        try:
            return await asyncio.wait_for(one.word, hold)
        except TimeoutError:
            return ACTIVE
        finally:
            self._leave(session_id, one)

    def _leave(self, session_id: UUID, one: _Waiting) -> None:
        with self._lock:
            mine = self._waiting.get(session_id, [])
            if one in mine:
                mine.remove(one)
                self._count -= 1
            if not mine:
                self._waiting.pop(session_id, None)

    def waits_for(self, session_id: UUID) -> bool:
        """Whether a question about this session is held, and not answered."""
        with self._lock:
            return session_id in self._waiting

    @property
    def listening(self) -> int:
        """How many questions are held."""
        return self._count


#: This process'.
NEWS = News()


class TellPlayers:
    """An ASGI application in front of Django's."""

    def __init__(self, django: App, *, news: News = NEWS) -> None:
        self._django = django
        self._news = news

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        asked = _PATH.fullmatch(scope["path"]) if scope["method"] == "GET" else None
        if asked is None:
            await self._django(scope, receive, send)
            return
        try:
            key = keys.read(asked[1])
        except keys.BadKey:
            await self._django(scope, receive, send)  # which says so at more length
            return
        hearing = asyncio.ensure_future(self._news.hear(key.session_id))
        leaving = asyncio.ensure_future(_gone(receive))
        await asyncio.wait({hearing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if not hearing.done():
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing
            return
        await _say(send, hearing.result())


async def _gone(receive: Receive) -> None:
    """Until the player has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, word: Word) -> None:
    text = json.dumps(word, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        (b"access-control-allow-origin", b"*"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-length", str(len(text)).encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})
