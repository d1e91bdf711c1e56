"""Live progress for operators: what is being made of their sources, sent whenever it changes."""

import asyncio
import contextlib
import json
import time
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from catalog import board, progress

#: How often the jobs are looked at, in seconds, while something moves, and while nothing does.
LIVELY, IDLE = 0.5, 2.0
#: After this the socket is closed and the page opens another, so that who was signed out stops hearing, in seconds.
LIFETIME = 15 * 60
NOT_ALLOWED = 4403


class ProgressConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`/ws/studio/progress/?ticket=…[&title=<uuid>]`: one title's videos, or all that need attention.

    The ticket comes from an admin page, is bound to the user, and so proves that the admin let this browser in.
    """

    #: Any one of these lets an operator listen, as on the pages that show the same.
    permissions: tuple[str, ...] = ("catalog.view_title", "catalog.change_title")
    _task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Let operators in, and begin to send."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        user = self.scope.get("user")
        title, allowed = _title(query), progress.ticket_is_good(_first(query, "ticket"), user)
        if not allowed or title is _BAD or not await database_sync_to_async(self._may)(user):
            await self.close(code=NOT_ALLOWED)
            return
        await self.accept()
        self._task = asyncio.create_task(self._send(title if isinstance(title, UUID) else None))

    async def disconnect(self, code: int) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _may(self, user: Any) -> bool:
        return any(user.has_perm(name) for name in self.permissions)

    def _snapshot(self, title: UUID | None) -> dict[str, Any]:
        return progress.snapshot(title)

    async def _send(self, title: UUID | None) -> None:
        last, until = "", time.monotonic() + LIFETIME
        while time.monotonic() < until:
            snapshot = await database_sync_to_async(self._snapshot)(title)
            text = json.dumps(snapshot)
            if text != last:
                last = text
                await self.send(text_data=text)
            await asyncio.sleep(LIVELY if snapshot["moving"] else IDLE)
        await self.close()


class QueueConsumer(ProgressConsumer):
    """`/ws/studio/queue/?ticket=…`: the queue page's content, all of it, whenever it changes."""

    permissions = ("catalog.change_title",)

    def _snapshot(self, title: UUID | None) -> dict[str, Any]:
        return board.snapshot()


class _Bad:
    """A title was named, but not by a UUID."""


_BAD = _Bad()


def _first(query: dict[str, list[str]], name: str) -> str:
    return query.get(name, [""])[0]


def _title(query: dict[str, list[str]]) -> Any:
    text = _first(query, "title")
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        return _BAD
