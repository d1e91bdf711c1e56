"""How one object comes: from peers or the origin, whatever they do on the way; and what of it viewers may have."""

import asyncio
import gc
import hashlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from cdn.ed25519 import Ed25519PrivateKey
from cdn.edge import fill as fill_module
from cdn.edge import sourcing
from cdn.edge.faults import Faults
from cdn.edge.fill import Failed, Fill, Filler
from cdn.edge.gate import AHEAD, ORDER, PRESSING, VIEWER, Gate, Ticket
from cdn.edge.identity import Identity
from cdn.edge.manifest import Spec
from cdn.edge.peers import Peers
from cdn.edge.store import Hit, Store
from cdn.edge.upstream import Upstream
from tests.edge.harness import in_a_loop
from tests.edge.origin import Origin, running_origin

#: A peer of overwhelming weight leads for everything; one of next to none for nothing.
HEAVY, LIGHT = 10**15, 1


class FakePeer:
    """Another node, as it should not be. `does` writes the answer to a question."""

    def __init__(self, node_id: str, *, weight: int = HEAVY) -> None:
        self.node_id, self.weight, self.port = node_id, weight, 0
        self.key = Ed25519PrivateKey.generate()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.does: Callable[[asyncio.StreamWriter, str, int], Awaitable[None]] = nothing_here

    @property
    def entry(self) -> dict[str, Any]:
        """Its line in the list of peers."""
        return {
            "node_id": self.node_id, "slot": 7, "base_url": f"http://127.0.0.1:{self.port}", "site": "here",
            "public_key": self.key.public_key().public_bytes_raw().hex(), "region": "", "capacity_bps": self.weight,
            "state": "active",
        }  # fmt: skip

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["FakePeer"]:
        """Be there."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split(" ")[1]
            headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines[1:] if line)}
            self.asked.append((path, headers))
            start = int(headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            await self.does(writer, path, start)
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


async def nothing_here(writer: asyncio.StreamWriter, path: str, start: int) -> None:
    """404."""
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


def gives(
    objects: dict[str, bytes], *, spoilt: bool = False, stop_after: int | None = None, cache: str = "HIT"
) -> Callable[[asyncio.StreamWriter, str, int], Awaitable[None]]:
    """An answer with the object: right or spoilt, and perhaps silence after so many bytes."""

    async def answer(writer: asyncio.StreamWriter, path: str, start: int) -> None:
        data = objects[path.split("/", 4)[4]]
        tag = hashlib.sha256(data).hexdigest()[:16]
        status = "206 Partial Content" if start else "200 OK"
        writer.write(
            f'HTTP/1.1 {status}\r\nContent-Length: {len(data) - start}\r\nETag: "{tag}"\r\n'
            f"X-Cache: {cache}\r\n\r\n".encode()
        )
        body = data[start:] if not spoilt else bytes([data[start] ^ 1]) + data[start + 1 :]
        writer.write(body[:stop_after])
        await writer.drain()
        if stop_after is not None:
            await asyncio.sleep(30)

    return answer


class Rig:
    """A node's inside: store, peers, filler, with an origin beside it."""

    def __init__(self, origin: Origin, folder: Path, *, weight: int = 1000) -> None:
        self.origin = origin
        self.identity = Identity(folder)
        self.identity.state.node_id = "me"
        origin.nodes["me"] = {"public_key": self.identity.public_hex}
        self.faults = Faults()
        self.store = Store(folder, 1 << 30)
        self.peers = Peers(folder, self.identity, site="here", capacity_bps=weight)
        self.upstream = Upstream(origin.url)
        self.filler = Filler(
            self.store, self.upstream, self.identity, memory=64 << 20, pull=True, peers=self.peers,
            faults=self.faults,
        )  # fmt: skip

    async def spec(self, package: str, name: str, rendition: str = "v720") -> Spec:
        """An object of a package that the origin has."""
        index = await self.filler.package(package)
        found = index.spec(rendition.encode(), name.encode())
        assert found is not None
        return found

    async def close(self) -> None:
        """Stop it."""
        await self.filler.close()
        self.upstream.close()
        self.peers.close()
        self.store.close()


async def whole(fill: Fill) -> bytes:
    """The object once it is over. Raises what the fill failed with."""
    await asyncio.wait_for(asyncio.shield(fill.over), 20)
    if fill.failure is not None:
        raise fill.failure
    assert fill.memory is not None
    return read(fill, fill.spec.length)


def read(fill: Fill, length: int) -> bytes:
    """So much of it from the beginning."""
    assert fill.memory is not None
    return os.pread(fill.memory.fd, length, 0)


def story(told: Callable[[Rig, FakePeer], Awaitable[None]], tmp_path: Path, **how: Any) -> None:
    """Run a story with a node, its origin and one peer that leads (or, `weight`ed lightly, does not)."""

    async def run() -> None:
        with running_origin() as origin:
            async with FakePeer("peer", **how).listening() as peer:
                rig = Rig(origin, tmp_path)
                rig.peers.take([peer.entry], 1)
                try:
                    await told(rig, peer)
                finally:
                    await rig.close()

    in_a_loop(run())


def test_what_the_leader_has_is_not_asked_of_the_origin(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        spec = await rig.spec(package, "1.m4s")
        peer.does = gives(objects)
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == objects["v720/1.m4s"]
        assert rig.origin.asked["v720/1.m4s"] == 0
        assert rig.filler.peer_bytes == spec.length
        path, headers = peer.asked[-1]
        assert path == f"/peer/v1/{package}/v720/1.m4s"
        assert headers["x-node-id"] == "me"
        assert "x-fill" not in headers

    story(told, tmp_path)


def test_a_peers_bytes_are_held_back_until_the_whole_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "VIEWER_SECONDS", 0.3)

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=200_000)
        spec = await rig.spec(package, "0.m4s")
        peer.does = gives(objects, stop_after=150_000)
        fill, _ = rig.filler.start(spec)
        while fill.draft.received < 150_000:
            await asyncio.sleep(0.01)
        assert fill.sendable == 0
        assert not fill.begun.done()
        assert await whole(fill) == objects["v720/0.m4s"]

    story(told, tmp_path)


def test_wrong_bytes_of_a_peer_reach_nobody_and_are_reported(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        spec = await rig.spec(package, "1.m4s")
        peer.does = gives(objects, spoilt=True)
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == objects["v720/1.m4s"]
        assert rig.origin.asked["v720/1.m4s"] == 1
        [fault] = rig.faults.told()
        assert (fault["kind"], fault["package"], fault["name"]) == ("peer", package, "1.m4s")
        assert fault["detail"] == "n7 sent wrong bytes"
        other, _ = rig.filler.start(await rig.spec(package, "2.m4s"))
        asked = len(peer.asked)
        assert await whole(other) == objects["v720/2.m4s"]
        assert len(peer.asked) == asked, "who sent wrong bytes is passed over for a while"

    story(told, tmp_path)


@pytest.mark.parametrize("stop_after", [0, 20_000, 49_000], ids=["no byte", "a part", "nearly all"])
def test_a_peer_that_hangs_costs_a_second_and_what_it_sent_is_of_use(
    tmp_path: Path, stop_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "SILENT_SECONDS", 0.15)
    monkeypatch.setattr(sourcing, "VIEWER_SECONDS", 0.15)

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=50_000)
        spec = await rig.spec(package, "0.m4s")
        peer.does = gives(objects, stop_after=stop_after)
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == objects["v720/0.m4s"]
        kept = stop_after if stop_after * 2 >= spec.length else 0
        assert rig.filler.origin_bytes == spec.length - kept
        assert len(rig.faults) == 0

    story(told, tmp_path)


def test_bytes_of_a_peer_that_hangs_are_kept_when_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "SILENT_SECONDS", 0.15)

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=50_000)
        spec = await rig.spec(package, "0.m4s")
        peer.does = gives(objects, stop_after=10_000)
        fill, _ = rig.filler.start(spec, priority=ORDER)
        assert await whole(fill) == objects["v720/0.m4s"]
        assert rig.filler.origin_bytes == 40_000

    story(told, tmp_path)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nxxxxx",
        b'HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nETag: "x"\r\n\r\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
        b"220 mail.example ESMTP\r\n\r\n",
        b"HTTP/1.1 \xb2\xb2\xb2 OK\r\nContent-Length: 5\r\n\r\nxxxxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb9\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"1" * 5000 + b"\r\n\r\nx",
        b"",
    ],
    ids=[
        "a part",
        "too long",
        "chunked",
        "a fault",
        "a refusal",
        "no HTTP",
        "superscripts",
        "a superscript",
        "no number",
        "nothing",
    ],
)
def test_whatever_a_peer_answers_the_viewer_is_served(tmp_path: Path, nonsense: bytes) -> None:
    async def answers(writer: asyncio.StreamWriter, path: str, start: int) -> None:
        writer.write(nonsense)
        await writer.drain()

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        peer.does = answers
        spec = await rig.spec(package, "0.m4s")
        rig.peers.proved(rig.peers.get("peer"))  # type: ignore[arg-type]
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == objects["v720/0.m4s"]
        assert len(peer.asked) == 2, "for the manifest and for the object"

    story(told, tmp_path)


def test_a_leader_that_cannot_fetch_is_not_blamed_for_it(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        data = objects["v720/0.m4s"]

        async def breaks_off(writer: asyncio.StreamWriter, path: str, start: int) -> None:
            tag = hashlib.sha256(data).hexdigest()[:16]
            writer.write(
                f'HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\nETag: "{tag}"\r\n'
                "X-Cache: FILL\r\n\r\n".encode()
                + data[:9000]
            )
            await writer.drain()

        spec = await rig.spec(package, "0.m4s")
        peer.does = breaks_off
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == data
        assert rig.filler.origin_bytes == len(data) - 9000
        known = rig.peers.get("peer")
        assert known is not None
        assert known.at_hand

    story(told, tmp_path)


def test_a_slow_peer_is_left_for_the_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sourcing, "SLOWEST_AFTER", 0.05)

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=50_000)
        data = objects["v720/0.m4s"]

        async def dribbles(writer: asyncio.StreamWriter, path: str, start: int) -> None:
            tag = hashlib.sha256(data).hexdigest()[:16]
            writer.write(f'HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\nETag: "{tag}"\r\n\r\n'.encode())
            for place in range(0, len(data), 100):
                writer.write(data[place : place + 100])
                await writer.drain()
                await asyncio.sleep(0.01)

        spec = await rig.spec(package, "0.m4s")
        peer.does = dribbles
        fill, _ = rig.filler.start(spec, priority=ORDER)
        assert await whole(fill) == data
        assert 0 < rig.filler.peer_bytes < 10_000
        assert rig.filler.origin_bytes + rig.filler.peer_bytes == len(data)

    story(told, tmp_path)


@pytest.mark.parametrize("priority", [VIEWER, ORDER], ids=["a viewer waits", "nobody waits"])
def test_what_a_peer_brought_whole_is_never_too_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, priority: int
) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=2000)
        data = objects["v720/0.m4s"]

        async def in_two_pieces(writer: asyncio.StreamWriter, path: str, start: int) -> None:
            tag = hashlib.sha256(data).hexdigest()[:16]
            writer.write(f'HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\nETag: "{tag}"\r\n\r\n'.encode())
            writer.write(data[:1000])
            while fill.draft.received < 1000:
                await asyncio.sleep(0.01)
            writer.write(data[1000:])
            await writer.drain()

        class Stall:
            """What holds up the node just when the last bytes have come: as if this had taken for ever."""

            def fill_moved(self) -> None:
                if fill.draft.received == len(data):
                    monkeypatch.setattr(sourcing, "VIEWER_SECONDS", -10.0)
                    monkeypatch.setattr(sourcing, "SLOWEST_AFTER", 0.0)
                    monkeypatch.setattr(sourcing, "SLOWEST", 10**12)

            def fill_kept(self, hit: Hit) -> None:
                """All is well."""

        spec = await rig.spec(package, "0.m4s")
        peer.does = in_two_pieces
        fill, _ = rig.filler.start(spec, priority=priority)
        fill.listeners.add(Stall())
        assert await whole(fill) == data
        assert rig.filler.origin_bytes == 0

    story(told, tmp_path)


def test_peers_help_while_the_origin_is_away(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        spec = await rig.spec(package, "1.m4s")
        init = await rig.spec(package, "init.mp4")
        rig.origin.stop()
        peer.does = gives(objects)
        fill, _ = rig.filler.start(spec)
        assert await whole(fill) == objects["v720/1.m4s"]
        _, headers = peer.asked[-1]
        assert headers["x-fill"] == "held", "it does not lead: only what it holds is wanted"
        unverifiable, _ = rig.filler.start(init)
        with pytest.raises(Failed) as failure:
            await whole(unverifiable)
        assert failure.value.status == 502

    story(told, tmp_path, weight=LIGHT)


def test_bytes_of_the_origin_survive_a_peer_that_spoils_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sourcing, "RESUMES", 0)

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=90_000)
        spec = await rig.spec(package, "0.m4s")
        peer.does = gives(objects, spoilt=True)
        rig.origin.break_after["v720/0.m4s"] = 60_000
        fill, _ = rig.filler.start(spec)
        sent: list[int] = []

        async def tell() -> None:
            sent.append(fill.sendable)

        monkeypatch.setattr(fill, "_tell", tell)
        assert await whole(fill) == objects["v720/0.m4s"]
        assert sent == sorted(sent), "what viewers may have is never taken back"
        assert 60_000 in sent
        assert peer.asked[-1][1]["range"] == "bytes=60000-"
        assert rig.filler.origin_bytes == spec.length
        assert len(rig.faults) == 1

    story(told, tmp_path, weight=LIGHT)


def test_somebody_who_waits_hastens_an_order(tmp_path: Path) -> None:
    class Never:
        async def take(self, length: int, hurried: asyncio.Event) -> None:
            await hurried.wait()

    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add(size=100_000)
        spec = await rig.spec(package, "0.m4s")
        fill, ours = rig.filler.start(spec, priority=ORDER, pace=Never())  # type: ignore[arg-type]
        while not fill.draft.received:
            await asyncio.sleep(0.005)
        assert ours
        assert not fill.over.done()
        same, ours = rig.filler.start(spec)
        assert (same, ours) == (fill, False)
        assert await whole(fill) == objects["v720/0.m4s"]

    story(told, tmp_path, weight=LIGHT)


def test_what_a_player_asks_for_next_is_fetched_ahead(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, _ = rig.origin.add()
        spec = await rig.spec(package, "0.m4s")
        rig.filler.ahead(spec.rendition, 0, b"CMCD=nor%3D%224.m4s%22")
        rig.filler.ahead(spec.rendition, 0, b"CMCD=nor%3D%22..%252Fa-en%252F2.m4s%22")
        rig.filler.ahead(spec.rendition, 0, b"CMCD=nor%3D%22..%252F..%252Fother%22")
        rig.filler.ahead(spec.rendition, 5)
        wanted = {f"{package}/{rest}".encode() for rest in ("v720/4.m4s", "a-en/2.m4s", "v720/1.m4s")}
        assert set(rig.filler.fills) == wanted
        assert all(fill.ticket.priority == AHEAD for fill in rig.filler.fills.values())
        await asyncio.gather(*(whole(fill) for fill in rig.filler.fills.values()))
        rig.filler.calm = lambda: False
        rig.filler.ahead(spec.rendition, 1)
        assert not rig.filler.fills, "a busy node fetches nothing ahead"

    story(told, tmp_path, weight=LIGHT)


def test_a_leader_asks_others_only_for_what_nobody_waits_for(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        specs = [await rig.spec(package, f"{number}.m4s") for number in range(3)]
        peer.does = gives(objects)
        for spec, priority in zip(specs, (VIEWER, AHEAD, ORDER), strict=True):
            assert await whole(rig.filler.start(spec, priority=priority)[0]) == objects[f"v720/{spec.name}"]
        assert [path.rpartition("/")[2] for path, _ in peer.asked] == ["2.m4s"]
        assert peer.asked[0][1]["x-fill"] == "held"

    story(told, tmp_path, weight=LIGHT)


def test_a_takedown_stops_what_is_on_its_way(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, _ = rig.origin.add()
        spec = await rig.spec(package, "0.m4s")
        rig.origin.delay = 0.2
        fill, _ = rig.filler.start(spec)
        await asyncio.sleep(0.05)
        rig.filler.forget(package)
        with pytest.raises(Failed) as failure:
            await whole(fill)
        assert failure.value.status == 404
        assert not rig.filler.fills

    story(told, tmp_path, weight=LIGHT)


def test_who_takes_slowly_gives_way_when_nothing_can_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fill_module, "LINGER_SECONDS", 0.05)

    class Sleeper:
        """A viewer who takes nothing until it is cut off."""

        def __init__(self, fill: Fill) -> None:
            self.fill: Fill | None = fill
            fill.listeners.add(self)

        def fill_moved(self) -> None:
            if self.fill is not None and self.fill.failure is not None:
                self.fill.listeners.discard(self)
                self.fill = None

        def fill_kept(self, hit: Hit) -> None:
            raise AssertionError("nothing can be kept")

    async def told(rig: Rig, peer: FakePeer) -> None:
        async def keep(*_: object) -> None:
            return None

        monkeypatch.setattr(rig.store, "keep", keep)
        rig.filler._memory_left = rig.filler._memory_total = 250_000
        package, objects = rig.origin.add(size=100_000)
        sleepers = []
        for number in range(2):
            fill, _ = rig.filler.start(await rig.spec(package, f"{number}.m4s"))
            sleepers.append(Sleeper(fill))
            await whole(fill)
            del fill
        last, _ = rig.filler.start(await rig.spec(package, "2.m4s"))
        assert await whole(last) == objects["v720/2.m4s"]
        assert [sleeper.fill is None for sleeper in sleepers] == [True, False]

    story(told, tmp_path, weight=LIGHT)


def test_what_failed_gives_its_memory_back_at_once(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        rig.filler._memory_left = rig.filler._memory_total = 150_000
        package, objects = rig.origin.add(size=100_000)
        spec = await rig.spec(package, "0.m4s")
        rig.origin.corrupt.add("v720/0.m4s")
        for _ in range(3):
            with pytest.raises(Failed, match="wrong bytes"):
                await whole(rig.filler.start(spec)[0])
        rig.origin.corrupt.clear()
        assert await whole(rig.filler.start(spec)[0]) == objects["v720/0.m4s"]

    gc.disable()  # which may not come for hours
    try:
        story(told, tmp_path, weight=LIGHT)
    finally:
        gc.enable()


def test_the_most_pressing_goes_first_and_a_plan_never_takes_all() -> None:
    async def run() -> None:
        gate, let_in = Gate(2), []

        async def fetch(name: str, ticket: Ticket) -> None:
            await gate.enter(ticket)
            let_in.append(name)

        orders = [Ticket(ORDER) for _ in range(3)]
        tasks = [asyncio.create_task(fetch(f"order {n}", t)) for n, t in enumerate(orders)]
        await asyncio.sleep(0)
        assert let_in == ["order 0"], "half of the slots is left to viewers"
        tickets = {"viewer": Ticket(VIEWER), "late": Ticket(VIEWER), "pressing": Ticket(PRESSING)}
        tasks += [asyncio.create_task(fetch(name, t)) for name, t in tickets.items()]
        await asyncio.sleep(0)
        assert let_in == ["order 0", "viewer"]
        gate.hasten(orders[2], PRESSING)
        gate.leave(tickets["viewer"])
        await asyncio.sleep(0)
        gate.leave(tickets["pressing"])
        await asyncio.sleep(0)
        assert let_in == ["order 0", "viewer", "pressing", "order 2"]
        tasks[1].cancel()
        gate.leave(orders[2])
        gate.leave(orders[0])
        await asyncio.sleep(0)
        assert let_in[4:] == ["late"]
        gate.leave(tickets["late"])
        await asyncio.wait(tasks)

    in_a_loop(run())


def test_a_list_of_peers_is_kept_and_strange_entries_are_passed_over(tmp_path: Path) -> None:
    identity = Identity(tmp_path)
    identity.state.node_id = "me"
    peers = Peers(tmp_path, identity, site="here", capacity_bps=1000)
    good = [FakePeer(name, weight=1000).entry for name in ("a", "b")]
    for entry in good:
        entry["base_url"] = "http://127.0.0.1:9"
    bad = [good[0] | {"public_key": "xx"}, {"node_id": "c"}, good[0] | {"base_url": "file:///etc"}]
    text = peers.take([*bad, *good], 5)
    peers.save(text)
    again = Peers(tmp_path, identity, site="here", capacity_bps=1000)
    assert (len(again), again.version) == (2, 5)
    keys = [b"%d" % number for number in range(300)]
    asked = [again.leader(key) for key in keys]
    assert all(again.leads(key) for key, peer in zip(keys, asked, strict=True) if peer is None)
    assert 60 < asked.count(None) < 140, "a third each"
    away = next(peer for peer in asked if peer is not None)
    again.failed(away)
    assert not away.at_hand
    deputies = [again.leader(key) for key, peer in zip(keys, asked, strict=True) if peer is away]
    assert away not in deputies
    assert 0 < deputies.count(None) < len(deputies), "its part is shared by the others"


@pytest.mark.slow
def test_of_a_peer_that_leaves_the_list_no_connection_is_kept(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        upstream, path = Upstream(rig.origin.url), f"/origin/v1/{package}/manifest.json"
        async with upstream.request("GET", path, headers=rig.identity.sign("GET", path, 0)) as answer:
            upstream.close()  # while an answer is on its way
            assert await answer.body()
        assert not upstream._idle

        spec = await rig.spec(package, "0.m4s")
        asked = asyncio.Event()

        async def hangs(writer: asyncio.StreamWriter, path: str, start: int) -> None:
            asked.set()
            await asyncio.sleep(30)

        peer.does = hangs
        fill, _ = rig.filler.start(spec)
        await asked.wait()
        rig.peers.take([], 2)
        assert await whole(fill) == objects["v720/0.m4s"]

    story(told, tmp_path)


def test_after_a_failure_one_question_goes_alone(tmp_path: Path) -> None:
    async def told(rig: Rig, peer: FakePeer) -> None:
        package, objects = rig.origin.add()
        known = rig.peers.get("peer")
        assert known is not None
        specs = [await rig.spec(package, f"{number}.m4s") for number in range(6)]
        rig.peers.failed(known)
        known.away_until = 0.0  # the pause is over
        peer.does, asked = gives(objects), len(peer.asked)
        for fill in [rig.filler.start(spec)[0] for spec in specs[:4]]:
            await whole(fill)
        assert len(peer.asked) == asked + 1
        assert (known.strikes, known.at_hand) == (0, True)
        await whole(rig.filler.start(specs[4])[0])
        assert len(peer.asked) == asked + 2, "it is trusted with questions again"

    story(told, tmp_path)


def test_only_peers_are_answered_and_only_for_a_while(tmp_path: Path) -> None:
    identity = Identity(tmp_path)
    identity.state.node_id = "me"
    peers = Peers(tmp_path, identity, site="here", capacity_bps=1000)
    other = Identity(tmp_path / "..")
    other.state.node_id = "other"
    entry = FakePeer("other").entry | {"public_key": other.public_hex, "base_url": "http://127.0.0.1:9"}
    peers.take([entry], 1)

    def asked(path: str, **change: str) -> bool:
        signed = other.sign("GET", "/peer/v1/x", 0) | change
        names = ("X-Node-Id", "X-Node-Time", "X-Node-Seq", "X-Node-Signature")
        return peers.asker("GET", path, tuple(signed[name] for name in names)) is not None  # type: ignore[arg-type]

    assert asked("/peer/v1/x")
    assert not asked("/peer/v1/y")
    assert not asked("/peer/v1/x", **{"X-Node-Id": "me"})
    assert not asked("/peer/v1/x", **{"X-Node-Time": f"{time.time() - 1:.3f}"})
    assert not asked("/peer/v1/x", **{"X-Node-Time": "nan"})
    peers.take([entry | {"state": "quarantined"}], 2)
    assert not asked("/peer/v1/x")
