"""What an edge node's CPU costs per byte and per request, beside nginx with the same bytes, a signed link and a log.

Servers are pinned to one core and the load to another; runs are interleaved and the figures are medians of pairs with
their quartiles, because other work on the machine disturbs both alike. CPU time is read from /proc, so waiting costs
nothing. Ours checks an Ed25519 token and keeps its journal of deliveries; a C program that does neither shows what the
kernel alone asks for. Run by `make bench NAME=edge`; `--quick` ends within 40 s; `--json` adds one last line for
programs.
"""

import contextlib
import ctypes
import fcntl
import os
import random
import resource
import socket
import statistics
import struct
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _report
from bench._edge_load import Load, PythonLoad, SlowReaders, Target, compiled
from bench._edge_servers import FLOOR, NGINX, OURS, QUIET, SIZES, Server, floor, nginx_servers, our_node

KEYS = {"4 KiB": "4k", "64 KiB": "64k", "512 KiB": "512k", "2 MiB": "2m", "4 MiB": "4m"}
#: Ours may cost this much of what nginx costs, at 16 connections.
GOALS = {"4 KiB": 0.75, "64 KiB": 0.9, "512 KiB": 1.0, "2 MiB": 1.0, "4 MiB": 1.0}
_CLONE_NEWNET, _SIOCSIFFLAGS, _UP_AND_RUNNING = 0x40000000, 0x8914, 0x41
NewLoad = Callable[[Target, int], Load | PythonLoad]


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


@dataclass(frozen=True)
class Plan:
    """How much is measured: pairs and seconds of each, sizes at 16 and at more connections, slow readers."""

    pairs: int
    seconds: float
    crowds: tuple[int, ...]
    crowd_sizes: tuple[str, ...]
    readers: int
    reading: float


FULL = Plan(15, 0.3, (128, 512), tuple(SIZES), 1000, 10.0)
QUICK = Plan(5, 0.15, (512,), ("64 KiB", "4 MiB"), 1000, 3.0)


@dataclass(frozen=True)
class Runs:
    """What one server did with one size: CPU µs per request and requests per second of each run."""

    cost: list[float]
    rate: list[float]


def measure(servers: list[Server], size: str, connections: int, plan: Plan, load: NewLoad) -> dict[str, Runs]:
    """Interleaved runs of all servers."""
    loads = {
        server.name: load(Target(server.port, server.targets[size], SIZES[size]), connections)
        for server in servers
    }
    found = {server.name: Runs([], []) for server in servers}
    for server in servers:
        loads[server.name].run(plan.seconds / 2)
    dice = random.Random(size)  # no server is always the first, or twice in a row: both were seen to matter
    for _ in range(plan.pairs):
        for server in dice.sample(servers, len(servers)):
            before = server.cpu_seconds()
            answers, took = loads[server.name].run(plan.seconds)
            found[server.name].cost.append((server.cpu_seconds() - before) / answers * 1e6)
            found[server.name].rate.append(answers / took)
    for one in loads.values():
        one.close()
    return found


def ratios(mine: list[float], its: list[float]) -> tuple[float, float, float]:
    """First quartile, median and third quartile of pair by pair."""
    low, middle, high = statistics.quantiles((a / b for a, b in zip(mine, its, strict=True)), n=4)
    return low, middle, high


def rows_of(
    size: str, connections: int, found: dict[str, Runs], figures: dict[str, float]
) -> list[list[str]]:
    """The table's rows for one size; its figures are added."""
    key = KEYS[size] + ("" if connections == 16 else f"_c{connections}")
    rows = []
    for name, runs in found.items():
        cost, rate = statistics.median(runs.cost), statistics.median(runs.rate)
        per_gb = cost / 1e6 / SIZES[size] * 1e9
        row = [size, str(connections), name, f"{cost:.1f}", f"{per_gb:.3f}", f"{rate:.0f}", "", "", ""]
        if NGINX in found:
            low, middle, high = ratios(runs.cost, found[NGINX].cost)
            faster = ratios(runs.rate, found[NGINX].rate)[1]
            row[6:] = [f"{middle:.2f}", f"{low:.2f}-{high:.2f}", f"{faster:.2f}"]
            if name == OURS:
                figures[f"cpu_ratio_to_nginx_{key}"] = round(middle, 3)
                figures[f"cpu_ratio_to_nginx_{key}_low"] = round(low, 3)
                figures[f"cpu_ratio_to_nginx_{key}_high"] = round(high, 3)
                figures[f"requests_ratio_to_nginx_{key}"] = round(faster, 3)
            elif name == FLOOR:
                figures[f"floor_ratio_to_nginx_{key}"] = round(middle, 3)
        if name == OURS:
            figures[f"cpu_us_{key}"], figures[f"cpu_s_per_gb_{key}"] = round(cost, 2), round(per_gb, 4)
            if QUIET in found:
                figures[f"cpu_ratio_to_quiet_nginx_{key}"] = round(ratios(runs.cost, found[QUIET].cost)[1], 3)
        rows.append(row)
    return rows


def costs(servers: list[Server], plan: Plan, load: NewLoad) -> dict[str, float]:
    """CPU and requests per second by size and number of connections."""
    figures: dict[str, float] = {}
    rows: list[list[str]] = []
    for size in SIZES:
        rows += rows_of(size, 16, measure(servers, size, 16, plan, load), figures)
    pair = [server for server in servers if server.name in (OURS, NGINX)]
    for connections in plan.crowds:
        for size in plan.crowd_sizes:
            rows += rows_of(size, connections, measure(pair, size, connections, plan, load), figures)
    head = ("size", "conns", "server", "CPU µs/request", "CPU s/GB", "requests/s", "CPU / nginx's", "quartiles",
            "requests/s / nginx's")  # fmt: skip
    _report.table(head, rows)
    return figures


def waiting(servers: list[Server], plan: Plan, program: Path, core: int) -> dict[str, float]:
    """Time to the last byte of 64 KiB at a fixed rate, well below what either can do."""
    pair = [server for server in servers if server.name in (OURS, NGINX)]
    loads = {
        server.name: Load(
            program, Target(server.port, server.targets["64 KiB"], SIZES["64 KiB"]), 64, core=core
        )
        for server in pair
    }
    found: dict[str, list[tuple[float, float]]] = {server.name: [] for server in pair}
    for turn in range(plan.pairs):
        for server in pair if turn % 2 else reversed(pair):
            found[server.name].append(loads[server.name].rate(0.5, 2000))
    for one in loads.values():
        one.close()
    print("\n64 KiB, 2,000 requests/s by the clock, time to the last byte in µs (medians of runs):")
    rows = []
    for name, runs in found.items():
        middle, p99 = (statistics.median(column) for column in zip(*runs, strict=True))
        rows.append((name, f"{middle:.0f}", f"{p99:.0f}"))
    _report.table(("server", "median", "p99"), rows)
    figures = {"p99_us_64k": float(rows[0][2])}
    if NGINX in found:
        p99s = [[run[1] for run in found[name]] for name in (OURS, NGINX)]
        figures["p99_ratio_to_nginx_64k"] = round(ratios(p99s[0], p99s[1])[1], 3)
    return figures


def sharing(servers: list[Server], plan: Plan, program: Path, core: int) -> dict[str, float]:
    """How evenly 512 connections that take all they get share 4 MiB objects."""
    figures, rows = {}, []
    for server in servers:
        if server.name not in (OURS, NGINX):
            continue
        target = Target(server.port, server.targets["4 MiB"], SIZES["4 MiB"])
        load = Load(program, target, 512, core=core)
        load.run(0.2)
        least, middle, most = load.share(plan.reading / 2)
        load.close()
        rows.append(
            (server.name, *(f"{size / 1e6:.1f}" for size in (least, middle, most)), f"{least / most:.2f}")
        )
        figures["fairness_512x4m" if server.name == OURS else "fairness_512x4m_nginx"] = round(
            least / most, 3
        )
    print("\n512 connections take 4 MiB objects as fast as they come, MB to each:")
    _report.table(("server", "least", "median", "most", "least / most"), rows)
    return figures


def slow_readers(servers: list[Server], plan: Plan) -> dict[str, float]:
    """Memory of a thousand connections whose clients take 8 KiB in every tenth of a second, and how even they fare."""
    figures, rows = {}, []
    for server in servers:
        if server.name not in (OURS, NGINX):
            continue
        before = server.memory()
        readers = SlowReaders(Target(server.port, server.targets["4 MiB"], SIZES["4 MiB"]), plan.readers)
        readers.read(1.0, step=8 * 1024, pause=0.1)  # all are accepted, their buffers full
        spent = server.cpu_seconds()
        taken = readers.read(plan.reading, step=8 * 1024, pause=0.1)
        spent = (server.cpu_seconds() - spent) / plan.reading
        each = (server.memory() - before) / plan.readers
        readers.close()
        evenness = min(taken) / max(taken)
        rows.append((server.name, f"{each / 1024:.1f}", f"{100 * spent:.1f} %", f"{evenness:.2f}"))
        if server.name == OURS:
            figures = {"slow_reader_kib": round(each / 1024, 2), "slow_reader_evenness": round(evenness, 3)}
    print(f"{plan.readers} readers that take 8 KiB in every 0.1 s of 4 MiB objects:")
    _report.table(("server", "own memory each, KiB", "CPU", "slowest / fastest"), rows)
    print()
    return figures


def main() -> int:
    """Run the benchmark."""
    options = _report.arguments(__doc__ or "")
    plan = QUICK if options.quick else FULL
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(8192, hard)), hard))
    print(f"congestion control: {quiet_network()}; bodies are dropped in the kernel\n")
    cores = sorted(os.sched_getaffinity(0))
    server_core, client_core = cores[0], cores[-1]
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nl-bench-")))
        program, base = compiled("_load", folder), compiled("_floor", folder)
        if program is None:
            print(
                "NO C COMPILER (apt-get install gcc): the load is Python, and floor, p99 and sharing are left out"
            )
        node, content = stack.enter_context(our_node(folder, server_core))
        os.sched_setaffinity(0, {client_core})
        (folder / "nginx").mkdir()
        anchors = stack.enter_context(nginx_servers(folder / "nginx", server_core, content))
        if not anchors:
            print("NGINX IS NOT INSTALLED (apt-get install nginx): our own figures follow, without ratios")
        servers = [node, *anchors, *stack.enter_context(floor(base, folder, server_core, content))]

        def load(target: Target, connections: int) -> Load | PythonLoad:
            if program is None:
                return PythonLoad(target, connections)
            return Load(program, target, connections, core=client_core)

        figures = slow_readers(servers, plan)  # first: memory that was used before would hide what they take
        figures |= costs(servers, plan, load)
        if program is not None:
            figures |= waiting(servers, plan, program, client_core)
            figures |= sharing(servers, plan, program, client_core)
    goals = {f"cpu_ratio_to_nginx_{KEYS[size]}": ("<=", most) for size, most in GOALS.items()}
    goals |= {"slow_reader_kib": ("<=", 8.0), "slow_reader_evenness": (">=", 0.8)}
    _report.finish("edge", figures, goals, as_json=options.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
