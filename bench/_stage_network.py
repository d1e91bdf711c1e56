"""How a stage speaks with its network (`bench._shim`): faults of doors, rates of lines, what was asked for, waits."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass
class Node:
    """One edge node: its process, and its name, pathway and id as the site knows them."""

    name: str
    region: str
    port: int
    base_url: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    pathway: str = ""
    id: str = ""
    frozen: bool = False


class Network:
    """The doors of a stage. `nodes` are by pathway: n1, n2 …"""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self._made: list[Node] = []
        self._control: http.client.HTTPConnection | None = None

    def _tell(self, path: str = "/set", **what: Any) -> Any:
        assert self._control is not None
        self._control.request("POST", path, json.dumps(what).encode())
        return json.load(self._control.getresponse())

    def fault(self, pathway: str, kind: str = "", **more: Any) -> float:
        """Have a node's door (or 'site') misbehave, see `bench._shim`; '' ends it. → the time."""
        return float(
            self._tell(door=self._door_of(pathway), fault={"kind": kind, **more} if kind else {})["now"]
        )

    def rate(self, pathway: str, bps: float) -> float:
        """Give a node's line so many bit/s; → the time."""
        return float(self._tell(door=self._door_of(pathway), rate=bps)["now"])

    def link(self, bps: float, latency: float | None = None) -> float:
        """Give the viewer's own line so many bit/s (0: free); → the time."""
        more = {} if latency is None else {"latency": latency}
        return float(self._tell(link=bps, **more)["now"])

    def log(self) -> list[dict[str, Any]]:
        """All requests since `clear`, as `bench._shim.Entry` says; `door` is the pathway, 'site' or 'pages'."""
        names = {node.name: node.pathway for node in self._made}
        entries = self._tell("/log")
        return [entry | {"door": names.get(entry["door"], entry["door"])} for entry in entries]

    def clear(self) -> None:
        """Forget the log."""
        self._tell("/clear")

    def serving(self, since: float = 0.0) -> str | None:
        """The pathway that the last segment since then came from, or comes."""
        sent = [
            one
            for one in self.log()
            if one["kind"] in ("video", "audio") and one["sent"] and one["at"] >= since
        ]
        return str(sent[-1]["door"]) if sent else None

    def _door_of(self, pathway: str) -> str:
        return self.nodes[pathway].name if pathway in self.nodes else pathway


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, on any address."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def until(fact: Callable[[], Any], *, seconds: float, what: Callable[[], str]) -> None:
    """Wait for a fact. Raises TimeoutError with what is said about it."""
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:g} s: {what()}")
        time.sleep(0.05)
