"""One process per core: what viewers get when requests, connections and evictions cross processes."""

import asyncio
import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cdn.edge import workers as workers_module
from cdn.edge.worker import Table
from tests.edge.harness import Edge, Origin, Reply, in_a_loop, token, until

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]


def workers(edge: Edge) -> list[dict[str, int]]:
    """What /health says of them."""
    found: list[dict[str, int]] = edge.health()["worker_processes"]
    return found


def ready(edge: Edge, count: int = 2) -> list[int]:
    """Wait until so many serve; → their process ids."""
    until(lambda: [w["ready"] for w in workers(edge)] == [True] * count, what="the workers")
    return [w["pid"] for w in workers(edge)]


@pytest.fixture
def pair(new_edge: NewEdge) -> Edge:
    """An edge with two workers that are ready."""
    edge = new_edge().start("--workers", "2")
    ready(edge)
    return edge


def warm(edge: Edge, origin: Origin, **wanted: object) -> tuple[str, dict[str, bytes], str]:
    """A package that is held and that all workers know of → its id, its objects, a token."""
    package, objects = origin.add(**wanted)
    opened = token(package)
    for name in objects:
        edge.get(f"/v1/{opened}/{package}/{name}")
    until(lambda: edge.health()["objects"] >= len(objects), what="keeping all")
    return package, objects, opened


def test_workers_answer_as_one_process_does(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, size=200_000)
    before, misses = sum(w["bytes"] for w in workers(pair)), pair.health()["misses"]
    connection = HTTPConnection("127.0.0.1", pair.port, timeout=10)

    def ask(name: str, method: str = "GET", **headers: str) -> Reply:
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        connection.request(method, f"/v1/{opened}/{package}/{name}", headers=names)
        return Reply(connection.getresponse())

    for _ in range(2):
        for name, data in objects.items():
            reply = ask(name)
            assert (reply.status, reply.body, reply.headers["X-Cache"]) == (200, data, "HIT")
    data = objects["v720/1.m4s"]
    tag = reply.headers["ETag"]
    tag = ask("v720/1.m4s", "HEAD").headers["ETag"]
    part = ask("v720/1.m4s", Range="bytes=100-199")
    assert (part.status, part.body) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert part.headers["Content-Type"] == "video/mp4"
    assert ask("v720/1.m4s", If_None_Match=tag).status == 304
    assert ask("v720/1.m4s", Range="bytes=0-9", If_Range='"other"').body == data
    assert ask("v720/1.m4s", Range=f"bytes={len(data)}-").status == 416
    # What no worker knows goes to the first process on this same connection, and back again.
    assert ask("v720/99.m4s").status == 404
    assert ask("v720/1.m4s").body == data
    connection.request("GET", f"/v1/{token(package, lasts=-1)}/{package}/v720/1.m4s")
    assert Reply(connection.getresponse()).status == 403
    connection.request("OPTIONS", "/v1/x")
    assert Reply(connection.getresponse()).status == 204
    assert ask("v720/1.m4s").body == data
    connection.close()
    until(
        lambda: sum(w["bytes"] for w in workers(pair)) - before > 2 * 6 * 200_000, what="the workers' bytes"
    )
    assert pair.health()["misses"] == misses
    assert pair.health()["sessions"] == 1


def test_pipelined_requests_cross_processes_in_order(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, size=90_000)
    names = ["v720/0.m4s", "v720/nothing.m4s", "v720/1.m4s", "v720/99.m4s", "v720/2.m4s"]
    lines = [f"GET /v1/{opened}/{package}/{name} HTTP/1.1\r\nHost: a\r\n" for name in names]
    lines[-1] += "Connection: close\r\n"
    got = pair.raw("\r\n".join(lines).encode() + b"\r\n")
    for name in names:
        head, _, got = got.partition(b"\r\n\r\n")
        body = objects.get(name, b"unknown object\n")
        assert head.startswith(b"HTTP/1.1 200" if name in objects else b"HTTP/1.1 404")
        assert got[: len(body)] == body
        got = got[len(body) :]
    assert got == b""


def test_a_worker_that_is_killed_costs_its_own_connections_only(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, segments=2, size=100_000)
    request = f"GET /v1/{opened}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    socks = [socket.create_connection(("127.0.0.1", pair.port), timeout=10) for _ in range(16)]

    def answered(sock: socket.socket) -> bool:
        try:
            sock.sendall(request)
            got = b""
            while len(got.partition(b"\r\n\r\n")[2]) < 100_000:
                chunk = sock.recv(65536)
                if not chunk:
                    return False
                got += chunk
        except OSError:
            return False
        assert got.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]
        return True

    assert all(answered(sock) for sock in socks)
    until(lambda: sum(w["connections"] for w in workers(pair)) >= 16, what="counting")
    first, second = workers(pair)
    os.kill(first["pid"], signal.SIGKILL)
    alive = sum(answered(sock) for sock in socks)
    assert 0 <= second["connections"] - alive <= 1  # the one that asked for /health
    for _ in range(5):  # nobody waits for the new one
        assert pair.get(f"/v1/{opened}/{package}/v720/1.m4s").body == objects["v720/1.m4s"]
    assert first["pid"] not in ready(pair)
    assert pair.get(f"/v1/{opened}/{package}/v720/1.m4s").body == objects["v720/1.m4s"]
    for sock in socks:
        sock.close()


def test_a_worker_that_is_stuck_is_replaced(pair: Edge, origin: Origin) -> None:
    stuck = workers(pair)[0]["pid"]
    os.kill(stuck, signal.SIGSTOP)

    def gone() -> bool:
        try:
            return stuck not in [worker["pid"] for worker in workers(pair)]
        except OSError:  # the kernel gave this very question to the stuck one
            return False

    until(gone, seconds=20, what="replacing it")
    ready(pair)


def test_renewing_the_workers_cuts_no_connection(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, segments=2, size=3_000_000)
    before = ready(pair)
    idle = HTTPConnection("127.0.0.1", pair.port, timeout=20)
    idle.request("GET", f"/v1/{opened}/{package}/v720/1.m4s")
    assert Reply(idle.getresponse()).body == objects["v720/1.m4s"]
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    slow.settimeout(20)
    slow.connect(("127.0.0.1", pair.port))
    slow.sendall(f"GET /v1/{opened}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    got = slow.recv(4096)
    pair.signal(signal.SIGHUP)
    until(lambda: not set(before) & {w["pid"] for w in workers(pair) if w["ready"]} or
          len(workers(pair)) == 3, seconds=15, what="new workers")  # fmt: skip
    while len(got.partition(b"\r\n\r\n")[2]) < 3_000_000:
        got += slow.recv(1 << 20)
    assert got.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]
    idle.request("GET", f"/v1/{opened}/{package}/v720/1.m4s")
    assert Reply(idle.getresponse()).body == objects["v720/1.m4s"]
    slow.sendall(f"GET /v1/{opened}/{package}/v720/9.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert slow.recv(100).startswith(b"HTTP/1.1 404")
    until(lambda: not set(before) & set(ready(pair)), seconds=15, what="the old ones' end")
    idle.close()
    slow.close()


def test_bytes_that_a_worker_sends_outlive_their_eviction(new_edge: NewEdge, origin: Origin) -> None:
    edge = new_edge().start("--workers", "2", "--cache-gb", str(40_000_000 / (1 << 30)))
    ready(edge)
    package, objects, opened = warm(edge, origin, segments=2, size=5_000_000)
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    slow.settimeout(20)
    slow.connect(("127.0.0.1", edge.port))
    slow.sendall(f"GET /v1/{opened}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    got = slow.recv(4096)
    other, more = origin.add(segments=2, size=6_000_000, seed=5)
    for name in more:
        assert edge.get(f"/v1/{token(other)}/{other}/{name}").body == more[name]
    while len(got.partition(b"\r\n\r\n")[2]) < 5_000_000:
        got += slow.recv(1 << 20)
    assert got.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]
    slow.close()
    for name, data in objects.items():
        assert edge.get(f"/v1/{opened}/{package}/{name}").body == data


def test_a_file_cut_short_under_a_worker_is_fetched_anew(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, segments=2, size=500_000)
    [data] = pair.cache.glob("packages/*/v720.data")
    path, wanted = f"/v1/{opened}/{package}/v720/1.m4s", objects["v720/1.m4s"]
    viewer = HTTPConnection("127.0.0.1", pair.port, timeout=20)
    viewer.request("GET", path)
    assert Reply(viewer.getresponse()).body == wanted
    os.truncate(data, 0)
    viewer.request("GET", path)  # within the second in which the page cache is not looked at again
    with contextlib.suppress(HTTPException, OSError):
        assert Reply(viewer.getresponse()).body == wanted
    viewer.close()
    until(lambda: pair.health()["faults"]["total"] == 1, what="hearing of it")
    assert pair.get(path).body == wanted
    assert origin.asked["v720/1.m4s"] == 2
    assert "Traceback" not in pair.log.read_text()


def test_what_a_killed_worker_may_be_sending_stays_until_it_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dead = threading.Event()

    class Dying:
        """A worker in the middle of a long system call."""

        def __init__(self, share: int, on_word: object, on_end: object) -> None:
            self.share, self.pid, self.on_end = share, 1, on_end
            self.ready, self.retiring, self.connections = True, False, 0
            self.owes: set[int] = set()
            self.files: set[int] = set()
            self.channel = SimpleNamespace(tell=lambda *word, fds=(): None)
            self.process = SimpleNamespace(kill=lambda: None, wait=lambda: dead.wait(10))

    async def run() -> None:
        server = SimpleNamespace(elsewhere=0, leave_share=lambda share, left: None)
        store: Any = SimpleNamespace(hits={})
        found = workers_module.Workers(2, cast(Any, server), store, cast(Any, None), greeted=lambda: True)
        worker: Any = Dying(0, None, None)
        found._workers = [worker]
        hit: Any = SimpleNamespace(key=b"key", file=SimpleNamespace(fd=7))
        found._number(hit)
        done: list[bool] = []
        found._gone(hit, lambda: done.append(True))
        found._stopping = True  # none takes its place
        found._ended(worker)
        await asyncio.sleep(0.05)
        assert not done
        dead.set()
        async with asyncio.timeout(5):
            while not done:
                await asyncio.sleep(0.01)

    in_a_loop(run())


def test_a_new_worker_is_told_each_object_once_and_none_that_has_gone() -> None:
    async def run() -> None:
        def hit(number: int) -> Any:
            return SimpleNamespace(
                key=b"%d" % number, file=SimpleNamespace(fd=7), number=number, name=f"{number}.m4s", offset=0, length=9,
                digest=b"", crc=0, lead=False, answer=b"", renew_at=0, head=b"Content-Type: video/mp4\r\n",
                rendition=SimpleNamespace(package="p", name="v", index=0),
            )  # fmt: skip

        words: list[tuple[Any, ...]] = []
        store: Any = SimpleNamespace(hits={})
        found = workers_module.Workers(2, cast(Any, None), store, cast(Any, None), greeted=lambda: True)
        worker: Any = SimpleNamespace(
            files=set(), owes=set(),
            channel=SimpleNamespace(tell=lambda *word, fds=(): words.append(word), waiting=0),
        )  # fmt: skip
        found._workers = [worker]
        for number in range(1000):
            one = hit(number)
            store.hits[one.key] = one
            found._number(one)
        telling = asyncio.create_task(found._introduce(worker, list(store.hits.values())))
        await asyncio.sleep(0)
        assert 0 < len(words) < 5, "in steps"
        new, gone = hit(2000), store.hits.pop(b"999")
        store.hits[new.key] = new
        found._hit(new)
        found._gone(gone, lambda: None)
        await telling
        told = [row[5] for word in words if word[0] == "hits" for row in word[1]]
        assert sorted(told) == [*range(999), 2000]
        assert words[-1] == ("accept",)

    in_a_loop(run())


def test_a_worker_forgets_packages_of_which_nothing_is_left(tmp_path: Path) -> None:
    table = Table()
    data = tmp_path / "data"
    data.write_bytes(bytes(9000))
    table.add_file(1, os.open(data, os.O_RDONLY))

    def row(number: int, package: str, segment: int) -> list[Any]:
        return [number, package, "v720", 0, 1, segment, f"{segment}.m4s", 0, 9000, "00" * 32, 0, "video/mp4", False,
                False, False]  # fmt: skip

    for number in range(100):
        table.add(row(2 * number, f"{number:032x}", 0))
        table.add(row(2 * number + 1, f"{number:032x}", 1))
    assert table.remove(list(range(0, 200, 2))) == list(range(0, 200, 2))
    assert len(table.hits) == 100
    table.add(row(500, f"{7:032x}", 0))  # one comes back, and goes
    table.remove([500])
    sent = table.hits[f"{7:032x}/v720/1.m4s".encode()]
    sent.readers += 1
    assert 15 not in table.remove(list(range(1, 200, 2)))
    assert not table.hits
    assert not table._packages
    assert not table._renditions
    sent.readers -= 1
    assert table.parted() == [15]


def test_a_worker_that_has_fallen_silent_is_given_no_connection() -> None:
    found = workers_module.Workers(
        2, cast(Any, None), cast(Any, SimpleNamespace(hits={})), cast(Any, None), greeted=lambda: True
    )
    silent: Any = SimpleNamespace(
        ready=True, retiring=False, connections=0, heard=time.monotonic() - workers_module.SILENT_SECONDS / 2
    )
    well: Any = SimpleNamespace(ready=True, retiring=False, connections=99, heard=time.monotonic())
    found._workers = [silent, well]
    assert found._least() is well
    found._workers = [silent]
    assert found._least() is None, "the first process goes on with it"


def test_a_denied_session_is_refused_by_every_worker(pair: Edge, origin: Origin) -> None:
    package, _, opened = warm(pair, origin)
    path = f"/v1/{opened}/{package}/v720/0.m4s"
    connections = [HTTPConnection("127.0.0.1", pair.port, timeout=10) for _ in range(8)]
    for connection in connections:
        connection.request("GET", path)
        assert Reply(connection.getresponse()).status == 200
    origin.deny.append({"session": (b"s" * 16).hex(), "until": time.time() + 900})
    until(lambda: pair.get(path).status == 403, seconds=5, what="hearing of it")
    for connection in connections:
        connection.request("GET", path)
        assert Reply(connection.getresponse()).status == 403
        connection.close()


def test_no_worker_outlives_the_first_process(pair: Edge) -> None:
    pids = ready(pair)
    pair.kill()
    until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids), what="the workers' end")


def test_sigterm_lets_workers_finish(pair: Edge, origin: Origin) -> None:
    package, objects, opened = warm(pair, origin, segments=1, size=6_000_000)
    got: list[bytes] = []

    def read() -> None:
        got.append(pair.get(f"/v1/{opened}/{package}/v720/0.m4s").body)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pair.signal(signal.SIGTERM)
    assert pair.wait() == 0
    assert got == [objects["v720/0.m4s"]] * 4
