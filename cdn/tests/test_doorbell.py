"""Heartbeats that are answered before Django sees them."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cdn import doorbell, knowledge, models, services
from cdn.doorbell import AT_ONCE, PATH, WAITING, HearNodes
from cdn.live import fleet
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db


async def _django(scope: Any, receive: Any, send: Any) -> None:
    """What stands behind: says that it was asked, and how much reached it."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % len(body)})


def ring(
    headers: dict[str, str], body: bytes, *, method: str = "POST", path: str = PATH, pieces: int = 1
) -> tuple[int, bytes]:
    """Send to the door; 299 means that it was passed on."""
    size = max(1, -(-len(body) // pieces))
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    waiting = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    async_to_sync(HearNodes(_django))(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


@pytest.fixture
def node(client: Client) -> FakeNode:
    with FakeNode().listening() as found:
        found.enrol(client, services.enrolment_code(name="paris-1"))
        found.beat(client, report={"capacity_bps": 10**9, "version": "1"})
    knowledge.read()
    return found


def beat(node: FakeNode, report: dict[str, Any] | None = None, **how: Any) -> tuple[int, Any]:
    body = json.dumps({"base_url": node.base_url, **(report or {})}).encode()
    status, answer = ring(node.headers("POST", PATH, body, **how), body)
    return status, json.loads(answer) if status != 299 else None


def test_a_calm_beat_is_answered_without_any_sql(node: FakeNode) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        status, answer = beat(node, {"egress_bps": 5, "sessions": 3})
    assert (status, answer["state"]) == (200, "active")
    assert len(asked) == 0
    (heard,) = fleet.beats.values()
    assert (heard.egress_bps, heard.sessions, heard.sequence) == (5, 3, node.sequence)


def test_it_says_the_same_as_the_view(node: FakeNode, client: Client) -> None:
    _, here = beat(node)
    there: Any = node.beat(client)
    assert here == there.json()


@pytest.mark.parametrize(
    "report",
    [
        {"goodbye": True},
        {"ready": False, "problem": "no disk"},
        {"version": "2"},
        {"capacity_bps": 5},
        {"base_url": "http://127.0.0.1:1"},
        {"faults": [{"id": "1", "kind": "disk"}]},
        {"cache_limit": 10**9},
    ],
)
def test_what_changes_something_is_passed_on_and_not_noted(node: FakeNode, report: dict[str, Any]) -> None:
    before = dict(fleet.beats)
    assert beat(node, report)[0] == 299
    assert fleet.beats == before


def test_without_a_fresh_snapshot_all_is_passed_on(node: FakeNode) -> None:
    knowledge.forget()
    assert beat(node)[0] == 299


def test_strangers_and_nonsense_are_passed_on_or_refused(node: FakeNode) -> None:
    assert ring({}, b"{}")[0] == 401
    assert ring({}, b"no json")[0] == 400
    assert ring({}, b"x" * 20_000, pieces=7)[0] == 400
    assert ring({}, b"", method="GET")[0] == 299
    assert ring({}, b"", path="/")[0] == 299


def test_strangers_ask_no_database(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "NEWS_SECONDS", 0)
    us, node.node_id = node.node_id, "00000000-0000-0000-0000-000000000000"
    fleet.news.clear()
    with CaptureQueriesContext(connection) as asked:
        status, answer = beat(node)
    assert (status, answer["error"]["code"], len(asked)) == (401, "unknown_node", 0)
    assert not fleet.news.is_set(), "nor do they make anybody else ask"
    monkeypatch.setattr(doorbell, "STRANGERS", 0)
    assert beat(node)[0] == 503
    node.node_id = us
    assert beat(node)[0] == 200


def test_who_enrolled_this_moment_elsewhere_is_in_the_next_snapshot(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = knowledge.newest()
    assert known is not None
    before = replace(known, rows={})

    async def comes(seconds: float) -> None:
        knowledge._kept.newest = known

    knowledge._kept.newest = before
    monkeypatch.setattr(asyncio, "sleep", comes)
    assert beat(node)[0] == 200


def test_turns_are_not_held_by_who_sends_slowly_or_too_much(node: FakeNode) -> None:
    """Eight such senders, and no node's news would be heard any more."""

    async def stories() -> list[list[Any]]:
        door = HearNodes(_django)
        return list(await asyncio.gather(*(trickles(door) for _ in range(AT_ONCE)), news(door)))

    async def trickles(door: HearNodes) -> list[Any]:
        parts = [{"type": "http.request", "body": b"x" * 17_000, "more_body": True}]
        return await told(door, [], parts)

    async def news(door: HearNodes) -> list[Any]:
        body = json.dumps({"version": "2"}).encode()
        return await told(
            door, list(node.headers("POST", PATH, body).items()), [{"type": "http.request", "body": body}]
        )

    async def told(door: HearNodes, headers: list[tuple[str, str]], parts: list[Any]) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            if parts:
                return parts.pop(0)
            return await asyncio.Event().wait()  # and never says more

        async def send(message: Any) -> None:
            sent.append(message)

        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        scope = {"type": "http", "method": "POST", "path": PATH, "headers": raw}
        await asyncio.wait_for(door(scope, receive, send), 5)
        return sent

    found = [one[0]["status"] for one in async_to_sync(stories)()]
    assert found == [400] * AT_ONCE + [299]


def test_one_node_takes_one_turn_and_not_again_at_once(
    node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at a new address takes seconds: a node that moved in every beat would hold all turns."""
    waits: list[float] = []
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds:
            waits.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", pause)
    inside = most = 0

    async def looks(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(10):
            await asyncio.sleep(0)
        inside -= 1
        await _django(scope, receive, send)

    async def all_beats() -> list[int]:
        door = HearNodes(looks)
        found = list(await asyncio.gather(*(moves(door, number) for number in range(20))))
        assert not door._there
        assert not door._of_node
        return found

    async def moves(door: HearNodes, number: int) -> int:
        body = json.dumps({"base_url": f"http://127.0.0.1:{number + 1}"}).encode()
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = node.headers("POST", PATH, body).items()
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await door({"type": "http", "method": "POST", "path": PATH, "headers": raw}, receive, send)
        return int(sent[0]["status"])

    statuses = async_to_sync(all_beats)()
    assert most == 1
    assert (statuses.count(299), statuses.count(503)) == (1 + WAITING, 19 - WAITING)
    assert len(waits) == WAITING
    assert all(0 < wait <= doorbell.NEWS_EVERY for wait in waits)


def test_who_hangs_up_is_not_answered(node: FakeNode) -> None:
    async def story() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await HearNodes(_django)(
            {"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send
        )
        return sent

    assert async_to_sync(story)() == []


def test_forgeries_and_replays_are_refused_here(node: FakeNode) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    status, answer = beat(node, key=Ed25519PrivateKey.generate())
    assert (status, answer["error"]["code"]) == (401, "signature")
    assert beat(node, sequence=50)[0] == 200
    status, answer = beat(node, sequence=50)
    assert (status, answer["error"]["code"], answer["last_sequence"]) == (409, "replay", 50)
    status, answer = beat(node, skew=700, sequence=51)
    assert (status, answer["error"]["code"]) == (401, "clock")


def test_a_quarantine_is_told_with_the_next_snapshot(node: FakeNode, client: Client) -> None:
    row = models.EdgeNode.objects.get()
    services.quarantine(row.id, reason="it lies")
    knowledge.read()
    _, answer = beat(node)
    assert (answer["state"], answer["reason"]) == ("quarantined", "it lies")


def test_other_loops_are_not_held_up(node: FakeNode) -> None:
    """A body that comes slowly waits in its own task."""

    async def slow() -> int:
        sent: list[Any] = []
        gate = asyncio.Event()

        async def receive() -> Any:
            await gate.wait()
            return {"type": "http.request", "body": b"{}"}

        async def send(message: Any) -> None:
            sent.append(message)

        task = asyncio.create_task(
            HearNodes(_django)({"type": "http", "method": "POST", "path": PATH, "headers": []}, receive, send)
        )
        await asyncio.sleep(0)
        gate.set()
        await task
        return int(sent[0]["status"])

    assert async_to_sync(slow)() == 401


def test_after_an_outage_few_are_in_django_at_once_and_the_rest_is_answered_here(node: FakeNode) -> None:
    """What is missing at first comes while most wait for their turn."""
    kept = knowledge.newest()
    knowledge.forget()
    inside: list[int] = []

    async def slow_django(scope: Any, receive: Any, send: Any) -> None:
        inside.append(1)
        for _ in range(5):
            await asyncio.sleep(0)
        knowledge._kept.newest = kept
        await _django(scope, receive, send)

    async def crowd() -> list[int]:
        door = HearNodes(slow_django)
        return list(await asyncio.gather(*(one(door) for _ in range(100))))

    async def one(door: HearNodes) -> int:
        body = b"{}"
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [
            (name.lower().encode(), value.encode())
            for name, value in node.headers("POST", PATH, body).items()
        ]
        await door({"type": "http", "method": "POST", "path": PATH, "headers": headers}, receive, send)
        return int(sent[0]["status"])

    statuses = async_to_sync(crowd)()
    assert statuses.count(299) == len(inside) == AT_ONCE
    assert (
        statuses.count(200) + statuses.count(409) == 100 - AT_ONCE
    )  # 409: its turn came after a later one's


def test_a_starting_process_waits_for_its_first_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    made = knowledge.read()
    knowledge.forget()

    def keep(until: object) -> None:
        knowledge._kept.newest = made

    monkeypatch.setattr(knowledge, "keep", keep)
    knowledge.start()
    assert knowledge.newest() is made
