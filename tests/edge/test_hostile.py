"""What hostile or broken clients cannot do to an edge."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.edge.harness import Edge, Origin, token, until

pytestmark = pytest.mark.slow
NewEdge = Callable[..., Edge]


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return int(pages[1]) * 4096


def shared(pid: int) -> int:
    """Bytes of memory files that a process holds open (fills in flight)."""
    total = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            if "memfd:" in str(entry.readlink()):
                total += entry.stat().st_blocks * 512
        except OSError:
            continue
    return total


@pytest.mark.parametrize(
    ("shape", "status"),
    [
        (b"GET /livez HTTP/1.1\nHost: a\n\n", b"400"),
        (
            b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"400",
        ),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET /health HTTP/1.1\r\n", b"413"),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost : a\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (b"GET /livez HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://other/livez HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"POST /livez HTTP/1.1\r\nHost: a\r\n\r\n", b"405"),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 5000, b"414"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000, b"431"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", b"400"),
    ],
)
def test_doubtful_requests_are_refused_and_nothing_after_them_is_heard(
    edge: Edge, shape: bytes, status: bytes
) -> None:
    got = edge.raw(shape + b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
    assert got.startswith(b"HTTP/1.1 " + status)
    assert got.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close" in got


def test_the_fast_path_refuses_what_the_strict_reader_refuses(edge: Edge, origin: Origin) -> None:
    package, _ = origin.add()
    good = f"/v1/{token(package)}/{package}/v720/0.m4s".encode()
    block = b"Host: a\r\n\r\n"
    for _ in range(2):  # the second one goes the fast way
        sent = b"GET " + good + b" HTTP/1.1\r\n" + block
        assert edge.raw(sent, seconds=0.3).startswith(b"HTTP/1.1 200")
    for target in (
        good + b"?a\nb: c",
        good + b"?a b",
        good + b"?\xff",
        good + b"?a#b",
        good + b"?\0",
        good + b"\r",
    ):
        assert edge.raw(b"GET " + target + b" HTTP/1.1\r\n" + block).startswith(b"HTTP/1.1 400")
    assert edge.raw(b"GET " + good + b" HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400")


def test_requests_in_small_pieces_are_understood(edge: Edge, origin: Origin) -> None:
    package, objects = origin.add(size=2000)
    request = (
        f"GET /v1/{token(package)}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(request), 7):
            sock.sendall(request[place : place + 7].encode())
        got = b""
        while chunk := sock.recv(65536):
            got += chunk
    assert got.partition(b"\r\n\r\n")[2] == objects["v720/0.m4s"]


def test_headers_that_never_end_are_cut_off(new_edge: NewEdge) -> None:
    edge = new_edge().start("--header-timeout", "1.5", "--idle-timeout", "3")
    closed: list[float] = []

    def drip() -> None:
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", edge.port), timeout=10) as sock:
            sock.sendall(b"GET /livez HTTP/1.1\r\n")
            pause = threading.Event()
            try:
                while time.monotonic() - started < 10:
                    sock.sendall(b"X")
                    pause.wait(0.3)
            except OSError:
                closed.append(time.monotonic() - started)

    threads = [threading.Thread(target=drip) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert edge.get("/livez").status == 200
    for thread in threads:
        thread.join()
    assert len(closed) == 20
    assert max(closed) < 6


def test_a_silent_connection_is_closed(new_edge: NewEdge) -> None:
    edge = new_edge().start("--idle-timeout", "1")
    with socket.create_connection(("127.0.0.1", edge.port), timeout=8) as sock:
        assert sock.recv(10) == b""


def test_connections_beyond_the_limit_wait_their_turn(new_edge: NewEdge) -> None:
    edge = new_edge().start("--connections", "10", "--idle-timeout", "2")
    idle = [socket.create_connection(("127.0.0.1", edge.port), timeout=5) for _ in range(30)]
    assert edge.get("/livez").status == 200  # served once the idle ones were let go
    for sock in idle:
        sock.close()


def test_many_slow_readers_cost_little_memory(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=4, size=6_000_000)
    edge = new_edge().start("--write-timeout", "4")
    assert edge.process is not None
    opened = token(package)
    edge.get(f"/v1/{opened}/{package}/v720/0.m4s")
    before = resident(edge.process.pid)
    readers = []
    for number in range(150):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", edge.port))
        # All segments, held and missing: a slow reader of a fill must not keep the fill in memory.
        sock.sendall(f"GET /v1/{opened}/{package}/v720/{number % 4}.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        readers.append(sock)
    pid = edge.process.pid
    until(lambda: edge.health()["connections"] > 150, what="all readers")
    until(lambda: shared(pid) == 0, what="letting the fills' memory go")
    assert resident(pid) - before < 30 << 20
    assert edge.get(f"/v1/{opened}/{package}/v720/1.m4s").body == objects["v720/1.m4s"]
    until(lambda: edge.health()["connections"] < 10, seconds=15, what="giving up on them")
    for sock in readers:
        sock.close()


def test_random_bytes_do_no_harm(edge: Edge) -> None:
    import random

    rng = random.Random(3)
    pieces = [
        b"GET ",
        b"/v1/",
        b" HTTP/1.1",
        b"\r\n",
        b"Host: a",
        b": ",
        b"\n",
        b"\0",
        b"Range: bytes=",
        b"\r\n\r\n",
    ]
    for _ in range(150):
        noise = b"".join(rng.choice(pieces) if rng.random() < 0.8 else rng.randbytes(9) for _ in range(12))
        got = edge.raw(noise + b"\r\n\r\n", seconds=0.05)
        assert not got or got.startswith(b"HTTP/1.1 ")
        assert b" 500 " not in got
    assert edge.get("/livez").status == 200
    assert "Traceback" not in edge.log.read_text()


def test_a_reader_that_trickles_is_let_go_and_a_slow_one_is_not(new_edge: NewEdge, origin: Origin) -> None:
    package, objects = origin.add(segments=1, size=6_000_000)
    edge = new_edge().start("--write-timeout", "2")
    opened = token(package)
    edge.get(f"/v1/{opened}/{package}/v720/0.m4s")
    took: dict[int, float] = {}

    def read(step: int) -> None:
        """Take `step` bytes every 0.1 s, for eight seconds at most."""
        started = time.monotonic()
        pause = threading.Event()
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(8)
            sock.connect(("127.0.0.1", edge.port))
            sock.sendall(f"GET /v1/{opened}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            try:
                while time.monotonic() - started < 8 and sock.recv(step):
                    pause.wait(0.1)
            except OSError:
                pass
        took[step] = time.monotonic() - started

    threads = [threading.Thread(target=read, args=(step,)) for step in (60, 8_000)]
    for thread in threads:
        thread.start()
    until(lambda: edge.health()["connections"] == 2, seconds=7, what="letting the trickling one go")
    for thread in threads:
        thread.join()
    assert took[8_000] >= 8
    assert edge.get(f"/v1/{opened}/{package}/v720/0.m4s").body == objects["v720/0.m4s"]
