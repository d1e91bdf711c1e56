"""The servers of bench/edge.py, each a process of its own on one core, with the same bytes: ours, nginx, the floor."""

import base64
import contextlib
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.edge.harness import Edge, free_port, running_origin, token, until

SIZES = {"4 KiB": 4 << 10, "64 KiB": 64 << 10, "512 KiB": 512 << 10, "2 MiB": 2 << 20, "4 MiB": 4 << 20}
OURS, NGINX, QUIET, FLOOR = "netflixlite edge", "nginx, access log", "nginx, no log", "C floor"
_NGINX = """
daemon off; master_process on; worker_processes 1; worker_cpu_affinity {mask}; user {user};
worker_rlimit_nofile 8192; pid {home}/nginx.pid; error_log {home}/error.log;
events {{ worker_connections 4096; }}
http {{
  sendfile on; tcp_nopush on; open_file_cache max=1000; open_file_cache_valid 60s; keepalive_requests 1000000000;
  default_type video/mp4; client_body_temp_path {home}/t; proxy_temp_path {home}/t; fastcgi_temp_path {home}/t;
  uwsgi_temp_path {home}/t; scgi_temp_path {home}/t;
  server {{ listen 127.0.0.1:{port} backlog=1024; access_log {home}/access.log; include {home}/links.conf; }}
  server {{ listen 127.0.0.1:{quiet} backlog=1024; access_log off; include {home}/links.conf; }}
}}
"""
_LINKS = """
  location /v1/ {{
    root {root}; secure_link $arg_md5,$arg_expires; secure_link_md5 "$secure_link_expires$uri secret";
    if ($secure_link = "") {{ return 403; }} if ($secure_link = "0") {{ return 410; }}
    add_header Cache-Control "public, max-age=31536000, immutable"; add_header Access-Control-Allow-Origin *;
  }}
"""


@dataclass
class Server:
    """A server under test: where it listens, which process does the work, what to ask for by size."""

    name: str
    port: int
    pid: int
    targets: dict[str, str] = field(default_factory=dict)

    def cpu_seconds(self) -> float:
        """CPU time that all threads of the process have used."""
        total = 0
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
        if total:
            return total / 1e9
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        """Bytes that are the process's own: anonymous memory, without the page cache."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon"):
                return int(line.split()[1]) * 1024
        return 0


@contextlib.contextmanager
def our_node(home: Path, core: int) -> Iterator[tuple[Server, dict[str, bytes]]]:
    """An edge of one process that holds one object of each size."""
    with running_origin() as origin:
        origin.interval = 2.0  # as a site's: the tests' is four times as often, and counts as ours
        package, objects = origin.add(segments=len(SIZES), sizes=tuple(SIZES.values()))
        edge = Edge(origin.url, home / "edge").start("--capacity-mbps", "1000000", "--workers", "1")
        try:
            assert edge.process is not None
            os.sched_setaffinity(edge.process.pid, {core})
            server = Server(OURS, edge.port, edge.process.pid)
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
    (home / "links.conf").write_text(_LINKS.format(root=root))
    user = "root" if os.geteuid() == 0 else "nobody"
    text = _NGINX.format(home=home, port=port, quiet=quiet, mask=bin(1 << core)[2:], user=user)
    (home / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [program, "-c", str(home / "nginx.conf"), "-p", str(home)], stderr=subprocess.DEVNULL
    )
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        worker = until(lambda: children.read_text().split(), what="nginx's worker")
        os.sched_setaffinity(int(worker[0]), {core})
        pair = ((NGINX, port), (QUIET, quiet))
        yield [Server(name, number, int(worker[0]), dict(targets)) for name, number in pair]
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def floor(program: Path | None, home: Path, core: int, content: dict[str, bytes]) -> Iterator[list[Server]]:
    """What the kernel alone asks for, as a C program shows; none without a compiler."""
    if program is None:
        yield []
        return
    port = free_port()
    for number, size in enumerate(SIZES):
        (home / f"{number}.bin").write_bytes(content[size])
    files = [str(home / f"{number}.bin") for number in range(len(SIZES))]
    process = subprocess.Popen([str(program), str(port), *files])
    os.sched_setaffinity(process.pid, {core})
    try:
        targets = {size: f"/{number}.m4s" for number, size in enumerate(SIZES)}
        until(lambda: _listens(port), what="the floor's port")
        yield [Server(FLOOR, port, process.pid, targets)]
    finally:
        process.kill()
        process.wait(10)


def _listens(port: int) -> bool:
    wanted = f":{port:04X} 00000000:0000 0A"
    return any(wanted in line for line in Path("/proc/net/tcp").read_text().splitlines())
