"""How real nodes fetch together: once from the origin for a whole site, and what the plan says."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cdn.edge.identity import Identity
from tests.edge.harness import Edge, Origin, token, until

NewEdge = Callable[..., Edge]
pytestmark = pytest.mark.slow


def all_at_once(edges: list[Edge], path: str) -> list[bytes]:
    """What each of these nodes answers when all are asked at the same time."""
    found: list[bytes] = []

    def ask(edge: Edge) -> None:
        found.append(edge.get(path).body)

    threads = [threading.Thread(target=ask, args=(edge,)) for edge in edges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_a_site_fetches_from_the_origin_once(new_edge: NewEdge, origin: Origin, tmp_path: Path) -> None:
    package, objects = origin.add(size=300_000)
    origin.share_peers = True
    origin.delay = 0.1
    edges = [new_edge(name).start() for name in ("one", "two", "three")]
    for edge in edges:
        until(lambda edge=edge: edge.health()["peers_known"] == 2, what="knowing the others")
    opened = token(package)
    for number in range(3):
        name = f"v720/{number}.m4s"
        assert all_at_once(edges * 4, f"/v1/{opened}/{package}/{name}") == [objects[name]] * 12
        assert origin.asked[name] == 1
    pages = [edge.health() for edge in edges]
    assert sum(page["peer_bytes"] for page in pages) > 1_500_000
    assert origin.asked["manifest.json"] == 1
    # Nobody else is given anything, however the question is signed.
    path = f"/peer/v1/{package}/v720/0.m4s"
    assert edges[0].get(path).status == 401
    stranger = Identity(tmp_path)
    stranger.state.node_id = "00000000-0000-0000-0000-000000000000"
    assert edges[0].get(path, headers=stranger.sign("GET", path, 0)).status == 403
    assert edges[0].get(path.replace("0.m4s", "x"), headers={"X-Node-Id": "x"}).status == 403


def test_a_plan_is_fetched_and_told_of(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=8)
    origin.plans[""] = {
        "version": 5, "made_at": "", "rate_bps": 0,
        "orders": [[package, "a-en", "all", "window", "popular"], [package, "v720", "head", "pinned", "head"]],
    }  # fmt: skip
    edge = new_edge().start()
    until(lambda: origin.beats[-1].get("pinned") and origin.beats[-1]["plan"] == 5, what="the plan")
    until(lambda: edge.health()["orders"]["done"] == 2, what="the end of the plan")
    opened = token(package)
    for name in ("v720/index.m3u8", "v720/init.mp4", "v720/0.m4s", "v720/2.m4s", "a-en/2.m4s"):
        answer = edge.get(f"/v1/{opened}/{package}/{name}")
        assert (answer.headers["X-Cache"], answer.body) == ("HIT", objects[name])
    assert origin.asked["v720/3.m4s"] <= 1, "the head is three segments, and what a viewer is on the way to"


def test_who_takes_nothing_delays_nobody(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=8 << 20, segments=2)
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    with socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect(("127.0.0.1", edge.port))
        sleeper.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found = all_at_once([edge] * 5, path)
        assert found == [objects["v720/0.m4s"]] * 5
        assert origin.asked["v720/0.m4s"] == 1
        until(lambda: edge.health()["fills"] == 0, what="the end of the fill")
        # It reads on from the disk, as late as it likes, and gets the same.
        sleeper.settimeout(20)
        got = b""
        while len(got) < (8 << 20) or not got.endswith(objects["v720/0.m4s"][-100:]):
            got += sleeper.recv(1 << 20)
        assert got.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]


def test_what_a_player_says_it_asks_for_next_is_here_when_it_asks(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add(segments=9)
    before = f"/v1/{token(package)}/{package}/v720"
    edge.get(f"{before}/0.m4s?CMCD=nor%3D%226.m4s%22%2Csu")
    until(lambda: origin.asked["v720/6.m4s"] == 1, what="fetching ahead")
    assert origin.asked["v720/1.m4s"] == 0
