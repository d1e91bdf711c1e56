"""A stage for benches: the real site, real edge nodes that joined it, a film, and the network up to a viewer.

    with Stage(nodes=2, rate_bps=8_000_000) as stage:
        context.add_cookies(stage.cookies)
        page.goto(stage.pages.ours)                      # the real watch page, signed in
        page.goto(stage.address("hls"))                  # stock hls.js with a session of its own
        stage.kill(stage.serving() or "n1")              # kill -9, and its port refuses
        print(stage.log())

Everything a viewer fetches, from the site or from a node, goes through `bench._shim`, a process that shapes and breaks
the connections. Every node has an address of its own (127.0.0.11, 127.0.0.12 …), as some players shun whole hosts. By
hand: `python -m bench._stage --nodes 4`.
"""

import argparse
import http.client
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import _stage_home
from bench._stage_filling import fill
from bench._stage_home import ROOT, Operator
from bench._stage_network import Network, Node, free_ports, until

#: The rates that the films' pictures have, by rendition, in bit/s: those of the full one, and of the light one.
PICTURES = dict.fromkeys(("v240", "v180"), 350_000)
PICTURES |= dict.fromkeys(("v360", "v252"), 900_000) | dict.fromkeys(("v720", "v396"), 2_500_000)
SECONDS, SEGMENT = 156, 4
#: Of a node's line and of everything's way, unless a stage says otherwise: bit/s, seconds.
RATE, LATENCY = 8_000_000, 0.015
#: A page that may send what asks for a token of Django's sends it in the cookie too.
_CSRF = "b" * 32
_PLAYERS = Path(__file__).resolve().parent / "_players"
_MODULES = ROOT / "node_modules"
_VENDOR = {
    "/vendor/hls.min.js": _MODULES / "hls.js/dist/hls.min.js",
    "/vendor/shaka.js": _MODULES / "shaka-player/dist/shaka-player.compiled.js",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Where players are: `ours` is the site's own watch page, the others are the bench's (see `Stage.address`)."""

    ours: str
    hls: str
    shaka: str
    bare: str
    film: str


class Stage(Network):
    """`regions` are dealt to the nodes in turn. Rates in bit/s: of each node's line, and of the viewer's own (0: free).

    `environment` goes to the site's processes (NETFLIXLITE_TOKEN_SECONDS …), `capacity_mbps` is what each node says of
    itself; `warm` has all nodes hold the film before anybody watches. `film` is 'full', 'light' (its rates in small
    pictures) or, for tests, 'short': 100 s in two small pictures.
    """

    def __init__(
        self,
        nodes: int = 2,
        *,
        regions: Sequence[str] = ("default",),
        rate_bps: float = RATE,
        link_bps: float = 0,
        latency: float = LATENCY,
        capacity_mbps: float = 1000,
        environment: Mapping[str, str] | None = None,
        warm: bool = True,
        film: str = "full",
    ) -> None:
        super().__init__()
        self.template = _stage_home.template(film)
        self.rate_bps, self.link_bps, self.latency = rate_bps, link_bps, latency
        self.capacity_mbps, self._warm = capacity_mbps, warm
        self.folder = Path(tempfile.mkdtemp(prefix="nl-stage-"))
        self.home = self.folder / "home"
        ports = free_ports(4 + 2 * nodes)
        self._site_port, self._control_port, door, pages, *others = ports
        self.url = f"http://127.0.0.1:{door}"
        self._door, self._pages_port = door, pages
        self.environment = _stage_home.environment(
            self.home, port=self._site_port, url=self.url, more=environment
        )
        made = [
            Node(
                f"edge-{number + 1}",
                regions[number % len(regions)],
                others[2 * number],
                f"http://{_host(number)}:{others[2 * number + 1]}",
                self.home / "nodes" / f"edge-{number + 1}",
            )
            for number in range(nodes)
        ]
        self._made = made
        self.site: subprocess.Popen[bytes] | None = None
        self._shim: subprocess.Popen[str] | None = None
        self.operator: Operator
        self.session_key = ""
        self.video = self.template.video
        base = f"http://127.0.0.1:{pages}"
        self.pages = Pages(
            ours=f"{self.url}/watch/{self.video}/",
            hls=f"{base}/hls.html",
            shaka=f"{base}/shaka.html",
            bare=f"{base}/bare.html?src={quote(f'{base}/film.mp4')}",
            film=f"{base}/film.mp4",
        )

    # Coming and going -------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.template.copy(self.home)
            self._log = (self.folder / "log").open("a", encoding="utf-8")
            self._open_shim()
            self._start_site()
            self.operator = Operator(self.environment, self._log)
            self.session_key = self.operator("sign_in")["session"]
            codes = self.operator("join", names=[node.name for node in self._made])["codes"]
            for node in self._made:
                self._start_node(node, codes[node.name])
            until(self._all_joined, seconds=60, what=lambda: f"{self.states()}\n{self.tail()}")
            if self._warm:
                self._fill()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process and remove the folder. No process of ours may outlive us, frozen or not."""
        processes: list[subprocess.Popen[Any] | None] = [
            self._shim,
            *(node.process for node in self._made),
            self.site,
        ]
        for process in processes:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait(10)
        if hasattr(self, "operator"):
            self.operator.close()
        if self._control is not None:
            self._control.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tail(self) -> str:
        """The last lines that the stage's processes printed."""
        return "\n".join((self.folder / "log").read_text(errors="replace").splitlines()[-40:])

    def _popen(self, argv: list[str], **more: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv, cwd=ROOT, stdout=self._log, stderr=self._log, preexec_fn=_stage_home.die_with_parent, **more
        )

    def _open_shim(self) -> None:
        files = {f"/{file.name}": str(file) for file in _PLAYERS.iterdir() if file.is_file()}
        files |= {path: str(file) for path, file in _VENDOR.items()} | {"/film.mp4": str(self.template.plain)}
        doors: list[dict[str, Any]] = [
            {
                "name": "site",
                "host": "127.0.0.1",
                "port": self._door,
                "to": ["127.0.0.1", self._site_port],
                "rate": self.rate_bps,  # as the last place to fetch films from it is no faster than a node
            },
            {"name": "pages", "host": "127.0.0.1", "port": self._pages_port, "files": files},
        ]
        for node in self._made:
            host, port = node.base_url.removeprefix("http://").split(":")
            to = ["127.0.0.1", node.port]
            doors.append(
                {"name": node.name, "host": host, "port": int(port), "to": to, "rate": self.rate_bps}
            )
        told = {"control": self._control_port, "doors": doors, "link": self.link_bps, "latency": self.latency}
        self._shim = subprocess.Popen(
            [sys.executable, "-m", "bench._shim", json.dumps(told)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            preexec_fn=_stage_home.die_with_parent,
        )
        assert self._shim.stdout is not None
        if self._shim.stdout.readline().strip() != "open":
            raise RuntimeError(f"the shim did not start:\n{self.tail()}")
        self._control = http.client.HTTPConnection("127.0.0.1", self._control_port, timeout=30)

    def _start_site(self) -> None:
        """The web process as `make up` starts it."""
        serve = ["--host", "127.0.0.1", "--port", str(self._site_port), "--log-level", "warning"]
        serve += ["--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "3"]
        argv = [sys.executable, "-m", "uvicorn", "netflixlite.asgi:application", *serve]
        self.site = self._popen(argv, env=self.environment)
        until(self._site_answers, seconds=90, what=self.tail)

    def _site_answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(self._direct("/readyz"), timeout=5) as answer:
            return bool(answer.status == 200)
        return False

    def _direct(self, path: str) -> str:
        return f"http://127.0.0.1:{self._site_port}{path}"

    def _start_node(self, node: Node, code: str = "") -> None:
        argv = [sys.executable, "-m", "cdn.edge", "--name", node.name, "--origin", self._direct("")]
        argv += ["--listen", f"127.0.0.1:{node.port}", "--base-url", node.base_url]
        argv += ["--cache", str(node.folder)]
        argv += ["--site", node.name, "--region", node.region, "--capacity-mbps", str(self.capacity_mbps)]
        argv += ["--workers", "1", "--cache-gb", "1", *(["--code", code] if code else [])]
        node.process, node.frozen = self._popen(argv), False

    def _all_joined(self) -> bool:
        states = self.states()
        if len(states) < len(self._made) or set(states.values()) != {"active"}:
            return False
        rows = {
            name: (slot, number)
            for name, slot, number in self.database("SELECT name, slot, id FROM cdn_edgenode")
        }
        for node in self._made:
            slot, number = rows[node.name]
            node.pathway, node.id = f"n{slot}", str(number)
            self.nodes[node.pathway] = node
        self.nodes = dict(sorted(self.nodes.items()))
        return True

    def _fill(self) -> None:
        """Have every node fetch the film, straight and not through the shim."""
        answer = self.session()
        renditions = [one["name"] for kind in ("video", "audio") for one in answer["tracks"][kind]]
        for node in self._made:
            fill(node.port, answer, renditions, segments=self.template.seconds // SEGMENT, name=node.name)
        self.end_session(answer)

    # Watching ---------------------------------------------------------------------------------------------

    @property
    def cookies(self) -> list[dict[str, str]]:
        """For a browser's context (`add_cookies`): signed in, and somebody is watching."""
        return [
            {"name": "netflixlite_session", "value": self.session_key, "url": self.url},
            {"name": "netflixlite_csrf", "value": _CSRF, "url": self.url},
        ]

    def session(self, **wish: Any) -> dict[str, Any]:
        """Open a session as the signed-in person; → what the API answers."""
        headers = {"Cookie": f"netflixlite_session={self.session_key}; netflixlite_csrf={_CSRF}"}
        headers |= {"X-CSRFToken": _CSRF, "Content-Type": "application/json", "User-Agent": "bench"}
        headers["Host"] = self.url.removeprefix("http://")
        body = json.dumps({"video": self.video, **wish}).encode()
        request = urllib.request.Request(
            self._direct("/api/v1/playback/sessions"), data=body, headers=headers, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.load(answer))

    def end_session(self, answer: Mapping[str, Any]) -> None:
        """Close a session that `session` opened."""
        url = str(answer["close"]["url"]).replace(self.url, self._direct(""))
        with suppress(OSError):
            urllib.request.urlopen(urllib.request.Request(url, data=b"{}", method="POST"), timeout=10).close()

    def address(self, player: str, **options: Any) -> str:
        """A page with a film: 'ours', 'hls', 'shaka' or 'bare'. Stock players get a session of their own.

        `options` go to the page's query: `buffer` (seconds ahead at most), `auto` (begin by itself, default 1).
        """
        if player in ("ours", "bare"):
            page = str(getattr(self.pages, player))
            return page + (f"{'&' if '?' in page else '?'}{urlencode(options)}" if options else "")
        options = {"src": self.session()["hls"], "auto": 1, **options}
        return f"{getattr(self.pages, player)}?{urlencode(options)}"

    # Faults of machines -----------------------------------------------------------------------------------

    def kill(self, pathway: str) -> float:
        """kill -9: its port refuses, and what was under way is reset. → the time."""
        node = self.nodes[pathway]
        assert node.process is not None
        node.process.kill()
        now = float(self._tell(door=node.name, open=False)["now"])
        node.process.wait(10)
        return now

    def freeze(self, pathway: str) -> float:
        """SIGSTOP: connections stay open and nothing comes any more, from the network either. → the time."""
        node = self.nodes[pathway]
        assert node.process is not None
        node.process.send_signal(signal.SIGSTOP)
        node.frozen = True
        return self.fault(pathway, "silent")

    def freeze_site(self) -> float:
        """SIGSTOP of the whole control plane. → the time."""
        assert self.site is not None
        self.site.send_signal(signal.SIGSTOP)
        return time.time()

    def thaw_site(self) -> None:
        """SIGCONT."""
        assert self.site is not None
        self.site.send_signal(signal.SIGCONT)

    def evacuate(self, scope: str, value: str, *, force: bool = True) -> float:
        """Take a 'node' (by pathway) or a 'region' out of use by the site's own service. → the time."""
        self.operator("evacuate", scope=scope, value=value, force=force)
        return time.time()

    def heal(self, *, seconds: float = 60.0) -> None:
        """Put everything right again, and wait until the site sees that all nodes serve. Raises TimeoutError."""
        self.mend()
        self.wait_whole(seconds=seconds)

    def mend(self) -> None:
        """Put everything right again; it takes a while until the site has seen it."""
        self.thaw_site()
        self.link(self.link_bps, self.latency)
        for pathway, node in self.nodes.items():
            assert node.process is not None
            self.fault(pathway)
            self.rate(pathway, self.rate_bps)
            if node.frozen:
                node.process.send_signal(signal.SIGCONT)
                node.frozen = False
            if node.process.poll() is not None:
                self._start_node(node)
                self._tell(door=node.name, open=True)

    def wait_whole(self, *, seconds: float = 60.0) -> None:
        """Wait until the site answers and sees that all nodes serve. Raises TimeoutError."""
        until(self._site_answers, seconds=seconds, what=self.tail)
        for node_id, wanted in self.database("SELECT id, wanted FROM cdn_edgenode"):
            if wanted != "serve":
                self.operator("activate", node=str(node_id))
        until(
            lambda: set(self.states().values()) == {"active"},
            seconds=seconds,
            what=lambda: str(self.states()),
        )

    # What the site knows ----------------------------------------------------------------------------------

    def states(self) -> dict[str, str]:
        """Each node's state by its name, as the site's database has it."""
        return dict(self.database("SELECT name, state FROM cdn_edgenode"))

    def forget_bookmarks(self) -> None:
        """The next film begins at its beginning."""
        with closing(sqlite3.connect(self.home / "db" / "main.sqlite3", timeout=20)) as database, database:
            database.execute("DELETE FROM playback_bookmark")

    def database(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the site's database behind its back."""
        with closing(sqlite3.connect(self.home / "db" / "main.sqlite3", timeout=20)) as database:
            return database.execute(statement, values).fetchall()


def _host(number: int) -> str:
    return f"127.0.0.{11 + number}"


def main() -> None:
    """Stay open until Ctrl-C, for looking at it by hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=2)
    options = parser.parse_args()
    with Stage(options.nodes) as stage:
        print(f"{stage.pages.ours} with the cookies {stage.cookies}")
        for player in ("hls", "shaka", "bare"):
            print(stage.address(player))
        for one in stage.nodes.values():
            print(f"{one.pathway}: {one.base_url}, process {one.process and one.process.pid}")
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
