"""A fake edge node as a process of its own, so that it can be killed and frozen: `python -m tests.browser.rig.edge`.

It speaks the wire of a node, /v1/<token>/<package>/<rendition>/<name>, and misbehaves on request: POST /fault with
{"fault": ...} where fault is "" (none), "hang", "stall" (half of the body, then silence), "reset", "short" (a wrong
length), "wrong" (other bytes in the second half of segments), "page" (200 with HTML), or a status such as "503";
{"rate": bytes per second}; {"refuse": token}.
"""

import argparse
import json
import re
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TYPES = {
    ".webp": "image/webp",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/mp4",
    ".vtt": "text/vtt",
}
PATH = re.compile(r"/v1/([A-Za-z0-9_-]+)/([0-9a-f]{32}/[a-z0-9-]+/[a-z0-9]+\.[a-z0-9]+)")
BLOCK = 16 * 1024


class Edge(ThreadingHTTPServer):
    """The server and its present mood."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], root: Path, name: str) -> None:
        super().__init__(address, Handler)
        self.root = root
        self.name = name
        self.mood: dict[str, Any] = {"fault": "", "rate": 0, "refuse": ""}
        self.log: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A player that leaves in the middle is no news."""


class Handler(BaseHTTPRequestHandler):
    """GET of media, OPTIONS (counted: there should be none), and the rig's own doors."""

    protocol_version = "HTTP/1.1"
    server: Edge

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""

    def do_OPTIONS(self) -> None:
        self._note()
        self.send_response(HTTPStatus.NO_CONTENT)
        for name in ("Origin", "Methods", "Headers"):
            self.send_header(f"Access-Control-Allow-{name}", "*")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.mood.update(json.loads(body))
        self._answer(HTTPStatus.OK, b"{}", "application/json")

    def do_GET(self) -> None:
        if self.path == "/log":
            self._answer(HTTPStatus.OK, json.dumps(self.server.log).encode(), "application/json")
            return
        self._note()
        mood = dict(self.server.mood)
        found = PATH.fullmatch(self.path.split("?")[0])
        file = self.server.root / found[2] if found else None
        if found and mood["refuse"] and found[1] == mood["refuse"]:
            self._answer(HTTPStatus.FORBIDDEN, b"token", "text/plain")
        elif mood["fault"] == "hang":
            time.sleep(60)
        elif mood["fault"] == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
        elif str(mood["fault"]).isdigit():
            self._answer(HTTPStatus(int(mood["fault"])), b"no", "text/plain")
        elif mood["fault"] == "page":
            self._answer(HTTPStatus.OK, b"<!doctype html><title>Welcome to our hotel</title>", "text/html")
        elif file is None or not file.is_file():
            self._answer(HTTPStatus.NOT_FOUND, b"unknown", "text/plain")
        else:
            self._send(file, mood)

    def _send(self, file: Path, mood: dict[str, Any]) -> None:
        data = file.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        end = min(len(data), int(wanted[2]) + 1) if wanted and wanted[2] else len(data)
        if mood["fault"] == "wrong" and file.suffix == ".m4s":
            half = len(data) // 2
            data = data[:half] + bytes(len(data) - half)
        part = data[start:end]
        self.send_response(HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(data)}")
        self.send_header("Content-Type", TYPES[file.suffix])
        self.send_header("Content-Length", str(len(part) + (7 if mood["fault"] == "short" else 0)))
        self.send_header("Cache-Control", "public, max-age=31536000, immutable")
        self._cors()
        self.end_headers()
        self._pace(part, mood)
        if mood["fault"] == "short":
            self.close_connection = True

    def _pace(self, part: bytes, mood: dict[str, Any]) -> None:
        for at in range(0, len(part), BLOCK):
            if mood["fault"] == "stall" and at >= len(part) / 2:
                time.sleep(60)
            self.wfile.write(part[at : at + BLOCK])
            if mood["rate"]:
                time.sleep(BLOCK / mood["rate"])

    def _answer(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self._cors()
        self.end_headers()
        self.wfile.write(body)

    def _cors(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Expose-Headers", "Content-Length, Content-Range")
        self.send_header("Timing-Allow-Origin", "*")

    def _note(self) -> None:
        with self.server.lock:
            entry = {
                "method": self.command,
                "path": self.path,
                "range": self.headers.get("Range"),
                "at": time.time(),
            }
            self.server.log.append(entry)


def main() -> None:
    """Serve until killed; the first line on standard output is the port."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="edge")
    options = parser.parse_args()
    server = Edge(("127.0.0.1", options.port), options.root, options.name)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
