"""A real edge process, and a small origin that speaks its protocol and can be told to misbehave."""

import contextlib
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cdn.signing import Token, encode, request_message, verified

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN_KEY = Ed25519PrivateKey.generate()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], *, seconds: float = 10.0, what: str = "it") -> Any:
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


def make_package(
    *, segments: int = 6, size: int = 50_000, seed: int = 1, sizes: tuple[int, ...] = ()
) -> tuple[str, bytes, dict[str, bytes]]:
    """A package of one picture, one sound and one text rendition → id, manifest, bytes by 'rendition/name'."""
    rng = random.Random(seed)
    objects: dict[str, bytes] = {}
    renditions = []
    for index, (name, kind, count) in enumerate(
        (("v720", "video", segments), ("a-en", "audio", 3), ("t-en", "text", 1))
    ):
        init = rng.randbytes(800) if kind != "text" else b""
        place, parts = len(init), []
        if init:
            objects[f"{name}/init.mp4"] = init
        for number in range(count):
            data = rng.randbytes(sizes[number % len(sizes)] if sizes else size + number)
            objects[f"{name}/0.vtt" if kind == "text" else f"{name}/{number}.m4s"] = data
            parts.append([place, len(data), 4.0, hashlib.sha256(data).hexdigest()])
            place += len(data)
        playlist = f"#EXTM3U\n# {name} {seed}\n".encode()
        objects[f"{name}/index.m3u8"] = playlist
        renditions.append(
            {
                "name": name, "index": index, "kind": kind, "codecs": "x", "bandwidth": 1, "average_bandwidth": 1,
                "file": f"{name}.mp4", "bytes": place, "sha256": "00" * 32, "segments": parts,
                "init": [0, len(init)] if init else None,
                "playlist": {
                    "file": f"{name}.m3u8", "bytes": len(playlist), "sha256": hashlib.sha256(playlist).hexdigest()
                },
            }
        )  # fmt: skip
    document = {
        "v": 1,
        "video": str(uuid4()),
        "duration": 4.0 * segments,
        "renditions": renditions,
        "created_by": "t",
    }
    manifest = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(manifest).hexdigest()[:32], manifest, objects


@dataclass
class Origin:
    """An origin and control plane in this process. Its fields are its behaviour."""

    packages: dict[str, tuple[bytes, dict[str, bytes]]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    beats: list[dict[str, Any]] = field(default_factory=list)
    enrolments: list[dict[str, Any]] = field(default_factory=list)
    state: str = "active"
    deny: list[dict[str, Any]] = field(default_factory=list)
    keys: list[dict[str, Any]] = field(
        default_factory=lambda: [{"kid": 1, "public_key": TOKEN_KEY.public_key().public_bytes_raw().hex()}]
    )
    keys_version: int = 1
    #: Seconds before an object's first byte; bytes after which an object's answer breaks off (once each); lies.
    delay: float = 0.0
    gate: threading.Event | None = None
    gate_after: int = 0
    break_after: dict[str, int] = field(default_factory=dict)
    corrupt: set[str] = field(default_factory=set)
    control_down: bool = False
    #: What heartbeats are answered with instead, as a proxy in the way might.
    strange_answer: bytes = b""
    port: int = 0
    public_key: str = ""
    bad_signatures: int = 0
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, **wanted: Any) -> tuple[str, dict[str, bytes]]:
        """Publish a package → its id and its objects."""
        package, manifest, objects = make_package(**wanted)
        self.packages[package] = (manifest, objects)
        return package, objects

    def start(self) -> None:
        """Listen, on the port of before if there was one."""
        handler = type("Handler", (_Handler,), {"origin": self})
        self.port = self.port or free_port()
        ThreadingHTTPServer.allow_reuse_address = True
        ThreadingHTTPServer.daemon_threads = True
        ThreadingHTTPServer.request_queue_size = 128
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be gone: new connections are refused, kept ones are cut."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server is not None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin: Origin

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _json(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _signed(self, body: bytes = b"") -> bool:
        origin = self.origin
        head = self.headers
        message = request_message(self.command, self.path, head["X-Node-Time"], head["X-Node-Seq"], body)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(origin.public_key or "00" * 32))
        if not verified(key, head["X-Node-Signature"] or "", message):
            origin.bad_signatures += 1
            return False
        return True

    def do_POST(self) -> None:
        origin = self.origin
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not origin.running or origin.control_down:
            self.close_connection = True
            self.connection.close()
            return
        if self.path.endswith("/enrol"):
            wish = json.loads(body)
            origin.enrolments.append(wish)
            if wish["code"] == "wrong":
                self._json(403, {"error": {"code": "code_unknown", "message": "This code is not known."}})
                return
            origin.public_key = wish["public_key"]
            answer = {
                "node_id": str(uuid4()),
                "slot": 1,
                "heartbeat_seconds": 2,
                "lease_seconds": 1.0,
                "origin": "",
            }
            self._json(201, answer | {"keys": origin.keys, "keys_version": origin.keys_version})
            return
        if not self._signed(body):
            self._json(401, {"error": {"code": "signature", "message": "no"}})
            return
        beat = json.loads(body)
        origin.beats.append(beat)
        if origin.strange_answer:
            self.send_response(200)
            self.send_header("Content-Length", str(len(origin.strange_answer)))
            self.end_headers()
            self.wfile.write(origin.strange_answer)
            return
        reply: dict[str, Any] = {
            "state": origin.state, "reason": "test", "keys_version": origin.keys_version, "interval": 0.5,
            "lease_seconds": 1.0, "deny": origin.deny, "deny_version": len(origin.deny),
        }  # fmt: skip
        if beat["keys_version"] != origin.keys_version:
            reply["keys"] = origin.keys
        self._json(200, reply)

    def do_GET(self) -> None:
        origin = self.origin
        if not origin.running:
            self.close_connection = True
            return
        if not self._signed():
            self._json(401, {"error": {"code": "signature", "message": "no"}})
            return
        _, _, _, package, rest = self.path.split("/", 4)
        origin.asked[rest] += 1
        manifest, objects = origin.packages.get(package, (b"", {}))
        data = manifest if rest == "manifest.json" else objects.get(rest)
        if not data:
            self._json(404, {"error": {"code": "unknown", "message": "no"}})
            return
        self._object(rest, data)

    def _object(self, rest: str, data: bytes) -> None:
        origin = self.origin
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if rest in origin.corrupt:
            data = bytes([data[0] ^ 1]) + data[1:]
        start = 0
        if wanted := self.headers["Range"]:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if rest != "manifest.json":
            threading.Event().wait(origin.delay)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("ETag", tag)
        self.end_headers()
        cut = origin.break_after.pop(rest, None)
        if cut is not None:
            self.wfile.write(data[start : start + cut])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        if origin.gate is not None and rest != "manifest.json":
            self.wfile.write(data[start : origin.gate_after])
            self.wfile.flush()
            origin.gate.wait(20)
            start = max(start, origin.gate_after)
        with contextlib.suppress(OSError):
            self.wfile.write(data[start:])


class Edge:
    """A real edge process."""

    def __init__(
        self, origin_url: str, cache: Path, *, code: str = "code", name: str = "test", port: int = 0
    ) -> None:
        self.origin_url, self.cache, self.code, self.name = origin_url, cache, code, name
        self.port = port or free_port()
        self.process: subprocess.Popen[str] | None = None
        self.log = cache.parent / f"{cache.name}.log"

    def start(self, *more: str, wait: bool = True) -> "Edge":
        """Start it; by default wait until it is ready."""
        argv = [
            sys.executable, "-m", "cdn.edge", "--origin", self.origin_url, "--code", self.code, "--name", self.name,
            "--listen", f"127.0.0.1:{self.port}", "--cache", str(self.cache), *more,
        ]  # fmt: skip
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                argv, cwd=ROOT, stdout=log, stderr=log, text=True, env=dict(os.environ)
            )
        if wait:
            until(self.ready, what=f"readiness of the edge (log: {self.log.read_text()})")
        return self

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


@contextlib.contextmanager
def running_origin() -> Iterator[Origin]:
    """An origin for one test."""
    origin = Origin()
    origin.start()
    try:
        yield origin
    finally:
        origin.stop()
