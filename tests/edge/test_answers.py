"""Whatever answers a heartbeat, the node goes on: a proxy's page, a site of another age, a spoilt field."""

import asyncio
import json
import math
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cdn.edge import __main__ as main_module
from cdn.edge import config as configuration
from cdn.edge.__main__ import Node
from cdn.edge.identity import Identity
from cdn.edge.upstream import OriginAway
from tests.edge.harness import TOKEN_KEY, in_a_loop

KEYS = [{"kid": 1, "public_key": TOKEN_KEY.public_key().public_bytes_raw().hex()}]
GOOD: dict[str, Any] = {
    "state": "active", "reason": "", "keys_version": 1, "keys": KEYS, "interval": 2.0, "lease_seconds": 6.0,
    "deny": [{"session": "ab" * 16, "until": 4e9}], "deny_version": 1, "plan": 0, "inventory": 0,
    "takedowns": [{"version": 1, "package": "cd" * 16, "forbidden": True, "lifted": False}], "takedowns_version": 1,
    "peers": [], "peers_version": 3, "drain": {"grace_seconds": 60, "share": 0.5}, "mb": 0, "faults_seen": [],
    "deliveries": False,
}  # fmt: skip
STRANGE: list[Any] = [
    None, True, 7, -1, 10**400, 1e308, math.inf, math.nan, "", "x", "9" * 5000, [], [7], [None], [[]], [{}], ["x"], {},
    {"a": 1}, [{"session": "no hex", "until": 1}], [{"version": "x", "package": 7}], {"grace_seconds": [], "share": {}},
]  # fmt: skip


class Canned:
    """Answers with what it is given."""

    def __init__(self, text: bytes, status: int = 200) -> None:
        self.text, self.status = text, status
        self.headers = {"date": "no date"}

    @asynccontextmanager
    async def request(self, *_: Any, **__: Any) -> AsyncIterator["Canned"]:
        yield self

    async def body(self) -> bytes:
        return self.text


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """A node that has enrolled and does not run."""
    (tmp_path / "cache").mkdir()
    found = Node(configuration.read(["--origin", "http://127.0.0.1:9", "--cache", str(tmp_path / "cache")]))
    found.identity.state.node_id = "x"
    return found


async def beat(node: Node, text: bytes, status: int = 200) -> bool:
    """One heartbeat that is answered so; → whether the node counts it as heard."""
    node.agent._upstream = Canned(text, status)  # type: ignore[assignment]
    try:
        await node.agent.beat()
    except OriginAway:
        return False
    return True


def test_no_field_of_an_answer_can_stop_a_node_or_spoil_its_next_start(node: Node) -> None:
    async def every_field() -> None:
        assert await beat(node, json.dumps(GOOD).encode())
        for name in GOOD:
            for value in STRANGE:
                await beat(node, json.dumps(GOOD | {name: value}).encode())
        assert await beat(node, json.dumps(GOOD).encode())

    in_a_loop(every_field())
    kept = Identity(node.config.cache).state
    assert kept.keys == {"1": KEYS[0]["public_key"]}
    assert set(kept.deny) <= {"ab" * 16}
    assert 0 < kept.lease_seconds < math.inf
    again = Node(node.config)
    assert again.agent.state in ("active", *map(str, STRANGE))


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"<html>hotel</html>", 200), (b"", 200), (b"[" * 100_000, 200), (b'"active"', 200), (b"\xff\xfe", 200),
     (b"{}", 200), (b"", 502), (b"{}", 404), (b'{"error": 7}', 401), (b'{"error": {"code": "replay"}}', 409),
     (b'{"error": {"code": "replay"}, "last_sequence": [7]}', 409)],
)  # fmt: skip
def test_pages_and_fragments_are_no_answers(node: Node, text: bytes, status: int) -> None:
    async def twice() -> bool:
        heard = await beat(node, text, status)
        return await beat(node, json.dumps(GOOD).encode()) and not heard

    assert in_a_loop(twice()) or status == 409


def test_a_part_that_breaks_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "AGAIN_SECONDS", 0.0)
    begun = 0

    async def part() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("what nobody thought of")
        await asyncio.Event().wait()

    async def run() -> None:
        keeping = asyncio.create_task(main_module.keep_running("a part", part))
        async with asyncio.timeout(5):
            while begun < 3:
                await asyncio.sleep(0)
        await main_module.end(keeping)
        assert keeping.cancelled()

    in_a_loop(run())


def test_what_is_taken_down_is_stopped_before_the_disk_is_waited_for(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, stopped = threading.Event(), []
    monkeypatch.setattr(node.store.takedowns, "save", lambda: written.wait(10))
    monkeypatch.setattr(node.filler, "forget", stopped.append)

    async def run() -> None:
        package = "cd" * 16
        taking = asyncio.create_task(node.take_down([{"version": 1, "package": package}], 1))
        await asyncio.sleep(0.05)
        assert not taking.done()
        assert stopped == [package]
        assert node.store.takedowns.forbids(package)
        written.set()
        await taking

    in_a_loop(run())
