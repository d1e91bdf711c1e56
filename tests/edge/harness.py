"""A real edge process, and what a viewer of it does. The origin it speaks with is in `tests.edge.origin`."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cdn.signing import Token, encode
from tests.edge.origin import TOKEN_KEY as TOKEN_KEY
from tests.edge.origin import Origin as Origin
from tests.edge.origin import free_port as free_port
from tests.edge.origin import make_package as make_package
from tests.edge.origin import running_origin as running_origin

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent.parent


def in_a_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own: the test's thread may have a loop already, Playwright's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def until(condition: Callable[[], Any], *, seconds: float = 15.0, what: str = "it") -> Any:
    """Wait for a condition, with a deadline; → its value."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        pause.wait(0.02)


class Edge:
    """A real edge process."""

    def __init__(
        self, origin_url: str, cache: Path, *, code: str = "code", name: str = "test", port: int = 0
    ) -> None:
        self.origin_url, self.cache, self.code, self.name = origin_url, cache, code, name
        self.port = port or free_port()
        #: One process starts soonest; `NETFLIXLITE_EDGE_WORKERS=2` runs the same tests with several.
        self.workers = os.environ.get("NETFLIXLITE_EDGE_WORKERS", "1")
        self.process: subprocess.Popen[str] | None = None
        self.log = cache.parent / f"{cache.name}.log"

    def start(self, *more: str, wait: bool = True, clock: Path | None = None) -> "Edge":
        """Start it; by default wait until it is ready. `clock` is a file with how far its machine's clock is off."""
        argv = [
            sys.executable, "-m", "cdn.edge", "--origin", self.origin_url, "--code", self.code, "--name", self.name,
            "--listen", f"127.0.0.1:{self.port}", "--cache", str(self.cache), "--workers", self.workers, *more,
        ]  # fmt: skip
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                argv, cwd=ROOT, stdout=log, stderr=log, text=True, env=os.environ | _wrong_clock(clock)
            )
        if wait:
            self.wait_until_ready()
        return self

    def wait_until_ready(self) -> None:
        """Wait until /readyz says so; what it wrote is shown when that does not come."""

        def ready_or_dead() -> bool:
            assert self.process is not None
            return self.ready() or self.process.poll() is not None

        try:
            until(ready_or_dead, seconds=30, what="readiness")
            assert self.ready(), "it ended"
        except AssertionError as error:
            raise AssertionError(f"{error}; its log:\n{self.log.read_text()}") from None

    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self) -> int:
        """Wait for its end → exit code."""
        assert self.process is not None
        return self.process.wait(15)

    def stop(self) -> None:
        """Make sure it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(10)

    def get(self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> "Reply":
        """One request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers or {})
            return Reply(connection.getresponse())
        finally:
            connection.close()

    def raw(self, data: bytes, *, seconds: float = 5.0) -> bytes:
        """Send these very bytes; → all that comes back until the node closes or stays silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as sock:
            sock.sendall(data)
            got = b""
            with contextlib.suppress(TimeoutError, ConnectionResetError):
                while chunk := sock.recv(65536):
                    got += chunk
        return got

    def health(self) -> dict[str, Any]:
        """What /health says."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


class Reply:
    """A whole answer."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status, self.headers = response.status, response.headers
        self.body = response.read()


def token(package: str, *, mask: int = 0xFF, lasts: float = 900, key: Ed25519PrivateKey = TOKEN_KEY, kid: int = 1,
          session: bytes = b"s" * 16, starts: float = 0) -> str:  # fmt: skip
    """A viewer's token."""
    now = int(time.time())
    return encode(
        Token(kid, session, b"acct", bytes.fromhex(package), mask, now + int(starts), now + int(lasts), 0),
        key,
    )


def _wrong_clock(offset: Path | None) -> dict[str, str]:
    """The environment of a process whose `time.time` is off by the seconds in this file, read anew each time."""
    if offset is None:
        return {}
    folder = offset.parent / "clock"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"import time\n_true = time.time\ntime.time = lambda: _true() + float(open({str(offset)!r}).read())\n"
    )
    return {"PYTHONPATH": str(folder)}


@dataclass
class Watched:
    """What a viewer got of an object, and what each node did on the way."""

    body: bytes = b""
    story: list[str] = field(default_factory=list)


def watch(edges: Sequence[Edge], path: str, *, patience: float = 2.0) -> Watched:
    """Fetch as our player does: from the first node, and where it fails or falls silent, the rest from the next."""
    seen = Watched()
    for edge in edges:
        connection = HTTPConnection("127.0.0.1", edge.port, timeout=patience)
        try:
            connection.request(
                "GET", path, headers={"Range": f"bytes={len(seen.body)}-"} if seen.body else {}
            )
            response = connection.getresponse()
            if response.status not in (200, 206):
                seen.story.append(str(response.status))
                continue
            if response.status == 200:
                seen.body = b""
            while chunk := response.read1(65536):
                seen.body += chunk
            if response.length == 0:
                seen.story.append("whole")
                return seen
            seen.story.append("broken off")
        except (TimeoutError, IncompleteRead):
            seen.story.append("silent")
        except OSError as error:
            seen.story.append("refused" if isinstance(error, ConnectionRefusedError) else "broken off")
        finally:
            connection.close()
    return seen
