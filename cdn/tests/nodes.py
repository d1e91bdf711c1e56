"""A node's side of the protocol, for tests of the control plane."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.http import HttpResponse
from django.test import Client

from cdn import testobject
from cdn.signing import proof_message, request_message


class FakeNode:
    """Keeps a key, signs requests, answers proofs when it listens."""

    def __init__(self, name: str = "paris-1") -> None:
        self.name, self.key = name, Ed25519PrivateKey.generate()
        self.node_id, self.sequence, self.base_url = "", 0, "http://127.0.0.1:1"
        #: What may be wrong: another key, no CORS headers, no ranges, a clock so many seconds off, short answers.
        self.lies, self.cors, self.ranges, self.clock = False, True, True, 0.0
        self.cut: int | None = None

    @property
    def public_hex(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    @contextmanager
    def listening(self) -> Iterator["FakeNode"]:
        """Answer proofs on a real port."""
        node = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                if self.path == testobject.PATH:
                    self._give(testobject.content())
                    return
                nonce = self.path.rpartition("/")[2]
                key = Ed25519PrivateKey.generate() if node.lies else node.key
                self._give(key.sign(proof_message(nonce)).hex().encode())

            def date_time_string(self, timestamp: float | None = None) -> str:
                return super().date_time_string(time.time() + node.clock)

            def _give(self, content: bytes) -> None:
                wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                part = bool(wanted) and node.ranges
                self.send_response(206 if part else 200)
                for name in ("Access-Control-Allow-Origin", "Timing-Allow-Origin") if node.cors else ():
                    self.send_header(name, "*")
                self.end_headers()
                if wanted and part:
                    content = content[int(wanted[1]) : int(wanted[2]) + 1]
                self.wfile.write(content[: node.cut])

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def wish(self, code: str, **changes: Any) -> dict[str, Any]:
        """What it sends to enrol."""
        return {
            "code": code, "name": self.name, "public_key": self.public_hex, "base_url": self.base_url,
            "site": "paris", "capacity_bps": 10**9, "version": "1",
        } | changes  # fmt: skip

    def enrol(self, client: Client, code: str, **changes: Any) -> HttpResponse:
        """Ask to join."""
        answer: Any = client.post(
            "/api/v1/cdn/enrol", self.wish(code, **changes), content_type="application/json"
        )
        if answer.status_code == 201:
            self.node_id = answer.json()["node_id"]
        return answer  # type: ignore[no-any-return]

    def headers(self, method: str, path: str, body: bytes = b"", *, skew: float = 0, sequence: int | None = None,
                key: Ed25519PrivateKey | None = None) -> dict[str, str]:  # fmt: skip
        """The headers of a signed request."""
        if sequence is None:
            self.sequence += 1
            sequence = self.sequence
        now = f"{time.time() + skew:.3f}"
        signature = (key or self.key).sign(request_message(method, path, now, str(sequence), body)).hex()
        return {
            "X-Node-Id": self.node_id, "X-Node-Time": now, "X-Node-Seq": str(sequence), "X-Node-Signature": signature,
        }  # fmt: skip

    def beat(self, client: Client, *, report: dict[str, Any] | None = None, **how: Any) -> HttpResponse:
        """Send a heartbeat."""
        path = "/api/v1/cdn/heartbeat"
        body = json.dumps({"base_url": self.base_url, **(report or {})}).encode()
        headers = self.headers("POST", path, body, **how)
        answer: Any = client.post(path, body, content_type="application/json", headers=headers)
        return answer  # type: ignore[no-any-return]

    def get(self, client: Client, path: str, **how: Any) -> HttpResponse:
        """A signed GET."""
        answer: Any = client.get(path, headers=self.headers("GET", path, **how))
        return answer  # type: ignore[no-any-return]
