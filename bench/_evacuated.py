"""What `bench/evacuation.py` runs on: the site's own server and three regions of real nodes, with real capacities."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from bench._stage_filling import fill
from bench._stage_home import ROOT, Operator, Template, environment, template

#: Of the sessions that a node is built for, by region: fleets are not all of one kind.
REGIONS = {"west": (1.0, 1.0, 0.5), "middle": (1.0, 1.0, 1.0), "east": (1.5, 0.75)}
READY_SECONDS = 90.0


@dataclass
class Node:
    """One real node."""

    name: str
    region: str
    port: int
    capacity_mbps: int
    process: subprocess.Popen[bytes]
    pathway: str = ""
    #: The busiest that it said it was since `busiest` was last set back, as a share of its capacity.
    busiest: float = 0.0

    def health(self) -> dict[str, Any]:
        """What /health says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            return dict(json.load(answer))

    def look(self) -> float:
        """Its load now, as a share of its capacity."""
        load = self.health()["egress_bps"] / (self.capacity_mbps * 1e6)
        self.busiest = max(self.busiest, load)
        return float(load)


@dataclass
class Fleet:
    """A site with nodes, for a `with`. `capacity_mbps` is that of an ordinary node."""

    capacity_mbps: int
    port: int = 8890
    nodes: list[Node] = field(default_factory=list)
    film: Template = field(init=False)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.film = template()
        self.home = Path(tempfile.mkdtemp(prefix="netflixlite-evacuation-")) / "home"
        self.film.copy(self.home)
        self.port = _free_from(self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = environment(self.home, port=self.port, url=self.url)
        self._log: IO[str] = (self.home / "log").open("w", encoding="utf-8")
        try:
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
                process.wait()
        if hasattr(self, "operator"):
            self.operator.close()
        self._log.close()
        shutil.rmtree(self.home.parent, ignore_errors=True)

    def _start(self) -> None:
        serve = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning", "--no-access-log"]
        self._run([sys.executable, "-m", "uvicorn", "netflixlite.asgi:application", *serve])
        self._wait(f"{self.url}/readyz", "the site")
        self._run([sys.executable, "manage.py", "worker"])
        self.operator = Operator(self.environment, self._log)
        wanted = [
            (f"{region}-{number}", region, round(self.capacity_mbps * size))
            for region, sizes in REGIONS.items()
            for number, size in enumerate(sizes, start=1)
        ]
        codes = self.operator("join", names=[name for name, _, _ in wanted])["codes"]
        for name, region, capacity in wanted:
            port = _free_from(self.port + 1 + len(self.nodes))
            argv = [
                sys.executable, "-m", "cdn.edge", "--name", name, "--origin", self.url, "--code", codes[name],
                "--listen", f"127.0.0.1:{port}", "--base-url", f"http://127.0.0.1:{port}",
                "--cache", str(self.home / "nodes" / name), "--cache-gb", "1", "--site", name, "--region", region,
                "--capacity-mbps", str(capacity), "--workers", "1",
            ]  # fmt: skip
            self.nodes.append(Node(name, region, port, capacity, self._run(argv)))
        for node in self.nodes:
            self._wait(f"http://127.0.0.1:{node.port}/readyz", node.name)
        deadline = time.monotonic() + READY_SECONDS
        while not all(self._active(node) for node in self.nodes):
            if time.monotonic() > deadline:
                raise SystemExit(f"not all nodes came into use; see {self.home / 'log'}")
            time.sleep(0.5)
        self._warm()

    def _warm(self) -> None:
        """Have every node hold what will be watched: this is not about cold caches."""
        film = self.session()
        smallest = min(film["tracks"]["video"], key=lambda one: int(one["bandwidth"]))
        renditions = [smallest["name"], film["tracks"]["audio"][0]["name"]]
        for node in self.nodes:
            fill(node.port, film, renditions, segments=int(film["duration"] / 4), name=node.name)

    def session(self) -> dict[str, Any]:
        """A session as the API answers it."""
        crumbs = "x" * 32
        headers = {
            "Cookie": f"netflixlite_session={self.cookies(1)[0]}; netflixlite_csrf={crumbs}",
            "X-CSRFToken": crumbs,
            "Content-Type": "application/json",
        }
        body = json.dumps({"video": self.film.video}).encode()
        address = f"{self.url}/api/v1/playback/sessions"
        request = urllib.request.Request(address, data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))

    def _active(self, node: Node) -> bool:
        page = node.health()
        node.pathway = page["node"]
        return bool(page["state"] == "active")

    def _run(self, argv: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(argv, cwd=ROOT, env=self.environment, stdout=self._log, stderr=self._log)
        self._processes.append(process)
        return process

    def _wait(self, url: str, what: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
            time.sleep(0.2)
        self._log.flush()
        raise SystemExit(f"{what} did not start:\n{Path(self._log.name).read_text()[-3000:]}")

    def cookies(self, count: int) -> list[str]:
        """Browsers' sessions, each a device of its own."""
        return [self.operator("sign_in")["session"] for _ in range(count)]

    def forecast(self, scope: str, value: str) -> str:
        """What the operator's command says that it would do, in its words."""
        return self._typed(scope, value, "--dry-run").communicate(timeout=120)[0].strip()

    def evacuate(self, scope: str, value: str) -> dict[str, Any]:
        """The operator's command, as it is typed; → its forecast. It goes on telling how far it is."""
        self._told = told = self._typed(scope, value, "--json", "--wait")
        assert told.stdout is not None
        line = told.stdout.readline()
        if not line.startswith("{"):
            raise SystemExit(f"manage.py evacuate failed:\n{line}{told.communicate()[0]}")
        return dict(json.loads(line))

    def progress(self) -> list[dict[str, Any]]:
        """What the command told since, each second, until nobody was left (or now)."""
        if self._told.poll() is None:
            self._told.terminate()
        return [json.loads(line) for line in self._told.communicate()[0].splitlines() if line.startswith("{")]

    def _typed(self, scope: str, value: str, *options: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "manage.py", "evacuate", scope, value, *options, "--url", self.url]
        return subprocess.Popen(
            argv, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )


def _free_from(port: int) -> int:
    """The first free port from this one on."""
    for candidate in range(port, port + 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            return candidate
    raise SystemExit(f"no free port from {port} on")
