"""A whole installation for browser tests: the real supervisor, with real processes, in a folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import wait_for

TOP = Path(__file__).resolve().parent.parent.parent


def free_ports(count: int) -> list[int]:
    """Consecutive free ports on loopback: the site's first, then the nodes'."""
    for first in range(18200, 19200, 10):
        sockets = []
        try:
            for port in range(first, first + count):
                probe = socket.socket()
                sockets.append(probe)
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return list(range(first, first + count))
        finally:
            for probe in sockets:
                probe.close()
    raise AssertionError("no free ports")


@dataclass
class Installation:
    """What `make up` brought up."""

    home: Path
    url: str
    node_ports: list[int]
    process: subprocess.Popen[str]
    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        """All that was printed so far."""
        return "\n".join(self.lines)

    def first_run_link(self) -> str:
        """The one-time link that the supervisor prints."""
        found = wait_for(
            lambda: re.search(r"http://\S+/setup/\S+", self.log) or self.process.poll() is not None,
            seconds=90,
            what="the first-run link",
        )
        assert not isinstance(found, bool), f"make up ended:\n{self.log}"
        return found.group(0)

    def manage(self, *arguments: str, timeout: float = 300) -> str:
        """Run a management command against this installation and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=TOP,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def node_pid(self, port: int) -> int:
        """The process that serves as the node on this port: a child of the supervisor."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if "cdn.edge" in command and f":{port} " in command and parent == self.process.pid:
                return int(entry.name)
        raise AssertionError(f"no node on port {port}")


@contextmanager
def running(home: Path, *, demo: str, nodes: int = 2) -> Iterator[Installation]:
    """Start `python -m netflixlite.up` (what `make up` runs) and stop it cleanly afterwards.

    `demo` is what DEMO says: `0`, `1`, or slugs of the titles to make.
    """
    ports = free_ports(1 + nodes)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NETFLIXLITE_")}
    environment |= {
        "NETFLIXLITE_HOME": str(home),
        "PORT": str(ports[0]),
        "NODE_PORT": str(ports[1]),
        "DEMO": demo,
        "PYTHONUNBUFFERED": "1",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "netflixlite.up"],
        cwd=TOP,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    commands = environment | {
        "NETFLIXLITE_SECRET_KEY_FILE": str(home / "keys" / "secret-key"),
        "NETFLIXLITE_SITE_URL": f"http://127.0.0.1:{ports[0]}",
    }
    site = Installation(home, f"http://127.0.0.1:{ports[0]}", ports[1:], process, commands)

    def pump() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            site.lines.append(line.rstrip())

    threading.Thread(target=pump, daemon=True).start()
    try:
        yield site
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
