"""The fleet's pages, live: what changed is sent as soon as it has, to every page that is open."""

import asyncio
import contextlib
import json
import time
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from cdn.board import fleetpage, nodepage, tickets

#: How often the fleet is looked at, in seconds: heartbeats come every two.
LOOK_SECONDS = 1.0
#: After this the socket is closed and the page opens another, so that who was signed out stops hearing, in seconds.
LIFETIME = 15 * 60
NOT_ALLOWED = 4403


class FleetConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]  # channels has no types
    """`/ws/studio/fleet/?ticket=…`: first everything, then what changed.

    The ticket comes from an admin page, is bound to the user, and so proves that the admin let this browser in.
    """

    _task: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Let operators in, and begin to send."""
        query = parse_qs(self.scope.get("query_string", b"").decode("latin-1"))
        user, given = self.scope.get("user"), query.get("ticket", [""])[0]
        allowed = tickets.is_good(given, user) and await database_sync_to_async(tickets.may_look)(user)
        if not allowed:
            await self.close(code=NOT_ALLOWED)
            return
        await self.accept()
        self._task = asyncio.create_task(self._send())

    async def disconnect(self, code: int) -> None:
        """Stop sending."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def snapshot(self) -> dict[str, Any] | None:
        """Everything there is to say; None when there is nothing any more."""
        return fleetpage.snapshot()

    def told(self, data: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        """It as it is sent: whole, or what a page that has `before` lacks."""
        return fleetpage.told(data, before)

    async def _send(self) -> None:
        before: dict[str, Any] | None = None
        until = time.monotonic() + LIFETIME
        while time.monotonic() < until:
            data = await database_sync_to_async(self.snapshot)()
            if data is None:
                break
            if before is None or (data is not before and _but_time(data) != _but_time(before)):
                await self.send(text_data=json.dumps(self.told(data, before)))
            before = data
            await asyncio.sleep(LOOK_SECONDS)
        await self.close()


class NodeConsumer(FleetConsumer):
    """`/ws/studio/fleet/<node>/?ticket=…`: one node's page."""

    def snapshot(self) -> dict[str, Any] | None:
        """The node's figures."""
        node_id: UUID = self.scope["url_route"]["kwargs"]["node_id"]
        return nodepage.snapshot(node_id)

    def told(self, data: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        """Whole, or with new points only."""
        return data if before is None else nodepage.since(data, before)


def _but_time(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name != "now"}
