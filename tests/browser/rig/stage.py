"""Site, nodes and film together; also a stage to play on by hand: `python -m tests.browser.rig.stage`."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.browser.rig import media
from tests.browser.rig.media import FILMS
from tests.browser.rig.site import FILM, Site

ROOT = Path(__file__).resolve().parents[3]


class Node:
    """One fake edge node, in its own process."""

    def __init__(self, name: str, port: int = 0) -> None:
        self.name = name
        command = [sys.executable, "-m", "tests.browser.rig.edge", "--root", str(FILMS), "--port", str(port)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.base = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def mood(self, **what: Any) -> None:
        """Misbehave from now on; see edge.py."""
        body = json.dumps(what).encode()
        request = urllib.request.Request(f"{self.base}/fault", data=body, method="POST")
        urllib.request.urlopen(request, timeout=5).close()

    def log(self) -> list[dict[str, Any]]:
        """The requests that it got."""
        with urllib.request.urlopen(f"{self.base}/log", timeout=5) as answer:
            return list(json.load(answer))

    def kill(self) -> None:
        """kill -9: no goodbye."""
        self.process.kill()
        self.process.wait(timeout=5)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open, nothing comes."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the process, frozen or not."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(timeout=5)


class Stage:
    """A site with two nodes."""

    def __init__(self, port: int = 0) -> None:
        media.make(FILMS, source=os.environ.get("RIG_SOURCE", ""))
        ports = [port + 1, port + 2] if port else [0, 0]
        self.nodes = {name: Node(name, one) for name, one in zip(("n1", "n2"), ports, strict=True)}
        self.site = Site(port)
        self.site.nodes = [(name, node.base) for name, node in self.nodes.items()]
        self.site.start()
        self.watch = f"{self.site.base}/watch/{FILM}/"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.site.shutdown()
        self.site.server_close()
        for node in self.nodes.values():
            node.close()


def main() -> None:
    """Play by hand until Ctrl-C."""
    with Stage(port=int(os.environ.get("PORT", "8270"))) as stage:
        for name, node in stage.nodes.items():
            print(f"{name}: {node.base} (pid {node.process.pid})")
        print(stage.watch, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("bye")


if __name__ == "__main__":
    main()
