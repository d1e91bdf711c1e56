"""A small origin and control plane that speaks the nodes' protocol and can be told to misbehave."""

import contextlib
import gzip
import hashlib
import itertools
import json
import os
import random
import socket
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cdn.signing import request_message, verified

#: A signed request is good for so long, in seconds either way; a heartbeat, which is told so, for longer.
CLOCK_WINDOW = (30.0, 600.0)
TOKEN_KEY = Ed25519PrivateKey.generate()
#: Below the ports that the kernel gives to connections (32768 and up): what is free now is not taken by one a moment
#: later. Each process of a test run begins elsewhere.
_ports = itertools.count(20_000 + os.getpid() * 97 % 12_000)


def free_port() -> int:
    """A port that nobody listens on, and that no connection will be given."""
    for number in _ports:
        port = 20_000 + number % 12_000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("numbers do not end")


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
    #: Seconds between heartbeats, as their answers ask for; a site asks for two.
    interval: float = 0.5
    #: Seconds before heartbeats are answered.
    control_delay: float = 0.0
    #: What heartbeats are answered with instead, as a proxy in the way might.
    strange_answer: bytes = b""
    #: Takedowns as heartbeats tell them, numbered from 1; plans by node id ("" for every node); hints; what to drain.
    takedowns: list[dict[str, Any]] = field(default_factory=list)
    plans: dict[str, dict[str, Any]] = field(default_factory=dict)
    mb: int = 0
    drain: dict[str, Any] | None = None
    #: Whether nodes hear of each other, and of these (entries as the heartbeat's answer has them).
    share_peers: bool = False
    more_peers: list[dict[str, Any]] = field(default_factory=list)
    #: Whether heartbeats' answers ask for the deliveries; whether faults are confirmed.
    want_deliveries: bool = True
    confirm_faults: bool = True
    #: Addresses that answer 404 as an older site's would, and statuses that others answer with.
    unknown_paths: set[str] = field(default_factory=set)
    refuse: dict[str, int] = field(default_factory=dict)
    #: Seconds that this site's clock is ahead of the machine's.
    clock: float = 0.0
    #: What nodes told: faults by id; inventories by node (epoch, packages); deliveries by journal, in order.
    faults: dict[str, dict[str, Any]] = field(default_factory=dict)
    inventories: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    deliveries: dict[str, list[list[Any]]] = field(default_factory=dict)
    batches: list[tuple[str, int, int]] = field(default_factory=list)
    cursors: dict[str, int] = field(default_factory=dict)
    #: So many acknowledgements of deliveries get lost on their way.
    lose_answers: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: Who enrolled, by id, as peers are told of them. `trusting`: answer whoever asks, as a stand-in for a peer.
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    trusting: bool = False
    port: int = 0
    public_key: str = ""
    bad_signatures: int = 0
    late: int = 0
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
        self._server = _Listener(("127.0.0.1", self.port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be gone: new connections are refused, kept ones are cut."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def rows(self) -> list[list[Any]]:
        """All deliveries that were taken in."""
        return [row for rows in self.deliveries.values() for row in rows]

    def peers_of(self, node_id: str) -> list[dict[str, Any]]:
        """Whom this node is told of."""
        others = [node for node in self.nodes.values() if node["node_id"] != node_id]
        return [*(others if self.share_peers else []), *self.more_peers]

    def as_peer(self, public_key: str = "ab" * 32, **more: Any) -> dict[str, Any]:
        """This origin as an entry of a list of peers."""
        return {
            "node_id": str(uuid4()), "slot": 99, "base_url": self.url, "public_key": public_key, "site": "default",
            "region": "", "capacity_bps": 10**9, "state": "active",
        } | more  # fmt: skip

    def take_down(self, package: str, *, forbidden: bool = True, lifted: bool = False) -> None:
        """Say with the next heartbeats that nodes must drop a package."""
        version = len(self.takedowns) + 1
        self.takedowns.append(
            {"version": version, "package": package, "forbidden": forbidden, "lifted": lifted}
        )

    @property
    def running(self) -> bool:
        """Whether it answers."""
        return self._server is not None


def _unpacked(body: bytes) -> bytes:
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


class _Listener(ThreadingHTTPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nodes are killed here: that their connections break is no news."""


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

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The Date header, by this site's clock."""
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.origin.clock)

    def _signed(self, body: bytes = b"") -> bool:
        origin = self.origin
        if origin.trusting:
            return True
        head = self.headers
        message = request_message(self.command, self.path, head["X-Node-Time"], head["X-Node-Seq"], body)
        node = origin.nodes.get(head["X-Node-Id"], {})
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(node.get("public_key") or "00" * 32))
        window = CLOCK_WINDOW[self.path.endswith("/heartbeat")]
        if abs(float(head["X-Node-Time"] or 0) - time.time() - origin.clock) > window:
            origin.late += 1
            self._json(401, {"error": {"code": "clock", "message": "The node's clock is off."}})
            return False
        if not verified(key, head["X-Node-Signature"] or "", message):
            origin.bad_signatures += 1
            self._json(401, {"error": {"code": "signature", "message": "no"}})
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
            self._enrol(json.loads(body))
        elif not self._signed(body):
            return
        elif self.path in origin.unknown_paths:
            self._json(404, {})
        elif self.path in origin.refuse:
            self._json(origin.refuse[self.path], {"error": {"code": "test", "message": "told to"}})
        elif self.path.endswith("/inventory"):
            self._inventory(json.loads(_unpacked(body)))
        elif self.path.endswith("/deliveries"):
            self._deliveries(json.loads(_unpacked(body)))
        else:
            self._beat(json.loads(body))

    def _enrol(self, wish: dict[str, Any]) -> None:
        origin = self.origin
        origin.enrolments.append(wish)
        if wish["code"] == "wrong":
            self._json(403, {"error": {"code": "code_unknown", "message": "This code is not known."}})
            return
        origin.public_key = wish["public_key"]
        node_id, slot = str(uuid4()), len(origin.nodes) + 1
        origin.nodes[node_id] = {
            "node_id": node_id, "slot": slot, "base_url": wish["base_url"], "public_key": wish["public_key"],
            "site": wish["site"], "region": "", "capacity_bps": wish["capacity_bps"], "state": "active",
        }  # fmt: skip
        answer = {
            "node_id": node_id, "slot": slot, "heartbeat_seconds": 2, "lease_seconds": 1.0, "origin": "",
            "keys": origin.keys, "keys_version": origin.keys_version,
        }  # fmt: skip
        self._json(201, answer)

    def _beat(self, beat: dict[str, Any]) -> None:
        origin = self.origin
        threading.Event().wait(origin.control_delay)
        node_id = self.headers["X-Node-Id"]
        skew = float(self.headers["X-Node-Time"]) - time.time() - origin.clock
        origin.beats.append(beat | {"node_id": node_id, "skew": skew})
        if origin.strange_answer:
            self.send_response(200)
            self.send_header("Content-Length", str(len(origin.strange_answer)))
            self.end_headers()
            self.wfile.write(origin.strange_answer)
            return
        reply: dict[str, Any] = {
            "state": origin.state, "reason": "test", "keys_version": origin.keys_version, "interval": origin.interval,
            "lease_seconds": 1.0, "deny": origin.deny, "deny_version": len(origin.deny), "mb": origin.mb,
            "takedowns": [one for one in origin.takedowns if one["version"] > beat.get("takedowns", 0)],
            "takedowns_version": len(origin.takedowns), "deliveries": origin.want_deliveries,
            "inventory": origin.inventories.get(node_id, (0, {}))[0], "plan": self._plan(node_id).get("version", 0),
        }  # fmt: skip
        if beat["keys_version"] != origin.keys_version:
            reply["keys"] = origin.keys
        if origin.drain is not None:
            reply["drain"] = origin.drain
        peers = origin.peers_of(node_id)
        reply["peers_version"] = version = (
            zlib.crc32(json.dumps(peers, sort_keys=True).encode()) if peers else 0
        )
        if beat.get("peers", 0) != version:
            reply["peers"] = peers
        for fault in beat.get("faults", ()):
            origin.faults[fault["id"]] = fault
        if origin.confirm_faults:
            reply["faults_seen"] = [fault["id"] for fault in beat.get("faults", ())]
        self._json(200, reply)

    def _plan(self, node_id: str) -> dict[str, Any]:
        return self.origin.plans.get(node_id) or self.origin.plans.get("", {})

    def _inventory(self, said: dict[str, Any]) -> None:
        node_id = self.headers["X-Node-Id"]
        epoch, known = self.origin.inventories.get(node_id, (0, {}))
        if said["base"] not in (0, epoch):
            self._json(409, {"error": {"code": "base", "message": "another epoch"}, "inventory": epoch})
            return
        whole = said["packages"] if not said["base"] else known | said["packages"]
        self.origin.inventories[node_id] = said["epoch"], {name: held for name, held in whole.items() if held}
        self._json(200, {"inventory": said["epoch"]})

    def _deliveries(self, said: dict[str, Any]) -> None:
        """Take rows in exactly once, as the site does: what is numbered up to the last one is here already."""
        origin, first, rows = self.origin, said["first"], said["rows"]
        assert said["last"] - first + 1 == len(rows)
        with origin.lock:
            taken = origin.deliveries.setdefault(said["journal"], [])
            last = origin.cursors.get(said["journal"], 0)
            taken += rows[max(0, last + 1 - first) :]
            origin.cursors[said["journal"]] = last = max(last, said["last"])
            origin.batches.append((said["journal"], first, said["last"]))
        if origin.lose_answers:
            origin.lose_answers -= 1
            self.close_connection = True
            self.connection.close()
            return
        self._json(200, {"acked": last})

    def do_GET(self) -> None:
        origin = self.origin
        if not origin.running:
            self.close_connection = True
            return
        if not self._signed():
            return
        if self.path.endswith("/cdn/plan"):
            found = self._plan(self.headers["X-Node-Id"])
            self._json(200 if found else 404, found)
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


@contextlib.contextmanager
def running_origin() -> Iterator[Origin]:
    """An origin for one test."""
    origin = Origin()
    origin.start()
    try:
        yield origin
    finally:
        origin.stop()
