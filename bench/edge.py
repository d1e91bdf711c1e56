"""What an edge node's CPU costs per request, beside nginx with the same bytes, a signed link and an access log.

Servers are pinned to one core and the load generator to another; runs are interleaved and the figures are medians of
pairs, because other work on the machine disturbs both alike. CPU time is read from /proc, so waiting costs nothing.
Run by `make bench NAME=edge`; `--quick` ends within 50 s; `--json` adds one last line for programs.
"""

import base64
import contextlib
import ctypes
import fcntl
import hashlib
import os
import select
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report
from tests.edge.harness import Edge, free_port, running_origin, token, until

SIZES = {"4 KiB": 4096, "64 KiB": 65536, "500 KB": 500_000, "4 MiB": 4 << 20}
KEYS = {"4 KiB": "4k", "64 KiB": "64k", "500 KB": "500k", "4 MiB": "4m"}
#: Ours may cost this much of what nginx costs.
GOALS = {"4 KiB": 1.0, "64 KiB": 1.0, "500 KB": 1.1, "4 MiB": 1.1}
CONNECTIONS = 16
_CLONE_NEWNET, _SIOCSIFFLAGS, _UP_AND_RUNNING = 0x40000000, 0x8914, 0x41
#: What Chromium sends with a segment request of a player.
HEADERS = (
    "Connection: keep-alive\r\nsec-ch-ua-platform: \"Linux\"\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\nsec-ch-ua: \"Chromium\";v=\"140\"\r\n"
    "sec-ch-ua-mobile: ?0\r\nAccept: */*\r\nOrigin: http://127.0.0.1:8000\r\nSec-Fetch-Site: same-site\r\n"
    "Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: http://127.0.0.1:8000/\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n"
)  # fmt: skip
NGINX = """
daemon off; master_process on; worker_processes 1; worker_cpu_affinity {mask}; user {user};
pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
  sendfile on; tcp_nopush on; open_file_cache max=1000; open_file_cache_valid 60s; keepalive_requests 1000000000;
  default_type video/mp4; client_body_temp_path {home}/t; proxy_temp_path {home}/t; fastcgi_temp_path {home}/t;
  uwsgi_temp_path {home}/t; scgi_temp_path {home}/t;
  server {{ listen 127.0.0.1:{port}; access_log {home}/access.log; include {home}/links.conf; }}
  server {{ listen 127.0.0.1:{quiet}; access_log off; include {home}/links.conf; }}
}}
"""
LINKS = """
  location /v1/ {{
    root {root}; secure_link $arg_md5,$arg_expires; secure_link_md5 "$secure_link_expires$uri secret";
    if ($secure_link = "") {{ return 403; }} if ($secure_link = "0") {{ return 410; }}
    add_header Cache-Control "public, max-age=31536000, immutable"; add_header Access-Control-Allow-Origin *;
  }}
"""


def quiet_network() -> str:
    """Move into a network of our own with plain congestion control: BBR's pacing costs more CPU than any server.

    → what the figures were taken with. Needs root; without it the machine's own setting stays, and is said.
    """
    setting = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET) == 0:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _UP_AND_RUNNING))
        for plain in ("cubic", "reno"):
            with contextlib.suppress(OSError):
                setting.write_text(plain)
                break
    return setting.read_text().strip()


@dataclass
class Server:
    """A server under test: where it listens, which process does the work, what to ask for by size."""

    name: str
    port: int
    pid: int
    targets: dict[str, str] = field(default_factory=dict)


def cpu_seconds(pid: int) -> float:
    """CPU time that all threads of a process have used."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            total += int((task / "schedstat").read_text().split()[0])
    if total:
        return total / 1e9
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Client:
    """Keep-alive connections that ask again as soon as they are answered; bodies are thrown away in the kernel."""

    def __init__(self, port: int, target: str, length: int, connections: int) -> None:
        self._request = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{HEADERS}".encode()
        self._epoll, self._scrap = select.epoll(), bytearray(1 << 20)
        self._socks: dict[int, socket.socket] = {}
        self._left: dict[int, int] = {}
        for _ in range(connections):
            sock = socket.create_connection(("127.0.0.1", port))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._whole = self._first(sock, length)
            sock.setblocking(False)
            self._socks[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)

    def _first(self, sock: socket.socket, length: int) -> int:
        """One answer read with care → its whole length on the wire, head included."""
        sock.sendall(self._request)
        got = b""
        while b"\r\n\r\n" not in got:
            got += sock.recv(65536)
        head = got.partition(b"\r\n\r\n")[0]
        assert head.startswith(b"HTTP/1.1 200"), head[:200]
        assert f"Content-Length: {length}".encode() in head, head
        whole = len(head) + 4 + length
        while len(got) < whole:
            got += sock.recv(1 << 20)
        return whole

    def run(self, seconds: float) -> tuple[int, float]:
        """Ask for so long → answers, and the time it took."""
        for number, sock in self._socks.items():
            self._left[number] = self._whole
            sock.send(self._request)
        done, busy = 0, len(self._socks)
        started = time.perf_counter()
        end = started + seconds
        while busy:
            for number, _ in self._epoll.poll(5, 64):
                sock = self._socks[number]
                with contextlib.suppress(BlockingIOError):
                    got = sock.recv_into(self._scrap, 0, socket.MSG_TRUNC)
                    if not got:
                        raise ConnectionError("the server closed")
                    self._left[number] -= got
                if self._left[number] == 0:
                    done += 1
                    if time.perf_counter() < end:
                        self._left[number] = self._whole
                        sock.send(self._request)
                    else:
                        busy -= 1
        return done, time.perf_counter() - started

    def close(self) -> None:
        """Hang up."""
        for sock in self._socks.values():
            sock.close()
        self._epoll.close()


@contextlib.contextmanager
def our_node(home: Path, core: int) -> Iterator[tuple[Server, dict[str, bytes]]]:
    """An edge that holds one object of each size, in a process of its own pinned to `core`."""
    with running_origin() as origin:
        package, objects = origin.add(segments=len(SIZES), sizes=tuple(SIZES.values()))
        edge = Edge(origin.url, home / "edge").start("--capacity-mbps", "1000000")
        try:
            assert edge.process is not None
            os.sched_setaffinity(edge.process.pid, {core})
            server = Server("netflixlite edge", edge.port, edge.process.pid)
            opened, content = token(package, lasts=3600), {}
            for number, size in enumerate(SIZES):
                path = f"/v1/{opened}/{package}/v720/{number}.m4s"
                server.targets[size], content[size] = path, objects[f"v720/{number}.m4s"]
                until(
                    lambda path=path: edge.get(path).headers["X-Cache"] == "HIT", what="holding the objects"
                )
            yield server, content
        finally:
            edge.stop()


@contextlib.contextmanager
def nginx_servers(home: Path, core: int, content: dict[str, bytes]) -> Iterator[list[Server]]:
    """The anchor: nginx with sendfile and secure_link, with and without its access log; none when not installed."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield []
        return
    root, port, quiet = home / "www", free_port(), free_port()
    expires = int(time.time()) + 3600
    targets = {}
    for number, size in enumerate(SIZES):
        path = f"/v1/package/v720/{number}.m4s"
        (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / path[1:]).write_bytes(content[size])
        digest = hashlib.md5(f"{expires}{path} secret".encode()).digest()
        link = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        targets[size] = f"{path}?md5={link}&expires={expires}"
    for folder in (home, root, *root.rglob("*")):
        folder.chmod(0o755)
    (home / "links.conf").write_text(LINKS.format(root=root))
    user = "root" if os.geteuid() == 0 else "nobody"
    text = NGINX.format(home=home, port=port, quiet=quiet, mask=bin(1 << core)[2:], user=user)
    (home / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [program, "-c", str(home / "nginx.conf"), "-p", str(home)], stderr=subprocess.DEVNULL
    )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        worker = until(lambda: children.read_text().split(), what="nginx's worker")
        os.sched_setaffinity(int(worker[0]), {core})
        pair = (("nginx, access log", port), ("nginx, no log", quiet))
        yield [Server(name, number, int(worker[0]), dict(targets)) for name, number in pair]
    finally:
        process.terminate()
        process.wait(10)


def measure(
    servers: list[Server], *, rounds: int, seconds: float
) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """(CPU microseconds per request, requests per second) by size and server, one pair for each round."""
    found: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for size, length in SIZES.items():
        found[size] = {server.name: [] for server in servers}
        clients = {s.name: Client(s.port, s.targets[size], length, CONNECTIONS) for s in servers}
        for server in servers:
            clients[server.name].run(seconds / 4)
        for turn in range(rounds):
            for server in servers if turn % 2 else reversed(servers):
                before = cpu_seconds(server.pid)
                answers, took = clients[server.name].run(seconds)
                spent = cpu_seconds(server.pid) - before
                found[size][server.name].append((spent / answers * 1e6, answers / took))
        for client in clients.values():
            client.close()
    return found


def report(found: dict[str, dict[str, list[tuple[float, float]]]], servers: list[Server]) -> dict[str, float]:
    """Print the table; → the figures."""
    ours, figures, rows = servers[0].name, {}, []
    for size, by_server in found.items():
        for server in servers:
            runs = by_server[server.name]
            cost, rate = (statistics.median(column) for column in zip(*runs, strict=True))
            ratios = [mine[0] / its[0] for mine, its in zip(by_server[ours], runs, strict=True)]
            ratio = statistics.median(ratios)
            shown = "" if server.name == ours else f"{ratio:.2f}"
            rows.append((size, server.name, f"{cost:.1f}", f"{rate:.0f}", shown))
            if server.name == ours:
                figures[f"cpu_us_{KEYS[size]}"] = round(cost, 2)
            elif server.name == "nginx, access log":
                figures[f"cpu_ratio_{KEYS[size]}"] = round(ratio, 3)
            else:
                figures[f"cpu_ratio_no_log_{KEYS[size]}"] = round(ratio, 3)
    _report.table(("size", "server", "CPU µs/request", "requests/s", "CPU, ours / its"), rows)
    return figures


def main() -> int:
    """Run the benchmark."""
    options = _report.arguments(__doc__ or "")
    print(
        f"congestion control: {quiet_network()}; {CONNECTIONS} connections; bodies are dropped in the kernel\n"
    )
    cores = sorted(os.sched_getaffinity(0))
    server_core, client_core = cores[0], cores[-1]
    rounds, seconds = (5, 0.5) if options.quick else (15, 0.7)
    with (
        tempfile.TemporaryDirectory(prefix="nl-bench-") as folder,
        our_node(Path(folder), server_core) as (node, content),
    ):
        os.sched_setaffinity(0, {client_core})
        home = Path(folder) / "nginx"
        home.mkdir()
        with nginx_servers(home, server_core, content) as anchors:
            if not anchors:
                print(
                    "NGINX IS NOT INSTALLED (apt-get install nginx): only our own figures follow, without ratios"
                )
            servers = [node, *anchors]
            figures = report(measure(servers, rounds=rounds, seconds=seconds), servers)
    goals = {f"cpu_ratio_{KEYS[size]}": ("<=", most) for size, most in GOALS.items()}
    _report.finish("edge", figures, goals, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
