"""Bounds what strangers may send: Django writes a request's whole body to the disk before it looks at who is asking.

That disk is the database's, too. Nothing that viewers send is larger than `MOST`; operators send films in the studio.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from io import BytesIO
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections

Message = Any  # as each server has it: a mapping
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

#: The largest body of somebody who does not run the site, in bytes: above DATA_UPLOAD_MAX_MEMORY_SIZE.
MOST = 8 * 1024 * 1024


class BoundBodies:
    """An ASGI application in front of Django's that breaks large bodies off unless an operator sends them."""

    def __init__(self, django: App) -> None:
        self._django = django

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        taken, trusted, refused = 0, False, False

        async def bounded() -> Message:
            nonlocal taken, trusted, refused
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST and not trusted:
                trusted = await sync_to_async(_is_operator)(scope)
                if not trusted:
                    refused = True
                    return {"type": "http.disconnect"}  # Django drops what it has, and says nothing
            return message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        await self._django(scope, bounded, unless_refused)
        if refused:
            await _refuse(send)


def _is_operator(scope: Scope) -> bool:
    """Whether the request's session is one of somebody who may use the studio."""
    close_old_connections()
    try:
        request = ASGIRequest(scope, BytesIO())
        sessions = import_module(settings.SESSION_ENGINE)
        request.session = sessions.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        user = get_user(request)
        return bool(user.is_active and getattr(user, "is_staff", False))
    finally:
        close_old_connections()


async def _refuse(send: Send) -> None:
    said = {"error": {"code": "too_large", "message": f"This is larger than {MOST // 1024**2} MB."}}
    body = json.dumps(said).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
