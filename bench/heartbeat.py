"""One control plane and 1,000 nodes that report every 2 seconds: how long an answer takes, what it costs.

A real uvicorn of the site in a process of its own, SQLite, one connection for each node, real signatures. The nodes are
simulated in this process, which also answers the site's looks at them. Each answer is timed twice: as a node sees it,
from the moment its beat was due (so a late generator counts against us, too), and in the site's process, from the
arrival of its bytes until the answer was written. Beside it the beats of a tenth of them through Django's view alone,
as they were heard before.
"""

import asyncio
import contextlib
import gc
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from cdn.signing import proof_message, request_message

TOP = Path(__file__).resolve().parent.parent
NODES, INTERVAL = 1000, 2.0
#: Django's view alone could not keep up with all of them on one core: it gets this many, and CPU per beat is compared.
PLAIN_NODES = 100
PATH, PROOF_PORT = "/api/v1/cdn/heartbeat", 8690
GOALS = {
    "heartbeat_p99_ms": ("<", 50.0),
    "heartbeat_server_p99_ms": ("<", 50.0),
    "sql_per_beat": ("<=", 0.0),
    "refused": ("<=", 0.0),
}
_MAKE_ROWS = """
import django, json, sys
django.setup()
from cdn.models import EdgeNode
EdgeNode.objects.bulk_create(EdgeNode(id=one["id"], slot=number, name=f"node-{number}", site=f"site-{number // 10}",
    region=f"region-{number // 100}", base_url=one["url"], public_key=one["key"], state="active",
    capacity_bps=10**10, disk_bytes=10**12, version="1") for number, one in enumerate(json.load(sys.stdin), start=1))
"""


@dataclass
class Node:
    """One simulated node: its key, and what it last heard."""

    number: int
    id: UUID = field(default_factory=uuid4)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sequence: int = 0
    keys_version: int = 0
    peers: int = 0

    @property
    def url(self) -> str:
        """Where the site looks at it: each node has a loopback address of its own."""
        return f"http://{_address(self.number)}:{PROOF_PORT}"

    def beat(self, at: float) -> bytes:
        """A heartbeat as it goes over the wire, signed for this moment in seconds since 1970."""
        self.sequence += 1
        body = json.dumps(
            {
                "base_url": self.url, "capacity_bps": 10**10, "version": "1",
                "boot": self.id.hex[:12], "workers": 4, "egress_bps": random.randrange(10**10), "sessions": 700,
                "inflight": 40, "cpu": 0.31, "ttfb_p50_ms": 0.8, "ttfb_p95_ms": 3.1, "cache_bytes": 9 * 10**11,
                "cache_limit": 10**12, "disk_free": 10**11, "hits": self.sequence * 900, "misses": self.sequence * 9,
                "fill_bytes": 10**9, "peer_bytes": 10**9, "origin_bytes": 10**8, "keys_version": self.keys_version,
                "peers": self.peers, "pinned": True, "faults": [], "cert_until": 1 << 31,
            }
        ).encode()  # fmt: skip
        now, sequence = f"{at:.3f}", str(self.sequence)
        signature = self.key.sign(request_message("POST", PATH, now, sequence, body)).hex()
        return (
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-Node-Id: {self.id}\r\n"
            f"X-Node-Time: {now}\r\nX-Node-Seq: {sequence}\r\nX-Node-Signature: {signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def _address(number: int) -> str:
    return f"127.77.{number // 250}.{1 + number % 250}"


class Proofs(asyncio.Protocol):
    """Answers the site's looks as the node whose address was asked."""

    def __init__(self, nodes: dict[str, Node]) -> None:
        self._nodes = nodes
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        node = self._nodes[self._transport.get_extra_info("sockname")[0]]
        nonce = data.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        body = node.key.sign(proof_message(nonce)).hex().encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self._transport.close()


class Wire(asyncio.Protocol):
    """A node's connection: one question at a time."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def ask(self, message: bytes) -> "asyncio.Future[tuple[int, bytes]]":
        """Send; → status and body when they come."""
        assert self.transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(message)
        return self._waiting

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._waiting is None:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) >= end + 4 + length:
            body = bytes(self._buffer[end + 4 : end + 4 + length])
            self._buffer.clear()
            waiting, self._waiting = self._waiting, None
            if not waiting.done():
                waiting.set_result((int(head[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the site closed the connection"))


@dataclass
class Tally:
    """What came of the beats."""

    seconds: list[float] = field(default_factory=list)
    #: How late the generator was to send each.
    late: list[float] = field(default_factory=list)
    refused: int = 0
    bytes: int = 0
    #: Only what was due from here on is counted.
    since: float = float("inf")


async def live(node: Node, port: int, until: float, tally: Tally) -> None:
    """One node's life: a beat every 2 s, give or take a fifth."""
    loop = asyncio.get_running_loop()
    due = loop.time() + random.random() * INTERVAL
    _, wire = await loop.create_connection(Wire, "127.0.0.1", port)
    while due < until:
        # Signed before it is due: a thousand nodes sign on machines of their own, not one after the other.
        message = node.beat(time.time() + due - loop.time())
        await asyncio.sleep(max(0.0, due - loop.time()))
        sent = loop.time()
        status, body = await wire.ask(message)
        if due >= tally.since:
            tally.seconds.append(loop.time() - due)
            tally.late.append(sent - due)
            tally.bytes += len(body)
            tally.refused += status != 200
        if status == 200:
            heard = json.loads(body)
            node.keys_version, node.peers = heard["keys_version"], heard.get("peers_version", 0)
        due += INTERVAL * random.uniform(0.8, 1.2)
    assert wire.transport is not None
    wire.transport.close()


@contextlib.contextmanager
def site(nodes: list[Node], *, doorbell: bool) -> Iterator[tuple[int, int]]:
    """A site that knows these nodes; → its port and process."""
    with tempfile.TemporaryDirectory(prefix="heartbeat-bench-") as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NETFLIXLITE_")}
        environment = kept | {
            "NETFLIXLITE_HOME": home, "NETFLIXLITE_SECRET_KEY": "x" * 50, "NETFLIXLITE_ALLOWED_HOSTS": "*",
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings", "PYTHONPATH": str(TOP),
            "BENCH_WITHOUT_DOORBELL": "" if doorbell else "1",
        }  # fmt: skip
        for folder in ("db", "keys"):
            Path(home, folder).mkdir()
        for database in ("default", "telemetry", "cache"):
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--database", database]
            subprocess.run(migrate, cwd=TOP, env=environment, check=True)
        rows = [
            {"id": str(one.id), "url": one.url, "key": one.key.public_key().public_bytes_raw().hex()}
            for one in nodes
        ]
        make = [sys.executable, "-c", _MAKE_ROWS]
        subprocess.run(make, cwd=TOP, env=environment, check=True, input=json.dumps(rows), text=True)
        with subprocess.Popen(
            [sys.executable, "-m", "bench._counted", str(port)], cwd=TOP, env=environment
        ) as web:
            try:
                _pin(web.pid, 0)
                _until_up(port)
                yield port, web.pid
            finally:
                web.terminate()


def _until_up(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            _counts(port)
            return
        time.sleep(0.1)
    raise SystemExit("the site did not start")


def _counts(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/counts", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _pin(pid: int, core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores[core % len(cores)]})


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


async def _run(nodes: list[Node], port: int, pid: int, seconds: float) -> tuple[Tally, dict[str, Any], float]:
    """Let the fleet live; the first rounds, in which everybody is told everything, are not counted."""
    loop = asyncio.get_running_loop()
    by_address = {_address(one.number): one for one in nodes}
    proofs = await loop.create_server(lambda: Proofs(by_address), "0.0.0.0", PROOF_PORT)
    gc.collect()
    gc.freeze()  # the generator's own collections are not the site's
    tally, begin = Tally(), loop.time() + 3 * INTERVAL
    lives = [asyncio.create_task(live(one, port, begin + seconds, tally)) for one in nodes]
    await asyncio.sleep(begin - loop.time())
    await asyncio.to_thread(_counts, port)
    tally.since, before = loop.time(), _cpu(pid)
    await asyncio.sleep(seconds - 0.2)
    cpu = (_cpu(pid) - before) / (seconds - 0.2)
    counts = await asyncio.to_thread(_counts, port)
    await asyncio.gather(*lives)
    proofs.close()
    return tally, counts, cpu


def measured(*, number: int, doorbell: bool, seconds: float) -> dict[str, float]:
    """The figures of one run with so many nodes."""
    nodes = [Node(one) for one in range(1, number + 1)]
    with site(nodes, doorbell=doorbell) as (port, pid):
        tally, counts, cpu = asyncio.run(_run(nodes, port, pid, seconds))
    cuts, inside = quantiles(tally.seconds, n=1000), quantiles(counts["seconds"], n=1000)
    return {
        "beats": len(tally.seconds),
        "beats_per_s": counts["beats"] / (seconds - 0.2),
        "p50_ms": 1000 * cuts[499],
        "p99_ms": 1000 * cuts[989],
        "worst_ms": 1000 * max(tally.seconds),
        "late_p99_ms": 1000 * quantiles(tally.late, n=100)[98],
        "server_p50_ms": 1000 * inside[499],
        "server_p99_ms": 1000 * inside[989],
        "server_worst_ms": 1000 * max(counts["seconds"]),
        "sql_per_beat": counts["sql_of_beats"] / max(1, counts["beats"]),
        "sql_per_s": counts["sql_of_all"] / (seconds - 0.2),
        "cpu": cpu,
        "cpu_ms_per_beat": 1000 * cpu * (seconds - 0.2) / max(1, counts["beats"]),
        "refused": tally.refused,
        "reply_bytes": tally.bytes / max(1, len(tally.seconds)),
    }


def main() -> None:
    """Measure both, print both."""
    given = report.arguments(__doc__ or "")
    _pin(os.getpid(), 1)
    seconds = 10.0 if given.quick else 60.0
    ours = measured(number=NODES, doorbell=True, seconds=seconds)
    plain = measured(number=PLAIN_NODES, doorbell=False, seconds=seconds / 2)
    columns = {
        "beats/s": ("beats_per_s", "0f"), "p50 ms": ("p50_ms", "1f"), "p99 ms": ("p99_ms", "1f"),
        "worst ms": ("worst_ms", "1f"), "sent late, p99": ("late_p99_ms", "1f"),
        "in the site: p50": ("server_p50_ms", "1f"), "p99": ("server_p99_ms", "1f"), "worst": ("server_worst_ms", "1f"),
        "SQL/beat": ("sql_per_beat", "3f"), "SQL/s": ("sql_per_s", "1f"), "CPU": ("cpu", "0%"),
        "CPU ms/beat": ("cpu_ms_per_beat", "2f"), "refused": ("refused", "0f"), "reply bytes": ("reply_bytes", "0f"),
    }  # fmt: skip
    rows = [
        (name, *(f"{one[key]:.{form}}" for key, form in columns.values()))
        for name, one in ((f"{NODES} nodes", ours), (f"{PLAIN_NODES}, through Django's view", plain))
    ]
    head = ("", *columns)
    report.table(head, rows)
    figures = {
        "heartbeat_p50_ms": round(ours["p50_ms"], 2),
        "heartbeat_p99_ms": round(ours["p99_ms"], 2),
        "heartbeat_worst_ms": round(ours["worst_ms"], 1),
        "heartbeat_late_p99_ms": round(ours["late_p99_ms"], 2),
        "heartbeat_server_p50_ms": round(ours["server_p50_ms"], 2),
        "heartbeat_server_p99_ms": round(ours["server_p99_ms"], 2),
        "heartbeat_server_worst_ms": round(ours["server_worst_ms"], 1),
        "heartbeats_per_s": round(ours["beats_per_s"], 1),
        "sql_per_beat": round(ours["sql_per_beat"], 4),
        "heartbeat_cpu_share": round(ours["cpu"], 3),
        "refused": ours["refused"],
        "cpu_ms_per_beat": round(ours["cpu_ms_per_beat"], 3),
        "cpu_ms_per_beat_django": round(plain["cpu_ms_per_beat"], 3),
    }
    report.finish("heartbeat", figures, GOALS, as_json=given.json)


if __name__ == "__main__":
    main()
