"""What viewers get from a real edge process."""

import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.edge.harness import Edge, Origin, Reply, token, until

pytestmark = pytest.mark.slow


def test_a_whole_package_is_pulled_once_and_served_again(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add()
    opened = token(package)
    for name, data in objects.items():
        reply = edge.get(f"/v1/{opened}/{package}/{name}")
        assert (reply.status, reply.body) == (200, data)
    until(lambda: edge.health()["objects"] == len(objects), what="keeping all objects")
    for name, data in objects.items():
        reply = edge.get(f"/v1/{opened}/{package}/{name}?CMCD=br%3D2800%2Cot%3Dv")
        assert (reply.status, reply.body, reply.headers["X-Cache"]) == (200, data, "HIT")
    assert set(origin.asked.values()) == {1}
    assert origin.bad_signatures == 0


def test_answers_carry_what_players_need(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add()
    types = {
        "v720/0.m4s": "video/mp4", "a-en/init.mp4": "audio/mp4", "t-en/0.vtt": "text/vtt",
        "v720/index.m3u8": "application/vnd.apple.mpegurl",
    }  # fmt: skip
    for _ in ("missing", "held"):
        for name, kind in types.items():
            head = edge.get(f"/v1/{token(package)}/{package}/{name}").headers
            assert head["Content-Type"] == kind
            assert head["ETag"] == f'"{hashlib.sha256(objects[name]).hexdigest()[:16]}"'
            assert head["Cache-Control"] == "public, max-age=31536000, immutable"
            assert head["Access-Control-Allow-Origin"] == "*"
            assert (
                head["Access-Control-Expose-Headers"]
                == "Content-Length, Content-Range, X-Cache, CMSD-Dynamic"
            )
            assert head["Timing-Allow-Origin"] == "*"
            assert head["Date"]


@pytest.mark.parametrize("size", [3_000, 400_000])
def test_ranges_and_conditions(edge: Edge, origin: Origin, size: int) -> None:
    package, objects = origin.add(size=size)
    path, data = f"/v1/{token(package)}/{package}/v720/0.m4s", objects["v720/0.m4s"]
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    for _ in ("missing", "held"):
        part = edge.get(path, headers={"Range": "bytes=100-199"})
        assert (part.status, part.body) == (206, data[100:200])
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
        assert edge.get(path, headers={"Range": "bytes=-7"}).body == data[-7:]
        assert edge.get(path, headers={"Range": f"bytes={len(data) - 5}-"}).body == data[-5:]
        assert edge.get(path, headers={"Range": "bytes=0-1,4-5"}).status == 200
        beyond = edge.get(path, headers={"Range": f"bytes={len(data)}-"})
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
        assert edge.get(path, headers={"If-None-Match": tag}).status == 304
        assert edge.get(path, headers={"Range": "bytes=0-9", "If-Range": tag}).status == 206
        assert edge.get(path, headers={"Range": "bytes=0-9", "If-Range": '"other"'}).body == data
        head = edge.get(path, method="HEAD")
        assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(data)))


def test_a_preflight_for_ranges_is_granted(edge: Edge) -> None:
    reply = edge.get("/v1/x/y/z/0.m4s", method="OPTIONS", headers={"Access-Control-Request-Headers": "range"})
    assert reply.status == 204
    assert "Range" in reply.headers["Access-Control-Allow-Headers"]
    assert reply.headers["Access-Control-Allow-Origin"] == "*"


def test_many_requests_on_one_connection(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=700_000)
    opened = token(package)
    connection = HTTPConnection("127.0.0.1", edge.port, timeout=10)
    for _ in range(3):
        for name in ("v720/index.m3u8", "v720/init.mp4", "v720/0.m4s", "v720/1.m4s", "nothing/0.m4s"):
            connection.request("GET", f"/v1/{opened}/{package}/{name}")
            reply = Reply(connection.getresponse())
            assert reply.body == objects.get(name, b"unknown object\n")
    connection.close()


def test_pipelined_requests_are_answered_in_order(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=90_000)
    names = ["v720/0.m4s", "v720/init.mp4", "v720/1.m4s", "v720/0.m4s"]
    lines = [f"GET /v1/{token(package)}/{package}/{name} HTTP/1.1\r\nHost: a\r\n" for name in names]
    lines[-1] += "Connection: close\r\n"
    for _ in ("missing", "held"):
        got = edge.raw("\r\n".join(lines).encode() + b"\r\n")
        for name in names:
            head, _, got = got.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200")
            body, got = got[: len(objects[name])], got[len(objects[name]) :]
            assert body == objects[name]
        assert got == b""


def test_tokens_that_open_nothing(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    other, _ = origin.add(seed=2)
    good = token(package)
    refused = {
        "expired": token(package, lasts=-1),
        "early": token(package, starts=100),
        "forged": token(package, key=Ed25519PrivateKey.generate()),
        "unknown key": token(package, kid=9),
        "another package": token(other),
        "another rendition": token(package, mask=0b10),
        "changed": good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        "cut": good[:-1],
        "nothing": "x",
    }
    for _ in ("missing", "held"):
        found = {why: edge.get(f"/v1/{text}/{package}/v720/0.m4s").status for why, text in refused.items()}
        assert found == dict.fromkeys(refused, 403)
        reply = edge.get(f"/v1/{good}/{package}/v720/0.m4s")
        assert reply.status == 200
    assert (
        edge.get(f"/v1/{refused['expired']}/{package}/v720/0.m4s").headers["Access-Control-Allow-Origin"]
        == "*"
    )


def test_an_expired_token_stops_opening_what_it_opened(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    path = f"/v1/{token(package, lasts=2)}/{package}/v720/0.m4s"
    assert edge.get(path).status == 200
    until(lambda: edge.get(path).status == 403, seconds=5, what="the end of the token")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/TOKEN/PACKAGE/v720/99.m4s",
        "/v1/TOKEN/PACKAGE/v999/0.m4s",
        "/v1/TOKEN/PACKAGE/v720/../../etc/passwd",
        "/v1/TOKEN/PACKAGE/..%2f..%2fstate.json/x",
        "/v1/TOKEN/PACKAGE/v720/%2e%2e",
        "/v1/TOKEN/PACKAGE/v720/v720.data",
        "/v1/TOKEN/PACKAGE/manifest.json",
        "/v1/TOKEN/../state.json",
        "/state.json",
        "/",
        "/v1/-/proof/short",
        "/v1/-/proof/has.dots.and.more.dots",
    ],
)
def test_what_is_not_there_is_404(edge: Edge, origin: Origin, path: str) -> None:
    package, _ = origin.add()
    assert edge.get(path.replace("TOKEN", token(package)).replace("PACKAGE", package)).status == 404


def test_a_package_that_the_origin_does_not_know_is_404_and_not_asked_again_at_once(
    edge: Edge, origin: Origin
) -> None:
    unknown = "ab" * 16
    for _ in range(3):
        assert edge.get(f"/v1/{token(unknown)}/{unknown}/v720/0.m4s").status == 404
    assert origin.asked["manifest.json"] == 1


def test_a_hundred_clients_of_one_missing_segment_cost_one_fetch(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=900_000)
    origin.delay = 0.3
    path = f"/v1/{token(package)}/{package}/v720/2.m4s"
    with ThreadPoolExecutor(100) as pool:
        replies = list(pool.map(lambda _: edge.get(path), range(100)))
    assert [reply.status for reply in replies] == [200] * 100
    assert all(reply.body == objects["v720/2.m4s"] for reply in replies)
    assert origin.asked["v720/2.m4s"] == 1
    assert origin.asked["manifest.json"] == 1
    kinds = [reply.headers["X-Cache"] for reply in replies]
    assert kinds.count("MISS") == 1


def test_waiters_get_bytes_while_they_arrive_and_a_leaver_stops_nobody(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=600_000)
    origin.gate, origin.gate_after = threading.Event(), 200_000
    path, data = f"/v1/{token(package)}/{package}/v720/5.m4s", objects["v720/5.m4s"]
    leaver = HTTPConnection("127.0.0.1", edge.port, timeout=10)
    leaver.request("GET", path)
    early = leaver.getresponse()
    assert early.read(150_000) == data[:150_000]  # the origin holds the rest back: this came while it arrived
    waiter = HTTPConnection("127.0.0.1", edge.port, timeout=10)
    waiter.request("GET", path)
    reply = waiter.getresponse()
    assert reply.headers["X-Cache"] == "FILL"
    assert reply.read(150_000) == data[:150_000]
    leaver.close()
    early.close()
    origin.gate.set()
    assert reply.read() == data[150_000:]
    assert origin.asked["v720/5.m4s"] == 1
    until(lambda: edge.get(path).headers["X-Cache"] == "HIT", what="keeping the segment")
    waiter.close()


def test_an_interrupted_fetch_goes_on_where_it_was(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=800_000)
    origin.break_after["v720/1.m4s"] = 300_000
    reply = edge.get(f"/v1/{token(package)}/{package}/v720/1.m4s")
    assert (reply.status, reply.body) == (200, objects["v720/1.m4s"])
    assert origin.asked["v720/1.m4s"] == 2


def test_wrong_bytes_of_the_origin_never_make_a_whole_answer(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add(size=300_000)
    origin.corrupt.add("v720/1.m4s")
    got = edge.raw(
        f"GET /v1/{token(package)}/{package}/v720/1.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode(), seconds=5
    )
    body = got.partition(b"\r\n\r\n")[2]
    assert len(body) < 300_001
    assert edge.health()["problems"] == []
    origin.corrupt.clear()
    assert edge.get(f"/v1/{token(package)}/{package}/v720/1.m4s").status == 200


def test_wrong_bytes_of_the_origin_never_make_a_whole_part_either(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add(size=300_000)
    origin.corrupt.add("v720/1.m4s")
    for part in ("0-99", "0-0", "100-199999"):
        got = edge.raw(
            f"GET /v1/{token(package)}/{package}/v720/1.m4s HTTP/1.1\r\nHost: a\r\nRange: bytes={part}\r\n\r\n".encode()
        )
        head, _, body = got.partition(b"\r\n\r\n")
        first, last = map(int, part.split("-"))
        assert not head.startswith(b"HTTP/1.1 206") or len(body) < last - first + 1


def test_the_next_segment_is_fetched_ahead(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    opened = token(package)
    edge.get(f"/v1/{opened}/{package}/v720/0.m4s")
    until(lambda: origin.asked["v720/1.m4s"] == 1, what="the fetch ahead")
    until(lambda: edge.get(f"/v1/{opened}/{package}/v720/1.m4s").headers["X-Cache"] == "HIT")
    until(lambda: origin.asked["v720/2.m4s"] == 1, what="the fetch ahead after a hit")
    assert origin.asked["v720/5.m4s"] == 0


def test_a_node_that_may_not_pull_says_so(new_edge: object, origin: Origin) -> None:
    package, _ = origin.add()
    edge = new_edge().start("--no-pull")  # type: ignore[operator]
    assert edge.get(f"/v1/{token(package)}/{package}/v720/0.m4s").status == 421


def test_a_full_node_takes_no_new_sessions_but_serves_those_it_has(new_edge: object, origin: Origin) -> None:
    package, objects = origin.add(size=2_000_000)
    edge = new_edge().start("--capacity-mbps", "8")  # type: ignore[operator]
    mine = f"/v1/{token(package)}/{package}/v720/0.m4s"
    deadline = time.monotonic() + 10
    while edge.health()["egress_bps"] < 8_000_000 and time.monotonic() < deadline:
        assert edge.get(mine).body == objects["v720/0.m4s"]
    assert edge.get(f"/v1/{token(package, session=b't' * 16)}/{package}/v720/0.m4s").status == 429
    assert edge.get(mine).status == 200
