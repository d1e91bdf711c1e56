"""Steers players before Django does: every player asks every half minute, and an evacuation makes all of them ask.

The answer is made of memory, in the event loop itself: no thread, no middleware, no database. Whatever is not a plain
question (an unknown method, a body that is too long) goes on to Django's view, which says the same at more length.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from playback import bodies, keys, steered

Scope = MutableMapping[str, Any]
Message = Any  # as each server has it: a mapping
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

_PATH = re.compile(re.escape(steered.PATH).replace(re.escape("{key}"), "([^/]+)"))
_METHODS = {"GET": "GET, HEAD, POST", "POST": "GET, HEAD, POST"}
#: A body that has not come after this long is not waited for, in seconds.
PATIENCE = 10.0
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"access-control-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]


class SteerPlayers:
    """An ASGI application in front of Django's."""

    def __init__(self, django: App, *, address: Callable[[Scope], str]) -> None:
        self._django = django
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        asked = _PATH.fullmatch(scope["path"]) if scope["method"] in _METHODS else None
        if asked is None:
            await self._django(scope, receive, send)
            return
        body = b""
        if scope["method"] == "POST":
            length = dict(scope["headers"]).get(b"content-length", b"")
            if not length.isdigit() or int(length) > bodies.BODY_MAX:
                await self._django(scope, receive, send)
                return
            try:
                body = await asyncio.wait_for(_body(receive), PATIENCE)
            except (TimeoutError, ConnectionError):
                return
        status, said = self._answer(scope, asked[1], body)
        text = json.dumps(said, separators=(",", ":")).encode()
        headers = [*_HEADERS, (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    def _answer(self, scope: Scope, key_text: str, body: bytes) -> tuple[int, dict[str, Any]]:
        try:
            key = keys.read(key_text)
            if scope["method"] == "POST":
                return 200, steered.report(key, body, self._address(scope))
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            return 200, steered.manifest(key, unquote(key_text), query, self._address(scope))
        except keys.BadKey as error:
            return 403, {"error": {"code": "bad_key", "message": str(error)}}
        except bodies.BadBody as error:
            said = {"code": "invalid", "message": error.message}
            return 400, {"error": said | ({"field": error.field} if error.field else {})}


async def _body(receive: Receive) -> bytes:
    """The whole body, which was promised to be short. Raises ConnectionError when the player has gone."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
