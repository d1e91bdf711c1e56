"""A stand-in for servers elsewhere: real TLS on this machine, under the names that are asked for."""

import datetime
import ipaddress
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from catalog.metadata import fetch

HOSTS = ("api.themoviedb.org", "image.tmdb.org", "elsewhere.example", "other.example")


@dataclass
class Answer:
    """What a made server says. `body` may be an iterator of pieces, sent one by one without a length."""

    body: Any = b""
    status: int = 200
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request as it came in."""

    host: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


Script = Callable[[Asked], Answer]


@dataclass
class Elsewhere:
    """The server: what it was asked, and the fetcher that reaches it."""

    port: int
    fetcher: fetch.Fetcher
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def elsewhere(folder: Path, script: Script) -> Iterator[Elsewhere]:
    """A server whose answers `script` gives, trusted by its own fetcher alone."""
    certificate, key = _certificate(folder)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificate, key)
    requests: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(self.headers["Host"], parts.path, parse_qs(parts.query), dict(self.headers.items()))
            requests.append(asked)
            answer = script(asked)
            body = json.dumps(answer.body).encode() if isinstance(answer.body, dict | list) else answer.body
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.media_type)
            if isinstance(body, bytes) and "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for piece in [body] if isinstance(body, bytes) else body:
                    self.wfile.write(piece)
            except OSError:
                return  # the asker has heard enough

        def log_message(self, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    trust = ssl.create_default_context(cafile=str(certificate))
    fetcher = fetch.Fetcher(
        resolver=lambda host, _port: [("127.0.0.1", port)], context=trust, gate=lambda address: True
    )
    try:
        yield Elsewhere(port=port, fetcher=fetcher, asked=requests)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def _certificate(folder: Path) -> tuple[Path, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a server of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in HOSTS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([*names, x509.IPAddress(ipaddress.ip_address("203.0.113.9"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder / "cert.pem", folder / "key.pem"
