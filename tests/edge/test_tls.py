"""A node over TLS: the same bytes, certificates that change under it, and clients that behave badly."""

import contextlib
import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.edge.authority import Acme, Authority
from tests.edge.harness import Edge, Origin, free_port, token, until

pytestmark = pytest.mark.slow


class SecureEdge(Edge):
    """A node that is asked over TLS by clients who trust one authority."""

    context: ssl.SSLContext
    server_name = "127.0.0.1"

    def connect(self) -> ssl.SSLSocket:
        """A connection whose certificate was checked."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        return self.context.wrap_socket(sock, server_hostname=self.server_name)

    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            with self.connect() as sock:
                sock.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return sock.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def fetch(self, path: str) -> tuple[int, bytes]:
        """GET on a connection of its own → status, body."""
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.context)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def serial(sock: ssl.SSLSocket) -> str:
    found = sock.getpeercert()
    assert found is not None
    return str(found["serialNumber"])


def secure_edge(origin: Origin, home: Path, authority: Authority, **more: object) -> SecureEdge:
    edge = SecureEdge(origin.url, home / "cache", **more)  # type: ignore[arg-type]
    (home / "root.pem").write_bytes(authority.root_pem())
    edge.context = ssl.create_default_context(cafile=str(home / "root.pem"))
    return edge


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def edge(origin: Origin, tmp_path: Path, authority: Authority) -> Iterator[SecureEdge]:
    """A node with a certificate for 127.0.0.1."""
    chain, key = authority.issue(tmp_path, "127.0.0.1")
    found = secure_edge(origin, tmp_path, authority)
    found.start("--cert", str(chain), "--key", str(key))
    yield found
    found.stop()


def test_viewers_get_the_same_bytes_encrypted(origin: Origin, edge: SecureEdge) -> None:
    package, objects = origin.add(segments=4, sizes=(50_000, 3_000_000, 20_000, 700_001))
    opened = token(package)
    for _ in ("missing", "held"):
        connection = HTTPSConnection("127.0.0.1", edge.port, timeout=20, context=edge.context)
        for name, data in objects.items():
            connection.request("GET", f"/v1/{opened}/{package}/{name}")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, data)
        connection.request(
            "GET", f"/v1/{opened}/{package}/v720/1.m4s", headers={"Range": "bytes=99990-2000009"}
        )
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (206, objects["v720/1.m4s"][99_990:2_000_010])
        connection.close()
    # Three requests at once, one of them refused, in one record.
    one = f"GET /v1/{opened}/{package}/v720/2.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with edge.connect() as sock:
        sock.sendall(
            one
            + one.replace(opened.encode(), b"x" * 156)
            + one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        )
        got = b"".join(iter(lambda: sock.recv(65536), b""))
    assert got.count(objects["v720/2.m4s"]) == 2
    assert got.count(b"HTTP/1.1 403 ") == 1
    status, body = edge.fetch("/health")
    assert status == 200
    assert json.loads(body)["certificate"]["until"] > time.time()
    until(
        lambda: any(beat.get("cert_until", 0) > time.time() for beat in origin.beats), what="telling the site"
    )


def test_a_slow_reader_gets_everything_and_holds_up_nobody(origin: Origin, edge: SecureEdge) -> None:
    package, objects = origin.add(segments=2, sizes=(4_000_000, 30_000))
    path = f"/v1/{token(package)}/{package}/v720/"
    assert edge.fetch(path + "0.m4s")[0] == 200
    with edge.connect() as slow:
        slow.sendall(f"GET {path}0.m4s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        got = slow.recv(1000)
        for _ in range(5):
            assert edge.fetch(path + "1.m4s") == (200, objects["v720/1.m4s"])
            got += slow.recv(5000)
        got += b"".join(iter(lambda: slow.recv(65536), b""))
    assert got.endswith(objects["v720/0.m4s"])


def test_a_new_certificate_is_served_and_old_connections_stay(
    origin: Origin, edge: SecureEdge, tmp_path: Path, authority: Authority
) -> None:
    package, objects = origin.add(segments=1)
    request = f"GET /v1/{token(package)}/{package}/v720/0.m4s HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with edge.connect() as kept:
        first = serial(kept)
        kept.sendall(request)
        assert kept.recv(100).startswith(b"HTTP/1.1 200")
        (tmp_path / "cert.pem").write_text("half of a cert")
        edge.signal(signal.SIGHUP)
        until(lambda: "the new certificate is not used" in edge.log.read_text(), what="saying so")
        with edge.connect() as sock:
            assert serial(sock) == first
        fresh = tmp_path / "fresh"
        fresh.mkdir()
        for new, old in zip(authority.issue(fresh, "127.0.0.1"), ("cert.pem", "key.pem"), strict=True):
            os.replace(new, tmp_path / old)
        edge.signal(signal.SIGHUP)

        def renewed() -> bool:
            with edge.connect() as sock:
                return serial(sock) != first

        until(renewed, what="the new certificate")
        got = b""
        while len(got) < len(objects["v720/0.m4s"]):
            got += kept.recv(65536)
        kept.sendall(request)
        assert kept.recv(100)  # still the connection of before
        assert serial(kept) == first


def test_what_is_not_tls_is_let_go(edge: SecureEdge) -> None:
    for nonsense in (
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x00\x05hello",
        bytes(3000),
        b"\x16\x03",
    ):
        with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as sock:
            answer = b""
            with contextlib.suppress(OSError):  # let go before all was said
                sock.sendall(nonsense)
                sock.shutdown(socket.SHUT_WR)
                answer = sock.recv(4096)
            assert b"HTTP" not in answer
    assert edge.ready()
    assert "a connection broke" not in edge.log.read_text()


def test_a_certificate_that_cannot_be_used_ends_the_node_with_words(
    origin: Origin, tmp_path: Path, authority: Authority
) -> None:
    chain, key = authority.issue(tmp_path, "127.0.0.1", days=-0.5)
    edge = secure_edge(origin, tmp_path, authority)
    edge.start("--cert", str(chain), "--key", str(key), wait=False)
    assert edge.wait() == 2
    assert "no certificate:" in edge.log.read_text()
    assert "ended on" in edge.log.read_text()


def test_a_node_obtains_its_certificate_and_renews_it(origin: Origin, tmp_path: Path) -> None:
    # A first one of whose life (a day and five hours) more than two thirds are over already.
    with Acme(bad_nonces=1, days=0.2) as acme:
        edge = secure_edge(origin, tmp_path, acme.authority)
        edge.context.check_hostname = True
        edge.server_name = "node.test"
        acme.proof_port = free_port()
        edge.start(
            "--acme", "--acme-directory", acme.directory, "--acme-port", str(acme.proof_port),
            "--base-url", f"https://node.test:{edge.port}",
        )  # fmt: skip
        try:
            with edge.connect() as sock:
                first = serial(sock)
            acme.days = 90
            until(lambda: acme.issued == 2, seconds=20, what="the renewal")

            def renewed() -> bool:
                with edge.connect() as sock:
                    return serial(sock) != first

            until(renewed, what="the renewed certificate")
            assert (tmp_path / "cache/tls/key.pem").stat().st_mode & 0o777 == 0o600
        finally:
            edge.stop()
