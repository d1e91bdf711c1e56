"""How fast players are told where to fetch from, and what becomes of a crowd.

`pure`: the rule alone, on a prepared fleet of 10, 1,000 and 10,000 nodes; decisions a second of one core, p99, and what
preparing costs. `http`: a real uvicorn of the site with as many nodes in its database; players ask over the wire at a
steady rate, and as fast as they can. Times are taken in the site's process, from the request's arrival until its answer
was written (also less what its thread waited for a core, on a machine that has other work), and at the player. `crowd`:
2,000 starts of one title before any node reports again, as 1 and as 4 processes steer them, each with the accounts that
it keeps; beside it the same without accounts.
"""

import asyncio
import contextlib
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report as report
from cdn.types import Node, NodeState
from playback.live import Live
from playback.steering import Holding, Picture, Viewer, rank

TOP = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SIZES = (10, 1000, 10_000)
GBIT, STREAM = 10**9, 4_000_000
STARTS = 2000
GOALS = {
    "pure_p99_ms_10": ("<", 5.0),
    "pure_p99_ms_1000": ("<", 5.0),
    "pure_p99_ms_10000": ("<", 5.0),
    "http_server_p99_ms_10": ("<", 5.0),
    "http_server_p99_ms_1000": ("<", 5.0),
    "http_server_p99_ms_10000": ("<", 5.0),
    "http_errors": ("<=", 0),
    "crowd_worst_1": ("<=", 1.0),
    "crowd_worst_4": ("<=", 1.0),
}
Figures = dict[str, float | int | None]


def fleet(count: int, chance: random.Random, *, busy: float = 0.3) -> list[Node]:
    """Nodes at a tenth as many sites, in a hundredth as many regions, all over Europe, most of them at work."""
    made = []
    for number in range(1, count + 1):
        site = number // 10
        made.append(
            Node(
                id=UUID(int=chance.getrandbits(128)),
                slot=number,
                name=f"edge-{number}",
                base_url=f"https://edge-{number}.example",
                site=f"site-{site}",
                region=f"region-{number // 100}",
                domain=f"rack-{number // 5}",
                state=NodeState.DEGRADED if chance.random() < 0.02 else NodeState.ACTIVE,
                capacity_bps=chance.choice((GBIT, 10 * GBIT)),
                egress_bps=0,
                sessions=0,
                lease_until=NOW + timedelta(seconds=5),
                latitude=36 + site * 7 % 24,
                longitude=-9 + site * 13 % 40,
            )
        )
    return [_loaded(node, min(1.0, chance.gammavariate(4, busy / 4))) for node in made]


def _loaded(node: Node, share: float) -> Node:
    return replace(node, egress_bps=int(node.capacity_bps * share))


def viewers(count: int, nodes: Sequence[Node], chance: random.Random) -> list[Viewer]:
    """A third is on the operator's map, a third has a place on the globe, and half play already."""
    found = []
    for number in range(count):
        near = chance.choice(nodes)
        known = number % 3
        found.append(
            Viewer(
                seed=f"{chance.getrandbits(128):032x}",
                site=near.site if known == 0 else "",
                region=near.region if known == 0 else "",
                place=(near.latitude or 0.0, near.longitude or 0.0) if known == 1 else None,
                current=f"n{chance.choice(nodes).slot}" if chance.random() < 0.5 else None,
                rtt_ms={f"n{near.slot}": 8.0} if chance.random() < 0.3 else {},
            )
        )
    return found


def pure(figures: Figures, *, quick: bool) -> None:
    """The rule alone."""
    rows = []
    for count in SIZES:
        chance = random.Random(count)
        nodes = fleet(count, chance)
        asks = viewers(500 if quick else 5000, nodes, chance)
        held = {f"n{node.slot}": "full" for node in nodes if chance.random() < 0.1}
        begun = time.perf_counter()
        picture = Picture(nodes)
        prepared = time.perf_counter() - begun
        holding, given, times = Holding(held), Live(), []
        for viewer in asks:
            start = time.perf_counter()
            first = rank(
                picture,
                viewer,
                shield_url="https://site",
                now=NOW,
                assigned=given.assigned(NOW),
                held=holding,
            )
            times.append((time.perf_counter() - start) * 1000)
            given.assign(first.order[0].id, bps=STREAM, now=NOW)
        figures[f"pure_per_second_{count}"] = round(len(times) / sum(times) * 1000)
        figures[f"pure_p99_ms_{count}"] = round(quantiles(times, n=100)[98], 3)
        figures[f"prepare_ms_{count}"] = round(prepared * 1000, 1)
        rows.append(
            (count, figures[f"pure_per_second_{count}"], f"{quantiles(times, n=2)[0]:.3f}",
             figures[f"pure_p99_ms_{count}"], f"{max(times):.2f}", figures[f"prepare_ms_{count}"])
        )  # fmt: skip
    print("\nthe rule alone, one core")
    report.table(("nodes", "decisions/s", "p50 ms", "p99 ms", "worst ms", "prepared in ms"), rows)


# Over the wire -------------------------------------------------------------------------------------------

_MAKE = """
import django, sys
django.setup()
from uuid import uuid4
from cdn.models import EdgeNode
count = int(sys.argv[1])
EdgeNode.objects.bulk_create([EdgeNode(id=uuid4(), slot=n, name=f"node-{n}", site=f"site-{n // 10}",
    region=f"region-{n // 100}", base_url=f"https://edge-{n}.example", public_key="00" * 32, state="active",
    capacity_bps=10**10, version="1", latitude=36 + n // 10 * 7 % 24, longitude=-9 + n // 10 * 13 % 40)
    for n in range(1, count + 1)], batch_size=500)
from playback import keys
for n in range(256):
    print(keys.make(session_id=uuid4(), package_id="%032x" % 7, user_id=uuid4()))
"""


@contextlib.contextmanager
def site(count: int) -> Iterator[tuple[int, list[str]]]:
    """The site with so many nodes; → its port, and keys of sessions."""
    with tempfile.TemporaryDirectory(prefix="nl-steering-") as home:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
            "NETFLIXLITE_HOME": home,
            "NETFLIXLITE_DEBUG": "0",
            "NETFLIXLITE_SECRET_KEY": secrets.token_hex(32),
            "PYTHONPATH": str(TOP),
        }

        def run(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command],
                env=environment,
                cwd=TOP,
                check=True,
                capture_output=True,
                text=True,
            )
            return done.stdout

        run("manage.py", "migrate", "-v", "0")
        for alias in ("telemetry", "cache"):
            run("manage.py", "migrate", "-v", "0", "--database", alias)
        keys = run("-c", _MAKE, str(count)).split()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        serve = ["-m", "uvicorn", "bench._steered:application", "--port", str(port), "--log-level", "warning"]
        process = subprocess.Popen([sys.executable, *serve, "--no-access-log"], env=environment, cwd=TOP)
        try:
            _until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5).status == 200)
            path = f"http://127.0.0.1:{port}/api/v1/playback/s/{keys[0]}/steering"
            _until(lambda: len(json.load(urllib.request.urlopen(path, timeout=5))["PATHWAY-PRIORITY"]) == 4)
            yield port, keys
        finally:
            process.terminate()
            process.wait(10)


def _until(true: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while True:
        with contextlib.suppress(OSError, ValueError, KeyError):
            if true():  # type: ignore[operator]
                return
        if time.monotonic() > end:
            raise TimeoutError("The site did not come up.")
        time.sleep(0.2)


class Player(asyncio.Protocol):
    """A connection that asks one question at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[bool] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) >= length and self._waiting and not self._waiting.done():
            self._buffer = b""
            self._waiting.set_result(head.startswith(b"HTTP/1.1 200") and b'"nodes"' in body)

    async def ask(self, key: str, node: str) -> bool:
        """One question; whether it was answered with nodes."""
        assert self._transport is not None
        body = json.dumps(
            {
                "current": node,
                "samples": [{"node": node, "ok": 7, "bps": 2.4e7, "ttfb_ms": 31, "rtt_ms": 9.5}],
            }
        ).encode()
        self._waiting = asyncio.get_running_loop().create_future()
        head = f"POST /api/v1/playback/s/{key}/steering HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        self._transport.write(
            f"{head}Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        try:
            return await asyncio.wait_for(self._waiting, 30)
        except TimeoutError:  # an error like any other; what comes late is not taken for the next answer
            self._buffer = b""
            return False


async def asked(port: int, keys: list[str], *, seconds: float, rate: float | None) -> tuple[list[float], int]:
    """Ask at a steady rate, or as fast as 16 connections can; → times at the player in ms, and errors."""
    loop = asyncio.get_running_loop()
    players = [(await loop.create_connection(Player, "127.0.0.1", port))[1] for _ in range(16)]
    times: list[float] = []
    errors = 0
    chance = random.Random(1)
    begun = loop.time()

    async def play(number: int, player: Player) -> None:
        nonlocal errors
        due = begun + number / 16 * (16 / rate if rate else 0.0)
        while loop.time() - begun < seconds:
            if rate:
                await asyncio.sleep(max(0.0, due - loop.time()))
            asked_at = due if rate else loop.time()
            errors += not await player.ask(chance.choice(keys), f"n{chance.randrange(1, 10)}")
            times.append((loop.time() - asked_at) * 1000)
            due += 16 / rate if rate else 0.0

    await asyncio.gather(*(play(number, player) for number, player in enumerate(players)))
    return times, errors


def http(figures: Figures, *, quick: bool) -> None:
    """Over the wire."""
    rows: list[tuple[object, ...]] = []
    seconds, errors = (3.0, 0) if quick else (15.0, 0)
    for count in SIZES:
        print(f"http: a site with {count} nodes …", flush=True)
        with site(count) as (port, keys):
            asyncio.run(asked(port, keys, seconds=1.0, rate=50))
            _times(port)
            for name, rate in (("steady 200/s", 200.0), ("as fast as it goes", None)):
                times, wrong = asyncio.run(asked(port, keys, seconds=seconds, rate=rate))
                server, processor, waited = zip(*_times(port), strict=True)
                ours = [clock - wait for clock, wait in zip(server, waited, strict=True)]
                errors += wrong
                p99 = round(quantiles(server, n=100)[98], 2)
                if rate:
                    figures[f"http_server_p99_ms_{count}"] = p99
                    figures[f"http_ours_p99_ms_{count}"] = round(quantiles(ours, n=100)[98], 2)
                    figures[f"http_player_p99_ms_{count}"] = round(quantiles(times, n=100)[98], 2)
                    figures[f"http_cpu_p99_ms_{count}"] = round(quantiles(processor, n=100)[98], 2)
                else:
                    figures[f"http_per_second_{count}"] = round(len(times) / seconds)
                rows.append(
                    (count, name, round(len(times) / seconds), f"{quantiles(server, n=2)[0]:.2f}", p99,
                     f"{quantiles(ours, n=100)[98]:.2f}", f"{quantiles(processor, n=100)[98]:.2f}",
                     f"{quantiles(times, n=100)[98]:.1f}")
                )  # fmt: skip
    figures["http_errors"] = errors
    print("\nover the wire, one process of the site")
    report.table(
        (
            "nodes",
            "asked",
            "answers/s",
            "server p50 ms",
            "server p99 ms",
            "less waiting for a core",
            "its CPU p99 ms",
            "player p99 ms",
        ),
        rows,
    )


def _times(port: int) -> list[tuple[float, float, float]]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/bench/times", timeout=10) as answer:
        return [(clock, cpu, waited) for clock, cpu, waited in json.load(answer)] or [(0.0, 0.0, 0.0)] * 2


# A crowd -------------------------------------------------------------------------------------------------


def crowd(figures: Figures, *, quick: bool) -> None:
    """2,000 starts of one title before any node reports again."""
    rows: list[tuple[object, ...]] = []
    worst: dict[str, float] = {}
    cases = [
        ("10 nodes of 1 Gb/s, idle, 2 hold it", 10, 0.0, 2),
        ("20 nodes of 1 Gb/s, 30 % busy, 2 hold it", 20, 0.3, 2),
        ("20 nodes of 1 Gb/s, 30 % busy, all hold it", 20, 0.3, 20),
        ("60 nodes of 1 Gb/s, 60 % busy, 3 hold it", 60, 0.6, 3),
        ("200 nodes of 1 Gb/s, 60 % busy, 6 hold it", 200, 0.6, 6),
    ]
    repeats = 1 if quick else 5
    for words, count, busy, holders in cases:
        found: dict[str, list[float]] = {}
        for seed in range(repeats):
            for name, processes, accounts in (("1", 1, True), ("4", 4, True), ("without accounts", 1, False)):
                found.setdefault(name, []).append(
                    _crowd(seed, count, busy, holders, processes, accounts=accounts)
                )
        for name, each in found.items():
            worst[name] = max(worst.get(name, 0.0), *each)
        rows.append((words, *(f"{max(each):.2f}" for each in found.values())))
    figures["crowd_worst_1"], figures["crowd_worst_4"] = round(worst["1"], 3), round(worst["4"], 3)
    figures["crowd_worst_without_accounts"] = round(worst["without accounts"], 2)
    print(
        f"\n{STARTS} starts of one title, {STREAM / 1e6:.0f} Mb/s each, in one stale window: the busiest node"
    )
    report.table(("fleet", "1 process", "4 processes", "without accounts"), rows)


def _crowd(seed: int, count: int, busy: float, holders: int, processes: int, *, accounts: bool) -> float:
    """The utilisation of the busiest node when all have started."""
    chance = random.Random(seed)
    nodes = [replace(node, capacity_bps=GBIT, state=NodeState.ACTIVE) for node in fleet(count, chance)]
    nodes = [_loaded(node, busy * chance.uniform(0.8, 1.2)) for node in nodes]
    picture = Picture(nodes)
    holding = Holding({f"n{node.slot}": "full" for node in chance.sample(nodes, holders)})
    lives = [Live() for _ in range(processes)]
    sent: Counter[str] = Counter()
    nothing: Mapping[str, int] = {}
    for number in range(STARTS):
        live = chance.choice(lives)
        at = NOW + timedelta(seconds=2 * number / STARTS)
        viewer = Viewer(seed=f"{chance.getrandbits(128):032x}")
        given = live.assigned(at) if accounts else nothing
        first = (
            rank(picture, viewer, shield_url="https://site", now=at, assigned=given, held=holding).order[0].id
        )
        live.assign(first, bps=STREAM * processes, now=at)
        sent[first] += STREAM
    return max((node.egress_bps + sent[f"n{node.slot}"]) / node.capacity_bps for node in nodes)


def main() -> None:
    """Run the parts and print."""
    options = report.arguments(__doc__ or "", parts=("pure", "crowd", "http"))
    figures: Figures = {}
    for name, part in (("pure", pure), ("crowd", crowd), ("http", http)):
        if options.part in ("", name):
            part(figures, quick=options.quick)
    goals = {name: goal for name, goal in GOALS.items() if not options.part or name.startswith(options.part)}
    report.finish("steering", figures, goals, as_json=options.json)


if __name__ == "__main__":
    main()
