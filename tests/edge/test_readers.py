"""Many who take their answers slowly, and many who take all they get: what each of them gets, and what it costs."""

import contextlib
import select
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.edge.harness import Edge, Origin, token, until

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]
READERS = 600


def own_memory(pid: int) -> int:
    """Bytes of a process that are neither files nor shared."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("RssAnon:")[2].split()[0]) * 1024


@contextlib.contextmanager
def readers(edge: Edge, path: str, count: int, *, window: int) -> Iterator[list[socket.socket]]:
    """Connections that have asked, and have read nothing."""
    found = []
    for _ in range(count):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        sock.connect(("127.0.0.1", edge.port))
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        sock.settimeout(20)
        found.append(sock)
    yield found
    for sock in found:
        sock.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_hundreds_of_slow_readers_cost_little_and_hold_up_nobody(
    new_edge: NewEdge, origin: Origin, workers: str
) -> None:
    package, objects = origin.add(segments=2, size=3_000_000)
    edge = new_edge().start("--workers", workers)
    path = f"/v1/{token(package)}/{package}/v720"
    for name in ("0.m4s", "1.m4s"):
        assert edge.get(f"{path}/{name}").body == objects[f"v720/{name}"]
    until(lambda: edge.health()["objects"] >= 2, what="keeping both")
    found = edge.health()["worker_processes"] if workers == "2" else []
    until(lambda: all(w["ready"] for w in edge.health()["worker_processes"]), what="the workers")
    assert edge.process is not None
    pids = [edge.process.pid, *(worker["pid"] for worker in found)]
    before = sum(own_memory(pid) for pid in pids)
    with readers(edge, f"{path}/0.m4s", READERS, window=8192) as socks:
        until(lambda: edge.health()["connections"] >= READERS, what="all readers")
        got = [sock.recv(4096) for sock in socks]
        assert all(head.startswith(b"HTTP/1.1 200") for head in got)
        assert sum(own_memory(pid) for pid in pids) - before < READERS * 16 * 1024
        assert edge.get(f"{path}/1.m4s").body == objects["v720/1.m4s"]
        # One of them turns quick: it gets the rest, byte for byte.
        quick, data = socks[READERS // 2], got[READERS // 2]
        while len(data.partition(b"\r\n\r\n")[2]) < 3_000_000:
            data += quick.recv(1 << 20)
        assert data.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]
    until(lambda: edge.health()["connections"] < 5, what="letting them go")


def test_who_takes_all_gets_no_more_than_others(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=1, size=8_000_000)
    edge = new_edge().start()
    path = f"/v1/{token(package)}/{package}/v720/0.m4s"
    assert edge.get(path).body == objects["v720/0.m4s"]
    until(lambda: edge.health()["objects"] >= 1, what="keeping it")
    scrap = bytearray(1 << 20)
    with readers(edge, path, 48, window=1 << 20) as socks:
        epoll = select.epoll()
        taken = {sock.fileno(): 0 for sock in socks}
        by_number = {sock.fileno(): sock for sock in socks}
        for number in taken:
            epoll.register(number, select.EPOLLIN)
        while max(taken.values()) < 7_000_000:
            for number, _ in epoll.poll(10):
                taken[number] += by_number[number].recv_into(scrap)
        assert min(taken.values()) > 7_000_000 / 5
        epoll.close()
