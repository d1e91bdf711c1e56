"""What TLS costs an edge node: our process with OpenSSL, a terminating nginx before it, and nginx alone.

Servers are pinned to one core and the client to another; runs are interleaved and the figures are medians of pairs.
CPU time is read from /proc. Kernel TLS is tried for and said when the kernel has none. Run by `make bench NAME=tls`.
"""

import contextlib
import os
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report
from tests.edge.authority import Authority
from tests.edge.harness import Edge, free_port, running_origin, token, until

SIZES = {"64k": 65_536, "512k": 524_288, "4m": 4 << 20}
CONNECTIONS = 8
_CONF = """
daemon off; master_process off; worker_processes 1; pid {home}/pid; error_log {home}/error.log crit; {user}
events {{ worker_connections 256; }}
http {{
  access_log off; default_type video/mp4; client_body_temp_path {home}/t; proxy_temp_path {home}/t;
  fastcgi_temp_path {home}/t; uwsgi_temp_path {home}/t; scgi_temp_path {home}/t; sendfile on; tcp_nopush on;
  open_file_cache max=100; keepalive_requests 1000000000; ssl_session_cache shared:s:1m;
  ssl_certificate {cert}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
  upstream node {{ server 127.0.0.1:{node}; keepalive 32; }}
  server {{ listen 127.0.0.1:{port} ssl; {serve} }}
}}
"""
_FILES = "root {home}/root;"
_PROXY = (
    "location / {{ proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ''; "
    "proxy_buffering on; proxy_max_temp_file_size 0; proxy_buffers 8 64k; }}"
)


@dataclass
class Server:
    """Something that serves: its port and the processes whose CPU counts."""

    name: str
    port: int
    pids: list[int]
    secure: bool = True
    #: CPU seconds per GB, by size; CPU milliseconds per new connection.
    costs: dict[str, list[float]] = field(default_factory=dict)
    greetings: list[float] = field(default_factory=list)

    def cpu(self) -> float:
        """CPU seconds spent so far: the scheduler's count, since a clock tick of 10 ms is a tenth of a run."""
        tasks = (task for pid in self.pids for task in Path(f"/proc/{pid}/task").iterdir())
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def connect(server: Server, context: ssl.SSLContext) -> socket.socket:
    """A connection, encrypted where the server wants it."""
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    return context.wrap_socket(sock, server_hostname="127.0.0.1") if server.secure else sock


def fetch(socks: list[socket.socket], request: bytes, size: int, rounds: int) -> int:
    """Ask on all connections at once and read what comes, again and again; → bytes of objects."""
    room = bytearray(1 << 18)
    for _ in range(rounds):
        for sock in socks:
            sock.sendall(request)
        for sock in socks:
            got, head = 0, b""
            while b"\r\n\r\n" not in head:
                head += sock.recv(16_384)
            assert head.startswith(b"HTTP/1.1 200"), head[:200]
            got = len(head) - head.index(b"\r\n\r\n") - 4
            while got < size:
                got += sock.recv_into(room)
    return rounds * len(socks) * size


def measure(server: Server, size: str, path: str, context: ssl.SSLContext, total: int) -> float:
    """CPU seconds per GB for objects of this size."""
    request = f"GET {path} HTTP/1.1\r\nHost: n1\r\n\r\n".encode()
    socks = [connect(server, context) for _ in range(CONNECTIONS)]
    try:
        fetch(socks, request, SIZES[size], 2)
        before = server.cpu()
        sent = fetch(socks, request, SIZES[size], max(2, total // (SIZES[size] * CONNECTIONS)))
        return (server.cpu() - before) / sent * 1e9
    finally:
        for sock in socks:
            sock.close()


def greet(server: Server, path: str, context: ssl.SSLContext, count: int) -> float:
    """CPU milliseconds for a new connection with one small answer."""
    request = f"HEAD {path} HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n".encode()
    before = server.cpu()
    for _ in range(count):
        with connect(server, context) as sock:
            sock.sendall(request)
            while sock.recv(16_384):
                pass
    return (server.cpu() - before) / count * 1000


@contextlib.contextmanager
def nginx(home: Path, name: str, core: int, **values: object) -> Iterator[Server]:
    """A running nginx."""
    home.mkdir(exist_ok=True)
    port = free_port()
    conf = home / "nginx.conf"
    serve = str(values.pop("serve")).format(home=values["root"])
    user = "user root;" if os.geteuid() == 0 else ""
    conf.write_text(_CONF.format(home=home, port=port, serve=serve, user=user, **values))
    process = subprocess.Popen(["nginx", "-e", str(home / "start.log"), "-p", str(home), "-c", str(conf)])
    os.sched_setaffinity(process.pid, {core})

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(listens, what="nginx")
        yield Server(name, port, [process.pid])
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def node(home: Path, name: str, core: int, origin_url: str, *more: str, secure: bool) -> Iterator[Server]:
    """One of our nodes, one process."""
    edge = Edge(origin_url, home)
    edge.start(*more, "--workers", "1", wait=False)
    assert edge.process is not None
    os.sched_setaffinity(edge.process.pid, {core})
    try:
        until(lambda: "state: warming → active" in edge.log.read_text(), what="the node")
        yield Server(name, edge.port, [edge.process.pid], secure)
    finally:
        edge.stop()


def run(servers: list[Server], paths: dict[str, str], context: ssl.SSLContext, total: int) -> None:
    """Every server once with every size, and with new connections."""
    for size, path in paths.items():
        for server in servers:
            server.costs.setdefault(size, []).append(measure(server, size, path, context, total))
    for server in servers:
        if server.secure:
            server.greetings.append(greet(server, paths["64k"], context, 60))


def kernel_tls() -> str:
    """Whether this kernel encrypts by itself."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, 31, b"tls")  # TCP_ULP
        except OSError as error:
            return f"kernel TLS: not here ({error.strerror}), so it was not measured"
    return "kernel TLS: this kernel has it; neither server was told to use it"


def main() -> int:
    """Measure, print, judge."""
    options = _report.arguments(__doc__ or "")
    if shutil.which("nginx") is None:
        print("nginx is not installed: nothing to compare with")
        return 2
    cores = sorted(os.sched_getaffinity(0))
    core, other = cores[0], cores[-1]
    pairs, total = (3, 150 << 20) if options.quick else (15, 300 << 20)
    print(kernel_tls())
    with tempfile.TemporaryDirectory(prefix="netflixlite-bench-tls-") as folder, running_origin() as origin:
        home = Path(folder)
        package, objects = origin.add(segments=len(SIZES), sizes=tuple(SIZES.values()))
        opened = token(package)
        paths = {size: f"/v1/{opened}/{package}/v720/{number}.m4s" for number, size in enumerate(SIZES)}
        for number, size in enumerate(SIZES):
            place = home / "root" / paths[size][1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(objects[f"v720/{number}.m4s"])
        authority = Authority()
        cert, key = authority.issue(home, "127.0.0.1")
        context = ssl.create_default_context(cadata=authority.root_pem().decode())
        given = {"cert": cert, "key": key, "root": home}
        with contextlib.ExitStack() as stack:
            plain = stack.enter_context(node(home / "a", "our node, plain", core, origin.url, secure=False))
            secret = ("--cert", str(cert), "--key", str(key))
            ours = stack.enter_context(
                node(home / "b", "our node, TLS", core, origin.url, *secret, secure=True)
            )
            theirs = stack.enter_context(
                nginx(home / "n", "nginx, TLS", core, node=plain.port, serve=_FILES, **given)
            )
            front = stack.enter_context(
                nginx(home / "f", "nginx before our node", core, node=plain.port, serve=_PROXY, **given)
            )
            front.pids += plain.pids
            os.sched_setaffinity(0, {other})
            servers = [ours, theirs, front, plain]
            started = time.monotonic()
            for number in range(pairs):
                run(servers if number % 2 else servers[::-1], paths, context, total // 3)
            print(f"{pairs} pairs, {CONNECTIONS} connections, {time.monotonic() - started:.0f} s")
            return _say(ours, theirs, front, servers, as_json=options.json)


def _say(ours: Server, theirs: Server, front: Server, servers: list[Server], *, as_json: bool) -> int:
    rows = [
        [server.name, *(f"{statistics.median(server.costs[size]):.3f}" for size in SIZES),
         f"{statistics.median(server.greetings):.2f}" if server.greetings else "-"]
        for server in servers
    ]  # fmt: skip
    _report.table(["CPU seconds per GB", *SIZES, "ms per new connection"], rows)
    figures: dict[str, float | int | None] = {}
    for size in SIZES:
        pairs = list(zip(ours.costs[size], theirs.costs[size], strict=True))
        ratios = [mine / other for mine, other in pairs]
        figures[f"tls_cpu_ratio_to_nginx_{size}"] = round(statistics.median(ratios), 3)
        low, _, high = statistics.quantiles(ratios, n=4)
        print(f"{size}: {statistics.median(ratios):.2f} of nginx's CPU (quartiles {low:.2f} … {high:.2f})")
        fronted = [mine / other for mine, other in zip(front.costs[size], theirs.costs[size], strict=True)]
        figures[f"tls_front_cpu_ratio_to_nginx_{size}"] = round(statistics.median(fronted), 3)
    greetings = [mine / other for mine, other in zip(ours.greetings, theirs.greetings, strict=True) if other]
    figures["tls_greeting_ratio_to_nginx"] = round(statistics.median(greetings), 3) if greetings else None
    # Large answers are the cipher's and the kernel's work; in small ones Python's part is seen.
    bounds = {"64k": 1.3, "512k": 1.1, "4m": 1.1}
    goals = {f"tls_cpu_ratio_to_nginx_{size}": ("<=", bound) for size, bound in bounds.items()}
    _report.finish("tls", figures, goals, as_json=as_json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
