"""The same requests to a node and to nginx over the same files: what is right is answered alike, the rest is listed.

`ALIKE` must agree in statuses, bodies, ranges and in whether the connection stays. `OTHERWISE` says for each difference
what either of them does and why we do it our way; it is tested too, so that it stays true.
"""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.edge.harness import Edge, Origin, free_port, running_origin, token, until

pytestmark = pytest.mark.slow

_CONF = """
daemon off; master_process off; worker_processes 1; pid {home}/pid; error_log {home}/error.log crit;
events {{ worker_connections 64; }}
http {{
  access_log off; default_type video/mp4; client_body_temp_path {home}/t; proxy_temp_path {home}/t;
  fastcgi_temp_path {home}/t; uwsgi_temp_path {home}/t; scgi_temp_path {home}/t; sendfile on; keepalive_timeout 75;
  large_client_header_buffers 4 8k;
  server {{ listen 127.0.0.1:{port}; root {home}/root; }}
}}
"""
H = "Host: n1\r\n"
Q = "GET {0} HTTP/1.1\r\nHost: n1\r\n"

#: {0} is an object, {1} another, {tag} the object's entity tag of the server that is asked.
ALIKE = {
    "whole": f"{Q}\r\n",
    "head": "HEAD {0} HTTP/1.1\r\nHost: n1\r\n\r\n",
    "query": "GET {0}?CMCD=bl%3D4000 HTTP/1.1\r\nHost: n1\r\n\r\n",
    "empty query": "GET {0}? HTTP/1.1\r\nHost: n1\r\n\r\n",
    "unknown object": "GET {0}x HTTP/1.1\r\nHost: n1\r\n\r\n",
    "nothing there": "GET /nothing HTTP/1.1\r\nHost: n1\r\n\r\n",
    "first bytes": f"{Q}Range: bytes=0-9\r\n\r\n",
    "one byte": f"{Q}Range: bytes=0-0\r\n\r\n",
    "middle": f"{Q}Range: bytes=100-299\r\n\r\n",
    "to the end": f"{Q}Range: bytes=49000-\r\n\r\n",
    "last bytes": f"{Q}Range: bytes=-7\r\n\r\n",
    "more than all, from the end": f"{Q}Range: bytes=-999999\r\n\r\n",
    "end beyond the end": f"{Q}Range: bytes=49990-999999\r\n\r\n",
    "whole as a range": f"{Q}Range: bytes=0-\r\n\r\n",
    "start beyond the end": f"{Q}Range: bytes=50000-\r\n\r\n",
    "far beyond the end": f"{Q}Range: bytes=99999999999-\r\n\r\n",
    "last none": f"{Q}Range: bytes=-0\r\n\r\n",
    "other unit": f"{Q}Range: items=0-1\r\n\r\n",
    "head of a range": "HEAD {0} HTTP/1.1\r\nHost: n1\r\nRange: bytes=5-6\r\n\r\n",
    "range if the same": f"{Q}Range: bytes=0-9\r\nIf-Range: {{tag}}\r\n\r\n",
    "range if other": f'{Q}Range: bytes=0-9\r\nIf-Range: "other"\r\n\r\n',
    "range if weak": f"{Q}Range: bytes=0-9\r\nIf-Range: W/{{tag}}\r\n\r\n",
    "range if a date": f"{Q}Range: bytes=0-9\r\nIf-Range: Mon, 01 Jan 2024 00:00:00 GMT\r\n\r\n",
    "had already": f"{Q}If-None-Match: {{tag}}\r\n\r\n",
    "had already, weak": f"{Q}If-None-Match: W/{{tag}}\r\n\r\n",
    "had already, in a list": f'{Q}If-None-Match: "a", {{tag}} , "b"\r\n\r\n',
    "had anything": f"{Q}If-None-Match: *\r\n\r\n",
    "had another": f'{Q}If-None-Match: "a"\r\n\r\n',
    "had already, and a range": f"{Q}If-None-Match: {{tag}}\r\nRange: bytes=0-1\r\n\r\n",
    "last request": f"{Q}Connection: close\r\n\r\n",
    "of 1.0": "GET {0} HTTP/1.0\r\n\r\n",
    "of 1.0 with a host": "GET {0} HTTP/1.0\r\nHost: n1\r\n\r\n",
    "two in one go": f"{Q}\r\nGET {{1}} HTTP/1.1\r\nHost: n1\r\n\r\n",
    "three in one go, of three kinds": f"HEAD {{0}} HTTP/1.1\r\nHost: n1\r\n\r\n{Q}Range: bytes=5-9\r\n\r\n"
    "GET {1} HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n",
    "nothing behind the last": f"{Q}Connection: close\r\n\r\nGET {{1}} HTTP/1.1\r\nHost: n1\r\n\r\n",
    "a miss between": f"{Q}\r\nGET {{0}}y HTTP/1.1\r\nHost: n1\r\n\r\nGET {{1}} HTTP/1.1\r\nHost: n1\r\n\r\n",
    "header of many spaces": "GET {0} HTTP/1.1\r\nHost:    n1   \r\nX:\t y \r\n\r\n",
    "header without a value": f"{Q}X:\r\n\r\n",
    "names in capitals": "GET {0} HTTP/1.1\r\nHOST: n1\r\nRANGE: bytes=0-1\r\n\r\n",
    "no host": "GET {0} HTTP/1.1\r\nX: y\r\n\r\n",
    "two hosts": f"{Q}Host: n2\r\n\r\n",
    "a host that is a path": "GET {0} HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "two lengths": f"{Q}Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "length that is none": f"{Q}Content-Length: x\r\n\r\n",
    "negative length": f"{Q}Content-Length: -1\r\n\r\n",
    "length and chunks": f"{Q}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no length and nothing": f"{Q}Content-Length: 0\r\n\r\n",
    "a NUL in a header": f"{Q}X: a\0b\r\n\r\n",
    "folded header": "GET {0} HTTP/1.1\r\nHost: n1\r\n folded: x\r\n\r\n",
    "blank before the colon": f"{Q}X : y\r\n\r\n",
    "small method": "get {0} HTTP/1.1\r\nHost: n1\r\n\r\n",
    "nonsense": "\x16\x03\x01\x02\r\n\r\n",
    "no target": "GET\r\nHost: n1\r\n\r\n",
    "target too long": "GET /" + "y" * 9000 + " HTTP/1.1\r\nHost: n1\r\n\r\n",
    "posting": "POST {0} HTTP/1.1\r\nHost: n1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "deleting": "DELETE {0} HTTP/1.1\r\nHost: n1\r\nConnection: close\r\n\r\n",
}


@dataclass(frozen=True)
class Difference:
    """What the node and nginx answer (statuses, or nothing), and why we differ."""

    request: str
    ours: tuple[int, ...]
    theirs: tuple[int, ...]
    why: str


_NO_BODIES = "requests have no body here: what cannot be misread cannot be smuggled"
_STRICT = "RFC 9112 lets a server refuse it, and a proxy before us may read it in another way"
OTHERWISE = {
    "several ranges": Difference(f"{Q}Range: bytes=0-1,5-9\r\n\r\n", (200,), (206,),
        "no player asks for them; the whole object is a right answer (RFC 9110, 14.2)"),
    "range backwards": Difference(f"{Q}Range: bytes=9-5\r\n\r\n", (200,), (416,),
        "not a valid range, so it is ignored (RFC 9110, 14.1.1)"),
    "range that is none": Difference(f"{Q}Range: bytes=a-b\r\n\r\n", (200,), (416,),
        "not a valid range, so it is ignored (RFC 9110, 14.2)"),
    "if the same": Difference(f'{Q}If-Match: "other"\r\n\r\n', (200,), (412,),
        "an object's name never gets other bytes: there is nothing to compare"),
    "kept with 1.0": Difference("GET {0} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", (200,), (200,),
        "HTTP/1.0 never keeps a connection here"),
    "a body": Difference(f"{Q}Content-Length: 5\r\n\r\nhello", (413,), (200,), _NO_BODIES),
    "chunks": Difference(f"{Q}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,), (200,), _NO_BODIES),
    "expecting": Difference(f"{Q}Expect: 100-continue\r\n\r\n", (417,), (100, 200), _NO_BODIES),
    "bare line feeds": Difference("GET {0} HTTP/1.1\nHost: n1\n\n", (400,), (200,), _STRICT),
    "header without a colon": Difference(f"{Q}X\r\n\r\n", (400,), (200,), _STRICT),
    "empty line first": Difference(f"\r\n{Q}\r\n", (400,), (200,), _STRICT),
    "blanks in the request line": Difference("GET  {0}  HTTP/1.1\r\nHost: n1\r\n\r\n", (400,), (200,), _STRICT),
    "whole address": Difference("GET http://n1{0} HTTP/1.1\r\nHost: n1\r\n\r\n", (400,), (200,),
        "a node is no proxy"),
    "fragment": Difference("GET {0}#x HTTP/1.1\r\nHost: n1\r\n\r\n", (400,), (200,), _STRICT),
    "dots in the path": Difference("GET /v1/x/..{0} HTTP/1.1\r\nHost: n1\r\n\r\n", (404,), (404,),
        "paths are compared, never resolved: nginx resolves them and finds no such file here either"),
    "doubled slash": Difference("GET /{0} HTTP/1.1\r\nHost: n1\r\n\r\n", (404,), (200,),
        "paths are compared, never resolved"),
    "percent": Difference("GET {percent} HTTP/1.1\r\nHost: n1\r\n\r\n", (404,), (200,),
        "names need no escapes, so there are none"),
    "no version": Difference("GET {0}\r\n", (), (200,), "HTTP/0.9 is over"),
    "version 2": Difference("GET {0} HTTP/2.0\r\nHost: n1\r\n\r\n", (400,), (505,), "400 is for all but HTTP/1"),
    "too many headers": Difference(Q + "X: y\r\n" * 70 + "\r\n", (431,), (200,), "64 are more than any player sends"),
    "large header": Difference(Q + "X: " + "y" * 9000 + "\r\n\r\n", (431,), (400,), "431 says which of the two it is"),
    "asking for permission": Difference("OPTIONS {0} HTTP/1.1\r\nHost: n1\r\n\r\n", (204,), (405,),
        "players on other origins must ask (CORS)"),
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One answer, in what must agree."""

    status: int
    body: bytes
    length: str
    span: str


@dataclass
class Pair:
    """A node and an nginx with the same objects."""

    edge: Edge
    nginx_port: int
    first: str
    second: str
    tags: dict[int, str]
    whole: bytes

    def ask(self, port: int, request: str) -> tuple[list[Answer], bool]:
        """Send it → the answers, and whether the connection was kept."""
        percent = self.first.replace("/v720/", "/v%3720/")
        text = request.replace("{0}", self.first).replace("{1}", self.second).replace("{percent}", percent)
        data = text.replace("{tag}", self.tags.get(port, "")).encode("latin-1")
        got, kept = b"", False
        with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            sock.sendall(data)
            sock.settimeout(0.3)
            try:
                while chunk := sock.recv(1 << 17):
                    got += chunk
            except TimeoutError:
                kept = True
            except ConnectionResetError:
                pass
        return list(_answers(got, text)), kept


def _answers(stream: bytes, request: str) -> Iterator[Answer]:
    methods = re.findall(r"(?:^|\r\n\r\n)([A-Z]+) ", request) or [""]
    if not stream.startswith(b"HTTP/"):
        if stream:
            yield Answer(200, stream, "", "")  # nginx still speaks HTTP/0.9
        return
    number = 0
    while stream:
        head, _, stream = stream.partition(b"\r\n\r\n")
        status = int(head.split(b" ")[1])
        found = re.search(rb"\r\nContent-Length: (\d+)", head)
        span = re.search(rb"\r\nContent-Range: ([^\r]+)", head)
        method = methods[min(number, len(methods) - 1)]
        size = int(found[1]) if found and method != "HEAD" and status not in (204, 304) else 0
        body, stream = stream[:size], stream[size:]
        number += 1
        right = status in (200, 206)
        yield Answer(status, body if right else b"", found[1].decode() if found and right else "",
                     span[1].decode() if span and right else "")  # fmt: skip


@pytest.fixture(scope="module", params=["1", "2"], ids=["one process", "two workers"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Both of them, with the same bytes at the same paths."""
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed: nothing to compare with")
    home = tmp_path_factory.mktemp("pair")
    with running_origin() as origin, _nginx(home) as port:
        yield from _pair(home, origin, port, workers=request.param)


def _pair(home: Path, origin: Origin, port: int, *, workers: str) -> Iterator[Pair]:
    package, objects = origin.add(segments=2, size=50_000)
    opened = token(package)
    for name in ("v720/0.m4s", "v720/1.m4s"):
        path = home / "root/v1" / opened / package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(objects[name])
    edge = Edge(origin.url, home / "cache").start("--workers", workers)
    first, second = (f"/v1/{opened}/{package}/v720/{number}.m4s" for number in (0, 1))
    both = Pair(edge, port, first, second, {}, objects["v720/0.m4s"])
    try:
        for at in (edge.port, port):
            for path in (first, second):
                until(
                    lambda p=path, a=at: both.ask(a, f"GET {p} HTTP/1.1\r\n{H}\r\n")[0][0].status == 200,
                    what="the object",
                )  # type: ignore[misc]
            with socket.create_connection(("127.0.0.1", at), timeout=5) as sock:
                sock.sendall(f"HEAD {first} HTTP/1.1\r\n{H}Connection: close\r\n\r\n".encode())
                head = b"".join(iter(lambda s=sock: s.recv(4096), b""))  # type: ignore[misc]
            found = re.search(rb'ETag: ("[^"]+")', head)
            assert found
            both.tags[at] = found[1].decode()
        yield both
    finally:
        edge.stop()


class _nginx:
    """A running nginx in this folder; entering it gives its port."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __enter__(self) -> int:
        port = free_port()
        (self._home / "root").mkdir()
        conf = self._home / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        conf.write_text(user + _CONF.format(home=self._home, port=port))
        argv = ["nginx", "-e", str(self._home / "start.log"), "-p", str(self._home), "-c", str(conf)]
        self._process = subprocess.Popen(argv)

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(listens, what="nginx")
        return port

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


Asked = dict[str, tuple[tuple[list[Answer], bool], tuple[list[Answer], bool]]]


@pytest.fixture(scope="module")
def asked(pair: Pair) -> Asked:
    """Every request put to both. At the same time, because most of it is waiting whether a connection is kept."""
    requests = ALIKE | {name: case.request for name, case in OTHERWISE.items()}

    def both(name: str) -> tuple[tuple[list[Answer], bool], tuple[list[Answer], bool]]:
        return pair.ask(pair.edge.port, requests[name]), pair.ask(pair.nginx_port, requests[name])

    with ThreadPoolExecutor(12) as pool:
        return dict(zip(requests, pool.map(both, requests), strict=True))


@pytest.mark.parametrize("name", ALIKE)
def test_nginx_answers_alike(asked: Asked, name: str) -> None:
    ours, theirs = asked[name]
    assert ours == theirs
    assert ours[0]
    assert all(answer.status < 500 for answer in ours[0])


@pytest.mark.parametrize("name", OTHERWISE)
def test_where_we_differ_it_is_on_purpose(asked: Asked, pair: Pair, name: str) -> None:
    case, (ours, theirs) = OTHERWISE[name], asked[name]
    assert tuple(answer.status for answer in ours[0]) == case.ours
    assert tuple(answer.status for answer in theirs[0]) == case.theirs
    assert all(answer.body in (b"", pair.whole) for answer in ours[0])
