"""The stage's network, with a server behind it: what it lets through, what it breaks, and what it writes down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench import _shim
from bench._stage_network import free_ports

BODY = bytes(range(256)) * 256
SEGMENT = f"/v1/{'t' * 60}/{'0' * 32}/v720/3.m4s"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that answers everything with the same bytes."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
        await writer.drain()


@asynccontextmanager
async def shim() -> AsyncIterator[tuple[_shim.Shim, _shim.Door]]:
    behind, front = free_ports(2)
    server = await asyncio.start_server(_serve, "127.0.0.1", behind)
    door = _shim.Door("n1", "127.0.0.1", front, to=("127.0.0.1", behind))
    one = _shim.Shim([door], link=0, latency=0)
    await one.open(door)
    yield one, door
    one.shut(door)
    server.close()


async def get(door: _shim.Door, path: str = SEGMENT) -> bytes:
    """One request; → all that came, raising as the connection does."""
    reader, writer = await asyncio.open_connection(door.host, door.port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(_shim.Head(head).headers["content-length"])
        return head + await reader.readexactly(length)
    finally:
        writer.transport.abort()


def run(scene: Callable[[_shim.Shim, _shim.Door], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with shim() as (one, door):
            await asyncio.wait_for(scene(one, door), 10)

    asyncio.run(whole())


def test_what_is_healthy_comes_through_as_it_is_and_is_written_down() -> None:
    async def scene(one: _shim.Shim, door: _shim.Door) -> None:
        assert (await get(door)).endswith(BODY)
        entry = one.entries[0]
        assert (entry.kind, entry.name, entry.status) == ("video", "v720/3.m4s", 200)
        assert entry.sent == entry.total == len(BODY)
        assert entry.at <= entry.first <= entry.end

    run(scene)


def test_a_door_that_is_shut_refuses_and_resets_what_is_open() -> None:
    async def scene(one: _shim.Shim, door: _shim.Door) -> None:
        door.set_fault({"kind": "silent"})
        waiting = asyncio.create_task(get(door))
        while not one.entries:
            await asyncio.sleep(0.01)
        one.shut(door)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await waiting
        with pytest.raises(ConnectionRefusedError):
            await get(door)
        await one.open(door)
        door.set_fault({})
        assert (await get(door)).endswith(BODY)

    run(scene)


def test_of_one_file_the_first_picture_that_is_asked_for_stays_missing() -> None:
    async def scene(one: _shim.Shim, door: _shim.Door) -> None:
        door.set_fault({"kind": "status", "status": 404, "one": True})
        audio = SEGMENT.replace("v720", "a-en")
        assert b" 200 " in (await get(door, audio))[:20]
        assert b" 404 " in (await get(door))[:20]
        assert b" 200 " in (await get(door, SEGMENT.replace("/3.", "/4.")))[:20]
        assert b" 404 " in (await get(door))[:20]
        assert [entry.fault for entry in one.entries] == ["", "status", "", "status"]

    run(scene)


def test_half_of_a_body_then_a_reset() -> None:
    async def scene(one: _shim.Shim, door: _shim.Door) -> None:
        door.set_fault({"kind": "reset"})
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await get(door)
        assert 0.4 < one.entries[0].sent / len(BODY) < 0.7
        assert one.entries[0].outcome == "reset"

    run(scene)


def test_wrong_bytes_have_the_right_length_and_can_be_told() -> None:
    async def scene(one: _shim.Shim, door: _shim.Door) -> None:
        door.set_fault({"kind": "wrong"})
        got = (await get(door))[-len(BODY) :]
        assert got[:1000] == BODY[:1000]
        assert _shim.WRONG in got[-1000:]
        playlist = SEGMENT.replace("3.m4s", "index.m3u8")
        assert (await get(door, playlist)).endswith(BODY), (
            "playlists are spared: a player would see through these"
        )

    run(scene)


def test_lines_in_a_row_are_as_slow_as_the_slower_one() -> None:
    slow, fast = _shim.Link(8_000), _shim.Link(80_000)
    slow.free_at = fast.free_at = 100.0
    assert slow.take(1000, 100.0) == pytest.approx(101.0)
    assert slow.take(1000, 100.0) == pytest.approx(102.0), "what comes next waits for what is on the line"
    assert fast.take(1000, 100.0) == pytest.approx(100.1)
    assert _shim.Link(0).take(1000, 5.0) == 5.0


def test_a_line_goes_on_while_the_shim_itself_is_late_but_not_while_nobody_sends() -> None:
    idle, held = _shim.Link(8_000), _shim.Link(8_000)
    idle.free_at = held.free_at = 99.9
    assert idle.take(1000, 100.0) == pytest.approx(101.0 - _shim.CREDIT)
    assert held.take(1000, 100.0, held=0.1) == pytest.approx(100.9), "as if the piece before had gone in time"
    held.free_at = 90.0
    assert held.take(1000, 100.0, held=5.0) == pytest.approx(101.0 - _shim.CREDIT - _shim.HELD)
