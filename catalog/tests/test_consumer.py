"""The progress socket: who is let in, and that it speaks when something changes."""

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from channels.routing import URLRouter

from catalog import consumers, progress
from catalog.urls_ws import websocket_urlpatterns

pytestmark = pytest.mark.django_db  # channels closes old connections around every message

OPERATOR = SimpleNamespace(
    pk=uuid4(), is_authenticated=True, is_active=True, is_staff=True, has_perm=lambda name: True
)


class Socket(ApplicationCommunicator):
    """A browser's end of the line."""

    def __init__(self, user, query: str, path: str = "/ws/studio/progress/") -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": query.encode(),
            "headers": [],
            "subprotocols": [],
            "user": user,
        }
        super().__init__(URLRouter(websocket_urlpatterns), scope)

    async def connect(self) -> dict:
        """The answer to a hello: accept or close."""
        await self.send_input({"type": "websocket.connect"})
        return await self.receive_output(timeout=5)

    async def hear(self) -> dict:
        """The next message."""
        return json.loads((await self.receive_output(timeout=5))["text"])

    async def leave(self) -> None:
        """Say goodbye and wait for the other end."""
        await self.send_input({"type": "websocket.disconnect", "code": 1001})
        await self.wait(timeout=5)


@pytest.fixture
def standing(monkeypatch) -> dict:
    """What the database would say."""
    state = {"moving": True, "videos": [{"video": "x", "percent": 10.0}], "asked": []}

    def snapshot(title_id):
        state["asked"].append(title_id)
        return {"moving": state["moving"], "videos": list(state["videos"])}

    monkeypatch.setattr(progress, "snapshot", snapshot)
    monkeypatch.setattr(consumers, "LIVELY", 0.01)
    monkeypatch.setattr(consumers, "IDLE", 0.01)
    return state


def run(story) -> None:
    """Play an asynchronous story to its end."""
    async_to_sync(story)()


def test_it_speaks_first_and_then_only_of_changes(standing) -> None:
    async def story() -> None:
        title = uuid4()
        line = Socket(OPERATOR, f"ticket={progress.ticket(OPERATOR.pk)}&title={title}")
        assert (await line.connect())["type"] == "websocket.accept"
        assert (await line.hear())["videos"][0]["percent"] == 10.0
        assert await line.receive_nothing(timeout=0.1), "nothing has changed"
        standing["videos"] = [{"video": "x", "percent": 20.0}]
        assert (await line.hear())["videos"][0]["percent"] == 20.0
        assert set(standing["asked"]) == {title}
        await line.leave()

    run(story)


def user(**change) -> SimpleNamespace:
    """The operator, changed in one thing."""
    return SimpleNamespace(**{**vars(OPERATOR), **change})


@pytest.mark.parametrize(
    ("who", "query"),
    [
        (None, "ticket={ticket}"),
        (user(is_authenticated=False), "ticket={ticket}"),
        (user(is_staff=False), "ticket={ticket}"),
        (user(is_active=False), "ticket={ticket}"),
        (user(pk=uuid4()), "ticket={ticket}"),
        (user(has_perm=lambda name: False), "ticket={ticket}"),
        (OPERATOR, ""),
        (OPERATOR, "ticket=x"),
        (OPERATOR, "ticket={ticket}&title=nonsense"),
    ],
)
def test_nobody_else_is_let_in(standing, who, query: str) -> None:
    async def story() -> None:
        line = Socket(who, query.format(ticket=progress.ticket(OPERATOR.pk)))
        answer = await line.connect()
        assert (answer["type"], answer["code"]) == ("websocket.close", consumers.NOT_ALLOWED)
        assert standing["asked"] == []
        await line.leave()

    run(story)


def test_the_queue_is_for_those_who_run_it(standing) -> None:
    """A ticket from a page that somebody may only look at opened the queue's socket, too."""
    looker = user(has_perm=lambda name: name == "catalog.view_title")

    async def story() -> None:
        ticket = f"ticket={progress.ticket(OPERATOR.pk)}"
        line = Socket(looker, ticket)
        assert (await line.connect())["type"] == "websocket.accept"
        await line.hear()
        await line.leave()
        line = Socket(looker, ticket, "/ws/studio/queue/")
        answer = await line.connect()
        assert (answer["type"], answer["code"]) == ("websocket.close", consumers.NOT_ALLOWED)
        await line.leave()

    run(story)


def test_it_ends_after_a_while_so_that_who_was_signed_out_stops_hearing(standing, monkeypatch) -> None:
    monkeypatch.setattr(consumers, "LIFETIME", 0.05)

    async def story() -> None:
        line = Socket(OPERATOR, f"ticket={progress.ticket(OPERATOR.pk)}")
        await line.connect()
        assert (await line.hear())["moving"] is True
        assert (await line.receive_output(timeout=5))["type"] == "websocket.close"
        await line.leave()

    run(story)
