"""What happens when everybody asks a cold node for the same segment at once, beside nginx with proxy_cache_lock.

500 viewers, connected already, ask for a segment that the node does not hold; the origin is 100 ms away (and then 10).
Measured for each viewer: when its first byte of the body comes, and when its last does, from the moment at which all
ask. How often the origin was asked is counted at the origin. Then the same with a viewer who takes nothing, and with
three cold nodes of one site. Runs of ours and nginx's are interleaved, each with a segment of its own; medians.
"""

import contextlib
import os
import select
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report
from bench._origin import FarOrigin, far_origin
from bench.edge import quiet_network
from tests.edge.harness import Edge, free_port, token, until

VIEWERS, SIZE = 500, 1 << 20
#: Seconds from the origin's hearing a question to its first byte.
NEAR, FAR = 0.010, 0.100
GOALS = {
    "origin_fetches": ("<=", 1.0),
    "last_to_first_byte_ratio": ("<=", 1.2),
    "slow_reader_ratio": ("<=", 1.1),
    "peers_origin_fetches": ("<=", 1.0),
}
NGINX = """
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 8192; user {user};
pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {home}/t; proxy_temp_path {home}/p; fastcgi_temp_path {home}/t; uwsgi_temp_path {home}/t;
  scgi_temp_path {home}/t;
  proxy_cache_path {home}/cache keys_zone=c:10m max_size=4g;
  upstream origin {{ server {origin}; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache c; proxy_cache_key $uri; proxy_cache_valid 200 1h; proxy_cache_lock on;
      proxy_cache_lock_timeout 30s; proxy_cache_lock_age 30s;
    }}
  }}
}}
"""


@dataclass
class Crowd:
    """When each viewer's first and last byte of the body came, in seconds since all asked; sorted."""

    first: list[float]
    last: list[float]

    @property
    def ratio(self) -> float:
        """The last viewer's first byte to the first viewer's."""
        return self.first[-1] / self.first[0]


class Viewers:
    """Connections that ask at once; bodies are thrown away in the kernel."""

    def __init__(self, ports: list[int], count: int) -> None:
        self._socks: list[socket.socket] = []
        for number in range(count):
            port = ports[number % len(ports)]
            self._socks.append(socket.create_connection(("127.0.0.1", port)))
            self._socks[-1].setblocking(False)
        self._scrap = bytearray(SIZE)

    def ask(self, target: str, *, seconds: float = 60.0) -> Crowd:
        """All ask for this; → when the bytes came. Raises AssertionError when an answer is no 200 of the right size."""
        request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        epoll, left, heads = select.epoll(), {}, {}
        by_number = {sock.fileno(): sock for sock in self._socks}
        first: dict[int, float] = {}
        last: list[float] = []
        began = time.perf_counter()
        for sock in self._socks:
            sock.send(request)
            epoll.register(sock.fileno(), select.EPOLLIN)
            heads[sock.fileno()] = b""
        deadline = began + seconds
        while len(last) < len(self._socks):
            assert time.perf_counter() < deadline, (
                f"{len(last)} of {len(self._socks)} answers within {seconds} s"
            )
            ready = [number for number, _ in epoll.poll(1, 1024)]
            # Who has nothing yet comes first: draining one viewer's megabyte must not count as another's waiting.
            waiting = [number for number in ready if number not in first]
            for number in waiting:
                data = by_number[number].recv(4096)
                assert data, "the server closed"
                heads[number] += data
                head, empty, body = heads[number].partition(b"\r\n\r\n")
                if empty and number not in left:
                    assert head.startswith(b"HTTP/1.1 200"), head[:300]
                    assert f"content-length: {SIZE}".encode() in head.lower(), head
                    left[number] = SIZE
                if empty and body:
                    first[number] = time.perf_counter() - began
                    left[number] -= len(body)
            if waiting and len(first) < len(self._socks):
                continue
            for number in ready:
                with contextlib.suppress(BlockingIOError):
                    got = by_number[number].recv_into(self._scrap, 0, socket.MSG_TRUNC)
                    assert got, "the server closed"
                    left[number] -= got
                if not left[number]:
                    last.append(time.perf_counter() - began)
                    epoll.unregister(number)
        epoll.close()
        return Crowd(sorted(first.values()), last)

    def close(self) -> None:
        """Hang up."""
        for sock in self._socks:
            sock.close()


@contextlib.contextmanager
def nodes(origin: FarOrigin, home: Path, core: int, count: int) -> Iterator[list[Edge]]:
    """Cold nodes of one site, that know each other when there are several."""
    origin.set("share_peers", count > 1)
    origin.set("nodes", {})
    edges = []
    try:
        for number in range(count):
            edge = Edge(origin.url, home / f"edge-{count}-{number}", name=f"n{number}")
            edges.append(edge.start("--capacity-mbps", "1000000"))
            assert edge.process is not None
            for task in Path(f"/proc/{edge.process.pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {core})
        until(lambda: origin.enrolled() == count, what="the enrolments")
        for edge in edges:
            until(lambda edge=edge: edge.health()["peers_known"] == count - 1, what="knowing the peers")
        yield edges
    finally:
        for edge in edges:
            edge.stop()


@contextlib.contextmanager
def nginx(origin: FarOrigin, home: Path, core: int) -> Iterator[int]:
    """The anchor's port; 0 when it is not installed."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield 0
        return
    home.mkdir()
    port, user = free_port(), "root" if os.geteuid() == 0 else "nobody"
    place = origin.url.removeprefix("http://")
    (home / "nginx.conf").write_text(NGINX.format(home=home, port=port, user=user, origin=place))
    argv = [program, "-c", str(home / "nginx.conf"), "-p", str(home)]
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for worker in until(lambda: children.read_text().split(), what="nginx's worker"):
            os.sched_setaffinity(int(worker), {core})
        yield port
    finally:
        process.terminate()
        process.wait(10)


def crowds(
    origin: FarOrigin, home: Path, core: int, rounds: int, figures: dict[str, float | int | None]
) -> None:
    """500 viewers of one cold node, and of nginx, with the origin far and near."""
    package = origin.add(segments=8 * rounds + 8, size=0, sizes=(SIZE,))
    rows, number = [], 0
    with nodes(origin, home, core, 1) as [edge], nginx(origin, home / "nginx", core) as port:
        ours = Viewers([edge.port], VIEWERS)
        its = Viewers([port], VIEWERS) if port else None
        who = {"netflixlite edge": (ours, f"/v1/{token(package, lasts=3600)}")}
        if its is not None:
            who["nginx, cache lock"] = (its, "/origin/v1")
        else:
            print("NGINX IS NOT INSTALLED (apt-get install nginx): only our own figures follow")
        edge.get(f"/v1/{token(package)}/{package}/v720/index.m3u8")
        for delay, suffix in ((FAR, ""), (NEAR, "_near")):
            origin.set("delay", delay)
            found: dict[str, list[Crowd]] = {name: [] for name in who}
            fetches = dict.fromkeys(who, 0)
            for turn in range(rounds):
                for name in list(who) if turn % 2 else reversed(list(who)):
                    viewers, before = who[name]
                    number += 1
                    asked = f"v720/{number}.m4s"
                    found[name].append(viewers.ask(f"{before}/{package}/{asked}"))
                    # The segment behind it, which is fetched ahead, is another round's: it must be cold then.
                    number += 1
                    fetches[name] = max(fetches[name], origin.asked(asked))
            for name, runs in found.items():
                rows.append((f"{delay * 1000:.0f} ms", name, fetches[name], *line(runs)))
            mine = found["netflixlite edge"]
            figures[f"last_to_first_byte_ratio{suffix}"] = round(
                statistics.median(run.ratio for run in mine), 3
            )
            figures["origin_fetches"] = max(
                int(figures.get("origin_fetches") or 0), fetches["netflixlite edge"]
            )
            if its is not None:
                other = found["nginx, cache lock"]
                figures[f"last_to_first_byte_ratio_nginx{suffix}"] = round(
                    statistics.median(run.ratio for run in other), 3
                )
                pairs = [m.first[-1] / i.first[-1] for m, i in zip(mine, other, strict=True)]
                figures[f"last_first_byte_to_nginx{suffix}"] = round(statistics.median(pairs), 3)
        for viewers, _ in who.values():
            viewers.close()
    head = ("origin at", "server", "fetches", "first, ms", "last, ms", "ratio", "quartiles", "all done, ms")
    _report.table(head, rows)
    print("(first and last: the body's first byte at the viewer who has it first, and last)\n")


def line(runs: list[Crowd]) -> tuple[str, ...]:
    """Medians of several runs, for the table."""
    ratios = sorted(run.ratio for run in runs)
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
    return (
        f"{statistics.median(run.first[0] for run in runs) * 1000:.0f}",
        f"{statistics.median(run.first[-1] for run in runs) * 1000:.0f}",
        f"{statistics.median(ratios):.2f}",
        f"{low:.2f}-{high:.2f}",
        f"{statistics.median(run.last[-1] for run in runs) * 1000:.0f}",
    )


def slow_reader(
    origin: FarOrigin, home: Path, core: int, rounds: int, figures: dict[str, float | int | None]
) -> None:
    """Viewers with one among them who takes nothing, and without: the time until all others have everything."""
    package = origin.add(segments=4 * rounds + 8, size=0, sizes=(SIZE,), seed=2)
    origin.set("delay", FAR)
    times: dict[bool, list[float]] = {False: [], True: []}
    with nodes(origin, home / "slow", core, 1) as [edge]:
        opened = token(package, lasts=3600)
        edge.get(f"/v1/{opened}/{package}/v720/index.m3u8")
        viewers, number = Viewers([edge.port], VIEWERS // 2), 0
        for turn in range(rounds):
            for stalled in (bool(turn % 2), not turn % 2):
                number += 2
                target = f"/v1/{opened}/{package}/v720/{number}.m4s"
                with socket.socket() as sleeper:
                    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    sleeper.connect(("127.0.0.1", edge.port))
                    if stalled:
                        sleeper.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                    times[stalled].append(viewers.ask(target).last[-1])
        viewers.close()
    ratio = statistics.median(a / b for a, b in zip(times[True], times[False], strict=True))
    figures["slow_reader_ratio"] = round(ratio, 3)
    print(
        f"one of {VIEWERS // 2} takes nothing: the others are done after {ratio:.2f} times the time without\n"
    )


def peers(
    origin: FarOrigin, home: Path, core: int, rounds: int, figures: dict[str, float | int | None]
) -> None:
    """Three cold nodes of one site, each with its viewers, all asking for the same segment."""
    package = origin.add(segments=2 * rounds + 4, size=0, sizes=(SIZE,), seed=3)
    origin.set("delay", FAR)
    fetched, first, last = [], [], []
    with nodes(origin, home, core, 3) as edges:
        opened = token(package, lasts=3600)
        for edge in edges:
            edge.get(f"/v1/{opened}/{package}/v720/index.m3u8")
        viewers = Viewers([edge.port for edge in edges], 90)
        for turn in range(rounds):
            name = f"v720/{2 * turn}.m4s"
            before = origin.asked(name)
            crowd = viewers.ask(f"/v1/{opened}/{package}/{name}")
            fetched.append(origin.asked(name) - before)
            first.append(crowd.first[0] * 1000)
            last.append(crowd.first[-1] * 1000)
        viewers.close()
        health = [edge.health() for edge in edges]
    figures["peers_origin_fetches"] = round(statistics.mean(fetched), 3)
    given = sum(page["peer_bytes"] for page in health)
    share = given / sum(page["fill_bytes"] for page in health)
    print(
        f"three cold nodes, {rounds} segments: {statistics.mean(fetched):.2f} fetches of the origin for each"
    )
    print(
        f"{share:.0%} of what the nodes fetched came from a peer; first byte {statistics.median(first):.0f} ms,"
    )
    print(f"to the last viewer {statistics.median(last):.0f} ms (a peer's bytes wait until all are proved)")


PARTS = {"crowds": crowds, "slow_reader": slow_reader, "peers": peers}


def main() -> int:
    """Run the benchmark."""
    options = _report.arguments(__doc__ or "", parts=tuple(PARTS))
    setting = quiet_network()
    print(f"congestion control: {setting}; {VIEWERS} viewers, segments of {SIZE >> 20} MiB\n")
    cores = sorted(os.sched_getaffinity(0))
    rounds = 4 if options.quick else 15
    figures: dict[str, float | int | None] = {}
    with tempfile.TemporaryDirectory(prefix="nl-bench-") as folder, far_origin(cores[-1]) as origin:
        os.sched_setaffinity(0, {cores[-1]})
        for name, part in PARTS.items():
            if options.part in ("", name):
                home = Path(folder) / name
                home.mkdir()
                (home / "slow").mkdir()
                part(origin, home, cores[0], rounds, figures)
    _report.finish("fill", figures, GOALS, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
